import type { Fragment } from '../../trust/quote.ts'
import { reference } from '../../trust/hcl.ts'
import { labelFor } from '../../trust/label.ts'

/** What the instance and its trusted token issuer are called in Terraform: a module is for one instance. */
export const CENTER = 'github_actions'

/** The trusted token issuer, by whoever takes tokens of it. */
export const ISSUER_REFERENCE: Fragment = reference(`aws_ssoadmin_trusted_token_issuer.${CENTER}.arn`)

/** The instance, by whoever makes something in it. */
export const INSTANCE_REFERENCE: Fragment = reference(
  `aws_ssoadmin_trusted_token_issuer.${CENTER}.instance_arn`,
)

/** The id of a group, by whoever is assigned to it. */
export function groupReference(group: string): Fragment {
  return reference(`aws_identitystore_group.${labelFor(group)}.group_id`)
}
