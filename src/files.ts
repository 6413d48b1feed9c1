import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { absent, attempt, check, checkFileName, realDirectory } from './files/checked.ts'
import { MARKER, readMarker } from './files/marker.ts'
import { removePrivateDirectory } from './files/remove.ts'
import { create, replaceFile } from './files/write.ts'

/** A directory of this run that nobody else can read, below the runner's temporary directory. */
export interface PrivateDirectory {
  readonly path: string
  /** Written into the directory: who knows it may delete the directory. */
  readonly marker: string
  /** Makes a new file (0600) and returns its path; an existing file or link is an error. */
  write(name: string, content: string): Promise<string>
  /** Replaces or makes a file (0600) so that a reader sees the old or the new content, never a part. */
  replace(name: string, content: string): Promise<string>
  /** Removes all that is in the directory but this file and the marker. */
  keepOnly(name: string): Promise<void>
  /** Removes the directory with all that is in it. */
  remove(): Promise<void>
}

const PREFIX = 'dbt-oidc-'

/** Makes a private directory below `temp` (RUNNER_TEMP); `announce` hears of it before anything is written. */
export async function makePrivateDirectory(
  temp: string,
  announce: (planned: Pick<PrivateDirectory, 'path' | 'marker'>) => void = () => undefined,
): Promise<PrivateDirectory> {
  const marker = randomBytes(32).toString('hex')
  const path = join(await realDirectory(temp), `${PREFIX}${randomBytes(12).toString('hex')}`)
  announce({ path, marker })
  await attempt(`The private directory could not be made in ${temp}`, async () => {
    // Not recursive: an existing directory, whoever made it, is an error.
    await mkdir(path, { mode: 0o700 })
    try {
      await chmod(path, 0o700)
      check(await lstat(path), path)
      await create(join(path, MARKER), marker)
    } catch (error) {
      await rmdir(path).catch(absent)
      throw error
    }
  })
  return directoryAt(path, marker, temp)
}

/** The private directory of another process of this run. */
export function directoryAt(path: string, marker: string, temp: string): PrivateDirectory {
  const inside = async (name: string): Promise<string> => {
    checkFileName(name)
    check(await lstat(path), path)
    return join(path, name)
  }
  return {
    path,
    marker,
    write: (name, content) =>
      attempt(`${name} could not be written`, async () => {
        const file = await inside(name)
        await create(file, content)
        return file
      }),
    replace: (name, content) =>
      attempt(`${name} could not be replaced`, async () => {
        const file = await inside(name)
        await replaceFile(file, content)
        return file
      }),
    keepOnly: (name) =>
      attempt(`The private directory ${path} could not be emptied`, async () => {
        await inside(name)
        const others = (await readdir(path)).filter((other) => other !== name && other !== MARKER)
        for (const other of others)
          await rm(join(path, other), { recursive: true, force: true, maxRetries: 2 })
      }),
    remove: () => removePrivateDirectory(path, marker, temp),
  }
}

/** Whether a private directory is still there, and still this one. */
export async function isIntact({
  path,
  marker,
}: Pick<PrivateDirectory, 'path' | 'marker'>): Promise<boolean> {
  return (await readMarker(path).catch(absent)) === marker
}
