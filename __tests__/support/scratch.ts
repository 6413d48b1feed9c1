import { lstatSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'

/** The directories of one job. */
export interface Scratch {
  readonly root: string
  readonly workspace: string
  /** `RUNNER_TEMP`. */
  readonly temp: string
  readonly home: string
  readonly toolCache: string
}

/** A file's content, or its content and mode. */
export type FileContent = string | { readonly content: string; readonly mode: number }

/** Something that was not there before, or is not what it was. */
export interface Left {
  /** Below `workspace/`, `temp/` or `home/`. */
  readonly path: string
  readonly type: 'file' | 'directory' | 'link' | 'other'
  /** Octal, without the type: `600`. */
  readonly mode: string
  readonly change: 'new' | 'changed'
}

/** What stood in a job's directories at one moment. */
export type Inventory = ReadonlyMap<string, Entry>

interface Entry {
  readonly type: Left['type']
  readonly mode: string
  readonly mark: string
}

// The runner keeps its own files there; a step is meant to change them.
const runnerFolder = '_runner_file_commands'

/** Makes the directories of a job, with files in its workspace. */
export function createScratch(files: Readonly<Record<string, FileContent>> = {}): Scratch {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'step-')))
  const scratch = {
    root,
    workspace: join(root, 'work'),
    temp: join(root, 'temp'),
    home: join(root, 'home'),
    toolCache: join(root, 'tools'),
  }
  for (const path of Object.values(scratch)) mkdirSync(path, { recursive: true })
  writeFiles(scratch.workspace, files)
  return scratch
}

/** Writes files by relative path, with the directories they need. */
export function writeFiles(directory: string, files: Readonly<Record<string, FileContent>>): void {
  for (const [path, file] of Object.entries(files)) {
    const target = join(directory, path)
    mkdirSync(dirname(target), { recursive: true })
    if (typeof file === 'string') writeFileSync(target, file)
    else writeFileSync(target, file.content, { mode: file.mode })
  }
}

/** Removes a job's directories; a second time does nothing. */
export function removeScratch(scratch: Scratch): void {
  rmSync(scratch.root, { recursive: true, force: true, maxRetries: 3 })
}

/** Notes what stands in workspace, temp and home. */
export function takeInventory(scratch: Scratch): Inventory {
  const entries = new Map<string, Entry>()
  for (const place of ['workspace', 'temp', 'home'] as const) {
    for (const [path, entry] of walk(scratch[place])) entries.set(`${place}/${path}`, entry)
  }
  return entries
}

/** What is new or changed since an inventory, in the order of the paths. */
export function leftSince(before: Inventory, scratch: Scratch): Left[] {
  return [...takeInventory(scratch)].flatMap(([path, { type, mode, mark }]): Left[] => {
    const was = before.get(path)
    if (!was) return [{ path, type, mode, change: 'new' }]
    return was.mark === mark ? [] : [{ path, type, mode, change: 'changed' }]
  })
}

/** All files below a directory, by relative path with `/`, links not followed. */
export function filesBelow(directory: string): string[] {
  return [...walk(directory)].flatMap(([path, { type }]) => (type === 'file' ? [path] : []))
}

function* walk(directory: string, base = directory): Generator<[string, Entry]> {
  for (const name of readdirSync(directory).toSorted()) {
    if (name === runnerFolder) continue
    const path = join(directory, name)
    const entry = entryOf(path)
    yield [relative(base, path).replaceAll('\\', '/'), entry]
    if (entry.type === 'directory') yield* walk(path, base)
  }
}

function entryOf(path: string): Entry {
  const stat = lstatSync(path)
  const mode = (stat.mode & 0o7777).toString(8)
  if (stat.isDirectory()) return { type: 'directory', mode, mark: mode }
  const type = stat.isFile() ? 'file' : stat.isSymbolicLink() ? 'link' : 'other'
  return { type, mode, mark: `${type} ${mode} ${stat.ino} ${stat.size} ${stat.mtimeMs}` }
}
