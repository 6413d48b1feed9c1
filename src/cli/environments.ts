import * as z from 'zod/mini'
import type { Rule } from '../check/deployment.ts'
import type { Environment, Ref } from '../check/ground.ts'
import type { Ids } from '../check/supposed.ts'
import type { Ask } from './github.ts'
import { untold } from './untold.ts'

/** What GitHub says of a repository and of the runs that it may have. */
export interface Settings {
  readonly ids: Required<Ids>
  readonly visibility: string | undefined
  readonly defaultBranch: string
  /** The form of `sub`; `customised` where an organisation or the repository has made its own. */
  readonly subject: 'name' | 'id' | 'customised' | 'untold'
  readonly refs: readonly Ref[]
  readonly environments: readonly Environment[]
  /** What was cut off. */
  readonly notes: readonly string[]
}

const REMEDY =
  'Set GITHUB_TOKEN to a token that may read the repository, its Actions settings and environments, or name what there is with --branches and --environments.'

const PAGE = 100
const PAGES = 3

const repositoryAnswer = z.object({
  id: z.number(),
  owner: z.object({ id: z.number() }),
  default_branch: z.string(),
  visibility: z.optional(z.string()),
})
const subjectAnswer = z.object({
  use_default: z.boolean(),
  use_immutable_subject: z.optional(z.boolean()),
})
const branch = z.object({ name: z.string(), protected: z.optional(z.boolean()) })
const environment = z.object({
  name: z.string(),
  deployment_branch_policy: z.nullable(
    z.object({ protected_branches: z.boolean(), custom_branch_policies: z.boolean() }),
  ),
})
const policies = z.object({
  branch_policies: z.array(z.object({ name: z.string(), type: z.optional(z.enum(['branch', 'tag'])) })),
})

/** Reads branches, environments and their deployment rules. Throws `configuration` where GitHub refuses. */
export async function settingsOf(ask: Ask, repository: string): Promise<Settings> {
  const get = reader(ask, repository)
  const list = (route: string, what: string): Promise<Listed> =>
    listed((page) => get(route, what, { per_page: PAGE, page }))
  const [about, subject, branches, found] = await Promise.all([
    get('', `the repository ${repository}`),
    // It takes more rights than the rest, and matters to few policies.
    get('/actions/oidc/customization/sub', 'the form of the subject').catch(() => undefined),
    list('/branches', 'its branches'),
    list('/environments', 'its environments'),
  ])
  const { id, owner, default_branch: defaultBranch, visibility } = repositoryAnswer.parse(about)
  const environments = await Promise.all(
    z
      .array(environment)
      .parse(found.items)
      .map((one) => environmentOf(one, get)),
  )
  const form = formOf(subject)
  return {
    ids: { repositoryId: String(id), ownerId: String(owner.id) },
    visibility,
    defaultBranch,
    subject: form,
    refs: refsOf(branches.items),
    environments,
    notes: [
      ...[branches.more ? ['branches'] : [], found.more ? ['environments'] : []]
        .flat()
        .map((what) => `Only the first ${PAGE * PAGES} ${what} were read.`),
      ...(form === 'customised' ? [CUSTOMISED] : form === 'untold' ? [UNTOLD] : []),
    ],
  }
}

const CUSTOMISED =
  'The subject is customised at GitHub: what a grant says of `sub` is judged here as if it were not.'

const UNTOLD = 'GitHub does not tell the form of the subject: what a grant says of `sub` is tried in both.'

type Get = (route: string, what: string, more?: Readonly<Record<string, string | number>>) => Promise<unknown>

function reader(ask: Ask, repository: string): Get {
  const [owner = '', repo = ''] = repository.split('/')
  return async (route, what, more = {}) => {
    const { data } = await ask(`GET /repos/{owner}/{repo}${route}`, { owner, repo, ...more }).catch(
      untold(what, REMEDY),
    )
    return data
  }
}

async function environmentOf(
  { name, deployment_branch_policy: policy }: z.infer<typeof environment>,
  get: Get,
): Promise<Environment> {
  const rule = await ruleOf(policy, () =>
    get('/environments/{environment_name}/deployment-branch-policies', `the rules of ${name}`, {
      environment_name: name,
      per_page: PAGE,
    }),
  )
  return { name, there: true, rule }
}

interface Listed {
  readonly items: readonly unknown[]
  readonly more: boolean
}

/** At most a few pages: a matrix of thousands of branches answers nothing. */
async function listed(page: (number: number) => Promise<unknown>): Promise<Listed> {
  const items: unknown[] = []
  for (let number = 1; number <= PAGES; number++) {
    const got = itemsOf(await page(number))
    items.push(...got)
    if (got.length < PAGE) return { items, more: false }
  }
  return { items, more: true }
}

const enveloped = z.object({ environments: z.array(z.unknown()) })

function itemsOf(data: unknown): readonly unknown[] {
  const parsed = enveloped.safeParse(data)
  return parsed.success ? parsed.data.environments : z.array(z.unknown()).parse(data)
}

function refsOf(items: readonly unknown[]): readonly Ref[] {
  return z
    .array(branch)
    .parse(items)
    .map((one) => ({ ref: `refs/heads/${one.name}`, isProtected: one.protected }))
}

function formOf(answer: unknown): Settings['subject'] {
  const parsed = subjectAnswer.safeParse(answer)
  if (!parsed.success) return 'untold'
  if (!parsed.data.use_default) return 'customised'
  return parsed.data.use_immutable_subject ? 'id' : 'name'
}

async function ruleOf(
  policy: z.infer<typeof environment>['deployment_branch_policy'],
  names: () => Promise<unknown>,
): Promise<Rule> {
  if (!policy) return { kind: 'any' }
  if (policy.protected_branches) return { kind: 'protected' }
  const { branch_policies } = policies.parse(await names())
  return {
    kind: 'named',
    names: branch_policies.map(({ name, type }) => ({ type: type ?? 'branch', pattern: name })),
  }
}
