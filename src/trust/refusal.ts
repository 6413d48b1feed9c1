import type { Claims } from '../claims.ts'
import type { Failure } from '../errors.ts'
import type { Diagnosis } from '../exchange.ts'
import type { TrustDocument, TrustRequest } from '../trust.ts'
import { against, fitsTrust, life } from './against.ts'

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
            ...against(request, claims),
            life(claims, now),
            ...(fitsTrust(request, claims)
              ? [
                  `  The account may hold something else than the policy: compare it with ${documents[side].length > 0 ? 'the statement below' : 'what `dbt-oidc trust` prints'}.`,
                ]
              : []),
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

function indented(line: string): string {
  return `    ${line}`
}
