import { createHash, randomBytes } from 'node:crypto'
import { link, lstat, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { ownUid } from '../../files/checked.ts'
import { isInside } from '../../inside.ts'
import { BIN, isExecutable, program, type Machine, type Python } from './machine.ts'
import type { Wanted } from './requirements.ts'

/**
 * Environments that outlive a job, in the runner's tool cache. On a machine that many jobs share it is as trustworthy as
 * they are, no less than the Python of `actions/setup-python`, which lies beside it; other users are kept out.
 */
export interface Shelf {
  /** The environment of the same pins, where one stands there. */
  find(): Promise<string | undefined>
  /** A new directory to make one in. */
  start(): Promise<string>
  /** Puts a finished one there for those who come later. Who was faster stays, and is the one to be used. */
  put(directory: string): Promise<string>
}

const FOLDER = 'dbt-oidc-python'
const DAY = 24 * 3600_000
const UNUSED = 30 * DAY
/** Raised when environments are made otherwise than before. */
const FORM = 1
/** Settings of pip and uv that say which packages are taken, and not how they are fetched or who asks. */
const CHOOSING = /^(?:PIP|UV)_.*(?:INDEX|FIND_LINKS|BINARY|PRE|PRERELEASE|RESOLUTION|EXCLUDE_NEWER)/i
/** Those that name further files, of which nobody knows whether they are still the same. */
const FURTHER = /^(?:PIP|UV)_(?:.*CONSTRAINTS?|OVERRIDES?|EXCLUDES?|REQUIREMENTS?|CONFIG_FILE)$/i

/** The shelf for these pins; undefined where there is no tool cache that may be used, or nothing that may be kept. */
export async function openShelf(wanted: Wanted, python: Python, host: Machine): Promise<Shelf | undefined> {
  const cache = host.env['RUNNER_TOOL_CACHE'] ?? ''
  if (!wanted.pinned || !isAbsolute(cache) || isInside(cache, host.workspace)) return undefined
  if (Object.keys(host.env).some((name) => FURTHER.test(name))) return undefined
  const root = join(cache, FOLDER)
  try {
    await mkdir(root, { recursive: true, mode: 0o700 })
    if (!(await isOwn(root))) return undefined
    return shelfAt(root, keyOf(wanted, python, host), host)
  } catch {
    // A tool cache that cannot be written to is none.
    return undefined
  }
}

function shelfAt(root: string, key: string, host: Machine): Shelf {
  const ready = join(root, key)
  const find = async (): Promise<string | undefined> => {
    const directory = await directoryOf(root, key)
    if (directory === undefined) return undefined
    if (!(await isWhole(directory))) {
      // Most often its Python has gone. Without this file the directory is swept away later.
      await rm(ready, { force: true })
      return undefined
    }
    await utimes(ready, host.now(), host.now())
    return directory
  }
  return {
    find,
    async start() {
      await sweep(root, host.now().getTime())
      return mkdtemp(`${ready}-`)
    },
    async put(directory) {
      const fresh = join(root, `.${key}-${randomBytes(6).toString('hex')}`)
      await writeFile(fresh, directory.slice(root.length + 1), { flag: 'wx', mode: 0o600 })
      // A link appears whole or not at all, and never in place of another.
      const isFirst = await link(fresh, ready).then(
        () => true,
        () => false,
      )
      await rm(fresh)
      const theirs = isFirst ? undefined : await find()
      if (theirs !== undefined) await rm(directory, { recursive: true, force: true })
      return theirs ?? directory
    },
  }
}

function keyOf({ requirements, constraints }: Wanted, python: Python, { env }: Machine): string {
  const settings = Object.entries(env)
    .filter(([name]) => CHOOSING.test(name) && !/(?:PASSWORD|USERNAME)$/i.test(name))
    // Who asks an index is no matter, and may be another at each run.
    .map(([name, value = '']) => [name, value.replaceAll(/\/\/[^/\s]*@/g, '//')])
    .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1))
  const all = [FORM, requirements, constraints, python.mark, process.platform, process.arch, settings]
  return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 32)
}

async function directoryOf(root: string, key: string): Promise<string | undefined> {
  const name = await readFile(join(root, key), 'utf8').catch(() => '')
  return name.startsWith(`${key}-`) && /^[0-9a-f]{32}-\w{6}$/.test(name) ? join(root, name) : undefined
}

async function isWhole(directory: string): Promise<boolean> {
  const programs = ['python', 'dbt'].map((name) => join(directory, BIN, program(name)))
  const found = await Promise.all(programs.map(isExecutable))
  return (await isOwn(directory).catch(() => false)) && found.every(Boolean)
}

/** Whether nobody else can write there. */
async function isOwn(directory: string): Promise<boolean> {
  const uid = ownUid()
  const stats = await lstat(directory)
  return stats.isDirectory() && (uid === undefined || (stats.uid === uid && (stats.mode & 0o022) === 0))
}

/** Takes away what nobody has used for a month, and what was never finished. */
async function sweep(root: string, now: number): Promise<void> {
  const names = (await readdir(root)).filter((name) => /^[0-9a-f]{32}(?:-\w{6})?$/.test(name))
  const isOlder = async (name: string, age: number): Promise<boolean> =>
    now -
      (await lstat(join(root, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => now,
      )) >
    age
  for (const key of names.filter((name) => name.length === 32))
    if (await isOlder(key, UNUSED)) await rm(join(root, key), { force: true })
  for (const name of names.filter((one) => one.length > 32)) {
    if ((await directoryOf(root, name.slice(0, 32))) === join(root, name) || !(await isOlder(name, DAY)))
      continue
    await rm(join(root, name), { recursive: true, force: true })
  }
}
