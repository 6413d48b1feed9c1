import type { Registries } from '../config/target.ts'
import { knownBad } from '../dbt/adapter.ts'
import type { Warehouse } from '../warehouse.ts'
import { connectionOf, type Connection } from './connection.ts'
import { editedWorkflow } from './edit.ts'
import { whensOf, type When } from './grants.ts'
import { identityOf } from './identity.ts'
import type { Fields, Profile } from './outputs.ts'
import { placeholdersIn, policyText } from './policy.ts'
import { secretsOf } from './stored.ts'
import { inputOf, usesOf, type Use } from './uses.ts'
import { profileValue, variablesIn, type Scope } from './value.ts'
import type { Workflow } from './workflow.ts'

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
