import { readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

// The index of a large repository has some tens of megabytes.
const LIMIT = 256 * 1024 * 1024

/**
 * Whether a file may have come with the checkout, read from git's index without starting git. Where that cannot be
 * told (a compressed index, one that is cut short) the answer is yes; without a repository it is no.
 */
export async function mayBeTracked(file: string, workspace: string): Promise<boolean> {
  const index = await readIndex(workspace)
  if (index === undefined) return false
  if (index.length > LIMIT || index.toString('latin1', 0, 4) !== 'DIRC') return true
  // Version 4 stores only the ends of paths.
  if (index.readUInt32BE(4) > 3) return true
  const path = relative(workspace, file).split(sep).join('/')
  return index.includes(`${path}\0`)
}

async function readIndex(workspace: string): Promise<Buffer | undefined> {
  try {
    return await readFile(join(workspace, '.git', 'index'))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return undefined
    // A worktree or submodule keeps its index elsewhere.
    return Buffer.alloc(0)
  }
}
