import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { liveLines } from './lines.ts'
import { linesOf } from './runner-commands.ts'

/** A running child, as far as a test may touch it. */
export interface Running {
  readonly pid: number
  readonly kill: (signal: NodeJS.Signals) => boolean
}

/** How to run a child, and what to do meanwhile. */
export interface ChildOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly umask?: number
  /** Milliseconds until the child counts as stuck. */
  readonly deadline?: number
  /** Milliseconds for the streams to end after the process. */
  readonly streamGrace?: number
  readonly onStdout?: (chunk: string, child: Running) => void
  /** Runs beside the child, e.g. to wait for a line and then send a signal. */
  readonly during?: (child: Running, lines: AsyncIterable<string>) => Promise<void>
}

/** How a child ended and what it said. */
export interface Ended {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** The lines of both streams in the order of their arrival, as a runner sees them. */
  readonly lines: readonly string[]
  /** Something else still held its output when it had ended. */
  readonly heldOpen: boolean
}

type Piped = ChildProcessByStdio<null, Readable, Readable>

// The runner too gives the streams this long after the end of the process.
const usualGrace = 5000

/** Runs a program to its end; throws when it is stuck, with what it had said. */
export async function runChild(command: readonly string[], options: ChildOptions): Promise<Ended> {
  const [file = '', ...args] = options.umask === undefined ? command : withUmask(command, options.umask)
  const child = spawn(file, args, { cwd: options.cwd, env: options.env, stdio: ['ignore', 'pipe', 'pipe'] })
  await once(child, 'spawn')
  const running: Running = { pid: child.pid ?? 0, kill: (signal) => child.kill(signal) }
  const heard = listen(child, running, options)
  const limit = options.deadline ?? 60_000
  let stuck = false
  const timer = setTimeout(() => {
    stuck = true
    child.kill('SIGKILL')
  }, limit)
  try {
    const beside = options.during?.(running, heard.live)
    // A failed expectation must not wait for a child that waits for a signal.
    beside?.catch(() => child.kill('SIGKILL'))
    const end = await ended(child, options.streamGrace ?? usualGrace)
    if (stuck)
      throw new Error(
        `pid ${running.pid} was stuck after ${limit} ms and was killed:\n${heard.lines.join('\n')}`,
      )
    await beside
    return { ...end, stdout: heard.text.stdout, stderr: heard.text.stderr, lines: heard.lines }
  } finally {
    clearTimeout(timer)
  }
}

function withUmask(command: readonly string[], umask: number): string[] {
  return ['/bin/sh', '-c', 'umask "$0" && exec "$@"', umask.toString(8).padStart(3, '0'), ...command]
}

interface Heard {
  readonly text: Record<'stdout' | 'stderr', string>
  readonly lines: string[]
  readonly live: AsyncIterable<string>
}

function listen(child: Piped, running: Running, options: ChildOptions): Heard {
  const text = { stdout: '', stderr: '' }
  const lines: string[] = []
  const live = liveLines()
  for (const name of ['stdout', 'stderr'] as const) {
    let rest = ''
    child[name].setEncoding('utf8')
    child[name].on('data', (chunk: string) => {
      text[name] += chunk
      const cut = chunk.lastIndexOf('\n') + 1
      // One endless line must not be searched again with each chunk.
      if (cut > 0) for (const line of linesOf(rest + chunk.slice(0, cut))) lines.push(line)
      rest = cut > 0 ? chunk.slice(cut) : rest + chunk
      if (name === 'stdout') live.push(chunk)
      if (name === 'stdout') options.onStdout?.(chunk, running)
    })
    child[name].once('close', () => {
      lines.push(...linesOf(rest))
      if (name === 'stdout') live.end()
    })
  }
  return { text, lines, live }
}

async function ended(
  child: Piped,
  streamGrace: number,
): Promise<Pick<Ended, 'exitCode' | 'signal' | 'heldOpen'>> {
  const closed = once(child, 'close')
  await (child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined)
  let heldOpen = false
  const timer = setTimeout(() => {
    heldOpen = true
    child.stdout.destroy()
    child.stderr.destroy()
  }, streamGrace)
  await closed
  clearTimeout(timer)
  return { exitCode: child.exitCode, signal: child.signalCode, heldOpen }
}
