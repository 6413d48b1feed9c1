import { spawn, type ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { treeKiller } from '../platform.ts'

/** In milliseconds. Together they stay below the 7.5 seconds that a runner grants after its first signal. */
export interface Times {
  /** From SIGINT to SIGTERM. dbt uses it to cancel its queries. */
  readonly interrupt: number
  /** From SIGTERM to SIGKILL. */
  readonly terminate: number
  /** From the end of the child to the closing of its output. */
  readonly linger: number
}

/** What a cancelled run grants. */
export const TIMES: Times = { interrupt: 4000, terminate: 1500, linger: 2000 }

/** The way a child is made to end. */
export interface Ladder extends Disposable {
  /** Ends the child and its group at once. */
  end(): void
  /** After the child has ended: waits for the rest of its output, but not for ever. True where that was cut short. */
  close(output: Promise<unknown>): Promise<boolean>
}

interface Wishes {
  readonly cancel?: AbortSignal
  readonly kill?: AbortSignal
  readonly times?: Partial<Times>
}

/** Watches the signals and carries out their wish: ask, insist, end. */
export function ladder(child: ChildProcess, wishes: Wishes): Ladder {
  const times = { ...TIMES, ...wishes.times }
  const done = new AbortController()
  const cancel = (): void => void descend(child, times, done.signal)
  const kill = (): void => killGroup(child)
  wishes.cancel?.addEventListener('abort', cancel, { once: true })
  wishes.kill?.addEventListener('abort', kill, { once: true })
  return {
    end: kill,
    async close(output) {
      // What the child has started must not outlive a cancelled job.
      if (wishes.cancel?.aborted) killGroup(child)
      const waiting = new AbortController()
      const late = sleep(times.linger, true, { signal: waiting.signal }).catch(() => false)
      const lingered = await Promise.race([output.then(() => false), late])
      waiting.abort()
      if (!lingered) return false
      killGroup(child)
      child.stdout?.destroy()
      child.stderr?.destroy()
      await output
      return true
    },
    [Symbol.dispose]() {
      done.abort()
      wishes.cancel?.removeEventListener('abort', cancel)
      wishes.kill?.removeEventListener('abort', kill)
    },
  }
}

async function descend(child: ChildProcess, times: Times, done: AbortSignal): Promise<void> {
  // Windows has no signals: whatever Node is told to send ends that one process at once, and none that it has started.
  if (process.platform === 'win32') return killGroup(child)
  try {
    child.kill('SIGINT')
    await sleep(times.interrupt, undefined, { signal: done })
    child.kill('SIGTERM')
    await sleep(times.terminate, undefined, { signal: done })
    killGroup(child)
  } catch {
    // The child has ended meanwhile.
  }
}

/** The whole group on POSIX: only while a member of it lives is its number certain to be its own. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  if (process.platform === 'win32') return killTree(child, child.pid)
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}

/** dbt.exe only starts the interpreter: what it has started goes with it. */
function killTree(child: ChildProcess, pid: number): void {
  if (child.exitCode !== null || child.signalCode !== null) return
  const { path, argv } = treeKiller(pid, process.env)
  spawn(path, argv, { stdio: 'ignore', windowsHide: true }).once('error', () => void child.kill('SIGKILL'))
}
