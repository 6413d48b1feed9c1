import type { Registries } from '../config/target.ts'
import { knownBad } from '../dbt/adapter.ts'
import type { Warehouse } from '../warehouse.ts'
import { connectionOf, type Connection } from './connection.ts'
import { editedWorkflow } from './edit.ts'
import { whensOf, type When } from './grants.ts'
import { identityOf } from './identity.ts'
import type { Fields, Profile } from './outputs.ts'
import { placeholdersIn, policyText } from './policy.ts'
import { handsOnAll, secretsIn } from './secrets.ts'
import { isNeutral, type DbtCommand } from './script.ts'
import { evaluated, profileValue, variablesIn, type Scope } from './value.ts'
import { textAt, type Job, type Step, type Workflow } from './workflow.ts'

/** Everything that is proposed. */
export interface Plan {
  readonly policy: string
  readonly workflows: readonly { readonly path: string; readonly before: string; readonly after: string }[]
  /** Secrets that no workflow reads any more. */
  readonly unneeded: readonly string[]
  /** Secrets that some workflow still reads. */
  readonly needed: readonly string[]
  /** Places of the policy that a person has to fill in, each with what belongs there. */
  readonly fillIn: readonly string[]
  readonly notes: readonly string[]
  /** Targets that keep their stored secret, each with the reason. */
  readonly kept: readonly string[]
}

/** What a plan is made of. */
export interface Given {
  readonly repository: string
  readonly profiles: readonly Profile[]
  readonly workflows: readonly Workflow[]
  readonly registries: Registries
  /** As a step names the action, and where its schema is. */
  readonly uses: string
  readonly schema: string
}

interface Use {
  readonly workflow: Workflow
  readonly job: Job
  readonly step: Step
  readonly target: string
  readonly profile: Profile
}

/** Proposes the policy and the changed workflows, and names every stored secret that is needed no more. */
export function planOf(given: Given): Plan {
  const notes: string[] = []
  const kept = new Map<string, string>()
  const read = new Set<string>()
  const uses = given.workflows.flatMap((workflow) => usesOf(workflow, given.profiles, notes))
  const targets: Record<string, unknown> = { __proto__: null }
  const whens = new Map<string, When[]>()
  const variables = new Set<string>()
  for (const use of uses) {
    const made = targets[use.target] ?? targetOf(use, given, { notes, kept, read, variables })
    if (made === undefined) continue
    targets[use.target] = made
    const found = whensOf(use.workflow, use.job, use.step)
    notes.push(...found.notes)
    whens.set(use.target, [...(whens.get(use.target) ?? []), ...found.whens])
  }
  const policy = { repository: given.repository, targets, grants: grantsOf(whens) }
  const migrated = new Set(uses.filter(({ target }) => targets[target]).map(({ workflow }) => workflow))
  const workflows = [...migrated].map((workflow) => {
    const { text, notes: more } = editedWorkflow(workflow, {
      variables: new Set([...variables].filter((name) => !read.has(name))),
      uses: given.uses,
      moves: (step) =>
        uses.some((use) => use.step === step) &&
        uses.every((use) => use.step !== step || use.target in targets),
      targetOf: (step, command) => inputOf(step, command, given.profiles),
    })
    notes.push(...more)
    const own = (lines: string): string => lines.replaceAll('\n', workflow.ends)
    return { path: workflow.path, before: own(workflow.text), after: own(text) }
  })
  return {
    policy: policyText(policy, given.schema),
    workflows,
    ...secretsOf(given.workflows, workflows, notes),
    fillIn: placeholdersIn(targets).map(
      ([path, { placeholder, source }]) => `targets.${path}: ${placeholder} stands for ${source}`,
    ),
    notes: [...new Set([...notes, ...aboutIds(given.repository, targets)])],
    kept: [...kept].map(([target, why]) => `${target}: ${why}`),
  }
}

/** No file of the checkout tells them. */
function aboutIds(repository: string, targets: object): readonly string[] {
  if (Object.keys(targets).length === 0) return []
  return [
    `The grants know the repository by its name alone, which another may have one day: put \`repository-id\` and \`repository-owner-id\` at the top of the policy (\`gh api repos/${repository} --jq '.id, .owner.id'\`). Google's trust is made for them.`,
  ]
}

function usesOf(workflow: Workflow, profiles: readonly Profile[], notes: string[]): readonly Use[] {
  return workflow.jobs.flatMap((job) =>
    job.steps.flatMap((step) =>
      (step.script?.commands ?? []).flatMap((command) => {
        if (isNeutral(command)) return []
        const profile = profileOf(command, profiles)
        const about = `${workflow.path}, job ${job.name}`
        if (!profile) {
          notes.push(
            `${about}: it does not say which profile \`dbt ${command.words}\` uses; there are several.`,
          )
          return []
        }
        return targetsOf(command.target, { job, step, profile }).flatMap((target) => {
          if (profile.outputs.has(target)) return [{ workflow, job, step, target, profile }]
          notes.push(
            `${about}: the target of \`dbt ${command.words}\` is not to be read from the files (${target}).`,
          )
          return []
        })
      }),
    ),
  )
}

