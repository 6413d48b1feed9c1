import { claimsOf } from './jwt.ts'
import { sha256 } from './snowflake/identity.ts'

/** One use of something that ends, as the server saw it that verifies it. Times in milliseconds since the epoch. */
export interface Use {
  /** Tells one from the other, and is no secret. */
  readonly id: string
  readonly bornAt: number
  readonly endsAt: number
  readonly at: number
  readonly accepted: boolean
}

/** A run with more than one life, from both sides: what left GitHub, what the job has on record, what the other side saw. */
export interface Lived {
  /** Seconds that what is used lives. */
  readonly life: number
  readonly minted: readonly string[]
  readonly audit: readonly Readonly<Record<string, unknown>>[]
  readonly uses: readonly Use[]
  /** When dbt was done, in milliseconds since the epoch; absent where the last use is late enough to tell. */
  readonly endedAt?: number
  /** Digests of the ID tokens that the other side has traded, in order; absent where it takes the token itself. */
  readonly traded?: readonly string[]
}

/** What is expected of it. */
export interface Bounds {
  /** The action's own exchanges, and what it handed to a driver: least and most. */
  readonly exchanges: readonly [number, number]
  /** Share of the life that anything in use may have behind it. */
  readonly oldest: number
  /** Lives that the run took, from the first token to its end. */
  readonly lives: number
  readonly trades: 'action' | 'driver'
}

/** Uses of ID tokens by their digests; their times are those that they say themselves. */
export function usesOf(
  minted: readonly string[],
  seen: readonly { readonly tokenSha256?: string | undefined; readonly at: number }[],
  accepted: boolean,
): Use[] {
  const known = new Map(minted.map((token) => [sha256(token), claimsOf(token)]))
  return seen.map(({ tokenSha256: id = 'none', at }) => {
    const { iat, exp } = known.get(id) ?? { iat: Number.NaN, exp: Number.NaN }
    return { id, bornAt: Number(iat) * 1000, endsAt: Number(exp) * 1000, at, accepted }
  })
}

/** Whether each token is on record once, by its digest, its use and its outcome. */
function flawsOfAudit({ minted, audit, traded }: Lived, trades: Bounds['trades']): string[] {
  const lines = audit.filter(({ record }) => record === 'token')
  const flaws: string[] = []
  const decisions = lines.filter(({ use }) => use === 'decision')
  if (decisions.length !== 1) flaws.push(`${decisions.length} decisions are on record`)
  const handed = lines.filter(({ use }) => use !== 'decision')
  const uses = handed.map(({ use }) => use)
  if (uses[0] !== 'exchange' || uses.slice(1).some((use) => use !== 'keep-alive'))
    flaws.push(`the uses on record are ${uses.join(', ')}`)
  const digests = handed.map(({ token_sha256: digest }) => String(digest))
  if (new Set(digests).size < digests.length) flaws.push('a token is on record twice')
  const recorded = new Set(lines.map(({ token_sha256: digest }) => String(digest)))
  for (const [at, token] of minted.entries())
    if (!recorded.delete(sha256(token))) flaws.push(`token ${at + 1} of ${minted.length} is not on record`)
  if (recorded.size > 0) flaws.push('a token is on record that GitHub never gave')
  const outcome = { action: 'exchanged', driver: 'handed-over' }[trades]
  // Of what keeps alive; the first is always the action's own, but for what nobody trades.
  const others = handed.slice(1).filter((line) => line['outcome'] !== outcome || line['trades'] !== trades)
  if (others.length > 0) flaws.push(`${others.length} outcomes are not \`${outcome}\` by the ${trades}`)
  if (traded && trades === 'action' && traded.join() !== digests.join())
    flaws.push(`the other side has traded ${traded.length} tokens, on record are ${digests.length}`)
  if (traded && traded.some((digest) => !digests.includes(digest)))
    flaws.push('the other side has traded a token that is not on record')
  return flaws
}

/** What is wrong with a run that was to outlive its credential; nothing where it did, and all of it is on record. */
export function flawsOf(run: Lived, bounds: Bounds): string[] {
  const flaws = flawsOfAudit(run, bounds.trades)
  const { exchanges, oldest, span } = accountOf(run)
  const [least, most] = bounds.exchanges
  if (exchanges < least || exchanges > most) flaws.push(`${exchanges} exchanges, not ${least} to ${most}`)
  if (!(span >= bounds.lives * run.life))
    flaws.push(`the run took ${span} s, less than ${bounds.lives} lives of ${run.life} s`)
  for (const { id, at, endsAt, accepted } of run.uses) {
    if (!accepted) flaws.push(`${id.slice(0, 8)} was refused`)
    if (!(at <= endsAt)) flaws.push(`${id.slice(0, 8)} was used after its end`)
  }
  if (!(oldest <= bounds.oldest * run.life))
    flaws.push(`something was used that was ${oldest} s old, more than ${bounds.oldest * run.life} s`)
  return flaws
}

/** What is wrong with a run that was to end with its credential: one exchange, and refusals of nothing but what had ended. */
export function flawsOfEnded(run: Lived, trades: Bounds['trades']): string[] {
  const flaws = flawsOfAudit(run, trades)
  const { exchanges } = accountOf(run)
  if (exchanges !== 1) flaws.push(`${exchanges} exchanges in place of one`)
  const refused = run.uses.filter(({ accepted }) => !accepted)
  if (refused.length === 0) flaws.push('nothing was refused')
  for (const { id, at, endsAt } of refused)
    if (!(at >= endsAt)) flaws.push(`${id.slice(0, 8)} was refused before its end`)
  return flaws
}

/** The figures of a run, in seconds. */
export interface Account {
  readonly exchanges: number
  /** The longest age of anything in use. */
  readonly oldest: number
  /** From the first token to the end of the run, or else to the last use. */
  readonly span: number
}

/** Counts and measures; says nothing of what is right. */
export function accountOf({ audit, minted, uses, endedAt }: Lived): Account {
  const exchanges = audit.filter(({ use }) => use === 'exchange' || use === 'keep-alive').length
  const accepted = uses.filter((one) => one.accepted)
  const ages = accepted.map(({ at, bornAt }) => (at - bornAt) / 1000)
  const [first = ''] = minted
  const start = Number(claimsOf(first).iat)
  return {
    exchanges,
    oldest: Math.max(...ages),
    span: (endedAt ?? Math.max(...accepted.map(({ at }) => at))) / 1000 - start,
  }
}
