import { isClaimName } from '../../claim-names.ts'
import { quoted, visible } from '../../policy/visible.ts'
import type { Said } from '../judge.ts'
import type { Reader } from '../reader.ts'
import type { Condition, Way } from '../statement.ts'

/** What is wrong with how claims are compared. */
export function conditionFindings({ conditions }: Way, reader: Reader): readonly Said[] {
  return conditions.flatMap((condition) => [
    ...absent(condition, reader),
    ...literalStar(condition, reader),
    ...strange(condition),
  ])
}

function absent(condition: Condition, reader: Reader): readonly Said[] {
  const { claim, values, by, alsoAbsent: operator } = condition
  if (operator === undefined) return []
  const paste = by === 'expression' ? {} : { paste: reader.write(claim, values) }
  if (by === 'except')
    return [
      {
        code: 'not-equals',
        severity: 'error',
        problem: `\`${visible(operator)}\` on ${visible(claim)} lets in every value but ${values.map(quoted).join(' and ')}, and every token without the claim.`,
        remedy: 'Name the values that may come in.',
      },
    ]
  const all = /^forallvalues/i.test(operator)
  return [
    {
      code: all ? 'for-all-values' : 'if-exists',
      severity: 'error',
      problem: `\`${visible(operator)}\` on ${visible(claim)} also holds where the claim is absent, so that a token without it comes in.`,
      remedy: `Compare it plainly: a token has one value of ${visible(claim)}.`,
      ...paste,
    },
  ]
}

function literalStar({ claim, values, by }: Condition, reader: Reader): readonly Said[] {
  if (by !== 'equals') return []
  return values
    .filter((value) => value.includes('*'))
    .map((value) => ({
      code: 'star-as-it-is',
      severity: 'warning',
      problem: `${reader.platform} compares ${visible(claim)} with ${quoted(value)} as a whole: the star is a star there, so that nobody comes in.`,
      remedy: 'Write the value out, one way in for each.',
    }))
}

/** Keys of the platform itself have a colon and a name in front that is no host. */
function strange({ claim, by }: Condition): readonly Said[] {
  if (claim === 'aud' || isClaimName(claim) || by === 'expression') return []
  if (/^(?:sts|aws|saml|cognito-identity\.amazonaws\.com)\b/i.test(claim)) return []
  const foreign = /^(.+\.[^:]+):(\w+)$/.exec(claim)
  return [
    {
      code: foreign ? 'key-of-another-issuer' : 'unknown-claim',
      severity: 'warning',
      problem: foreign
        ? `${quoted(claim)} is a key of another issuer than the one that is trusted here, so that no token fits.`
        : `GitHub's tokens are not known to have a claim ${quoted(claim)}.`,
      remedy: foreign
        ? "Write the key with the trusted issuer's name."
        : 'Check its name against the list of claims in docs/policy.md.',
    },
  ]
}
