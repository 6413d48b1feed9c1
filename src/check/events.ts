import { matches } from '../pattern.ts'
import type { Grant } from '../policy.ts'
import type { Ground, Ref } from './ground.ts'
import { isPullRequest } from './supposed.ts'

/** Of the events by which GitHub starts a run those that a pattern is asked about. */
const KNOWN = [
  'push',
  'pull_request',
  'pull_request_target',
  'workflow_dispatch',
  'schedule',
  'release',
  'merge_group',
  'repository_dispatch',
  'workflow_run',
  'deployment',
  'deployment_status',
  'create',
  'delete',
  'issues',
  'issue_comment',
  'discussion',
  'discussion_comment',
  'pull_request_review',
  'pull_request_review_comment',
]

/** Events that GitHub starts on the default branch only. */
const ON_DEFAULT: ReadonlySet<string> = new Set([
  'schedule',
  'repository_dispatch',
  'workflow_run',
  'issues',
  'issue_comment',
  'discussion',
  'discussion_comment',
])

/** The events worth asking about: a push stands for all that need no name, and what the grants name comes to it. */
export function eventsOf(grants: readonly Grant[]): readonly string[] {
  const patterns = grants.flatMap(({ when, narrow }) => [
    ...(when.get('event_name') ?? []),
    ...(narrow?.get('event_name') ?? []),
  ])
  const named = KNOWN.filter((event) => patterns.some((pattern) => matches(pattern, event)))
  const others = patterns.filter((pattern) => /^[a-z_]+$/.test(pattern))
  return [...new Set(['push', 'pull_request', ...named, ...others])]
}

/** The refs that a run of this event may have, or that its pull request may be for. */
export function refsFor(event: string, { refs, defaultBranch }: Ground): readonly Ref[] {
  if (ON_DEFAULT.has(event) && defaultBranch !== undefined)
    return refs.filter(({ ref }) => ref === `refs/heads/${defaultBranch}`)
  const ofPullRequests = event.startsWith('pull_request')
  return refs.filter(({ ref }) => !ofPullRequests || ref.startsWith('refs/heads/'))
}

/** The claims in which such a run differs from others. */
export function claimsOfRun(
  event: string,
  { ref, isProtected }: Ref,
  environment: string | undefined,
): ReadonlyMap<string, string> {
  const base = ref.replace(/^refs\/heads\//, '')
  return new Map([
    ['event_name', event],
    ...(isPullRequest(event) ? [] : ([['ref', ref]] as const)),
    ...(event.startsWith('pull_request') ? ([['base_ref', base]] as const) : []),
    ...(isProtected === undefined || isPullRequest(event)
      ? []
      : ([['ref_protected', String(isProtected)]] as const)),
    ...(environment === undefined ? [] : ([['environment', environment]] as const)),
  ])
}
