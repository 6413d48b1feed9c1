import * as z from 'zod/mini'
import type { Answer } from '../../doctor/answer.ts'
import { environmentLine, type EnvironmentSetting } from '../../doctor/environment.ts'
import { idsLine } from '../../doctor/ids.ts'
import type { Line } from '../../doctor/line.ts'
import { subjectLines } from '../../doctor/subject.ts'
import type { Claims } from '../../claims.ts'
import { DbtOidcError } from '../../errors.ts'
import { isLiteral } from '../../pattern.ts'
import type { Grant } from '../../policy.ts'
import type { Ask } from '../github.ts'

/** What the settings of GitHub are laid beside. */
export interface Beside {
  readonly repository: string
  readonly grants: readonly Grant[]
  /** Claims of a real token. */
  readonly real: Claims | undefined
}

const repositoryAnswer = z.object({
  id: z.number(),
  owner: z.object({ id: z.number(), type: z.optional(z.string()) }),
})
const ownSubject = z.object({
  use_default: z.boolean(),
  include_claim_keys: z.optional(z.array(z.string())),
  use_immutable_subject: z.optional(z.boolean()),
  sub_claim_prefix: z.optional(z.string()),
})
const organisationSubject = z.object({
  include_claim_keys: z.optional(z.array(z.string())),
  use_immutable_subject: z.optional(z.boolean()),
})
const environment = z.object({
  protection_rules: z.optional(
    z.array(
      z.object({
        type: z.string(),
        wait_timer: z.optional(z.number()),
        prevent_self_review: z.optional(z.boolean()),
        reviewers: z.optional(z.array(z.unknown())),
      }),
    ),
  ),
  deployment_branch_policy: z.optional(
    z.nullable(z.object({ protected_branches: z.boolean(), custom_branch_policies: z.boolean() })),
  ),
})
const policies = z.object({
  branch_policies: z.array(z.object({ name: z.string(), type: z.optional(z.enum(['branch', 'tag'])) })),
})

/** GitHub's own settings of a repository, each with what it means for the trust; what it does not tell is said. */
export async function settingLines(ask: Ask, beside: Beside): Promise<readonly Line[]> {
  const { repository, grants, real } = beside
  const [owner = '', repo = ''] = repository.split('/')
  const [about, own] = await Promise.all([
    asked(ask('GET /repos/{owner}/{repo}', { owner, repo }), repositoryAnswer),
    asked(ask('GET /repos/{owner}/{repo}/actions/oidc/customization/sub', { owner, repo }), ownSubject),
  ])
  // A person has no setting of this kind.
  const isPersons = 'told' in about && about.told.owner.type === 'User'
  const organisation = isPersons
    ? undefined
    : await asked(ask('GET /orgs/{org}/actions/oidc/customization/sub', { org: owner }), organisationSubject)
  const environments = (await environmentLines(ask, beside)).map(({ line }) => line)
  const ids = told(about, ({ id, owner: holder }) => ({
    id: String(id),
    ownerId: String(holder.id),
    isOrganisations: holder.type === 'Organization',
  }))
  const subjects = {
    repository,
    own: told(own, (value) => ({
      isDefault: value.use_default,
      keys: value.include_claim_keys ?? [],
      immutable: value.use_immutable_subject,
      prefix: value.sub_claim_prefix,
    })),
    organisation:
      organisation &&
      told(organisation, (value) => ({
        keys: value.include_claim_keys ?? [],
        immutable: value.use_immutable_subject,
      })),
    real,
  }
  return [idsLine(repository, grants, ids), ...subjectLines(subjects), ...environments]
}

/** The environments that grants name, each with whom GitHub lets use it. */
export async function environmentLines(
  ask: Ask,
  { repository, grants, real }: Beside,
): Promise<readonly { readonly name: string; readonly line: Line }[]> {
  const [owner = '', repo = ''] = repository.split('/')
  return Promise.all(
    namedIn(grants, real).map(async ({ name, refs }) => {
      const setting = await settingOf(ask, owner, repo, name)
      return { name, line: environmentLine({ repository, name, refs, setting }) }
    }),
  )
}

async function settingOf(
  ask: Ask,
  owner: string,
  repo: string,
  name: string,
): Promise<Answer<EnvironmentSetting>> {
  const where = { owner, repo, environment_name: name }
  const found = await asked(
    ask('GET /repos/{owner}/{repo}/environments/{environment_name}', where),
    environment,
  )
  if ('untold' in found) return found
  const { protection_rules: rules = [], deployment_branch_policy: policy } = found.told
  const names = async (): Promise<EnvironmentSetting['deployment']> => {
    const route = 'GET /repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies'
    const listed = await asked(ask(route, { ...where, per_page: 100 }), policies)
    return told(listed, (value) =>
      value.branch_policies.map((one) => ({ type: one.type ?? 'branch', pattern: one.name })),
    )
  }
  const approval = rules.find(({ type }) => type === 'required_reviewers')
  return {
    told: {
      reviewers: approval?.reviewers?.length ?? 0,
      selfReview: approval?.prevent_self_review !== true,
      wait: rules.find(({ type }) => type === 'wait_timer')?.wait_timer ?? 0,
      deployment: !policy ? 'any' : policy.protected_branches ? 'protected' : await names(),
    },
  }
}

/** The environments that grants name, each with the refs that they name beside it, and the one of the run. */
function namedIn(
  grants: readonly Grant[],
  real: Claims | undefined,
): readonly { readonly name: string; readonly refs: readonly string[] }[] {
  const own = real?.all.get('environment')
  const names = [
    ...grants.flatMap(({ when }) => when.get('environment') ?? []),
    ...(own === undefined ? [] : [own]),
  ]
  return [...new Set(names.filter(isLiteral))].map((name) => {
    const naming = grants.filter(({ when }) => when.get('environment')?.includes(name))
    // One grant that names no ref takes them all.
    const open = naming.some(({ when }) => !when.has('ref'))
    return { name, refs: open ? [] : [...new Set(naming.flatMap(({ when }) => when.get('ref') ?? []))] }
  })
}

async function asked<T>(
  request: Promise<{ readonly data: unknown }>,
  shape: z.ZodMiniType<T>,
): Promise<Answer<T>> {
  let data: unknown
  try {
    ;({ data } = await request)
  } catch (error) {
    return { untold: reasonOf(error) }
  }
  const parsed = shape.safeParse(data)
  return parsed.success ? { told: parsed.data } : { untold: 'with an answer of another shape' }
}

/** The status, or why there was no answer. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof DbtOidcError ? error.cause : error
  if (inner instanceof DbtOidcError) return inner.problem
  const status: unknown = typeof error === 'object' && error && 'status' in error ? error.status : undefined
  return typeof status === 'number' ? String(status) : 'no answer'
}

function told<A, B>(answer: Answer<A>, read: (value: A) => B): Answer<B> {
  return 'told' in answer ? { told: read(answer.told) } : answer
}
