import * as z from 'zod/mini'
import { fail } from '../errors.ts'
import type { Ask } from '../host/github.ts'
import type { SubjectForm } from '../trust/rules.ts'
import { untold } from './untold.ts'

export type { Ask }

const REMEDY =
  'Set GITHUB_TOKEN to a token that may read the repository and its Actions settings, or leave --github away.'

/** What GitHub itself says of a repository, as far as its tokens depend on it. */
export interface RepositoryFacts {
  readonly id: string
  readonly ownerId: string
  /** The form of `sub` that its tokens have. */
  readonly form: SubjectForm
}

const repositoryAnswer = z.object({ id: z.number(), owner: z.object({ id: z.number() }) })
const customisation = z.object({
  use_default: z.boolean(),
  include_claim_keys: z.optional(z.array(z.string())),
  use_immutable_subject: z.optional(z.boolean()),
})

/**
 * Asks for the ids and for the subject of a repository (REST: "Get a repository", "Get the customization template for an
 * OIDC subject claim for a repository"). Throws `configuration` where the subject is customised, since nobody can then
 * tell it from names.
 */
export async function repositoryFacts(ask: Ask, repository: string): Promise<RepositoryFacts> {
  const [owner = '', repo = ''] = repository.split('/')
  const [found, subject] = await Promise.all([
    ask('GET /repos/{owner}/{repo}', { owner, repo }).catch(untold(`the repository ${repository}`, REMEDY)),
    ask('GET /repos/{owner}/{repo}/actions/oidc/customization/sub', { owner, repo }).catch(
      untold(`the OIDC subject of ${repository}`, REMEDY),
    ),
  ])
  const { id, owner: holder } = repositoryAnswer.parse(found.data)
  const template = customisation.parse(subject.data)
  if (!template.use_default)
    fail({
      code: 'configuration',
      problem: `The subject of ${repository}'s tokens is customised at GitHub (${(template.include_claim_keys ?? []).join(', ') || 'by the organisation'}).`,
      remedy: 'Write the whole subject as `sub:` into the grant; a run with `until: claims` prints it.',
    })
  return { id: String(id), ownerId: String(holder.id), form: template.use_immutable_subject ? 'id' : 'name' }
}
