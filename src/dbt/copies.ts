import { constants, type Stats } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { lstat, mkdir, open, realpath, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DbtOidcError, fail } from '../errors.ts'
import { causeOf } from '../file-causes.ts'
import type { Host } from '../host.ts'
import { isInside, namedFrom } from '../inside.ts'
import { LIMIT } from './artifacts.ts'

/** What dbt leaves behind for the next run, for its documentation, and for tools of others. */
const ARTIFACTS = [
  'manifest.json',
  'run_results.json',
  'sources.json',
  'catalog.json',
  'semantic_manifest.json',
]

const { O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } = constants
const NOFOLLOW = constants.O_NOFOLLOW ?? 0
const NONBLOCK = constants.O_NONBLOCK ?? 0

/** The artifacts of this run, out of dbt's target directory. */
export interface Copies {
  /** Copies what a run has written, also one that has failed, without the secrets of this run. Throws `file`. */
  make(result: { readonly ok: boolean }): Promise<void>
}

/** Absolute paths: dbt's target directory, and the input `artifacts-dir`. */
export interface Copying {
  readonly from: string
  readonly to: string
}

/** Notes what lies in dbt's target directory before the first command: it belongs to somebody else. */
export async function openCopies(
  { from, to }: Copying,
  { workspace, writer }: Pick<Host, 'workspace' | 'writer'>,
): Promise<Copies> {
  if (from === to)
    fail({
      code: 'project',
      problem: `\`artifacts-dir\` names \`${namedFrom(workspace, to) || '.'}\`, where dbt itself writes.`,
      remedy: 'Name another directory: the copies have no secrets in them, and nothing of an earlier run.',
    })
  const before = new Map(
    await Promise.all(ARTIFACTS.map(async (name) => [name, await marked(from, name)] as const)),
  )
  const copied = async (): Promise<readonly string[]> => {
    const made: string[] = []
    for (const name of ARTIFACTS) {
      const mark = await marked(from, name)
      if (mark === undefined || mark === before.get(name)) continue
      const text = await readWhole(join(from, name))
      await place(await ownDirectory(to, workspace), name, writer.scrub(text))
      made.push(name)
    }
    return made
  }
  return {
    async make({ ok }) {
      try {
        writer.line(`Artifacts in ${to}: ${(await copied()).join(', ') || 'none, since dbt wrote none'}`)
      } catch (error) {
        // What dbt itself has said matters more.
        if (ok || !(error instanceof DbtOidcError)) throw error
        writer.warning(error.problem, { title: 'dbt-oidc: artifacts-dir' })
      }
    },
  }
}

async function marked(directory: string, name: string): Promise<string | undefined> {
  const stats = await lstat(join(directory, name)).catch(() => undefined)
  return stats && `${stats.ino} ${stats.mtimeMs} ${stats.size}`
}

/** Never through a link: the project's code could have put one there, to a file that is no artifact. */
async function readWhole(path: string): Promise<string> {
  const file = await open(path, O_RDONLY | NOFOLLOW | NONBLOCK).catch((error: unknown) =>
    refuse(path, 'read', causeOf(error)),
  )
  try {
    const stats: Stats = await file.stat()
    if (!stats.isFile()) refuse(path, 'read', 'it is no regular file')
    if (stats.size > LIMIT) refuse(path, 'read', `it is larger than ${LIMIT / 1024 / 1024} MiB`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/** A link below the workspace could lead anywhere. */
async function ownDirectory(directory: string, workspace: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true })
  } catch (error) {
    refuse(directory, 'made', causeOf(error))
  }
  const [place, root] = await Promise.all([realpath(directory), realpath(workspace)])
  if ((isInside(directory, workspace) || isInside(directory, root)) && !isInside(place, root))
    refuse(directory, 'written', 'a link leads out of the workspace')
  return place
}

/** A reader sees the old file or the new one; a link in its place is replaced, not followed. */
async function place(directory: string, name: string, text: string): Promise<void> {
  const fresh = join(directory, `.${name}.${randomBytes(6).toString('hex')}`)
  try {
    const file = await open(fresh, O_WRONLY | O_CREAT | O_EXCL | NOFOLLOW, 0o644)
    await file.writeFile(text).finally(() => file.close())
    await rename(fresh, join(directory, name))
  } catch (error) {
    await rm(fresh, { force: true })
    refuse(join(directory, name), 'written', causeOf(error))
  }
}

function refuse(path: string, what: 'read' | 'made' | 'written', why: string): never {
  return fail({
    code: 'file',
    problem: `${path} cannot be ${what} for \`artifacts-dir\`: ${why}.`,
    remedy: 'Look for what is there, or name another directory.',
  })
}
