import type { Claims } from './claims.ts'
import type { Decision } from './policy.ts'
import type { Target } from './config/target.ts'
import type { Attribution } from './warehouse.ts'

/** Under which claims the issuers that are known tell the same fact; the first one that a token has holds. */
export const FACTS = {
  repository: ['repository', 'project_path', 'pipeline_slug', 'kubernetes.io/namespace'],
  ref: ['ref', 'build_branch'],
  sha: ['sha', 'build_commit'],
  workflow: ['workflow'],
  run: ['run_id', 'pipeline_id', 'build_number'],
  attempt: ['run_attempt'],
  actor: ['actor', 'user_login'],
  environment: ['environment'],
  event: ['event_name', 'pipeline_source'],
} as const

export type Fact = keyof typeof FACTS

/** The run as the warehouse's history should show it: from signed claims only. */
export function attributionOf(claims: Claims, decision: Decision, target: Target): Attribution {
  const claim = (fact: Fact): string =>
    FACTS[fact].map((name) => claims.all.get(name)).find((value) => value !== undefined) ?? ''
  return {
    repository: claim('repository'),
    ref: claim('ref'),
    sha: claim('sha'),
    workflow: claim('workflow'),
    run: claim('run'),
    attempt: claim('attempt'),
    actor: claim('actor'),
    grant: decision.grant?.name ?? '',
    target: target.name,
  }
}
