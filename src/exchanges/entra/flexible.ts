import { fail } from '../../errors.ts'
import { isLiteral } from '../../pattern.ts'
import type { TrustRule } from '../../trust/rules.ts'
import { heldByStars } from '../../trust/stars.ts'
import type { TrustRequest } from '../../trust.ts'

/** Beside `sub`, the one claim of GitHub's that the expressions of Entra may name. */
const CLAIM = 'job_workflow_ref'

/**
 * An expression for each subject and each workflow of the grants (learn.microsoft.com, "Flexible federated identity
 * credentials"): comparisons joined by `and`, since the language has no `or`.
 */
export function expressionsOf({ rules }: TrustRequest): readonly string[] {
  const all = rules.flatMap(({ subjects, when }) => {
    const workflows = when.get(CLAIM)?.map((pattern) => ` and ${comparison(CLAIM, pattern)}`) ?? ['']
    return subjects.flatMap((subject) => workflows.map((workflow) => comparison('sub', subject) + workflow))
  })
  return [...new Set(all)]
}

/** Claims that such an expression holds exactly. */
export function heldByExpression(rule: TrustRule): readonly string[] {
  const workflows = rule.when.get(CLAIM)
  return [...heldByStars(rule), ...(workflows?.every(isLiteral) ? [CLAIM] : [])]
}

function comparison(claim: string, pattern: string): string {
  // The language documents no escape: neither for the quote that ends a text nor for its other wildcard.
  if (/['?]/.test(pattern))
    return fail({
      code: 'configuration',
      problem: `\`${pattern}\` cannot be written into an expression of Entra: \`'\` and \`?\` mean something else there.`,
      remedy: 'Use a name without them, or leave `flexible` out.',
    })
  const how = isLiteral(pattern) ? 'eq' : 'matches'
  return `claims['${claim}'] ${how} '${pattern.replaceAll(/\*+/g, '*')}'`
}
