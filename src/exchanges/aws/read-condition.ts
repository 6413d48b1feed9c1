import type { Condition, Way } from '../../trust/statement.ts'

type Scalar = string | number | boolean

/** The `Condition` of a statement as it is printed. */
export type Block = Readonly<Record<string, Readonly<Record<string, Scalar | readonly Scalar[]>>>>

/** Every key of every operator must hold (IAM User Guide, "Conditions with multiple context keys or values"). */
export function conditionsOf(block: Block, issuer: string | undefined): readonly Condition[] {
  return Object.entries(block).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) =>
      conditionOf(operator, claimOf(key, issuer), [values].flat().map(String)),
    ),
  )
}

/** The audiences apart from the other conditions, where they are compared as every other platform compares them. */
export function heldIn(all: readonly Condition[]): Pick<Way, 'audiences' | 'conditions'> {
  const found = all.find(
    ({ claim, by, alsoAbsent }) => claim === 'aud' && by === 'equals' && alsoAbsent === undefined,
  )
  return { audiences: found?.values ?? [], conditions: all.filter((one) => one !== found) }
}

/** Keys are compared without case; those of the issuer are its claims. Any other keeps its own name. */
function claimOf(key: string, issuer: string | undefined): string {
  const prefix = `${(issuer ?? 'https://token.actions.githubusercontent.com').replace(/^https:\/\//, '')}:`
  return key.toLowerCase().startsWith(prefix.toLowerCase()) ? key.slice(prefix.length).toLowerCase() : key
}

const EQUAL: ReadonlySet<string> = new Set(['stringequals', 'arnequals'])
const LIKE: ReadonlySet<string> = new Set(['stringlike', 'arnlike'])
const NOT: ReadonlySet<string> = new Set([
  'stringnotequals',
  'stringnotlike',
  'stringnotequalsignorecase',
  'arnnotequals',
  'arnnotlike',
])

function conditionOf(written: string, claim: string, values: readonly string[]): Condition {
  const [, set, name = '', lax] = /^(ForAllValues:|ForAnyValue:)?(.+?)(IfExists)?$/i.exec(written) ?? []
  const operator = name.toLowerCase()
  const empty = set?.toLowerCase() === 'forallvalues:' || lax !== undefined
  const alsoAbsent = empty ? { alsoAbsent: written } : {}
  // What is absent equals nothing, so these hold for it (same page, "Negated matching").
  if (NOT.has(operator)) return { claim, values, by: 'except', alsoAbsent: written }
  if (LIKE.has(operator) && values.some(hasWildcard)) return { claim, values, by: 'pattern', ...alsoAbsent }
  const texts = values.map(resolved)
  if (LIKE.has(operator) || EQUAL.has(operator)) return { claim, values: texts, by: 'equals', ...alsoAbsent }
  return {
    claim,
    values: values.map((value) => `${written} ${value}`),
    by: 'expression',
    ...alsoAbsent,
    ...(operator === 'stringequalsignorecase' ? { atMost: texts } : {}),
  }
}

// `${*}`, `${?}` and `${$}` stand for the characters themselves.
const OWN = /\$\{([*?$])\}/g

function hasWildcard(value: string): boolean {
  return /[*?]/.test(value.replaceAll(OWN, ''))
}

function resolved(value: string): string {
  return value.replaceAll(OWN, '$1')
}
