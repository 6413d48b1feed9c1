import type { Check, Grant } from '../../../src/policy.ts'
import { subjectOf, type SubForm } from '../github-claims.ts'
import type { Stand } from './stand.ts'
import { hasDefaultSubject, type Token } from './tokens.ts'

type ClaimTexts = Token['claims']

/** A token that was refused, and a grant that it fits. */
interface Refused {
  readonly at: Stand
  readonly token: Token
  readonly grant: Grant
  readonly checks: readonly Check[]
}

/** A reason for which a grant can hold and its trust not. It counts where the document says so, in these words. */
export interface Exception {
  readonly name: string
  readonly words: RegExp
  readonly applies: (refused: Refused) => boolean
  /** The same token without the reason; with all of them gone, it must come in. */
  readonly fix: (claims: ClaimTexts, grant: Grant, form: SubForm) => ClaimTexts
}

/** All that there are: each is a subject (or a name of the repository) other than the one that the document lists. */
export const exceptions: readonly Exception[] = [
  {
    name: 'renamed',
    words: /Refused there, though the policy may grant it: .*a repository that was renamed/,
    applies: ({ checks }) => checks.some(({ rule }) => rule === 'renamed'),
    fix: (claims, { when }, form) => {
      const [repository = ''] = when.get('repository') ?? []
      const before = { ...claims, repository, repository_owner: repository.split('/')[0] ?? '' }
      if (hasDefaultSubject({ claims, form })) return anew(before, form)
      return { ...before, sub: (claims.sub ?? '').replace(/^repo:[^:]*/, `repo:${repository}`) }
    },
  },
  {
    name: 'a template of its own',
    words: /Refused there, though the policy may grant it: .*a `sub` by a template/,
    applies: ({ at, token, grant }) => bySubject(at, grant) && !hasDefaultSubject(token),
    fix: (claims, _grant, form) => anew(claims, form),
  },
  {
    name: 'an environment',
    words: /Refused there, though the policy may grant it: .*a job with an environment/,
    applies: ({ at, token, grant }) =>
      bySubject(at, grant) && token.claims.environment !== undefined && !grant.when.has('environment'),
    fix: ({ environment: _environment, environment_node_id: _id, ...claims }, _grant, form) =>
      anew(claims, form),
  },
  {
    name: 'ids without pins',
    words: /only the name form of `sub` is trusted/,
    applies: ({ at, token, grant }) =>
      bySubject(at, grant) && token.form === 'id' && !IDS.every((claim) => grant.when.has(claim)),
    fix: (claims) => anew(claims, 'name'),
  },
  {
    name: 'the form without ids',
    words: /Keycloak trusts the `sub` with ids and refuses the one without/,
    applies: ({ at, token, grant }) =>
      bySubject(at, grant) && token.form === 'name' && IDS.every((claim) => grant.when.has(claim)),
    fix: (claims) => anew(claims, 'id'),
  },
]

const IDS = ['repository_id', 'repository_owner_id']

function bySubject({ platform }: Stand, { when }: Grant): boolean {
  return platform.compares === 'subject' && !when.has('sub')
}

function anew(claims: ClaimTexts, form: SubForm): ClaimTexts {
  return { ...claims, sub: subjectOf(claims, form) }
}
