import type { TrustDocument, TrustRequest } from '../trust.ts'

/** The first lines of every document: for what it is, what is held there, and what only this action checks. */
export function heading(
  { target, via, issuer, audience, rules }: TrustRequest,
  { heldThere, checkedHere }: Pick<TrustDocument, 'heldThere' | 'checkedHere'>,
): readonly string[] {
  return [
    `Trust of the target ${target} (via ${via}): tokens of ${issuer} for the audience ${audience}.`,
    `Grants: ${rules.map(({ grant }) => grant).join(', ')}.`,
    `Held here: ${listed(['issuer', 'audience', ...heldThere])}.`,
    checkedHere.length === 0
      ? 'Nothing of the grants is left to the action alone.'
      : `Checked by the action only, and not by this statement: ${listed(checkedHere)}.`,
    ...(rules.some(({ when }) => !when.has('repository_id') || !when.has('repository_owner_id'))
      ? [
          'Without `repository-id` and `repository-owner-id` in the policy, only the name form of `sub` is trusted.',
        ]
      : []),
  ]
}

function listed(claims: readonly string[]): string {
  return claims.join(', ')
}
