import { partsOf } from './settings.ts'

/**
 * The attribute that IAM's bindings name. Its value holds the provider beside the repository: another provider of the
 * pool, with a weaker condition and for another target, gives out tokens of the same repository that must not fit.
 */
export const ATTRIBUTE = 'dbt_oidc'

/** How the provider makes the attribute from a token, as CEL. */
export function attributeMapping(provider: string): string {
  return `"${partsOf(provider).id}:" + assertion.repository_id`
}

/** Everybody to whom this provider gives tokens for one repository, as IAM names them in every universe. */
export function principalSet(provider: string, repositoryId: string): string {
  const { pool, id } = partsOf(provider)
  return `principalSet://iam.googleapis.com/${pool}/attribute.${ATTRIBUTE}/${id}:${repositoryId}`
}
