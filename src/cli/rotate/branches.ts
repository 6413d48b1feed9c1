import { execFile } from 'node:child_process'
import { relative } from 'node:path'
import { promisify } from 'node:util'

const git = promisify(execFile)

/** Newest first; whoever has more, has the rest listed as not looked at. */
const MOST = 200

/** The text of a policy on a branch. */
export interface OnBranch {
  readonly branch: string
  readonly text: string
}

/**
 * The file as it stands on each branch that this checkout knows, its own and the remote's; nothing where there is no Git
 * or no such file.
 */
export async function onBranches(directory: string, path: string): Promise<readonly OnBranch[]> {
  const file = relative(directory, path).replaceAll('\\', '/')
  const names = await run(directory, [
    'for-each-ref',
    `--count=${MOST}`,
    '--sort=-committerdate',
    '--format=%(refname)',
    'refs/heads',
    'refs/remotes',
  ])
  const found: OnBranch[] = []
  for (const branch of names.split('\n').filter((name) => name !== '' && !name.endsWith('/HEAD'))) {
    const text = await run(directory, ['show', `${branch}:./${file}`])
    if (text !== '') found.push({ branch: branch.replace(/^refs\/(?:heads|remotes)\//, ''), text })
  }
  return found
}

async function run(directory: string, words: readonly string[]): Promise<string> {
  try {
    const { stdout } = await git('git', [...words], { cwd: directory, maxBuffer: 4 * 1024 * 1024 })
    return stdout
  } catch {
    return ''
  }
}
