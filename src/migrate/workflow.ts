import { isMap, isScalar, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml'
import * as z from 'zod/mini'
import { fail } from '../errors.ts'
import { visible } from '../policy/visible.ts'
import { commandsIn, isNeutral, type Script } from './script.ts'

const plain = z.record(z.string(), z.unknown())

/** A workflow as it was read, with what is needed to edit its text. */
export interface Workflow {
  readonly path: string
  /** With the line ends of Unix. */
  readonly text: string
  /** Its own line ends. */
  readonly ends: '\n' | '\r\n'
  readonly root: YAMLMap
  readonly jobs: readonly Job[]
}

export interface Job {
  readonly name: string
  readonly node: YAMLMap
  readonly steps: readonly Step[]
  /** The environment as it is written; empty where there is none. */
  readonly environment: string
  readonly condition: string
  readonly matrix: Readonly<Record<string, unknown>>
}

export interface Step {
  readonly node: YAMLMap
  readonly uses: string
  readonly with: Readonly<Record<string, string>>
  /** What dbt is told by its script; undefined for a step without dbt. */
  readonly script: Script | undefined
  /** Variables of workflow, job and step, as they are written. */
  readonly env: ReadonlyMap<string, string>
}

/** Reads a workflow. Throws `configuration` for what GitHub would not take either. */
export function readWorkflow(path: string, written: string): Workflow {
  const ends = written.includes('\r\n') ? '\r\n' : '\n'
  const text = written.replaceAll('\r\n', '\n')
  const document: Document = parseDocument(text, { schema: 'failsafe', logLevel: 'error' })
  const root = document.contents
  if (document.errors.length > 0 || !isMap(root))
    return fail({
      code: 'configuration',
      problem: `${visible(path)} is no workflow: ${document.errors[0]?.message.split('\n')[0] ?? 'it is no map'}`,
      remedy: 'Mend it, or name another with --workflow.',
    })
  const outer = varsOf(root)
  const jobs = entriesOf(mapAt(root, 'jobs')).flatMap(([name, node]) =>
    isMap(node) ? [jobOf(name, node, outer)] : [],
  )
  return { path, text, ends, root, jobs }
}

function jobOf(name: string, node: YAMLMap, outer: ReadonlyMap<string, string>): Job {
  const steps = node.get('steps', true)
  const env = new Map([...outer, ...varsOf(node)])
  const environment = node.get('environment', true)
  return {
    name,
    node,
    environment: isMap(environment) ? textAt(environment, 'name') : textAt(node, 'environment'),
    condition: textAt(node, 'if'),
    matrix: plainAt(mapAt(node, 'strategy'), 'matrix'),
    steps: settled(
      isSeq(steps) ? steps.items.filter((one) => isMap(one)).map((step) => stepOf(step, env)) : [],
    ),
  }
}

/** What needs no warehouse goes with what the job does there. */
function settled(steps: readonly Step[]): readonly Step[] {
  const all = steps.flatMap(({ script }) => script?.commands ?? [])
  const main = all.find((command) => !isNeutral(command))
  if (!main) return steps
  return steps.map((step) => {
    if (!step.script) return step
    const own = step.script.commands.find((command) => !isNeutral(command)) ?? main
    const commands = step.script.commands.map((command) =>
      isNeutral(command) ? { ...own, words: command.words, projectDir: command.projectDir } : command,
    )
    return { ...step, script: { ...step.script, commands } }
  })
}

function stepOf(node: YAMLMap, outer: ReadonlyMap<string, string>): Step {
  const run = textAt(node, 'run')
  return {
    node,
    uses: textAt(node, 'uses'),
    with: Object.fromEntries(textsOf(mapAt(node, 'with'))),
    script: run === '' ? undefined : commandsIn(run),
    env: new Map([...outer, ...varsOf(node)]),
  }
}

/** What starts a workflow, each event with its settings. */
export function eventsOf({ root }: Workflow): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  const on: unknown = root.get('on', true)
  if (isScalar(on)) return new Map([[String(on.value), {}]])
  if (isSeq(on)) return new Map(on.items.map((one) => [isScalar(one) ? String(one.value) : '', {}]))
  if (!isMap(on)) return new Map()
  return new Map(entriesOf(on).map(([name]) => [name, plainAt(on, name)]))
}

/** The map under a key, where there is one. */
export function mapAt(node: YAMLMap | undefined, key: string): YAMLMap | undefined {
  const found = node?.get(key, true)
  return isMap(found) ? found : undefined
}

/** The text under a key; empty where there is none. */
export function textAt(node: YAMLMap | undefined, key: string): string {
  const found = node?.get(key, true)
  return isScalar(found) && typeof found.value === 'string' ? found.value : ''
}

/** Keys and values of a map whose keys are text. */
export function entriesOf(node: YAMLMap | undefined): readonly (readonly [string, unknown])[] {
  return (node?.items ?? []).map(({ key, value }) => [isScalar(key) ? String(key.value) : '', value])
}

function textsOf(node: YAMLMap | undefined): readonly (readonly [string, string])[] {
  return entriesOf(node).flatMap(([key, value]) =>
    isScalar(value) ? [[key, String(value.value)] as const] : [],
  )
}

function varsOf(node: YAMLMap): ReadonlyMap<string, string> {
  return new Map(textsOf(mapAt(node, 'env')))
}

function plainAt(node: YAMLMap | undefined, key: string): Readonly<Record<string, unknown>> {
  const found: unknown = node?.get(key, true)
  return plain.safeParse(isMap(found) ? found.toJSON() : undefined).data ?? {}
}
