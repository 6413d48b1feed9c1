import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A running emulator of a warehouse, which believes everybody. */
export interface Emulator extends AsyncDisposable {
  readonly port: number
  readonly pid: number
}

const READY = /\w+ running on http:\/\/127\.0\.0\.1:(\d+)/
const DEADLINE = 60_000

/** Starts fakesnow, or what another script of its kind starts, with a Python that has it; ends it by its own pid. */
export async function startEmulator(
  python: string,
  script = join(import.meta.dirname, 'emulator.py'),
): Promise<Emulator> {
  // It is ended in the middle of its work, and cannot clear up after itself.
  const temp = mkdtempSync(join(tmpdir(), 'emulator-'))
  const child = spawn(python, ['-B', script], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PYTHONUNBUFFERED: '1', TMPDIR: temp },
  })
  const exit = once(child, 'exit').finally(() =>
    rmSync(temp, { recursive: true, force: true, maxRetries: 3 }),
  )
  const said: string[] = []
  const port = await new Promise<number>((resolve, reject) => {
    const giveUp = (why: string): void => {
      child.kill('SIGKILL')
      reject(new Error(`${script} ${why}:\n${said.join('\n')}`))
    }
    const timer = setTimeout(() => giveUp(`did not start within ${DEADLINE} ms`), DEADLINE)
    child.once('exit', () => giveUp('ended'))
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line)
      const [, found] = READY.exec(line) ?? []
      if (found === undefined) return
      clearTimeout(timer)
      resolve(Number(found))
    })
  })
  return {
    port,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exit
    },
  }
}
