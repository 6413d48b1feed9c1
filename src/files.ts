import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import type { Stats } from 'node:fs'
import { chmod, lstat, mkdir, open, readdir, realpath, rename, rm, rmdir, unlink } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { basename, join } from 'node:path'
import { DbtOidcError, fail } from './errors.ts'
import { causeOf } from './file-causes.ts'
import { codeOf } from './retry.ts'

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
const NAME = /^dbt-oidc-[0-9a-f]{24}$/
const MARKER = '.dbt-oidc'
/** The end of the name of a directory that is being removed. */
const GONE = '.gone'
const TRIES = 10
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants

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

/**
 * Removes a private directory of an earlier process. The path comes from state that the job could have changed, so only
 * a directory directly below `temp`, ours by name, owner and marker, is touched. A link in its place is removed, never
 * followed. Nothing there is fine.
 */
export async function removePrivateDirectory(path: string, marker: string, temp: string): Promise<void> {
  const root = await realDirectory(temp)
  const place = join(root, basename(path))
  if (path !== place || !NAME.test(basename(path))) refuse(`${path} is no private directory of this action`)
  await attempt(`The private directory ${place} could not be removed`, async () => {
    const gone = `${place}${GONE}`
    // Under its own name a renewal could put a file into what is being removed. What is there already is dealt with below.
    if (await isOurs(place, marker)) await rename(place, gone).catch(() => removeTree(place))
    // Also where an earlier process was ended in the midst of it.
    if (await isOurs(gone, marker)) await removeTree(gone)
  })
}

/** Whether a directory of this run is here; a link in its place, and a directory that nothing was put into, are removed at once. */
async function isOurs(place: string, marker: string): Promise<boolean> {
  const stats = await lstat(place).catch(ifMissing)
  if (stats === undefined) return false
  if (stats.isSymbolicLink()) {
    await unlink(place)
    return false
  }
  check(stats, place)
  // The main step may have died before it wrote the marker; rmdir takes nothing but an empty directory.
  if ((await readdir(place)).length === 0) {
    await rmdir(place)
    return false
  }
  if (marker === '' || (await readMarker(place)) !== marker)
    refuse(`${place} does not hold the marker of this run`)
  return true
}

/** The marker goes last: until then, whoever comes later knows that the rest is ours. Links inside are removed as links. */
async function removeTree(place: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    // A link that has taken its place is not gone through.
    check(await lstat(place), place)
    const names = await readdir(place)
    for (const name of names.filter((other) => other !== MARKER))
      await rm(join(place, name), { recursive: true, force: true, maxRetries: 2 })
    await rm(join(place, MARKER), { force: true })
    try {
      return await rmdir(place)
    } catch (error) {
      // Somebody has put a file into it meanwhile.
      if (!/^(?:ENOTEMPTY|EEXIST|EBUSY)$/.test(codeOf(error)) || tries >= TRIES) throw error
    }
  }
}

/** Whether a private directory is still there, and still this one. */
export async function isIntact({
  path,
  marker,
}: Pick<PrivateDirectory, 'path' | 'marker'>): Promise<boolean> {
  return (await readMarker(path).catch(absent)) === marker
}

async function realDirectory(temp: string): Promise<string> {
  return attempt(`The temporary directory ${temp} cannot be used`, () => realpath(temp))
}

async function readMarker(directory: string): Promise<string | undefined> {
  const file = await open(join(directory, MARKER), O_RDONLY | O_NOFOLLOW).catch(absent)
  try {
    return await file?.readFile('utf8')
  } finally {
    await file?.close()
  }
}

async function replaceFile(file: string, content: string): Promise<void> {
  const fresh = `${file}.${randomBytes(6).toString('hex')}.new`
  await create(fresh, content)
  // rename replaces a link, it does not follow it.
  await rename(fresh, file).catch(async (error: unknown) => {
    await unlink(fresh).catch(absent)
    throw error
  })
}

/** Exclusive, without following links, 0600 before the first byte; a part that was written does not stay. */
async function create(path: string, content: string): Promise<void> {
  const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    await file.chmod(0o600)
    await file.writeFile(content)
    await file.close()
  } catch (error) {
    await file.close().catch(absent)
    await unlink(path).catch(absent)
    throw error
  }
}

/** Windows has neither owner nor mode of this kind. */
function check(stats: Stats, path: string): void {
  const { uid } = userInfo()
  if (!stats.isDirectory()) refuse(`${path} is not a directory`)
  if (uid >= 0 && stats.uid !== uid) refuse(`${path} belongs to another user`)
  if (uid >= 0 && (stats.mode & 0o077) !== 0) refuse(`${path} is open to other users`)
}

function checkFileName(name: string): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(name))
    refuse(`${JSON.stringify(name)} is no plain file name`)
}

const absent = (): undefined => undefined

function ifMissing(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined
  throw error
}

/** The messages of node:fs are replaced: what is left names paths and causes only. */
async function attempt<T>(problem: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof DbtOidcError) throw error
    return fail({ code: 'file', problem: `${problem}: ${causeOf(error)}.`, remedy: REMEDY, cause: error })
  }
}

const REMEDY =
  'Check the free space and the permissions of RUNNER_TEMP, and that no earlier step writes there.'

function refuse(problem: string): never {
  fail({ code: 'file', problem: `${problem}.`, remedy: 'Look for the step that put it there or changed it.' })
}
