import type { Claims } from '../claims.ts'
import type { Failure } from '../errors.ts'
import type { Diagnosis } from '../exchange.ts'
import { matches } from '../pattern.ts'
import { compare } from '../policy/compare.ts'
import { hintFor } from '../policy/hints.ts'
import { quoted } from '../policy/visible.ts'
import type { TrustDocument, TrustRequest } from '../trust.ts'
import { subjectsOf, type TrustRule } from './rules.ts'

/** Who has refused: where the token is traded, or the warehouse. */
export type Side = 'exchange' | 'warehouse'

/** What the policy asks either side to trust; without documents where no statement can say it. */
export interface Trusted {
  readonly request: TrustRequest
  readonly documents: Readonly<Record<Side, readonly TrustDocument[]>>
}

/**
 * A refusal, explained: what was said, what the other side has to expect by our policy against what the token says, and
 * the statement that would make it so. How the trust really stands over there is not known here, and not claimed. Behind
 * an exchange the warehouse sees no token of GitHub, so there is nothing to compare with one.
 */
export function refusal(
  { problem, remedy }: Diagnosis,
  claims: Claims,
  trusted: Trusted | undefined,
  { side, now }: { readonly side: Side; readonly now: Date },
): Pick<Failure, 'problem' | 'remedy' | 'details'> {
  if (!trusted) return { problem, remedy, details: [] }
  const { request, documents } = trusted
  const sees = side === 'exchange' || request.via === 'direct'
  return {
    problem,
    remedy,
    details: [
      ...(sees
        ? [
            'What the policy asks the other side to expect, and what the token says:',
            ...compared(request, claims, documents[side].length > 0),
            ...further(request.rules, claims),
            life(claims, now),
          ]
        : []),
      ...documents[side].flatMap(({ title, text }) => [
        '',
        `${title}; by the policy it is:`,
        ...text.split('\n').map(indented),
      ]),
    ],
  }
}

function compared(
  { issuer, audience, rules }: TrustRequest,
  claims: Claims,
  printed: boolean,
): readonly string[] {
  const subjects = subjectsOf(rules)
  const hint = hintFor('sub', subjects, claims.sub)
  const fits = subjects.some((subject) => matches(subject, claims.sub))
  return [
    row('iss', [issuer], claims.iss, issuer === claims.iss),
    row('aud', [audience], audience, true),
    row('sub', subjects, claims.sub, fits),
    ...(hint === undefined || fits ? [] : [`    → ${hint}`]),
    ...(fits && issuer === claims.iss
      ? [
          `  The account may hold something else than the policy: compare it with ${printed ? 'the statement below' : 'what `dbt-oidc trust` prints'}.`,
        ]
      : []),
  ]
}

/** What a trust compares beside the subject, whether or not the policy names it. */
const COMPARED = ['repository_id', 'ref', 'environment', 'job_workflow_ref'] as const

function further(rules: readonly TrustRule[], claims: Claims): readonly string[] {
  return COMPARED.flatMap((claim) => {
    const actual = claims.all.get(claim)
    const expected = [...new Set(rules.flatMap(({ when }) => when.get(claim) ?? []))]
    // A grant of several that does not name the claim takes any value of it.
    const open = expected.length === 0 || rules.some(({ when }) => !when.has(claim))
    const { ok, hint } = compare(claim, expected, claims)
    if (open) return [`  · ${claim}  ${actual === undefined ? 'the token has none' : quoted(actual)}`]
    return [row(claim, expected, actual, ok), ...(hint === undefined ? [] : [`    → ${hint}`])]
  })
}

function life({ exp }: Claims, now: Date): string {
  const left = Math.round(exp - now.getTime() / 1000)
  const when = left < 0 ? `expired ${-left} s ago` : `expires in ${left} s`
  return `  · exp  ${new Date(exp * 1000).toISOString()}: the token that decided ${when}; each request is made with a fresh one`
}

function row(claim: string, expected: readonly string[], actual: string | undefined, ok: boolean): string {
  const wanted = expected.map(quoted).join(' or ')
  const found = actual === undefined ? 'the token has none' : `the token has ${quoted(actual)}`
  return `  ${ok ? '✓' : '✗'} ${claim}  ${ok ? quoted(actual ?? '') : `expected ${wanted}, ${found}`}`
}

function indented(line: string): string {
  return `    ${line}`
}
