import type { Claims } from '../claims.ts'
import { matches } from '../pattern.ts'
import { compare } from '../policy/compare.ts'
import { hintFor } from '../policy/hints.ts'
import { quoted } from '../policy/visible.ts'
import type { TrustRequest } from '../trust.ts'
import { subjectsOf, type TrustRule } from './rules.ts'

/**
 * What the policy asks the other side to expect against what the token says, claim by claim. What really stands over
 * there is not known here.
 */
export function against({ issuer, audience, rules }: TrustRequest, claims: Claims): readonly string[] {
  const subjects = subjectsOf(rules)
  const hint = hintFor('sub', subjects, claims.sub)
  const fits = subjects.some((subject) => matches(subject, claims.sub))
  if (isUntold(claims))
    return [
      row('iss', [issuer], claims.iss, issuer === claims.iss),
      row('aud', [audience], audience, true),
      `  · sub  ${subjects.map(quoted).join(' or ')} is expected; only a token of a job says what it is`,
      ...further(rules, claims),
    ]
  return [
    row('iss', [issuer], claims.iss, issuer === claims.iss),
    row('aud', [audience], audience, true),
    row('sub', subjects, claims.sub, fits),
    ...(hint === undefined || fits ? [] : [`    → ${hint}`]),
    ...further(rules, claims),
  ]
}

/** Whether a job of another issuer is supposed, whose subject nobody has told. */
export function isUntold({ from, sub }: Claims): boolean {
  return from !== undefined && sub === ''
}

/** Of another issuer, the claims that its grants name. */
function comparedOf(rules: readonly TrustRule[], { from }: Claims): readonly string[] {
  if (from === undefined) return COMPARED
  return [...new Set(rules.flatMap(({ when }) => [...when.keys()]))].filter((claim) => claim !== 'sub')
}

/** Whether issuer and subject are those that the policy asks the other side to trust. */
export function fitsTrust({ issuer, rules }: TrustRequest, claims: Claims): boolean {
  return claims.iss === issuer && subjectsOf(rules).some((subject) => matches(subject, claims.sub))
}

/** What a trust compares beside the subject, whether or not the policy names it. */
const COMPARED = ['repository_id', 'ref', 'environment', 'job_workflow_ref'] as const

function further(rules: readonly TrustRule[], claims: Claims): readonly string[] {
  return comparedOf(rules, claims).flatMap((claim) => {
    const actual = claims.all.get(claim)
    const expected = [...new Set(rules.flatMap(({ when }) => when.get(claim) ?? []))]
    // A grant of several that does not name the claim takes any value of it.
    const open = expected.length === 0 || rules.some(({ when }) => !when.has(claim))
    const { ok, hint } = compare(claim, expected, claims)
    if (open) return [`  · ${claim}  ${actual === undefined ? 'the token has none' : quoted(actual)}`]
    return [row(claim, expected, actual, ok), ...(hint === undefined ? [] : [`    → ${hint}`])]
  })
}

/** How long the token that decided has left. */
export function life({ exp, from }: Claims, now: Date): string {
  const left = Math.round(exp - now.getTime() / 1000)
  const when = left < 0 ? `expired ${-left} s ago` : `expires in ${left} s`
  return `  · exp  ${new Date(exp * 1000).toISOString()}: the token that decided ${when}${from === undefined ? '; each request is made with a fresh one' : ''}`
}

function row(claim: string, expected: readonly string[], actual: string | undefined, ok: boolean): string {
  const wanted = expected.map(quoted).join(' or ')
  const found = actual === undefined ? 'the token has none' : `the token has ${quoted(actual)}`
  return `  ${ok ? '✓' : '✗'} ${claim}  ${ok ? quoted(actual ?? '') : `expected ${wanted}, ${found}`}`
}
