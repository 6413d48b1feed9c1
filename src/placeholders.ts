import { isClaimName, nearestClaim } from './claim-names.ts'
import type { Claims } from './claims.ts'
import { nearest } from './nearest.ts'
import { invisible } from './pattern.ts'
import { isMark } from './warehouses/other/marks.ts'

/** A filled text, or the sentence that says why it cannot be filled. */
export type Filled = { readonly text: string } | { readonly problem: string }

/** Identifiers of warehouses are short, and a prefix must still fit. */
const LONGEST = 40

/** Jinja is dbt's and stays as it is: whole expressions, statements and comments, or an opening that nothing ends. */
const JINJA = /\{\{.*?(?:\}\}|$)|\{%.*?(?:%\}|$)|\{#.*?(?:#\}|$)/gsu

/** One name between single braces: `{"a": 1}`, `{ODBC Driver 18}` and `${HOME}` are none. */
const PLACEHOLDER = /(?<!\$)\{([A-Za-z][A-Za-z0-9_./-]*)\}/gu
/** As GitHub's claims are called; the way to one within an object, `kubernetes.io/namespace`, is another issuer's. */
const PLAIN = /^[A-Za-z][A-Za-z0-9_-]*$/

/** Names of claims beside GitHub's: those of the issuers that the policy declares. */
export type Others = ReadonlySet<string>
const NONE: Others = new Set()

/** The value as part of an identifier: `refs/heads/Feature-1` is `refs_heads_feature_1`. Two values can become one. */
function reduced(value: string): string {
  const lower = value.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
  return lower.replaceAll(/[^a-z0-9]+/g, '_').slice(0, LONGEST)
}

function pullRequest(claims: Claims): string | undefined {
  return /^refs\/pull\/([0-9]+)\/merge$/.exec(claims.all.get('ref') ?? '')?.[1]
}

function isPlaceholder(name: string, others: Others): boolean {
  return name === 'pull_request' || isClaimName(name) || others.has(name)
}

/** A lower-case word is meant for us, so an unknown one is a mistake; `{FreeTDS}` is somebody else's word. */
function unknown(name: string, others: Others): string | undefined {
  if (!PLAIN.test(name)) return undefined
  const word = name.toLowerCase().replaceAll('-', '_')
  const meant = isPlaceholder(word, others)
    ? word
    : (nearestClaim(name)?.split(':')[0] ?? nearest(word, ['pull_request', ...others]))
  if (name !== name.toLowerCase() && meant !== word) return undefined
  return `{${name}} is neither a claim nor {pull_request}${meant === undefined ? '.' : `; did you mean {${meant}}?`}`
}

function valueOf(name: string, claims: Claims): Filled {
  // What another issuer calls `ref` may be any name of a branch, also one that looks like GitHub's of a pull request.
  const number = claims.from === undefined ? pullRequest(claims) : undefined
  const value = name === 'pull_request' ? number : claims.all.get(name)
  if (!value) {
    const problem =
      name === 'pull_request'
        ? '{pull_request} needs a run for a pull request: the signed ref of this run holds no number of one.'
        : `{${name}} needs the claim \`${name}\`, which the token of this run does not carry.`
    return { problem }
  }
  const text = reduced(value)
  if (invisible(value) !== undefined || !/[a-z0-9]/.test(text)) {
    return {
      problem: `{${name}} cannot be filled: the claim's value leaves nothing that an identifier could hold.`,
    }
  }
  return { text }
}

function fillPart(part: string, claims: Claims, others: Others, problems: string[]): string {
  return part.replace(PLACEHOLDER, (whole: string, name: string) => {
    const known = isPlaceholder(name, others)
    const misspelt = known ? undefined : unknown(name, others)
    const filled: Filled = known ? valueOf(name, claims) : { text: whole }
    const problem = misspelt ?? ('problem' in filled ? filled.problem : undefined)
    if (problem !== undefined) problems.push(problem)
    return 'text' in filled ? filled.text : whole
  })
}

/** What is wrong with the placeholders of a text, found before any token is there. */
export function checkPlaceholders(text: string, others: Others = NONE): readonly string[] {
  if (isMark(text)) return []
  return [...text.replaceAll(JINJA, ' ').matchAll(PLACEHOLDER)].flatMap(([, name = '']) => {
    const problem = isPlaceholder(name, others) ? undefined : unknown(name, others)
    return problem === undefined ? [] : [problem]
  })
}

/** Fills `{claim}` and `{pull_request}` from signed claims only; Jinja, JSON and `${NAME}` pass through untouched. */
export function fillPlaceholders(text: string, claims: Claims, others: Others = NONE): Filled {
  if (isMark(text)) return { text }
  const problems: string[] = []
  let out = ''
  let end = 0
  for (const jinja of text.matchAll(JINJA)) {
    out += fillPart(text.slice(end, jinja.index), claims, others, problems) + jinja[0]
    end = jinja.index + jinja[0].length
  }
  out += fillPart(text.slice(end), claims, others, problems)
  return problems[0] === undefined ? { text: out } : { problem: problems.join(' ') }
}
