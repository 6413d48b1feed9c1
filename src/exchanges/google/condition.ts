import { fail } from '../../errors.ts'
import { isLiteral } from '../../pattern.ts'
import { UNTRUSTED_EVENTS } from '../../policy/events.ts'
import { parseWorkflowRef } from '../../policy/workflow-ref.ts'
import { comparable, wayOf } from '../../trust/other-claims.ts'
import { inert } from '../../trust/quote.ts'
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

function ruleTerm(rule: TrustRule): string {
  const { when, other } = rule
  if (other)
    return [...comparable(rule)]
      .map(([claim, patterns]) => otherTerm(wayOf(other.issuer, claim), patterns))
      .join(' && ')
  const named = when.get('event_name') ?? []
  const unnamed = [...UNTRUSTED_EVENTS].filter((event) => !named.includes(event))
  const events = `!(assertion.event_name in ${list(unnamed)})`
  const terms = [...when].map(([claim, patterns]) => claimTerm(claim, patterns))
  // Events that the policy grants only by name; where all names are literal the comparison says so already.
  return [...terms, ...(named.length > 0 && named.every(isLiteral) ? [] : [events])].join(' && ')
}

/** A claim of another issuer by the way to it; each step of it may be absent, and comparing what is absent is an error. */
function otherTerm(way: readonly string[], patterns: readonly string[]): string {
  const steps = way.map((_, at) => way.slice(0, at).reduce(member, 'assertion'))
  const present = way.map((name, at) =>
    at === 0 ? presence('assertion', name) : `${celText(name)} in ${steps[at]}`,
  )
  const [only] = way
  const terms = comparison(way.at(-1) ?? '', way.reduce(member, 'assertion'), patterns)
  return [...(way.length === 1 && only === 'sub' ? [] : present), terms].join(' && ')
}

/** Words that CEL keeps for itself (its language definition, "Syntax"): a field of that name is named by an index. */
const RESERVED: ReadonlySet<string> = new Set(
  'as break const continue else false for function if import in let loop namespace null package return true var void while'.split(
    ' ',
  ),
)

function isPlain(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name) && !RESERVED.has(name)
}

function member(object: string, name: string): string {
  return isPlain(name) ? `${object}.${name}` : `${object}[${celText(name)}]`
}

function presence(object: string, name: string): string {
  return isPlain(name) ? `has(${member(object, name)})` : `${celText(name)} in ${object}`
}

function claimTerm(claim: string, patterns: readonly string[]): string {
  const compared = comparison(claim, member('assertion', claim), patterns)
  return ALWAYS.has(claim) ? compared : `${presence('assertion', claim)} && ${compared}`
}

function comparison(claim: string, value: string, patterns: readonly string[]): string {
  const literal = patterns.filter(isLiteral)
  const same =
    literal.length > 1 ? `${value} in ${list(literal)}` : literal.map((one) => `${value} == ${celText(one)}`)
  const alike = patterns
    .filter((one) => !isLiteral(one))
    .map((one) => `${value}.matches(${celText(regexFor(claim, one))})`)
  const terms = [same, alike].flat()
  return terms.length === 1 ? (terms[0] ?? '') : `(${terms.join(' || ')})`
}

function list(texts: readonly string[]): string {
  return `[${texts.map(celText).join(', ')}]`
}

/**
 * A CEL string literal without an escape: double quotes, so that single ones can stand around the whole in a shell. A
 * backslash, which would be one, is refused here: Terraform's own literal would carry it to CEL.
 */
export function celText(text: string): string {
  if (!inert(text).includes('"')) return `"${text}"`
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
  return pattern.replaceAll(/\*\*?|[.+?()[{}|$]/g, (found) =>
    found === '*' || found === '**' ? stars[found] : `[${found}]`,
  )
}