/** The names of the targets that a command may have: several where a matrix says so. */
function targetsOf(
  written: string | undefined,
  { job, step, profile }: Pick<Use, 'job' | 'step' | 'profile'>,
): readonly string[] {
  const text = written ?? step.env.get('DBT_TARGET') ?? profile.target
  const matrix = /^\$\{\{\s*matrix\.([\w-]+)\s*\}\}$/.exec(text)?.[1]
  const values = matrix === undefined ? undefined : job.matrix[matrix]
  if (Array.isArray(values)) return values.map(String)
  const variable = /^\$\{?(\w+)\}?$/.exec(text)?.[1]
  const scope: Scope = step.env
  const told = evaluated(variable === undefined ? text : (scope.get(variable) ?? text), scope)
  if ('unknown' in told) return [told.unknown.source]
  const value = profileValue(told.text, scope)
  return ['text' in value ? value.text : value.unknown.source]
}

/** What the input `target` says: the expression of a matrix, or the name that the command would have had. */
function inputOf(step: Step, command: DbtCommand, profiles: readonly Profile[]): string | undefined {
  const text = command.target ?? step.env.get('DBT_TARGET') ?? profileOf(command, profiles)?.target ?? ''
  const variable = /^\$\{?(\w+)\}?$/.exec(text)?.[1]
  const written = variable === undefined ? text : (step.env.get(variable) ?? '')
  if (written.includes('${{')) return written
  const value = profileValue(written, step.env)
  return 'text' in value && value.text !== '' ? value.text : undefined
}

function profileOf(command: DbtCommand, profiles: readonly Profile[]): Profile | undefined {
  return (
    profiles.find(({ name }) => name === command.profile) ?? (profiles.length === 1 ? profiles[0] : undefined)
  )
}

interface Told {
  readonly notes: string[]
  readonly kept: Map<string, string>
  /** Variables that a target which stays as it is reads. */
  readonly read: Set<string>
  /** Variables of which nothing but the profile reads a secret. */
  readonly variables: Set<string>
}

function targetOf({ workflow, job, step, target, profile }: Use, { registries }: Given, told: Told): unknown {
  const output = profile.outputs.get(target) ?? {}
  const name = adapterOf(output, step.env)
  const warehouse = registries.warehouses.get(name)
  const connection = warehouse ? connectionOf(warehouse, output, step.env) : NOTHING
  const identity = identityOf({ type: name, target, connection, steps: job.steps })
  const secret = connection.variables.filter((variable) => step.env.get(variable)?.includes('secrets'))
  if (typeof identity === 'string') {
    told.kept.set(target, identity)
    for (const variable of variablesOf(output)) told.read.add(variable)
    return undefined
  }
  for (const variable of secret) told.variables.add(variable)
  const { fields, notes } = identity ?? { fields: {}, notes: [] }
  told.notes.push(...connection.notes, ...notes)
  if (warehouse) told.notes.push(...tooOld(warehouse, fields['via'], workflow))
  return { connection: connection.fields, ...(Object.keys(fields).length > 0 && { identity: fields }) }
}

/** An adapter that is pinned to a version which cannot log in like that. */
function tooOld(
  { adapter, accepts }: Warehouse,
  named: unknown,
  { path, text }: Workflow,
): readonly string[] {
  const via = typeof named === 'string' ? named : ([...accepts.keys()][0] ?? '')
  const pins = [...text.matchAll(new RegExp(`${adapter.package}[=~]=(\\d[\\w.]*)`, 'g'))]
  return pins.flatMap(([pin, version = '']) => {
    const bad = knownBad(version, { bad: adapter.bad, via })
    return bad ? [`${path}: ${pin} is below ${bad.below}: ${bad.reason}.`] : []
  })
}

function adapterOf({ type }: Fields, scope: Scope): string {
  const told = profileValue(typeof type === 'string' ? type : '', scope)
  return 'text' in told ? told.text : ''
}

function variablesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return variablesIn(value)
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(variablesOf) : []
}

const NOTHING: Connection = { fields: {}, dropped: [], variables: [], notes: [] }

function grantsOf(whens: ReadonlyMap<string, readonly When[]>): readonly unknown[] {
  return [...whens].flatMap(([target, all]) => {
    const different = new Map(all.map((when) => [JSON.stringify(when), when]))
    return [...different.values()].map((when) => ({ target, when }))
  })
}

function secretsOf(
  all: readonly Workflow[],
  changed: Plan['workflows'],
  notes: string[],
): Pick<Plan, 'unneeded' | 'needed'> {
  const before = new Set(all.flatMap(({ text }) => [...secretsIn(text)]))
  const texts = all.map(({ path, text }) => changed.find((one) => one.path === path)?.after ?? text)
  const needed = new Set(texts.flatMap((text) => [...secretsIn(text)]))
  for (const { path, jobs } of all) notes.push(...jobs.flatMap(({ steps }) => writersOf(path, steps)))
  for (const [at, { path }] of all.entries())
    if (handsOnAll(texts[at] ?? ''))
      notes.push(`${path}: it hands on all secrets, so that nobody can tell which of them are needed.`)
  return {
    unneeded: [...before].filter((name) => !needed.has(name)).toSorted(),
    needed: [...needed].toSorted(),
  }
}

/** A script that makes a file of a secret: nobody can tell from here whether something beside dbt reads it. */
function writersOf(path: string, steps: readonly Step[]): readonly string[] {
  return steps.flatMap(({ script, node }) => {
    const run = textAt(node, 'run')
    const names = [...secretsIn(JSON.stringify(node.toJSON()))]
    if (script || names.length === 0 || !/>|\btee\b/.test(run)) return []
    return names.map(
      (name) =>
        `${path}: the step \`${textAt(node, 'name') || (run.split('\n')[0] ?? '')}\` writes a file from the secret ${name}: if only dbt reads it, take the step out, and then the secret.`,
    )
  })
}
