import type { Place } from '../../policy.ts'
import { isNull, type YamlMap, type YamlNode } from '../../yaml.ts'
import { withoutToken, type WithoutToken } from './permission.ts'
import { ownStep } from './step.ts'

/** What a workflow says of the job whose step uses this action. */
export interface WorkflowJob {
  readonly name: string
  readonly place: Place
  /** Why GitHub gives it no ID token; undefined where it does, or where the workflows that call it decide. */
  readonly withoutToken: WithoutToken | undefined
  readonly environment: JobEnvironment
  /** The events that start it, at least one; undefined where none is told, or other workflows call it, so that theirs do. */
  readonly events: readonly string[] | undefined
}

/** The environment of a job; `unknown`: an expression, whose value is known to a running job only. */
export type JobEnvironment =
  | { readonly kind: 'none'; readonly place: Place }
  | { readonly kind: 'named'; readonly name: string; readonly place: Place }
  | { readonly kind: 'unknown'; readonly place: Place }

/** Reads what the workflow says around the step. Throws `configuration` where there is not exactly one such step. */
export function jobOfWorkflow(text: string, path: string): WorkflowJob {
  const { workflow, job } = ownStep(text, path)
  const events = eventsOf(workflow)
  const isCalled = events?.includes(CALLED) === true
  return {
    name: job.name,
    place: job.place,
    withoutToken: withoutToken(workflow, job, { called: isCalled && events.length === 1 }),
    environment: environmentOf(job.says, job.place),
    events: isCalled || events?.length === 0 ? undefined : events,
  }
}

const CALLED = 'workflow_call'

function eventsOf(workflow: YamlMap): readonly string[] | undefined {
  const on = workflow.entries.get('on')?.value
  if (!on) return undefined
  if (on.kind === 'map') return [...on.entries.keys()]
  if (on.kind === 'scalar') return [on.text]
  return on.items.flatMap((item) => (item.kind === 'scalar' ? [item.text] : []))
}

function environmentOf(job: YamlMap, place: Place): JobEnvironment {
  const entry = job.entries.get('environment')
  const value = nameOf(entry?.value)
  if (!entry || !value || isNull(value)) return { kind: 'none', place }
  if (value.kind !== 'scalar' || value.text.includes('${{')) return { kind: 'unknown', place: entry.key }
  return { kind: 'named', name: value.text, place: entry.key }
}

/** `environment: NAME`, or `environment: { name: NAME, url: … }`. */
function nameOf(node: YamlNode | undefined): YamlNode | undefined {
  return node?.kind === 'map' ? node.entries.get('name')?.value : node
}
