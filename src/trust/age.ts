import { visible } from '../policy/visible.ts'
import type { Said } from './judge.ts'
import type { Statement } from './statement.ts'

/** The age limits of a policy, in days. */
export interface ReviewLimits {
  readonly warn: number
  readonly fail: number | undefined
}

interface Asking {
  readonly review: ReviewLimits
  readonly today: Date
}

const DAY = 86_400_000

/** Whole days between two moments. */
function daysBetween(before: Date, after: Date): number {
  return Math.floor((after.getTime() - before.getTime()) / DAY)
}

/**
 * What the age of a trust says: it counts from the day on which it was made there, or from the review of the grants
 * where that came later.
 */
export function ageOf(
  { madeAt }: Pick<Statement, 'madeAt'>,
  reviewed: Date | undefined,
  { review, today }: Asking,
): readonly Said[] {
  if (!madeAt) return []
  const since = reviewed && reviewed > madeAt ? reviewed : madeAt
  const days = daysBetween(since, today)
  const severity = review.fail !== undefined && days > review.fail ? 'error' : 'warning'
  if (days <= review.warn) return []
  const limit = severity === 'error' ? (review.fail ?? review.warn) : review.warn
  return [
    {
      code: 'age',
      severity,
      problem: `It has stood for ${days} days${since === madeAt ? '' : ' since the last review of its grants'}; the limit is ${limit}.`,
      remedy: 'Review it: renew it with `rotate`, or confirm its grants with today’s date as `reviewed:`.',
    },
  ]
}

/** Ways that nobody has come in by for longer than a review may take, where the platform tells when each was last used. */
export function unusedWays(
  { ways, usedAt }: Pick<Statement, 'ways' | 'usedAt'>,
  { review, today }: Asking,
): readonly Said[] {
  const named = ways.some((way) => way.usedAt !== undefined)
  const each = named
    ? ways.map((way) => ({
        by: ` by ${visible(way.name)}`,
        used: way.usedAt,
        since: way.usedAt ?? way.madeAt,
      }))
    : [{ by: '', used: usedAt, since: usedAt }]
  return each.flatMap(({ by, used, since }): readonly Said[] => {
    const days = since ? daysBetween(since, today) : 0
    if (days <= review.warn) return []
    return [
      {
        code: 'unused',
        severity: 'warning',
        problem: `Nobody has come in${by} ${used ? `for ${days} days` : `since it was made ${days} days ago`}.`,
        remedy: 'Remove it if nothing uses it any more.',
      },
    ]
  })
}
