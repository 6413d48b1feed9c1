import { readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { codeOf } from '../retry.ts'

// The index of a large repository has some tens of megabytes.
const LIMIT = 256 * 1024 * 1024

/**
 * Whether a file, or a link on the way to it, may have come with a checkout: read from git's index without starting
 * git. Where that cannot be told (a compressed index, a worktree) the answer is yes; without a repository it is no.
 * A repository may lie anywhere between the workspace and the file: `path:` of actions/checkout says where.
 */
export async function mayBeTracked(file: string, workspace: string): Promise<boolean> {
  const names = relative(workspace, file).split(sep)
  if (names[0] === '..' || names[0] === '') return false
  for (let depth = 0; depth < names.length; depth++)
    if (await mayBeIn(join(workspace, ...names.slice(0, depth)), names.slice(depth))) return true
  return false
}

async function mayBeIn(repository: string, names: readonly string[]): Promise<boolean> {
  const index = await readIndex(repository)
  if (index === undefined) return false
  if (index.length > LIMIT || index.toString('latin1', 0, 4) !== 'DIRC') return true
  // Version 4 stores only the ends of paths.
  if (index.readUInt32BE(4) > 3) return true
  return names.some((_, last) => holds(index, names.slice(0, last + 1).join('/')))
}

/** An entry ends with flags that hold the length of its path, from version 3 on with two more bytes, and the path. */
function holds(index: Buffer, path: string): boolean {
  const bytes = Buffer.from(`${path}\0`)
  const length = bytes.length - 1
  for (let at = index.indexOf(bytes, 12); at >= 0; at = index.indexOf(bytes, at + 1))
    if ([2, 4].some((before) => (index.readUInt16BE(at - before) & 0xfff) === length)) return true
  return false
}

async function readIndex(repository: string): Promise<Buffer | undefined> {
  try {
    return await readFile(join(repository, '.git', 'index'))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    // A worktree or submodule keeps its index elsewhere.
    return Buffer.alloc(0)
  }
}
