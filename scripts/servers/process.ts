import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, closeSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/** A server of somebody else that is up. */
export interface Served extends AsyncDisposable {
  readonly pid: number
  /** What it has said until now. */
  log(): string
}

export interface ServeOptions {
  /** As people call it. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Where both of its streams go. */
  readonly log: string
  /** Whether it answers yet. */
  readonly ready: () => Promise<boolean>
  /** Milliseconds until it must. */
  readonly within: number
}

/** How long a server may take to end by itself. */
const GRACE = 15_000

/** Starts a server and waits until it answers; where it does not, throws with the end of its log. */
export async function serve(options: ServeOptions): Promise<Served> {
  const log = openSync(options.log, 'w')
  // A group of its own: a start script has the server as its child, and both must end.
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  await once(child, 'spawn')
  const { pid } = child
  if (pid === undefined) throw new Error(`${options.name} has no process`)
  const gone = once(child, 'exit')
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null
  const read = (): string => readFileSync(options.log, 'utf8')
  const end = async (): Promise<void> => {
    if (ended()) return
    signal(pid, 'SIGTERM')
    await Promise.race([gone, setTimeout(GRACE, undefined, { ref: false })])
    if (!ended()) signal(pid, 'SIGKILL')
    await gone
  }
  const deadline = Date.now() + options.within
  try {
    while (!(await options.ready().catch(() => false))) {
      if (ended()) throw new Error(`${options.name} ended before it answered.\n${tail(read())}`)
      if (Date.now() > deadline) throw new Error(`${options.name} did not answer in time.\n${tail(read())}`)
      await setTimeout(250)
    }
  } catch (error) {
    await end()
    throw error
  }
  return { pid, log: read, [Symbol.asyncDispose]: end }
}

/** A port of 127.0.0.1 that nobody has just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('no port is free')
  return address.port
}

function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name)
  } catch {
    // It ended meanwhile.
  }
}

function tail(text: string): string {
  return text.trimEnd().split('\n').slice(-40).join('\n')
}
