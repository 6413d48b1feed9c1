import { nearest } from '../nearest.ts'
import type { Place } from '../policy.ts'
import { readYaml } from '../yaml.ts'
import type { Problem, YamlEntry, YamlMap, YamlNode } from '../yaml.ts'
import { checkValues, readOutput, resolveEnvVar } from './output.ts'
import type { Lookup } from './output.ts'
import { checkName } from './value.ts'
import type { Output } from './value.ts'

/** Which output of an existing profiles.yml is meant. */
export interface Wanted {
  readonly profile: string
  /** Default: the profile's own `target:`, else `default`, as dbt has it. */
  readonly target: string | undefined
  /** The environment that dbt will see. */
  readonly env: Lookup
  /** Fields of an adapter type that hold credentials, dotted where nested. */
  readonly credentialFields: (type: string) => readonly string[]
}

/** One output of an existing profiles.yml, without its credentials. */
export interface Existing {
  readonly target: string
  readonly type: string
  readonly output: Output
  /** The node of the output, for places of its fields. */
  readonly node: YamlMap
  /** Fields that held a credential and were left out, for a warning. */
  readonly dropped: readonly string[]
}

/** Takes one output from the text of a profiles.yml, drops its credentials, and passes dbt's expressions through. */
export function readProfiles(
  text: string,
  name: string,
  wanted: Wanted,
): { readonly existing: Existing | undefined; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const existing = pick(text, name, wanted, (place, problem) => problems.push({ place, problem }))
  return { existing: problems.length === 0 ? existing : undefined, problems }
}

type Report = (place: Place, problem: string) => void

function pick(text: string, name: string, wanted: Wanted, report: Report): Existing | undefined {
  const file = readFile(text, name, report)
  const profile = file && child(file, wanted.profile, 'profile', report)
  if (!profile) return undefined
  const outputs = child(profile, 'outputs', 'key', report)
  const target = wanted.target ?? defaultTarget(profile, wanted, report)
  if (!outputs || target === undefined) return undefined
  const output = child(outputs, target, 'output', report)
  return output && take(output, target, wanted, report)
}

function readFile(text: string, name: string, report: Report): YamlMap | undefined {
  const { node, problems } = readYaml(text, name, { aliases: true })
  for (const { place, problem } of problems) report(place, problem)
  // dbt's reader takes these for line ends and ours does not: the two would see different values.
  const foreign = text.split('\n').findIndex((line) => /[\u0085\u2028\u2029]/.test(line))
  if (foreign >= 0)
    report(`${name}:${foreign + 1}`, 'The line holds an invisible separator (U+0085, U+2028 or U+2029).')
  if (node?.kind === 'map') return node
  if (problems.length === 0)
    report(node?.place ?? name, 'The file holds no profiles: dbt expects a mapping of profile names.')
  return undefined
}

/** The mapping under a name; what is missing or of another kind is reported with the names that exist. */
function child(parent: YamlMap, name: string, what: string, report: Report): YamlMap | undefined {
  const found = parent.entries.get(name)
  if (found?.value.kind === 'map') return found.value
  if (found) report(found.key, `The ${what} "${name}" must be a mapping.`)
  else {
    const names = [...parent.entries.keys()]
    const near = nearest(name, names)
    const hint =
      near === undefined
        ? `There are: ${names.slice(0, 10).join(', ') || 'none'}.`
        : `Did you mean "${near}"?`
    report(parent.place, `There is no ${what} "${name}" here. ${hint}`)
  }
  return undefined
}

function defaultTarget(profile: YamlMap, { env }: Wanted, report: Report): string | undefined {
  const entry = profile.entries.get('target')
  return entry ? textOf('target', entry, env, report) : 'default'
}

function take(node: YamlMap, target: string, wanted: Wanted, report: Report): Existing | undefined {
  const nameProblem = checkName(target)
  if (nameProblem !== undefined) report(node.place, nameProblem)
  const entry = node.entries.get('type')
  if (!entry) report(node.place, 'The output has no "type".')
  const type = entry && textOf('type', entry, wanted.env, report)
  if (type === undefined) return undefined
  const dropped: string[] = []
  const kept = without(node, new Set(wanted.credentialFields(type)), dropped)
  for (const { place, problem } of checkValues(kept)) report(place, problem)
  return { target, type, output: readOutput(kept, { jinja: 'expression' }), node: kept, dropped }
}

/** The mapping without the fields named; a dotted name goes down, through lists too. */
function without(node: YamlMap, fields: ReadonlySet<string>, dropped: string[], prefix = ''): YamlMap {
  const entries = new Map<string, YamlEntry>()
  for (const [key, { key: place, value }] of node.entries) {
    const path = `${prefix}${key}`
    if (!fields.has(path))
      entries.set(key, { key: place, value: descend(value, fields, dropped, `${path}.`) })
    else if (!dropped.includes(path)) dropped.push(path)
  }
  return { ...node, entries }
}

function descend(node: YamlNode, fields: ReadonlySet<string>, dropped: string[], prefix: string): YamlNode {
  if (node.kind === 'map') return without(node, fields, dropped, prefix)
  if (node.kind === 'scalar') return node
  return { ...node, items: node.items.map((item) => descend(item, fields, dropped, prefix)) }
}

function textOf(name: string, entry: YamlEntry, env: Lookup, report: Report): string | undefined {
  const value = readOutput(
    { kind: 'map', entries: new Map([[name, entry]]), place: entry.key },
    { jinja: 'expression' },
  ).get(name)
  if (value?.kind === 'text') return value.text
  const found = value?.kind === 'jinja' ? resolveEnvVar(value.source, env) : { problem: 'must be text' }
  if ('text' in found) return found.text
  report(entry.key, `"${name}" ${found.problem}.`)
  return undefined
}
