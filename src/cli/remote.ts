import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What names a repository at a git host: `https://HOST/o/r`, `ssh://git@HOST/o/r` and `git@HOST:o/r`. */
const AT_A_HOST =
  /^(?:(?:https|ssh):\/\/(?:[^@/\s]+@)?[\w.-]+(?::\d+)?\/|[\w.-]+@[\w.-]+:\/?)([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/

/** `OWNER/NAME` of a remote; empty where it is a path of this machine or anything else that is no git host's. */
export function repositoryOfRemote(url: string): string {
  return AT_A_HOST.exec(url.trim())?.[1] ?? ''
}

/** `OWNER/NAME` of the remote `origin`; empty where there is none. */
export async function repositoryOfCheckout(directory: string): Promise<string> {
  try {
    const git = promisify(execFile)
    const { stdout } = await git('git', ['config', '--get', 'remote.origin.url'], { cwd: directory })
    return repositoryOfRemote(stdout)
  } catch {
    return ''
  }
}
