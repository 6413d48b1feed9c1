import { eventsOf, textAt, type Job, type Step, type Workflow } from './workflow.ts'

/** The claims of a grant, as they stand under `when:`. */
export type When = Readonly<Record<string, string | readonly string[]>>

/** What a job may reach its target by, and what could not be read. */
export interface Whens {
  readonly whens: readonly When[]
  readonly notes: readonly string[]
}

const PULL = 'pull_request'
/** Whose code runs is not said by these; a grant would have to name them, and none is proposed. */
const UNTRUSTED = new Set(['pull_request_target', 'workflow_run', 'issue_comment', 'issues', 'discussion'])

/** The runs that a job is meant for: its triggers, its condition, its environment. */
export function whensOf(workflow: Workflow, job: Job, step: Step): Whens {
  const notes: string[] = []
  const about = `${workflow.path}, job ${job.name}`
  const events = eventsOf(workflow)
  const condition = `${job.condition} && ${textAt(step.node, 'if')}`
  const asked = /github\.event_name\s*==\s*'(\w+)'/.exec(condition)?.[1]
  const unasked = /github\.event_name\s*!=\s*'(\w+)'/.exec(condition)?.[1]
  const names = [...events.keys()].filter(
    (name) => (asked === undefined || name === asked) && name !== unasked,
  )
  const environment = literal(job.environment)
  if (job.environment !== '' && environment === undefined)
    notes.push(`${about}: its environment is an expression; name it in the grant.`)
  const held = environment === undefined ? {} : { environment }
  for (const name of names.filter((one) => UNTRUSTED.has(one)))
    notes.push(`${about}: ${name} runs with code or texts of strangers; no grant is proposed for it.`)
  const whens: When[] = []
  if (names.some((name) => name !== PULL && !UNTRUSTED.has(name)))
    whens.push({ ref: refsOf(condition, events, notes, about), ...held })
  if (names.includes(PULL)) {
    const base = branchesOf(events.get(PULL)?.['branches']).filter((one) => !/[!?+[\]]/.test(one))
    whens.push({ event_name: PULL, ...(base.length > 0 && { base_ref: one(base) }), ...held })
  }
  return { whens, notes }
}

function refsOf(
  condition: string,
  events: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
  notes: string[],
  about: string,
): string | readonly string[] {
  const ref = /github\.ref\s*==\s*'(refs\/[^']+)'/.exec(condition)?.[1]
  const named = /github\.ref_name\s*==\s*'([^']+)'/.exec(condition)?.[1]
  if (ref !== undefined) return ref
  if (named !== undefined) return `refs/heads/${named}`
  const push = events.get('push')
  const patterns = [
    ...branchesOf(push?.['branches']).map((branch) => `refs/heads/${branch}`),
    ...branchesOf(push?.['tags']).map((tag) => `refs/tags/${tag}`),
  ]
  const usable = patterns.filter((pattern) => !/[!?+[\]]|\*{3}/.test(pattern))
  if (usable.length < patterns.length)
    notes.push(`${about}: some branch patterns have no equal in a policy and were left out.`)
  if (usable.length > 0) return one(usable)
  notes.push(
    push
      ? `${about}: it runs for every branch; the grant lets in main alone.`
      : `${about}: no branch is named; the grant lets in main alone, which schedules and most runs by hand are on.`,
  )
  return 'refs/heads/main'
}

function branchesOf(value: unknown): readonly string[] {
  return typeof value === 'string' ? [value] : Array.isArray(value) ? value.map(String) : []
}

function one(values: readonly string[]): string | readonly string[] {
  return values.length === 1 ? (values[0] ?? '') : values
}

function literal(text: string): string | undefined {
  return text === '' || text.includes('${{') ? undefined : text
}
