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

/** Milliseconds until less than `share` of the life is left; negative when that is past, undefined when nobody tells. */
export function untilBelow(share: number, { boughtAt, expiresAt }: Life, now: Date): number | undefined {
  if (expiresAt === null) return undefined
  const life = expiresAt.getTime() - boughtAt.getTime()
  return expiresAt.getTime() - share * life - now.getTime()
}
