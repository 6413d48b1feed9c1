import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { TIMES, type Times } from './dbt/ladder.ts'

/** One process and no other: a number is given again after its end, a number and a start together are not. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, as the system writes it. */
  readonly started: string
}

/** What became of a process that was to end; `absent` where it had ended before. */
export type ProcessEnd = 'absent' | 'ended' | 'still there'

/** Milliseconds from SIGKILL until a process counts as one that cannot be ended. */
const KILLED = 1000
const STEP = 25

/** The identity of a living process; undefined where it has ended or the system does not tell (Windows). */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = process.platform === 'linux' ? startInProc(pid) : startByPs(pid)
  return started === undefined ? undefined : { pid, started }
}

/** An identity as one line of state. */
export function identityText({ pid, started }: ProcessIdentity): string {
  return `${pid} ${started}`
}

/** The opposite of {@link identityText}. A number below 2 would be every process, or the first. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  const [, digits, started] = /^(\d{1,10}) (.+)$/.exec(text) ?? []
  const pid = Number(digits)
  return started !== undefined && pid > 1 ? { pid, started } : undefined
}

/**
 * Ends a process that is no child of ours, and its group, as a living parent would: ask, insist, end. Before each
 * signal it is made sure that the number still stands for this very process.
 */
export async function endProcess(lost: ProcessIdentity, times: Partial<Times> = {}): Promise<ProcessEnd> {
  const { interrupt, terminate } = { ...TIMES, ...times }
  if (!lives(lost)) return 'absent'
  send(lost.pid, 'SIGINT')
  if (!(await ends(lost, interrupt))) {
    send(lost.pid, 'SIGTERM')
    await ends(lost, terminate)
  }
  // What it has started must not outlive it. While a member of the group lives its number is its own.
  const now = identify(lost.pid)
  if (now === undefined || now.started === lost.started) send(-lost.pid, 'SIGKILL')
  return (await ends(lost, KILLED)) ? 'ended' : 'still there'
}

function lives({ pid, started }: ProcessIdentity): boolean {
  return identify(pid)?.started === started
}

async function ends(lost: ProcessIdentity, patience: number): Promise<boolean> {
  const until = performance.now() + patience
  while (lives(lost)) {
    if (performance.now() >= until) return false
    await sleep(STEP)
  }
  return true
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Nobody is left.
  }
}

/** Field 22 of proc(5), in ticks since the start of the system. */
function startInProc(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program stands in brackets in front and may hold anything.
    const [state = '', ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    // A dead process whose exit code nobody has asked for yet.
    return 'ZXx'.includes(state) ? undefined : rest[18]
  } catch {
    return undefined
  }
}

function startByPs(pid: number): string | undefined {
  if (process.platform === 'win32') return undefined
  const { stdout } = spawnSync('/bin/ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { LC_ALL: 'C', TZ: 'UTC' },
    timeout: 2000,
  })
  const [, state = 'Z', started] = /^\s*(\S+)\s+(\S.*\S)\s*$/.exec(stdout ?? '') ?? []
  return state.startsWith('Z') ? undefined : started
}
