import type { Claims } from '../claims.ts'
import type { Verdict, When } from '../policy.ts'
import { UNTRUSTED_EVENTS } from './events.ts'
import { quoted, visible } from './visible.ts'
import { isMutable, parseWorkflowRef } from './workflow-ref.ts'

function environmentWarning(when: When, claims: Claims, place: string): string | undefined {
  const environment = claims.all.get('environment')
  if (!environment) return undefined
  if (!when.has('environment') && when.get('sub')?.every((sub) => sub.includes(':environment:')) !== true) {
    const how = place === 'inputs' ? 'give it as the input `environment`' : 'add `environment` to its `when`'
    return `the job runs in the environment ${quoted(environment)}, which the grant does not name; ${how} so that the environment's protection counts.`
  }
  if (claims.all.get('ref_protected') === 'false') {
    return `the environment ${quoted(environment)} is used from a ref that no rule protects; if the environment has no protection rules of its own, it adds no control. \`ref_protected: "true"\` in the grant demands it.`
  }
  return undefined
}

function workflowWarning(when: When, claims: Claims): string | undefined {
  const value = claims.all.get('job_workflow_ref')
  if (value === undefined || !when.has('job_workflow_ref') || when.has('job_workflow_sha')) return undefined
  const ref = parseWorkflowRef(value)?.ref
  if (ref === undefined || !isMutable(ref)) return undefined
  return `the grant pins the reusable workflow at ${quoted(ref)}, which can move to other code; pin \`job_workflow_sha\` as well.`
}

function eventWarning(claims: Claims): string | undefined {
  const event = claims.all.get('event_name')
  if (event === undefined || event === 'pull_request' || !UNTRUSTED_EVENTS.has(event)) return undefined
  return `the grant names the event ${event}, which people without write access can start: make sure that the job runs no code or text of theirs.`
}

function renameWarning(winner: Verdict): string | undefined {
  const renamed = winner.checks.find((check) => check.rule === 'renamed')
  if (renamed?.actual === undefined) return undefined
  return `the repository is now called ${quoted(renamed.actual)}; it was granted by its id. Update \`repository: ${renamed.expected.join(', ')}\`, and the trust where it names it.`
}

/** What is odd about a run that is granted all the same. What the grant's text alone shows is said by `checkWhen`. */
export function warningsOf(
  winner: Verdict,
  verdicts: readonly Verdict[],
  asked: string | undefined,
  claims: Claims,
): readonly string[] {
  const { name, target, place } = winner.grant
  const when = new Map([...(winner.grant.narrow ?? []), ...winner.grant.when])
  const found = [
    renameWarning(winner),
    environmentWarning(when, claims, place),
    workflowWarning(when, claims),
    eventWarning(claims),
  ].filter((text) => text !== undefined)
  const rivals = verdicts.filter((rival) => rival.ok && rival.grant.target !== target)
  const overlaps =
    asked === undefined
      ? rivals.map(
          ({ grant }) =>
            `${visible(grant.name)} would grant the target ${quoted(grant.target)} to this run as well; ${quoted(target)} was taken because its grant comes first. Ask with \`target\` to be certain.`,
        )
      : []
  return [...found, ...overlaps].map((text) => `${visible(name)}: ${text}`)
}
