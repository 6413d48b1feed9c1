import * as z from 'zod/mini'
import { nearest } from '../nearest.ts'
import { checkPlaceholders } from '../placeholders.ts'
import { checkText, readOutput, toJs, type Lookup, type Output, type Value } from '../profile.ts'
import { isLoopbackHost } from '../rehearsal.ts'
import type { Acceptable, Warehouse } from '../warehouse.ts'
import { toPlain, type YamlMap, type YamlNode } from '../yaml.ts'
import type { Problems } from './problems.ts'
import { check } from './schema.ts'
import type { Registries, Target } from './target.ts'

/** What is written for one target, before any of it is understood. */
export interface TargetSource {
  readonly name: string
  readonly connection: Output
  /** Where the connection stands, and the node for places of its fields. */
  readonly node: YamlNode
  readonly identity: YamlNode | undefined
  readonly audience: string | undefined
}

/** Rules that hold for all targets of a configuration. */
export interface TargetRules {
  readonly registries: Registries
  /** GITHUB_SERVER_URL is a loopback address: hosts may be, too. */
  readonly rehearsal: boolean
  readonly problems: Problems
  readonly warn: (sentence: string) => void
  /** The variables that dbt will see, for expressions of an existing profiles.yml. */
  readonly lookup: Lookup
}

/** Reads a `connection:` map: text is literal, credentials are refused. */
export function readConnection(node: YamlMap, rules: TargetRules): Output {
  const output = readOutput(node, { jinja: 'literal' })
  const warehouse = rules.registries.warehouses.get(textOf(output.get('type')) ?? '')
  for (const field of warehouse?.credentialFields ?? []) {
    const place = placeOf(node, field.split('.'))
    if (place)
      rules.problems.add(
        place,
        `\`${field}\` is a credential: leave it out, the action puts a short-lived one there.`,
      )
  }
  for (const [path, text] of texts(output)) {
    const place = placeOf(node, path) ?? node.place
    const found = [checkText(text) ?? checkPlaceholders(text)].flat().filter((one) => one !== undefined)
    for (const problem of found) rules.problems.add(place, `\`${path.join('.')}\`: ${problem}`)
    if (found.length === 0 && /\{\{|\{%|\{#/.test(text)) {
      rules.warn(
        `${place}: \`${path.join('.')}\` looks like Jinja, but text of a connection is taken literally (use \`profiles-dir\` for Jinja).`,
      )
    }
  }
  return output
}

/** Understands one target; every problem is added to `rules.problems`, and then there is no target. */
export function buildTarget(source: TargetSource, rules: TargetRules): Target | undefined {
  const { problems, registries } = rules
  const warehouse = findWarehouse(source, rules)
  if (!warehouse) return undefined
  const before = problems.count
  const connection = check(warehouse.connection, toJs(source.connection, rules.lookup), source.node, [])
  problems.addAll(connection.problems)
  const chosen = chooseExchange(source, warehouse, rules)
  if (!chosen || problems.count > before) return undefined

  const bound = warehouse.bind(toJs(source.connection, rules.lookup))
  checkHosts(source, bound, rules)
  const settings = { ...bound.defaults(chosen.via), ...chosen.settings }
  const exchange = registries.exchanges.get(chosen.via)
  if (!exchange) return undefined
  const parsed = check(
    exchange.settings,
    settings,
    source.identity ?? source.node,
    settingNames(exchange.settings),
  )
  problems.addAll(parsed.problems)
  if (problems.count > before) return undefined
  return {
    name: source.name,
    output: source.connection,
    warehouse,
    bound,
    via: chosen.via,
    acceptance: chosen.acceptance,
    exchange: exchange.bind(settings),
    settings,
    audience: source.audience,
    place: source.node.place,
    lookup: rules.lookup,
  }
}

function findWarehouse(source: TargetSource, { registries, problems }: TargetRules): Warehouse | undefined {
  const type = textOf(source.connection.get('type'))
  const known = [...registries.warehouses.keys()]
  if (type === undefined) {
    problems.add(
      source.node.place,
      `The connection has no \`type\`: name the dbt adapter (${known.join(', ')}).`,
    )
    return undefined
  }
  const warehouse = registries.warehouses.get(type)
  if (!warehouse) {
    const near = nearest(type, known)
    const place = placeOf(source.node, ['type']) ?? source.node.place
    problems.add(
      place,
      `Unknown warehouse \`${type}\`${near ? `; did you mean \`${near}\`?` : '.'} Known are ${known.join(', ')}.`,
    )
  }
  return warehouse
}

interface Chosen {
  readonly via: string
  readonly acceptance: Acceptable
  readonly settings: Readonly<Record<string, unknown>>
}

function chooseExchange(source: TargetSource, warehouse: Warehouse, rules: TargetRules): Chosen | undefined {
  const { identity } = source
  if (identity && identity.kind !== 'map') {
    rules.problems.add(identity.place, 'The identity must be a map: `via` and the settings of that exchange.')
    return undefined
  }
  const written = identity
    ? [...identity.entries].map(([key, { value }]) => [key, toPlain(value)] as const)
    : []
  const { via: chosen, ...settings } = Object.fromEntries(written)
  const [fallback] = warehouse.accepts.keys()
  const via = typeof chosen === 'string' ? chosen : (fallback ?? 'none')
  const acceptance = warehouse.accepts.get(via)
  if (!acceptance) {
    const names = [...warehouse.accepts.keys()]
    const near = nearest(via, names)
    const place = identity ? (placeOf(identity, ['via']) ?? identity.place) : source.node.place
    rules.problems.add(
      place,
      `${warehouse.title} takes no credential via \`${via}\`${near ? `; did you mean \`${near}\`?` : '.'} It takes: ${names.join(', ')}.`,
    )
    return undefined
  }
  return { via, acceptance, settings }
}

/** A credential is sent to the vendor's hosts only: a changed `host` must not lead it elsewhere. */
function checkHosts(source: TargetSource, bound: Target['bound'], rules: TargetRules): void {
  for (const host of bound.hosts()) {
    if (bound.allowsHost(host) || (rules.rehearsal && isLoopbackHost(host))) continue
    const place = placeOf(source.node, ['host']) ?? placeOf(source.node, ['account']) ?? source.node.place
    rules.problems.add(
      place,
      `\`${host}\` is no host of ${bound.type}: the credential would leave for a stranger.`,
    )
  }
}

function settingNames(schema: z.ZodMiniType): readonly string[] {
  return schema instanceof z.ZodMiniObject ? Object.keys(schema.def.shape) : []
}

function textOf(value: Value | undefined): string | undefined {
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
function placeOf(node: YamlNode, path: readonly string[]): string | undefined {
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
