import type { Claims } from '../claims.ts'
import type { Failure } from '../errors.ts'
import type { Diagnosis } from '../exchange.ts'
import { matches } from '../pattern.ts'
import { subjectHint } from '../policy/subject.ts'
import { quoted } from '../policy/visible.ts'
import type { TrustDocument, TrustRequest } from '../trust.ts'
import { subjectsOf } from './rules.ts'

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
  side: Side,
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
  const hint = subjects
    .map((subject) => subjectHint(subject, claims.sub))
    .find((found) => found !== undefined)
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

function row(claim: string, expected: readonly string[], actual: string, ok: boolean): string {
  const wanted = expected.map(quoted).join(' or ')
  return `  ${ok ? '✓' : '✗'} ${claim}  ${ok ? quoted(actual) : `expected ${wanted}, the token has ${quoted(actual)}`}`
}

function indented(line: string): string {
  return `    ${line}`
}
