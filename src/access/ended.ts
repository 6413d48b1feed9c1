import type { Explained } from './surroundings.ts'
import type { KeepAliveOption } from '../config/options.ts'

/**
 * Words by which the servers and drivers that are known here refuse somebody whom they have let in before. dbt counts
 * models and names them, and a column may be called `expired`: numbers and words count in the company that they keep.
 */
const REFUSED = new RegExp(
  [
    'authentication failed',
    String.raw`\b(?:is|has|was|jwt|token|session|credentials?) expired\b`,
    String.raw`\(expired\)`,
    'ExpiredToken',
    String.raw`\b(?:390303|390318)\b`,
    String.raw`\b(?:error|http|status|status code|server)[: ]+40[13]\b`,
    String.raw`\b40[13] (?:unauthorized|forbidden|client error|GET|POST|PUT)\b`,
    String.raw`\bunauthori[sz]ed\b`,
    String.raw`\bunauthenticated\b`,
    'invalid authentication credentials',
    'necessary fields need to refresh',
  ].join('|'),
  'i',
)

/** What is known of a credential that nothing renews. */
export interface Fixed {
  readonly expiresAt: Date | null
  readonly now: Date
  readonly keepAlive: KeepAliveOption
  /** To one user for the whole run: it is extended as far as the other side lets it be, and not bought anew. */
  readonly lent: boolean
  /** What the other side's words mean by themselves. */
  readonly explained: Explained | undefined
}

/**
 * A refusal that follows the end of the credential has that for its cause, whatever else such words may mean; undefined
 * while the credential lives, and for words that are no refusal.
 */
export function endedMeanwhile(
  text: string,
  { expiresAt, now, keepAlive, lent, explained }: Fixed,
): Explained | undefined {
  if (expiresAt === null || expiresAt > now || !REFUSED.test(text)) return undefined
  return {
    problem: `The credential had ended at ${expiresAt.toISOString()}, before dbt was done, and nothing renewed it.`,
    remedy: remedyFor(keepAlive, lent),
    details: explained
      ? [`Otherwise such words mean: ${explained.problem}`, ...(explained.details ?? [])]
      : [],
  }
}

function remedyFor(keepAlive: KeepAliveOption, lent: boolean): string {
  if (keepAlive === 'off')
    return lent
      ? 'Leave `keep-alive: off` out, so that the lease is extended while dbt runs.'
      : 'Leave `keep-alive: off` out, so that dbt gets a fresh one whenever it connects.'
  return lent
    ? 'The other side extends it no further: let `max_ttl` of the database role, and `token_max_ttl` of the role of the login, be as long as the longest run.'
    : 'Let the exchange give one that lives longer, or split the run into several lines of `run`: each begins with a fresh one.'
}
