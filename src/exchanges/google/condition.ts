import { fail } from '../../errors.ts'
import { isLiteral } from '../../pattern.ts'
import { UNTRUSTED_EVENTS } from '../../policy/events.ts'
import { parseWorkflowRef } from '../../policy/workflow-ref.ts'
import type { TrustRule } from '../../trust/rules.ts'

/** Claims that every token of GitHub has; comparing any other is an error in CEL where it is absent. */
const ALWAYS: ReadonlySet<string> = new Set([
  'sub',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'ref',
  'sha',
  'event_name',
  'actor',
  'actor_id',
  'workflow',
  'run_id',
  'run_attempt',
])

/** The rules as one CEL condition over a token's claims: true for exactly the tokens that the grants fit. */
export function conditionOf(rules: readonly TrustRule[]): string {
  const terms = rules.map(ruleTerm)
  const [only = ''] = terms
  return terms.length === 1 ? only : terms.map((term) => `(${term})`).join(' || ')
}

function ruleTerm({ when }: TrustRule): string {
  const named = when.get('event_name') ?? []
  const unnamed = [...UNTRUSTED_EVENTS].filter((event) => !named.includes(event))
  const events = `!(assertion.event_name in ${list(unnamed)})`
  const terms = [...when].map(([claim, patterns]) => claimTerm(claim, patterns))
  // Events that the policy grants only by name; where all names are literal the comparison says so already.
  return [...terms, ...(named.length > 0 && named.every(isLiteral) ? [] : [events])].join(' && ')
}

function claimTerm(claim: string, patterns: readonly string[]): string {
  const value = /^[A-Za-z_]\w*$/.test(claim) ? `assertion.${claim}` : `assertion[${celText(claim)}]`
  const literal = patterns.filter(isLiteral)
  const same =
    literal.length > 1 ? `${value} in ${list(literal)}` : literal.map((one) => `${value} == ${celText(one)}`)
  const alike = patterns
    .filter((one) => !isLiteral(one))
    .map((one) => `${value}.matches(${celText(regexFor(claim, one))})`)
  const terms = [same, alike].flat()
  const compared = terms.length === 1 ? (terms[0] ?? '') : `(${terms.join(' || ')})`
  if (ALWAYS.has(claim)) return compared
  const present = value.startsWith('assertion.') ? `has(${value})` : `${celText(claim)} in assertion`
  return `${present} && ${compared}`
}

function list(texts: readonly string[]): string {
  return `[${texts.map(celText).join(', ')}]`
}

/** A CEL string literal without an escape: double quotes, so that single ones can stand around the whole in a shell. */
export function celText(text: string): string {
  if (!text.includes('"')) return `"${text}"`
  return text
    .split('"')
    .map((part) => `"${part}"`)
    .join(` + '"' + `)
    .replaceAll(/^"" \+ | \+ ""$/g, '')
}

/** The pattern of a claim as a regular expression of RE2: a workflow by its parts, as the policy compares it. */
function regexFor(claim: string, pattern: string): string {
  const parts = claim.endsWith('workflow_ref') ? parseWorkflowRef(pattern) : undefined
  if (!parts) return regexOf(pattern)
  // A branch can be called `x@refs/heads/main`, and a file `dbt.yml@x.yml`: the `@` between them is the last one before
  // the first `/` behind the folder, so that no star may stand for it.
  const file = parts.path.lastIndexOf('/') + 1
  const slash = parts.ref.indexOf('/')
  const first = slash < 0 ? parts.ref.length : slash
  return `^${[
    body(parts.path.slice(0, file), { '*': '[^@/:]*', '**': '[^@:]*' }),
    body(parts.path.slice(file), { '*': '[^/:]*', '**': '[^/:]*' }),
    '@',
    body(parts.ref.slice(0, first), { '*': '[^@/:]*', '**': '[^@/:]*(/[^:]*)?' }),
    body(parts.ref.slice(first), STARS),
  ].join('')}$`
}

/** What stands for a star of ours; a value of nothing never fits. */
const STARS = { '*': '[^/:]*', '**': '[^:]*' }
const SOME = { '*': '[^/:]+', '**': '[^:]+' }

/** A pattern of the policy as a regular expression of RE2 that means the same. */
export function regexOf(pattern: string): string {
  return `^${body(pattern, /^\*+$/.test(pattern) ? SOME : STARS)}$`
}

/** What has a meaning in RE2 stands in a class of its own, since a backslash would not survive every shell and console. */
function body(pattern: string, stars: typeof STARS): string {
  if (pattern.includes('^')) {
    return fail({
      code: 'configuration',
      problem: `The pattern ${JSON.stringify(pattern)} cannot be written as a condition of Google: \`^\` beside a star.`,
      remedy: 'Write the values out, one by one; without a star the character is compared as it is.',
    })
  }
  return pattern.replaceAll(/\*\*?|[.+?()[{}|$\\]/g, (found) =>
    found === '*' || found === '**' ? stars[found] : `[${found}]`,
  )
}
