import { spawn, type ChildProcess } from 'node:child_process'
import { DbtOidcError, fail } from '../errors.ts'
import { launchOf } from '../platform.ts'
import { codeOf } from '../retry.ts'
import { ladder, type Times } from './ladder.ts'
import { tail } from './tail.ts'

/** What to start, and where its output goes. */
export interface ChildRequest {
  /** Absolute. */
  readonly path: string
  readonly argv: readonly string[]
  readonly directory: string
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  /** Takes the bytes as they come; where it returns a promise, the stream waits for it. */
  readonly write: (bytes: Buffer, stream: 'stdout' | 'stderr') => void | Promise<void>
  /** Asks the child to end: SIGINT, then SIGTERM, then SIGKILL to its whole group. */
  readonly cancel?: AbortSignal
  /** Ends the child and its group at once. */
  readonly kill?: AbortSignal
  readonly times?: Partial<Times>
  /** Hears of the process before it can do anything. */
  readonly onStart?: (pid: number) => void
}

/** How it ended. Exactly one of `exitCode` and `signal` is given. */
export interface ChildResult {
  readonly exitCode: number | undefined
  readonly signal: NodeJS.Signals | undefined
  readonly seconds: number
  /** The last 64 KiB of output, for diagnosis: not scrubbed. */
  readonly tail: string
  /** A process that outlived the child held its output open and was ended. */
  readonly lingered: boolean
}

interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Runs a program without a shell until it has ended, with its output streamed as it comes. */
export async function runChild(request: ChildRequest): Promise<ChildResult> {
  if (request.cancel?.aborted || request.kill?.aborted)
    fail({
      code: 'cancelled',
      problem: 'The job was cancelled before dbt started.',
      remedy: 'Run the job again.',
    })
  const started = performance.now()
  const child = start(request)
  if (child.pid !== undefined) request.onStart?.(child.pid)
  const kept = tail()
  const steps = ladder(child, request)
  const streams = (['stdout', 'stderr'] as const).map((name) => flow(child, name, request, kept.add))
  const output = Promise.all(streams)
  // Where nothing can be printed any more, nothing more should run.
  output.catch(() => steps.end())
  try {
    const ending = await ended(child, request)
    const lingered = await steps.close(output)
    return {
      exitCode: ending.code ?? undefined,
      signal: ending.signal ?? undefined,
      seconds: (performance.now() - started) / 1000,
      tail: kept.text(),
      lingered,
    }
  } finally {
    steps[Symbol.dispose]()
  }
}

function start(request: ChildRequest): ChildProcess {
  try {
    const { path, argv, verbatim } = launchOf(request.path, request.argv, request.env)
    return spawn(path, argv, {
      cwd: request.directory,
      env: { ...request.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: false,
      windowsHide: true,
      windowsVerbatimArguments: verbatim,
      // Its own process group, so that whatever it starts can be ended with it.
      detached: process.platform !== 'win32',
    })
  } catch (error) {
    throw error instanceof DbtOidcError ? error : notStarted(request, error)
  }
}

/** Bytes, never lines: a line of any length costs no more than its length. */
async function flow(
  child: ChildProcess,
  name: 'stdout' | 'stderr',
  request: ChildRequest,
  keep: (bytes: Buffer) => void,
): Promise<void> {
  const stream = child[name]
  if (!stream) return
  try {
    for await (const chunk of stream) {
      const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
      keep(bytes)
      await unlessGone(child, request.write(bytes, name))
    }
  } catch (error) {
    // Closed by us, because a process that outlived dbt would have held it open for ever.
    if (codeOf(error) !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}

/**
 * A child waits for whoever reads what it says. Of one that has ended only the rest is left: that is little, and must not
 * look like the output of a process that outlived it.
 */
function unlessGone(child: ChildProcess, written: void | Promise<void>): void | Promise<void> {
  if (written === undefined) return undefined
  // What is said after the end and cannot be printed is missed at the end of the step, with all else that was not read.
  if (hasEnded(child)) return void written.catch(() => undefined)
  return new Promise((resolve, reject) => {
    child.once('exit', resolve)
    written.then(resolve, reject).finally(() => child.off('exit', resolve))
  })
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

function ended(child: ChildProcess, request: ChildRequest): Promise<Ending> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', (error) => {
      // A signal that could not be delivered is an error, too, but the child lives.
      if (child.pid === undefined) reject(notStarted(request, error))
    })
  })
}

function notStarted(request: ChildRequest, cause: unknown): DbtOidcError {
  return new DbtOidcError({
    code: 'dbt-missing',
    problem: `dbt could not be started (${codeOf(cause) || 'unknown reason'}).`,
    remedy: `Check that ${request.path} can be executed and that ${request.directory} exists.`,
    cause,
  })
}
