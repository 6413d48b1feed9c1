import type { OtherIssuer } from '../other-issuer.ts'
import type { Kind } from '../other-issuer/kinds.ts'
import { isLiteral } from '../pattern.ts'
import type { When } from '../policy.ts'

/** The subjects of the tokens that a grant for another issuer may fit; none where its claims do not stand in the subject. */
export interface Subjects {
  readonly patterns: readonly string[]
  /** Claims that hold where the subject is compared by our patterns, or as a whole. */
  readonly held: readonly string[]
  /** Those that hold also where a star stands for any characters: nothing open stands before them. */
  readonly firm: readonly string[]
}

/** A piece of a subject: a text, or the value of a claim. */
type Piece = string | Slot
interface Slot {
  readonly patterns: readonly string[]
  readonly claims: readonly string[]
}

const ANY: Slot = { patterns: ['**'], claims: [] }

/** How the subject is made of the claims, by the page that documents it (see other-issuer/kinds.ts). */
const MADE_OF: Readonly<Record<Kind, (when: When, url: string) => readonly Piece[] | undefined>> = {
  gitlab(when) {
    const project = slot(when, 'project_path') ?? within(when, 'namespace_path')
    if (!project) return undefined
    const path = refPath(when)
    const type = path?.type ?? slot(when, 'ref_type') ?? ANY
    return ['project_path:', project, ':ref_type:', type, ':ref:', path?.ref ?? slot(when, 'ref') ?? ANY]
  },
  buildkite(when) {
    const organization = slot(when, 'organization_slug')
    if (!organization) return undefined
    const tag = slot(when, 'build_tag')
    const branch = slot(when, 'build_branch')
    const ref = tag ? ['refs/tags/', tag] : branch ? ['refs/heads/', branch] : [ANY]
    const pipeline = slot(when, 'pipeline_slug') ?? ANY
    const [commit, step] = [slot(when, 'build_commit') ?? ANY, slot(when, 'step_key') ?? ANY]
    return [
      'organization:',
      organization,
      ':pipeline:',
      pipeline,
      ':ref:',
      ...ref,
      ':commit:',
      commit,
      ':step:',
      step,
    ]
  },
  kubernetes(when) {
    const namespace = slot(when, 'kubernetes.io/namespace')
    const account = slot(when, 'kubernetes.io/serviceaccount/name') ?? ANY
    return namespace && ['system:serviceaccount:', namespace, ':', account]
  },
  circleci(when, url) {
    const [, organization] = /\/org\/([^/]+)$/.exec(url) ?? []
    const [origin, ref] = [
      slot(when, 'oidc.circleci.com/vcs-origin'),
      slot(when, 'oidc.circleci.com/vcs-ref'),
    ]
    if (organization === undefined || !origin || !ref) return undefined
    const project = slot(when, 'oidc.circleci.com/project-id') ?? { patterns: ['*'], claims: [] }
    return [`org/${organization}/project/`, project, '/user/*/vcs-origin/', origin, '/vcs-ref/', ref]
  },
  bitbucket(when) {
    const repository = slot(when, 'repositoryUuid')
    const environment = slot(when, 'deploymentEnvironmentUuid')
    return repository && environment && [repository, ':', environment, ':*']
  },
  // The names of organization, project and pipeline stand in the subject alone.
  'azure-devops': () => undefined,
  terraform(when) {
    const phase = slot(when, 'terraform_run_phase') ?? ANY
    const whole = slot(when, 'terraform_full_workspace')
    if (whole) return [whole, ':run_phase:', phase]
    const organization = slot(when, 'terraform_organization_name')
    const [project, workspace] = [
      slot(when, 'terraform_project_name'),
      slot(when, 'terraform_workspace_name'),
    ]
    return (
      organization && [
        'organization:',
        organization,
        ':project:',
        project ?? ANY,
        ':workspace:',
        workspace ?? ANY,
        ':run_phase:',
        phase,
      ]
    )
  },
}

function slot(when: When, claim: string): Slot | undefined {
  const patterns = when.get(claim)
  return patterns && { patterns, claims: [claim] }
}

/** A project of a group by the path of the group. */
function within(when: When, claim: string): Slot | undefined {
  const patterns = when.get(claim)?.map((path) => `${path}/*`)
  return patterns && { patterns, claims: [claim] }
}

/** GitLab's `ref_path` as the two that its subject has; undefined where they cannot be told from it. */
function refPath(when: When): { readonly type: Slot; readonly ref: Slot } | undefined {
  const [path, ...more] = when.get('ref_path') ?? []
  const [, kind, name] = /^refs\/(heads|tags)\/(.+)$/s.exec(path ?? '') ?? []
  if (more.length > 0 || name === undefined) return undefined
  const type = kind === 'heads' ? 'branch' : 'tag'
  return { type: { patterns: [type], claims: [] }, ref: { patterns: [name], claims: ['ref_path'] } }
}

/** The subjects of a grant: as it is written, else as its issuer makes it of the other claims. */
export function subjectsFor(when: When, { like, url }: OtherIssuer): Subjects {
  const written = when.get('sub')
  const pieces = written ? [{ patterns: written, claims: ['sub'] }] : like && MADE_OF[like](when, url)
  if (!pieces) return { patterns: [], held: [], firm: [] }
  let patterns: readonly string[] = ['']
  const [held, firm]: [string[], string[]] = [[], []]
  for (const piece of pieces) {
    const { patterns: next, claims } = typeof piece === 'string' ? { patterns: [piece], claims: [] } : piece
    patterns = patterns.flatMap((before) => next.map((one) => before + one))
    held.push(...claims)
    if (patterns.every(isLiteral)) firm.push(...claims)
  }
  return { patterns, held, firm }
}
