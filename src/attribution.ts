import type { Claims } from './claims.ts'
import type { Decision } from './policy.ts'
import type { Target } from './config/target.ts'
import type { Attribution } from './warehouse.ts'

/** The run as the warehouse's history should show it: from signed claims only. */
export function attributionOf(claims: Claims, decision: Decision, target: Target): Attribution {
  const claim = (name: string): string => claims.all.get(name) ?? ''
  return {
    repository: claim('repository'),
    ref: claim('ref'),
    sha: claim('sha'),
    workflow: claim('workflow'),
    run: claim('run_id'),
    attempt: claim('run_attempt'),
    actor: claim('actor'),
    grant: decision.grant?.name ?? '',
    target: target.name,
  }
}
