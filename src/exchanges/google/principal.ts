import type { OtherIssuer } from '../../other-issuer.ts'
import { partsOf } from './settings.ts'

/**
 * The attribute that IAM's bindings name. Its value holds the provider beside the repository: another provider of the
 * pool, with a weaker condition and for another target, gives out tokens of the same repository that must not fit.
 */
export const ATTRIBUTE = 'dbt_oidc'

/** How the provider makes the attribute from a token, as CEL. */
export function attributeMapping(provider: string, other?: OtherIssuer): string {
  // Whom the condition lets in is all that another issuer's tokens have in common.
  if (other) return `"${partsOf(provider).id}:${other.name}"`
  return `"${partsOf(provider).id}:" + assertion.repository_id`
}

/** Everybody to whom this provider gives tokens for one repository, or of another issuer, as IAM names them in every universe. */
export function principalSet(provider: string, whose: string): string {
  const { pool, id } = partsOf(provider)
  return `principalSet://iam.googleapis.com/${pool}/attribute.${ATTRIBUTE}/${id}:${whose}`
}
