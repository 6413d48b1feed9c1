import { scalarText } from './shape.ts'

/** Claims as an issuer would sign them; an undefined value removes the claim. */
export type ClaimSet = Readonly<Record<string, unknown>>

/** How the default `sub` names the repository: by names, or by names and ids. */
export type SubForm = 'name' | 'id'

const sha = '3f1c2b5a9d8e7f60112233445566778899aabbcc'

const baseline: ClaimSet = {
  actor: 'octocat',
  actor_id: '1001',
  base_ref: '',
  check_run_id: '5001',
  enterprise: 'acme',
  enterprise_id: '77',
  event_name: 'push',
  head_ref: '',
  ref: 'refs/heads/main',
  ref_protected: 'true',
  repository: 'o/r',
  repository_id: '456',
  repository_owner_id: '123',
  repository_visibility: 'private',
  run_attempt: '1',
  run_id: '900001',
  run_number: '42',
  runner_environment: 'github-hosted',
  sha,
  workflow: 'dbt',
}

/** All claims of a GitHub token but the times, `aud`, `iss` and `jti`; what follows from others follows, unless given. */
export function githubClaims(given: ClaimSet, subForm: SubForm = 'name'): Record<string, unknown> {
  const base: ClaimSet = { ...baseline, ...given }
  const repository = scalarText(base.repository)
  const ref = scalarText(base.ref)
  const workflowRef = `${repository}/.github/workflows/dbt.yml@${ref}`
  const derived = {
    repository_owner: repository.split('/')[0],
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    workflow_ref: workflowRef,
    workflow_sha: base.sha,
    job_workflow_ref: workflowRef,
    job_workflow_sha: base.sha,
    ...(base.environment === undefined ? {} : { environment_node_id: 'EN_kwDOA1B2C84' }),
  }
  const claims: ClaimSet = { ...base, ...derived, ...given }
  const all: ClaimSet = { ...claims, sub: subjectOf(claims, subForm), ...given }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** The default subject: the environment hides event and ref, a pull request hides the ref. */
export function subjectOf(claims: ClaimSet, form: SubForm): string {
  const [owner = '', name = ''] = scalarText(claims.repository).split('/')
  const repository =
    form === 'id'
      ? `${owner}@${scalarText(claims.repository_owner_id)}/${name}@${scalarText(claims.repository_id)}`
      : `${owner}/${name}`
  return `repo:${repository}:${contextOf(claims)}`
}

function contextOf(claims: ClaimSet): string {
  if (claims.environment !== undefined)
    return `environment:${scalarText(claims.environment).replaceAll(':', '%3A')}`
  if (claims.event_name === 'pull_request') return 'pull_request'
  return `ref:${scalarText(claims.ref).replaceAll(':', '%3A')}`
}
