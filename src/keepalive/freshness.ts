/** What was bought last, and until when it holds. */
export interface Life {
  readonly boughtAt: Date
  /** Null where nobody tells. */
  readonly expiresAt: Date | null
  /** When that was by a clock that nobody sets, in milliseconds (`performance.now()`). */
  readonly since?: number | undefined
}

/** When something was bought, by a clock that nobody sets; `boughtAt` may be of another process, which has another one. */
export function sinceThen(boughtAt: Date, now: Date): number {
  return performance.now() - Math.max(0, now.getTime() - boughtAt.getTime())
}

/** A dbt command opens connections over minutes: it starts with most of the credential's life ahead. */
export const AT_START = 0.8
/** While dbt runs: early enough that a short outage of the other side passes unnoticed. */
export const MEANWHILE = 0.4

/** What is used until its end. */
export const NOTHING = 0

/** What a clock may go back by without a word, in milliseconds: that much time servers move it by. */
const STEP = 60_000

/**
 * Milliseconds until less than `share` of the life is left; negative when that is past, undefined when nobody tells.
 * Past as well where the clock was set back since it was bought: what compares its end with that clock, as the drivers
 * of dbt do, would take it for alive beyond it.
 */
export function untilBelow(
  share: number,
  { boughtAt, expiresAt, since }: Life,
  now: Date,
  tick = performance.now(),
): number | undefined {
  if (expiresAt === null) return undefined
  const passed = now.getTime() - boughtAt.getTime()
  const lived = since === undefined ? 0 : tick - since
  if (passed < lived - STEP) return -1
  return (1 - share) * (expiresAt.getTime() - boughtAt.getTime()) - Math.max(passed, lived)
}
