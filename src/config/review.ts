import type { ReviewLimits } from '../trust/age.ts'

const DEFAULT_WARN_DAYS = 90

/** Days in `90d`. */
function daysOf(text: string): number {
  return Number(text.slice(0, -1))
}

/** How old a review may be, by the `review:` of a policy file. */
export function reviewLimits(
  written: { readonly warn?: string | undefined; readonly fail?: string | undefined } | undefined,
): ReviewLimits {
  const { warn, fail } = written ?? {}
  return {
    warn: warn === undefined ? DEFAULT_WARN_DAYS : daysOf(warn),
    fail: fail === undefined ? undefined : daysOf(fail),
  }
}

/** What a review date says today: a problem, a number of days, both never. */
export function reviewAge(
  reviewed: string,
  today: Date,
): { readonly problem: string } | { readonly days: number } {
  const date = new Date(`${reviewed}T00:00:00Z`)
  // Date accepts 2026-02-31 as March 3: the text must come back.
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== reviewed) {
    return { problem: `\`${reviewed}\` is no date of the calendar.` }
  }
  const days = Math.floor((today.getTime() - date.getTime()) / 86_400_000)
  // A day of grace: a reviewer east of the runner may already write tomorrow.
  return days < -1 ? { problem: `\`${reviewed}\` lies in the future.` } : { days }
}
