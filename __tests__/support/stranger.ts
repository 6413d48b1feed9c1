import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/** Whether these tests may act as another user of the machine; only root can. */
export const CAN_BE_ANOTHER = process.getuid?.() === 0

/** `nobody`, on Linux as on macOS no owner of anything. */
const NOBODY = 65_534

/** What a script of bash prints as another user, both streams; only what it was told is in its environment. */
export async function asAnother(script: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = spawn('/bin/bash', ['-c', `exec 2>&1\n${script}`], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', ...env },
    uid: NOBODY,
    gid: NOBODY,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return said
}
