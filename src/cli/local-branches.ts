import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const LIMIT = 300

/** The branches of a clone. */
export interface LocalBranches {
  /** As refs in full. */
  readonly names: readonly string[]
  readonly defaultBranch: string | undefined
  readonly notes: readonly string[]
}

/** The branches of a clone, its own and those of `origin`; none outside of one. */
export async function localBranches(directory: string): Promise<LocalBranches> {
  const lines = await git(directory, [
    'for-each-ref',
    '--format=%(refname) %(symref)',
    'refs/heads',
    'refs/remotes/origin',
  ])
  const pairs = lines.map((line) => line.split(' '))
  const head = pairs.find(([name]) => name === HEAD)?.[1]
  const names = pairs
    .map(([name = '']) => name)
    .filter((name) => name !== HEAD)
    .map((name) => name.replace(ORIGIN, 'refs/heads/'))
  const distinct = [...new Set(names)]
  return {
    names: distinct.slice(0, LIMIT),
    defaultBranch: head?.replace(ORIGIN, ''),
    notes: distinct.length > LIMIT ? [`Only the first ${LIMIT} branches were read.`] : [],
  }
}

const HEAD = 'refs/remotes/origin/HEAD'
const ORIGIN = /^refs\/remotes\/origin\//

async function git(directory: string, args: readonly string[]): Promise<readonly string[]> {
  try {
    const { stdout } = await promisify(execFile)('git', [...args], { cwd: directory, maxBuffer: 1 << 26 })
    return stdout.split('\n').filter((line) => line !== '')
  } catch {
    return []
  }
}
