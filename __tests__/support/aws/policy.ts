// IAM's evaluation as its documentation has it, written from there and from nothing of ours:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
import * as z from 'zod/mini'

const texts = z.union([z.string(), z.array(z.string())])

const Statement = z.strictObject({
  Sid: z.optional(z.string()),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.optional(z.record(z.string(), texts)),
  Action: texts,
  Resource: z.optional(texts),
  Condition: z.optional(z.record(z.string(), z.record(z.string(), texts))),
})

const Document = z.strictObject({ Version: z.literal('2012-10-17'), Statement: z.array(Statement) })

export type Policy = z.infer<typeof Document>

/** Reads a policy document; throws where IAM would refuse it. */
export function parsePolicy(text: string): Policy {
  return Document.parse(JSON.parse(text))
}

/** A request as a policy sees it. */
export interface Request {
  readonly action: string
  /** `['Federated', arn]` or `['AWS', arn]`, for trust policies. */
  readonly principal?: readonly [string, string]
  readonly resource?: string
  /** Context keys in lower case: names of keys are not case-sensitive. */
  readonly context: ReadonlyMap<string, string>
}

/** Allowed by some statement and denied by none. */
export function allows(policies: readonly Policy[], request: Request): boolean {
  const effects = policies.flatMap(({ Statement: all }) =>
    all.filter((statement) => applies(statement, request)).map(({ Effect }) => Effect),
  )
  return effects.includes('Allow') && !effects.includes('Deny')
}

function applies(statement: z.infer<typeof Statement>, request: Request): boolean {
  const { Principal, Action, Resource, Condition = {} } = statement
  if (request.principal) {
    const [kind, arn] = request.principal
    const named = Principal && Object.hasOwn(Principal, kind) ? [Principal[kind] ?? []].flat() : []
    if (!named.includes(arn)) return false
  }
  // Actions are compared without case, resources with it.
  if (![Action].flat().some((one) => like(one.toLowerCase(), request.action.toLowerCase()))) return false
  if (
    request.resource !== undefined &&
    ![Resource ?? []].flat().some((one) => like(one, request.resource ?? ''))
  )
    return false
  // All operators, and all keys of each, must hold.
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) =>
      holds(operator, request.context.get(key.toLowerCase()), [values].flat()),
    ),
  )
}

/** One value of the policy suffices. A key that the request does not have makes these operators false. */
function holds(operator: string, actual: string | undefined, values: readonly string[]): boolean {
  switch (operator) {
    case 'StringEquals':
      return actual !== undefined && values.some((value) => resolve(value) === actual)
    case 'StringLike':
    case 'ArnLike':
      return actual !== undefined && values.some((value) => like(value, actual))
    default:
      // IfExists and the set operators are not modelled: a document that needs them must not pass unseen.
      throw new Error(`the verifier does not know the operator ${operator}`)
  }
}

// `${*}`, `${?}` and `${$}` stand for the characters themselves; no other variable is known here.
const VARIABLE = /\$\{([^}]*)\}/g

function resolve(text: string): string {
  return text.replace(VARIABLE, (_all, name: string) => {
    if (/^[*?$]$/.test(name)) return name
    throw new Error(`the verifier does not know the variable ${name}`)
  })
}

/** `*` is any run of characters, also none; `?` any one character. */
function like(pattern: string, actual: string): boolean {
  const literals: string[] = []
  const marked = pattern.replace(VARIABLE, (all) => {
    literals.push(resolve(all))
    return '\u0000'
  })
  const source = Array.from(marked, (character) => {
    if (character === '\u0000') return literal(literals.shift() ?? '')
    if (character === '*') return '[^]*'
    return character === '?' ? '[^]' : literal(character)
  })
  return new RegExp(`^${source.join('')}$`, 'u').test(actual)
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
}
