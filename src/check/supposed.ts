import type { Claims } from '../claims.ts'
import { nameable, type OtherIssuer } from '../other-issuer.ts'
import { matches } from '../pattern.ts'
import { parseSub } from '../policy/subject.ts'

/** The ids of a repository and its owner, as far as anybody has told them. */
export interface Ids {
  readonly repositoryId?: string
  readonly ownerId?: string
}

/** A run that nobody has seen: what is said of it, by claim, and what else is known of the repository. */
export interface Supposition {
  readonly repository: string
  readonly ids: Ids
  /** How `sub` names the repository; `id` needs both ids. */
  readonly form: 'name' | 'id'
  readonly issuer: string
  /** Claims as given; they win over whatever follows from others. */
  readonly given: ReadonlyMap<string, string>
}

/**
 * The claims that GitHub would give such a run, as far as they follow from what is said. They are for `decide` and for
 * reading only: no token stands behind them.
 */
export function supposedClaims({ repository, ids, form, issuer, given }: Supposition): Claims {
  const [owner = ''] = repository.split('/')
  const event = given.get('event_name') ?? 'push'
  const ref = given.get('ref') ?? (isPullRequest(event) ? 'refs/pull/1/merge' : undefined)
  const all = new Map([
    ['repository', repository],
    ['repository_owner', owner],
    ...(ids.repositoryId === undefined ? [] : ([['repository_id', ids.repositoryId]] as const)),
    ...(ids.ownerId === undefined ? [] : ([['repository_owner_id', ids.ownerId]] as const)),
    ['event_name', event],
    ...(ref === undefined
      ? []
      : ([
          ['ref', ref],
          ['ref_type', ref.startsWith('refs/tags/') ? 'tag' : 'branch'],
        ] as const)),
    ...given,
  ])
  return resubjected({ iss: issuer, sub: '', aud: '', jti: '', iat: 0, exp: 0, all }, given.get('sub'), form)
}

/** The claims of a job of another issuer, of which nothing follows from anything else. */
export function supposedElsewhere(other: OtherIssuer, given: ReadonlyMap<string, string>): Claims {
  return {
    from: other.name,
    nameable: nameable(other),
    iss: other.url,
    sub: given.get('sub') ?? '',
    aud: '',
    jti: '',
    iat: 0,
    exp: 0,
    all: given,
  }
}

/** The claims with others in their place; `sub` follows them in the form that it has, unless it is given or is customised. */
export function changedClaims(claims: Claims, given: ReadonlyMap<string, string>): Claims {
  if (given.size === 0) return claims
  const all = new Map([...claims.all, ...given])
  if (claims.from !== undefined) return { ...claims, sub: given.get('sub') ?? claims.sub, all }
  const before = parseSub(claims.sub)
  const kept = given.get('sub') ?? (before ? undefined : claims.sub)
  return resubjected({ ...claims, all }, kept, before?.ownerId === undefined ? 'name' : 'id')
}

/** Whether runs of this event have the merge of a pull request as their ref. */
export function isPullRequest(event: string): boolean {
  return event.startsWith('pull_request') && event !== 'pull_request_target'
}

function resubjected(claims: Claims, written: string | undefined, form: Supposition['form']): Claims {
  const sub = written ?? subjectOf(claims.all, form)
  return { ...claims, sub, all: new Map([...claims.all, ['sub', sub]]) }
}

/** GitHub's default subject: the environment hides event and ref, a pull request hides the ref. */
function subjectOf(all: ReadonlyMap<string, string>, form: Supposition['form']): string {
  const [owner = '', name = ''] = (all.get('repository') ?? '').split('/')
  const at = (id: string | undefined): string => (form === 'id' && id !== undefined ? `@${id}` : '')
  const repository = `${owner}${at(all.get('repository_owner_id'))}/${name}${at(all.get('repository_id'))}`
  return `repo:${repository}:${contextOf(all)}`
}

function contextOf(all: ReadonlyMap<string, string>): string {
  const environment = all.get('environment')
  if (environment !== undefined) return `environment:${environment.replaceAll(':', '%3A')}`
  if (all.get('event_name') === 'pull_request') return 'pull_request'
  return `ref:${(all.get('ref') ?? '').replaceAll(':', '%3A')}`
}

/** The ids that grants for this repository pin: whoever asks about their own policy means their own repository. */
export function pinnedIds(
  grants: readonly { readonly when: ReadonlyMap<string, readonly string[]> }[],
  repository: string,
): Ids {
  const own = grants.filter(
    ({ when }) => when.get('repository')?.some((one) => matches(one, repository)) === true,
  )
  const [repositoryId, ownerId] = ['repository_id', 'repository_owner_id'].map((claim) =>
    own.flatMap(({ when }) => when.get(claim) ?? []).find((id) => /^[0-9]+$/.test(id)),
  )
  return {
    ...(repositoryId === undefined ? {} : { repositoryId }),
    ...(ownerId === undefined ? {} : { ownerId }),
  }
}
