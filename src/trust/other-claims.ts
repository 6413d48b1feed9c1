import { fail } from '../errors.ts'
import { isText, wayTo, type OtherIssuer } from '../other-issuer.ts'
import type { TrustRule } from './rules.ts'

/** The conditions of a rule that a platform can compare which sees every claim, as a text. */
export function comparable({ when, other }: TrustRule): TrustRule['when'] {
  if (!other) return when
  return new Map([...when].filter(([claim]) => isText(other.issuer, claim)))
}

/** The way to a claim of another issuer. Throws `configuration` where nobody knows it. */
export function wayOf(issuer: OtherIssuer, claim: string): readonly string[] {
  return (
    wayTo(issuer, claim) ??
    fail({
      code: 'configuration',
      problem: `The other side is told where in the token \`${claim}\` is, and of ${issuer.name} nobody has said whether that is one name or a way.`,
      remedy: 'Name claims without a slash in the grant, or the subject.',
    })
  )
}
