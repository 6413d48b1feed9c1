import type * as z from 'zod/mini'
import { nearest } from '../nearest.ts'
import { isExpression } from '../profile.ts'
import type { Problem, YamlNode } from '../yaml.ts'
import { above } from './above.ts'

/** A YAML tree as plain values in which every scalar is its source text: `on`, `012` and `1e3` stay what was written. */
export function asText(node: YamlNode): unknown {
  if (node.kind === 'scalar') return node.text
  if (node.kind === 'list') return node.items.map(asText)
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, asText(value)]))
}

type Known = (path: readonly PropertyKey[]) => readonly string[]

/** What to say of a key that is missing at the top and stands elsewhere. */
type Elsewhere = (key: string) => Problem | undefined

/** The node at a path, or the deepest one that exists on the way there. */
export function nodeAt(node: YamlNode, path: readonly PropertyKey[]): YamlNode {
  const [step, ...rest] = path
  if (step === undefined) return node
  const next = child(node, step)
  return next ? nodeAt(next, rest) : node
}

function child(node: YamlNode, step: PropertyKey): YamlNode | undefined {
  if (node.kind === 'map') return node.entries.get(String(step))?.value
  if (node.kind === 'list') return node.items[Number(step)]
  return undefined
}

/**
 * Checks a value against a schema and says what is wrong in sentences, each with the place of the node it is about.
 * `known` are the keys that may stand at a path, for the nearest right name of an unknown one; `elsewhere` says where a
 * missing one was found.
 */
export function check<T>(
  schema: z.ZodMiniType<T>,
  value: unknown,
  node: YamlNode,
  known: Known,
  elsewhere: Elsewhere = () => undefined,
): { readonly value: T | undefined; readonly problems: readonly Problem[] } {
  const result = schema.safeParse(value, { reportInput: true })
  if (result.success) return { value: result.data, problems: [] }
  const { issues } = result.error
  // Of a key that is misspelt it is said once what it should be, and not again that nobody knows it.
  const named = new Set(issues.flatMap(({ path }) => misspelt(path, node, known)?.place ?? []))
  const problems = issues.flatMap((issue) => {
    const [key, ...deeper] = issue.path
    const found = issue.input === undefined && deeper.length === 0 ? elsewhere(String(key)) : undefined
    if (found) return [found]
    const said = explain(issue, node, known)
    return issue.code === 'unrecognized_keys' ? said.filter(({ place }) => !named.has(place)) : said
  })
  return { value: undefined, problems }
}

function explain(issue: z.core.$ZodIssue, root: YamlNode, known: Known): Problem[] {
  const node = nodeAt(root, issue.path)
  const name = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      place: (node.kind === 'map' ? node.entries.get(key)?.key : undefined) ?? node.place,
      problem: `Unknown key \`${key}\`${suggest(key, known(issue.path))}`,
    }))
  }
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.flat().filter((one) => one.code !== 'invalid_type')
    // What is wrong further down says which form was meant.
    const deeper = inner.filter(({ path }) => path.length > 0)
    if (inner.length > 0)
      return (deeper.length > 0 ? deeper : inner).flatMap((one) =>
        explain({ ...one, path: [...issue.path, ...one.path] }, root, known),
      )
  }
  const meant = misspelt(issue.path, root, known)
  if (meant)
    return [
      {
        place: meant.place,
        problem: `\`${name}\` ${fault(issue)}, but there is \`${meant.key}\`: did you mean \`${String(issue.path.at(-1))}\`?`,
      },
    ]
  return [{ place: node.place, problem: `${name ? `\`${name}\` ` : 'This '}${fault(issue)}.` }]
}

/** Where a key is missing, the one beside it that nobody knows and that is close to it. */
function misspelt(
  path: readonly PropertyKey[],
  root: YamlNode,
  known: Known,
): { readonly key: string; readonly place: string } | undefined {
  const above = nodeAt(root, path.slice(0, -1))
  const name = path.at(-1)
  if (above.kind !== 'map' || typeof name !== 'string' || above.entries.has(name)) return undefined
  const all = known(path.slice(0, -1))
  const key = [...above.entries.keys()].find(
    (one) => !all.includes(one) && nearest(one, [name]) !== undefined,
  )
  return key === undefined ? undefined : { key, place: above.entries.get(key)?.key ?? above.place }
}

function suggest(key: string, known: readonly string[]): string {
  const near = nearest(key, known)
  return above(key, known) ?? (near === undefined ? '.' : `; did you mean \`${near}\`?`)
}

function fault(issue: z.core.$ZodIssue): string {
  const said = issue.message && issue.message !== 'Invalid input' ? issue.message : undefined
  if (issue.code === 'invalid_type') return wrongType(issue)
  if (issue.code === 'invalid_value') {
    return `must be one of ${issue.values.map((value) => `\`${String(value)}\``).join(', ')}`
  }
  if (issue.code === 'too_small') return 'must not be empty'
  if (issue.code === 'too_big') return `must not be longer than ${String(issue.maximum)}`
  if (issue.code === 'invalid_union')
    return issue.input === undefined ? 'is missing' : `must be ${oneOf(issue)}`
  if (issue.code === 'invalid_format')
    return said === undefined ? 'does not look right' : `does not look right: ${said}`
  return said ?? 'is not valid'
}

/** Unions are made of texts and lists of them, or of an id, which may be written as text. */
function oneOf({ errors }: z.core.$ZodIssueInvalidUnion): string {
  const expected = errors.flat().flatMap((one) => (one.code === 'invalid_type' ? one.expected : []))
  if (expected.includes('array')) return 'a text or a list of texts'
  return expected.includes('boolean') ? 'a text' : 'a number'
}

function wrongType(issue: z.core.$ZodIssueInvalidType): string {
  if (isExpression(issue.input))
    return "must be text or a plain `{{ env_var('NAME') }}` whose variable dbt may see"
  return issue.input === undefined ? 'is missing' : `must be ${article(issue.expected)}`
}

const WORDS: Readonly<Record<string, string>> = {
  object: 'a map of keys to values',
  record: 'a map of keys to values',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  boolean: '`true` or `false`',
}

function article(expected: string): string {
  return WORDS[expected] ?? `a ${expected}`
}
