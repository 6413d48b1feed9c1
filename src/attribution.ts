import type { Claims } from './claims.ts'
import type { Decision } from './policy.ts'
import type { Target } from './config/target.ts'
import type { Attribution } from './warehouse.ts'

/** The run as the warehouse's history should show it: from signed claims only. */
export function attributionOf(claims: Claims, decision: Decision, target: Target): Attribution {
  const claim = (...names: readonly string[]): string =>
    names.map((name) => claims.all.get(name)).find((value) => value !== undefined) ?? ''
  return {
    repository: claim('repository', 'project_path', 'pipeline_slug', 'kubernetes.io/namespace'),
    ref: claim('ref', 'build_branch'),
    sha: claim('sha', 'build_commit'),
    workflow: claim('workflow'),
    run: claim('run_id', 'pipeline_id', 'build_number'),
    attempt: claim('run_attempt'),
    actor: claim('actor', 'user_login'),
    grant: decision.grant?.name ?? '',
    target: target.name,
  }
}
