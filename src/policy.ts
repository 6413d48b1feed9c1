import type { Claims } from './claims.ts'
import { compare } from './policy/compare.ts'
import { namedEvent, needsName, pullRequestCheck, refTypeCheck } from './policy/events.ts'
import { forgiveRename } from './policy/rename.ts'
import { warningsOf } from './policy/warnings.ts'

/** Where a rule was written, for error texts: `.github/dbt-oidc.yml:14:5` or `input "ref"`. */
export type Place = string

/** Claim name to the patterns of which one must match; see pattern.ts. Never empty. */
export type When = ReadonlyMap<string, readonly string[]>

/** A rule of the policy: when these claims hold, this target. */
export interface Grant {
  /** How it is named in log and audit: its `name`, else `grants[2]`, else `inputs`. */
  readonly name: string
  readonly target: string
  readonly when: When
  /** What the inputs of the step demand as well; it can only narrow. */
  readonly narrow?: When
  /** ISO date of the last review. */
  readonly reviewed?: string
  readonly place: Place
  /** The issuer of the policy's `issuers` whose tokens it is for; absent: GitHub. */
  readonly issuer?: string
}

/** What the unsigned event file says of a pull request. It is used to refuse and never to grant. */
export interface Facts {
  readonly pullRequest:
    | { readonly kind: 'none' }
    | { readonly kind: 'same' }
    | { readonly kind: 'fork'; readonly head: string; readonly base: string }
    | { readonly kind: 'unreadable' }
}

/** One claim of one grant, as compared. */
export interface Check {
  readonly claim: string
  readonly expected: readonly string[]
  /** Undefined: the token has no such claim. */
  readonly actual: string | undefined
  readonly ok: boolean
  /** What a reader should notice: only the case differs, the two forms of `sub`, a renamed repository. */
  readonly hint?: string
  /** Where the condition was set, if not by the grant itself. */
  readonly source?: 'input'
  /** The standing rule behind this check, where the patterns of the grant alone do not explain it; `expected` may be words. */
  readonly rule?: 'event' | 'pull-request' | 'consistency' | 'empty' | 'renamed'
}

/** All checks of one grant. */
export interface Verdict {
  readonly grant: Grant
  readonly checks: readonly Check[]
  readonly ok: boolean
}

/** Every check of every grant: denial text, summary, audit line, `check` and doctor all print this one value. */
export interface Decision {
  readonly granted: boolean
  /** The first grant that matches (of the target asked for, if one was). */
  readonly grant: Grant | undefined
  readonly asked: string | undefined
  readonly verdicts: readonly Verdict[]
  readonly warnings: readonly string[]
  readonly claims: Claims
}

/** A grant that names nothing would hold for everybody, so it holds for nobody. */
const NAMES_NOTHING: Check = {
  claim: 'when',
  expected: ['at least one claim'],
  actual: undefined,
  ok: false,
  hint: 'a grant without conditions grants nothing',
  rule: 'empty',
}

function judge(grant: Grant, claims: Claims, facts: Facts): Verdict {
  if (grant.issuer !== claims.from) return { grant, checks: [strange(grant, claims)], ok: false }
  // Events, pull requests and forms of `sub` are GitHub's: its rules say nothing of another issuer.
  if (grant.issuer !== undefined) return judgeOther(grant, claims)
  const event = claims.all.get('event_name')
  const byName = needsName(event)
  const named = (when: When): readonly Check[] =>
    [...when].map(([claim, expected]) =>
      claim === 'event_name' && byName ? namedEvent(expected, event) : compare(claim, expected, claims),
    )
  const narrowed = named(grant.narrow ?? new Map()).map((check) => ({ ...check, source: 'input' as const }))
  const standing = [
    grant.when.size === 0 ? NAMES_NOTHING : undefined,
    byName && !grant.when.has('event_name') ? namedEvent(undefined, event) : undefined,
    pullRequestCheck(event, facts),
    refTypeCheck(claims),
  ].filter((check) => check !== undefined)
  const checks = [...forgiveRename(named(grant.when)), ...narrowed, ...standing]
  return { grant, checks, ok: checks.every((check) => check.ok) }
}

/** A grant is for the tokens of one issuer, whatever the claims of another's may say. */
function strange({ issuer = 'GitHub' }: Grant, { iss }: Claims): Check {
  return { claim: 'iss', expected: [issuer], actual: iss, ok: false }
}

/** Hints on these two are about the forms that GitHub writes. */
function withoutHint(check: Check): Check {
  if (check.claim !== 'ref' && check.claim !== 'sub') return check
  const { claim, expected, actual, ok } = check
  return { claim, expected, actual, ok }
}

function judgeOther(grant: Grant, claims: Claims): Verdict {
  const checks = [
    ...[...grant.when].map(([claim, expected]) => withoutHint(compare(claim, expected, claims))),
    ...(grant.when.size === 0 ? [NAMES_NOTHING] : []),
  ]
  return { grant, checks, ok: checks.every((check) => check.ok) }
}

/**
 * Decides which grant holds for these claims: the first that matches, of the target asked for if one was. Nothing
 * matches without being named; without facts about a pull request, it is refused.
 */
export function decide(
  grants: readonly Grant[],
  claims: Claims,
  asked?: string,
  facts: Facts = { pullRequest: { kind: 'unreadable' } },
): Decision {
  const verdicts = grants.map((grant) => judge(grant, claims, facts))
  const winner = verdicts.find(
    (verdict) => verdict.ok && (asked === undefined || verdict.grant.target === asked),
  )
  return {
    granted: winner !== undefined,
    grant: winner?.grant,
    asked,
    verdicts,
    warnings: winner === undefined ? [] : warningsOf(winner, verdicts, asked, claims),
    claims,
  }
}
