import type { Explained } from '../access.ts'
import type { KeepAliveOption } from '../config/options.ts'

/** Words by which the servers and drivers that are known here refuse somebody whom they have let in before. */
const REFUSED =
  /authentication failed|expired|\b390303\b|\b390318\b|\b40[13]\b|unauthori[sz]ed|unauthenticated|invalid authentication credentials|necessary fields need to refresh/i

/** What is known of a credential that nothing renews. */
export interface Fixed {
  readonly expiresAt: Date | null
  readonly now: Date
  readonly keepAlive: KeepAliveOption
  /** What the other side's words mean by themselves. */
  readonly explained: Explained | undefined
}

/**
 * A refusal that follows the end of the credential has that for its cause, whatever else such words may mean; undefined
 * while the credential lives, and for words that are no refusal.
 */
export function endedMeanwhile(
  text: string,
  { expiresAt, now, keepAlive, explained }: Fixed,
): Explained | undefined {
  if (expiresAt === null || expiresAt > now || !REFUSED.test(text)) return undefined
  return {
    problem: `The credential had ended at ${expiresAt.toISOString()}, before dbt was done, and nothing renewed it.`,
    remedy:
      keepAlive === 'off'
        ? 'Leave `keep-alive: off` out, so that dbt gets a fresh one whenever it connects.'
        : 'Let the exchange give one that lives longer, or split the run into several lines of `run`: each begins with a fresh one.',
    details: explained
      ? [`Otherwise such words mean: ${explained.problem}`, ...(explained.details ?? [])]
      : [],
  }
}
