import { isLiteral } from '../../pattern.ts'
import type { TrustRule } from '../../trust/rules.ts'
import { heldByStars, sameAsStar } from '../../trust/stars.ts'

/**
 * Claims of GitHub's tokens that a role's trust policy can name, beside `aud` and `sub` (IAM User Guide, "Available keys
 * for AWS OIDC federation", since January 2026). They are promised for github.com's own issuer only.
 */
const KEYS: ReadonlySet<string> = new Set([
  'actor',
  'actor_id',
  'job_workflow_ref',
  'repository',
  'repository_id',
  'workflow',
  'ref',
  'environment',
  'enterprise_id',
])

const GITHUB = 'https://token.actions.githubusercontent.com'

/** The `Condition` of a statement: operator to key to the values of which one must fit. */
export type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>

/** What a trust policy can hold of one grant. */
export interface Held {
  readonly condition: Condition
  readonly claims: readonly string[]
  /** Claim and pattern, where IAM lets in more than the pattern does. */
  readonly inPart: readonly (readonly [claim: string, pattern: string])[]
}

/**
 * A grant as AWS can see it: where it compares the ref itself, the subject may be that of a job with an environment,
 * which does not tell the ref.
 */
export function asSeen(rule: TrustRule, issuer: string): TrustRule {
  if (issuer !== GITHUB || !rule.when.has('ref') || rule.when.has('sub')) return rule
  const prefixes = rule.subjects.flatMap((subject) => /^(repo:[^:]*):ref:/.exec(subject)?.[1] ?? [])
  if (prefixes.length === 0) return rule
  const anywhere = [...new Set(prefixes)].map((prefix) => `${prefix}:environment:**`)
  return {
    ...rule,
    subjects: [...rule.subjects, ...anywhere],
    exact: false,
    heldBySubject: rule.heldBySubject.filter((claim) => claim !== 'ref'),
  }
}

/** The condition that stands for a grant, and the claims that it holds exactly. */
export function conditionOf(rule: TrustRule, issuer: string, audiences: readonly string[]): Held {
  const prefix = issuer.replace(/^https?:\/\//, '')
  const equal: Record<string, string | readonly string[]> = { [`${prefix}:aud`]: oneOrMore(audiences) }
  // AWS refuses a policy for GitHub's issuer that does not narrow `sub`; both of its forms must be let through.
  const like: Record<string, string | readonly string[]> = {
    [`${prefix}:sub`]: oneOrMore(rule.subjects.map(asWildcard)),
  }
  const named = [...rule.when].filter(([claim]) => issuer === GITHUB && KEYS.has(claim))
  for (const [claim, patterns] of named) {
    if (patterns.every(isLiteral)) equal[`${prefix}:${claim}`] = oneOrMore(patterns.map(asLiteral))
    else like[`${prefix}:${claim}`] = oneOrMore(patterns.map(asWildcard))
  }
  like['sts:RoleSessionName'] = `dbt-${pinnedId(rule)}*`
  const keys = named
    .filter(([claim, patterns]) => patterns.every((one) => sameAsStar(claim, one)))
    .map(([claim]) => claim)
  const claims = [...new Set([...keys, ...heldByStars(rule)])]
  const compared = [...named.map(([claim]) => claim), ...rule.heldBySubject]
  const inPart = [...rule.when]
    .filter(([claim]) => compared.includes(claim) && !claims.includes(claim))
    .flatMap(([claim, patterns]) =>
      patterns.filter((one) => !isLiteral(one)).map((one) => [claim, one] as const),
    )
  return { condition: { StringEquals: equal, StringLike: like }, claims, inPart }
}

/** In a policy `${` begins a variable, in every operator. */
function asLiteral(text: string): string {
  return text.replaceAll('$', '${$}')
}

/** Our stars as IAM's; its other special character is none of ours. */
function asWildcard(pattern: string): string {
  return asLiteral(pattern).replaceAll('?', '${?}').replaceAll(/\*+/g, '*')
}

function pinnedId({ when }: TrustRule): string {
  const [id, ...others] = when.get('repository_id') ?? []
  return id !== undefined && others.length === 0 && /^\d+$/.test(id) ? `${id}-` : ''
}

function oneOrMore(values: readonly string[]): string | readonly string[] {
  const [first, ...others] = [...new Set(values)]
  return first !== undefined && others.length === 0 ? first : [...new Set(values)]
}
