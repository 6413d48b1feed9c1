import type { Reached } from './reached.ts'

/** What is looked for; nothing named is everything. */
export interface Wanted {
  readonly targets?: readonly string[] | undefined
  readonly actors?: readonly string[] | undefined
  /** From then on, until before then. */
  readonly since?: Date | undefined
  readonly until?: Date | undefined
  /** Only what the policy denied or the other side refused. */
  readonly refused?: boolean | undefined
}

/** Whether a job is among what is looked for; one that ran across a limit is. */
export function isWanted(one: Reached, { targets, actors, since, until, refused }: Wanted): boolean {
  if (targets && !targets.includes(one.target ?? '')) return false
  if (actors && !actors.includes(one.actor ?? '')) return false
  return isWithin(one, since, until) && (!refused || isRefused(one))
}

function isWithin({ from, to }: Reached, since: Date | undefined, until: Date | undefined): boolean {
  return !(since && new Date(to) < since) && !(until && new Date(from) >= until)
}

/** Whether somebody said no: the policy, or the other side. */
export function isRefused({ outcomes }: Reached): boolean {
  return outcomes.includes('denied') || outcomes.includes('refused')
}

const DAY = 86_400_000
const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: DAY, w: 7 * DAY }

/**
 * A moment as it is written on a command line: `90d`, `12h` and `2w` before now, a date or a time in UTC. A date means
 * its first moment, and as the end of a time its last. Undefined for what is none.
 */
export function momentOf(text: string, now: Date, end = false): Date | undefined {
  const [, number, unit = ''] = /^(\d{1,6})([hdw])$/.exec(text) ?? []
  if (number !== undefined) return new Date(now.getTime() - Number(number) * (UNITS[unit] ?? 0))
  const [, day, time] = /^(\d{4}-\d\d-\d\d)(T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? []
  const midnight = day === undefined ? undefined : midnightOf(day)
  if (!midnight) return undefined
  if (time !== undefined) return dateOf(/[Z+-]/.test(time) ? text : `${text}Z`)
  return end ? new Date(midnight.getTime() + DAY) : midnight
}

/** Date takes 2026-02-31 for March 3: the text must come back. */
function midnightOf(day: string): Date | undefined {
  const date = dateOf(`${day}T00:00:00Z`)
  return date?.toISOString().startsWith(day) ? date : undefined
}

function dateOf(text: string): Date | undefined {
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? undefined : date
}
