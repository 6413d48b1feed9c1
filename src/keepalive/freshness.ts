/** What was bought last, and until when it holds. */
export interface Life {
  readonly boughtAt: Date
  /** Null where nobody tells. */
  readonly expiresAt: Date | null
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
 * Past as well where the clock says that it was not bought yet: it was set back, and how much is left nobody knows.
 */
export function untilBelow(share: number, { boughtAt, expiresAt }: Life, now: Date): number | undefined {
  if (expiresAt === null) return undefined
  if (now.getTime() < boughtAt.getTime() - STEP) return -1
  const life = expiresAt.getTime() - boughtAt.getTime()
  return expiresAt.getTime() - share * life - now.getTime()
}
