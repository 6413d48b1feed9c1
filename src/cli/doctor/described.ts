import { isPullRequest } from '../../check/supposed.ts'
import type { Grant } from '../../policy.ts'
import { quoted, visible } from '../../policy/visible.ts'
import type { WorkflowJob } from '../workflow/job.ts'

type Given = ReadonlyMap<string, string>

/** The claims that a grant wants, each with the first value that would do. */
export function describedBy({ when }: Grant): Given {
  return new Map(
    [...when].flatMap(([claim, [first]]) =>
      first === undefined ? [] : [[claim, first.replaceAll(/\*+/g, 'x')]],
    ),
  )
}

/** The claims as runs of the job have them: in its environment, and started by each of its events. What it does not say stays. */
export function ofEachEvent(wanted: Given, job: WorkflowJob): readonly Given[] {
  const given = inEnvironment(wanted, job)
  const event = given.get('event_name')
  const isStarted = job.events === undefined || (event !== undefined && job.events.includes(event))
  return isStarted ? [given] : (job.events ?? []).map((one) => startedBy(given, one))
}

/** The claims with the environment of the job, as far as it is known, and without a subject that GitHub would not give it. */
export function inEnvironment(given: Given, { environment }: WorkflowJob): Given {
  if (environment.kind === 'unknown') return given
  const name = environment.kind === 'named' ? environment.name : undefined
  const inSubject = /:environment:(.+)$/.exec(given.get('sub') ?? '')?.[1]
  const kept = [...given].filter(
    ([claim]) => claim !== 'environment' && (claim !== 'sub' || inSubject === name),
  )
  return new Map([...kept, ...(name === undefined ? [] : ([['environment', name]] as const))])
}

/** The ref of a pull request is its merge, whatever a grant wants. */
function startedBy(given: Given, event: string): Given {
  const isElsewhere = isPullRequest(event) && given.get('ref')?.startsWith('refs/pull/') !== true
  return new Map([...[...given].filter(([claim]) => claim !== 'ref' || !isElsewhere), ['event_name', event]])
}

/** What the workflow says of the run, in sentences with their places. */
export function saidOfJob({ name, place, environment, events }: WorkflowJob): readonly string[] {
  return [
    environment.kind === 'none'
      ? `${environment.place}: the job ${visible(name)} names no environment`
      : environment.kind === 'named'
        ? `${environment.place}: its environment is ${quoted(environment.name)}`
        : `${environment.place}: its environment is an expression, whose value is known to a running job only`,
    events === undefined
      ? `${place}: which events start it is not said in this workflow`
      : `${place}: it is started by ${events.map(visible).join(', ')}`,
  ]
}
