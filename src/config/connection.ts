import { checkPlaceholders } from '../placeholders.ts'
import { isMark } from '../warehouses/other/marks.ts'
import type { Warehouse } from '../warehouse.ts'
import { checkText, readOutput, type Output, type Value } from '../profile.ts'
import type { YamlMap, YamlNode } from '../yaml.ts'
import type { TargetRules } from './build-target.ts'

/** Fields that are ours beside a credential, and none themselves. */
const WAYS = new Set(['method', 'authenticator', 'auth_type', 'workload_identity_provider', 'iam_profile'])

/** Reads a `connection:` map: text is literal, credentials are refused. */
export function readConnection(node: YamlMap, rules: TargetRules): Output {
  const output = readOutput(node, { jinja: 'literal' })
  const warehouse = rules.registries.warehouses.get(textOf(output.get('type')) ?? '')
  if (warehouse) {
    refuseCredentials(node, warehouse, rules)
    refuseMarks(output, node, warehouse, rules)
  }
  for (const [path, text] of texts(output)) {
    const place = placeOf(node, path) ?? node.place
    const problem = checkText(text)
    if (problem !== undefined) rules.problems.add(place, `\`${path.join('.')}\`: ${problem}`)
    else if (placeholdersAreKnown(path, text, place, rules) && /\{\{|\{%|\{#/.test(text)) {
      rules.warn(
        `${place}: \`${path.join('.')}\` looks like Jinja, but text of a connection is taken literally (use \`profiles-dir\` for Jinja).`,
      )
    }
  }
  return output
}

function refuseCredentials(node: YamlMap, { credentialFields }: Warehouse, { problems }: TargetRules): void {
  for (const field of credentialFields) {
    const place = placeOf(node, field.split('.'))
    if (place) problems.add(place, credentialSentence(field))
  }
}

/** What is said of a field that the action fills. */
export function credentialSentence(field: string): string {
  return WAYS.has(field)
    ? `\`${field}\` says how to log in, and the action sets it: leave it out.`
    : `\`${field}\` is a credential: leave it out, the action puts a short-lived one there.`
}

/** Where the fields of an adapter are known, nobody has to say which one takes the credential. */
function refuseMarks(output: Output, node: YamlMap, { title }: Warehouse, { problems }: TargetRules): void {
  for (const [path, text] of texts(output))
    if (isMark(text))
      problems.add(
        placeOf(node, path) ?? node.place,
        `\`${path.join('.')}\`: \`${text}\` is for adapters that are not known here; of ${title} the action knows the fields, so leave it out.`,
      )
}

/** Adds a problem for every `{placeholder}` of an output that no token could fill. */
export function checkAllPlaceholders(output: Output, node: YamlNode, rules: TargetRules): void {
  for (const [path, text] of texts(output)) {
    placeholdersAreKnown(path, text, placeOf(node, path) ?? node.place, rules)
  }
}

function placeholdersAreKnown(
  path: readonly string[],
  text: string,
  place: string,
  { problems, placeholders }: TargetRules,
): boolean {
  const found = checkPlaceholders(text, placeholders)
  for (const problem of found) problems.add(place, `\`${path.join('.')}\`: ${problem}`)
  return found.length === 0
}

/** The text of a value that is one. */
export function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'text' ? value.text : undefined
}

function* texts(output: Output, path: readonly string[] = []): Generator<[readonly string[], string]> {
  for (const [key, value] of output) yield* textsOf(value, [...path, key])
}

function* textsOf(value: Value, path: readonly string[]): Generator<[readonly string[], string]> {
  if (value.kind === 'text') yield [path, value.text]
  else if (value.kind === 'map') yield* texts(value.fields, path)
  else if (value.kind === 'list')
    for (const [index, item] of value.items.entries()) yield* textsOf(item, [...path, String(index)])
}

/** The place of the key or item at a path; undefined where the path does not exist. */
export function placeOf(node: YamlNode, path: readonly string[]): string | undefined {
  const [step, ...rest] = path
  if (step === undefined) return node.place
  if (node.kind === 'list') {
    const item = node.items[Number(step)]
    return item && placeOf(item, rest)
  }
  const entry = node.kind === 'map' ? node.entries.get(step) : undefined
  if (!entry) return undefined
  return rest.length === 0 ? entry.key : placeOf(entry.value, rest)
}
