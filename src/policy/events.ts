import type { Claims } from '../claims.ts'
import type { Check, Facts } from '../policy.ts'
import { quoted } from './visible.ts'

/** Events whose code or text may come from people who cannot write to the repository: granted only by name. */
export const UNTRUSTED_EVENTS: ReadonlySet<string> = new Set([
  'pull_request_target',
  'workflow_run',
  'issue_comment',
  'issues',
  'discussion',
  'discussion_comment',
  'pull_request',
  'pull_request_review',
  'pull_request_review_comment',
])

const wellFormed = (event: string): boolean => /^[a-z_]+$/.test(event)

/** Whether a run of this event is granted only where the grant names the event; a missing or odd name is no exception. */
export function needsName(event: string | undefined): boolean {
  return event === undefined || UNTRUSTED_EVENTS.has(event) || !wellFormed(event)
}

function eventHint(event: string | undefined): string {
  if (event === undefined) return 'the token does not say which event started the run'
  if (!wellFormed(event)) return 'GitHub has no event of such a name'
  return `this event may run what others have written, so a grant must name it literally; if that is meant, add to \`when\`, or to the input \`claims\`: event_name: ${event}`
}

/** The check of `event_name` for an event that needs its name: a pattern never names it. */
export function namedEvent(expected: readonly string[] | undefined, event: string | undefined): Check {
  if (event !== undefined && wellFormed(event) && expected?.includes(event)) {
    return { claim: 'event_name', expected, actual: event, ok: true }
  }
  const words = event === undefined ? 'an event' : '(must be named by the grant)'
  return {
    claim: 'event_name',
    expected: expected ?? [words],
    actual: event,
    ok: false,
    hint: eventHint(event),
    rule: 'event',
  }
}

/** The check of the (unsigned) event file for a pull request. It can only refuse: nothing is granted because of it. */
export function pullRequestCheck(event: string | undefined, facts: Facts): Check | undefined {
  if (event === undefined || !event.startsWith('pull_request')) return undefined
  const { pullRequest } = facts
  if (pullRequest.kind === 'same') return undefined
  const fork = pullRequest.kind === 'fork'
  return {
    claim: 'head repository',
    expected: [fork ? pullRequest.base : 'the repository itself'],
    actual: fork ? pullRequest.head : undefined,
    ok: false,
    hint: fork
      ? `the event file says that the pull request comes from ${quoted(pullRequest.head)}`
      : 'the event file does not say where the pull request comes from, so it is taken to come from a fork',
    rule: 'pull-request',
  }
}

const TYPE_OF_REF: readonly (readonly [string, string])[] = [
  ['refs/heads/', 'branch'],
  ['refs/pull/', 'branch'],
  ['refs/tags/', 'tag'],
]

/** The check that `ref_type` says of `ref` what `ref` says of itself; there is one only where they disagree. */
export function refTypeCheck(claims: Claims): Check | undefined {
  const ref = claims.all.get('ref')
  const actual = claims.all.get('ref_type')
  const expected = TYPE_OF_REF.find(([prefix]) => ref?.startsWith(prefix))?.[1]
  if (!ref || !actual || expected === undefined || expected === actual) return undefined
  return {
    claim: 'ref_type',
    expected: [expected],
    actual,
    ok: false,
    hint: `the token contradicts itself: its ref is ${quoted(ref)}`,
    rule: 'consistency',
  }
}
