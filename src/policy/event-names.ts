import { nearest } from '../nearest.ts'

/** Every event by which GitHub starts a run (docs.github.com, "Events that trigger workflows"), and the one of its own workflows. */
const EVENTS: ReadonlySet<string> = new Set([
  'push',
  'pull_request',
  'pull_request_review',
  'pull_request_review_comment',
  'pull_request_target',
  'branch_protection_rule',
  'check_run',
  'check_suite',
  'create',
  'delete',
  'deployment',
  'deployment_status',
  'discussion',
  'discussion_comment',
  'dynamic',
  'fork',
  'gollum',
  'image_version',
  'issue_comment',
  'issues',
  'label',
  'merge_group',
  'milestone',
  'page_build',
  'project',
  'project_card',
  'project_column',
  'public',
  'registry_package',
  'release',
  'repository_dispatch',
  'schedule',
  'status',
  'watch',
  'workflow_dispatch',
  'workflow_run',
])

/** What is odd about the literal name of an event, as a sentence; GitHub may have made new ones since. */
export function oddEvent(name: string): string | undefined {
  if (EVENTS.has(name)) return undefined
  if (name === 'workflow_call')
    return 'no token has the event `workflow_call`: a reusable workflow has the event of its caller, and is named by `job_workflow_ref`.'
  const near = nearest(name, EVENTS)
  return `GitHub is not known to have an event \`${name}\`${near === undefined ? '.' : `; did you mean \`${near}\`?`}`
}
