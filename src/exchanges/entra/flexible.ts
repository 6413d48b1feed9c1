import { fail } from '../../errors.ts'
import { isLiteral } from '../../pattern.ts'
import type { TrustRule } from '../../trust/rules.ts'
import { heldByStars } from '../../trust/stars.ts'
import type { TrustRequest } from '../../trust.ts'

/** Claims that an expression may name beside `sub`, and of which it must name one: names can be given up and taken again. */
const IDS = ['repository_id', 'repository_owner_id'] as const

/** The further claim of GitHub's, which may have wildcards. */
const WORKFLOW = 'job_workflow_ref'

/** The one issuer of GitHub's for which Entra takes expressions. */
const ISSUER = 'https://token.actions.githubusercontent.com'

/**
 * An expression for each subject, id and workflow of the grants (learn.microsoft.com, "Flexible federated identity
 * credentials"): comparisons joined by `and`, since the language has no `or`.
 */
export function expressionsOf({ rules, issuer, target }: TrustRequest): readonly string[] {
  if (issuer !== ISSUER)
    fail({
      code: 'configuration',
      problem: `Entra takes flexible credentials for tokens of ${ISSUER} only, and those for ${target} are of ${issuer}.`,
      remedy: 'Leave `flexible` out, and let each grant name one `environment` or `ref` in full.',
    })
  return [...new Set(rules.flatMap(expressionsFor))]
}

function expressionsFor(rule: TrustRule): readonly string[] {
  const { when, subjects, grant } = rule
  const ids = IDS.filter((claim) => isPinned(rule, claim))
  if (ids.length === 0)
    fail({
      code: 'configuration',
      problem: `The grant ${grant} pins no id of its repository, and Entra takes no expression for GitHub without one.`,
      remedy: 'Set `repository-id` in the policy file; `gh api repos/OWNER/NAME --jq .id` prints it.',
    })
  const claims = ['sub', ...ids, ...(when.has(WORKFLOW) ? [WORKFLOW] : [])]
  const parts = claims.map((claim) =>
    (claim === 'sub' ? subjects : (when.get(claim) ?? [])).map((pattern) => comparison(claim, pattern)),
  )
  const [first = [], ...more] = parts
  return more.reduce(joined, first)
}

/** Each of the ones with each of the others. */
function joined(before: readonly string[], part: readonly string[]): readonly string[] {
  return before.flatMap((one) => part.map((other) => `${one} and ${other}`))
}

/** Claims that such an expression holds exactly. */
export function heldByExpression(rule: TrustRule): readonly string[] {
  const workflows = rule.when.get(WORKFLOW)
  return [
    ...heldByStars(rule),
    ...IDS.filter((claim) => isPinned(rule, claim)),
    ...(workflows?.every(isLiteral) ? [WORKFLOW] : []),
  ]
}

/** Ids are compared as a whole. */
function isPinned({ when }: TrustRule, claim: string): boolean {
  return when.get(claim)?.every(isLiteral) === true
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
