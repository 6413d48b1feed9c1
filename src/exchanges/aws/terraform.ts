import type { Want } from '../../exchange.ts'
import { hclDocument, jsonencode, reference, resource } from '../../trust/hcl.ts'
import { roleLabel, roleReference } from '../../trust/iam.ts'
import { labelFor } from '../../trust/label.ts'
import { comment } from '../../trust/quote.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import type { Role } from './arn.ts'
import { checkedRole } from './place.ts'
import { firstRole, furtherRole, owned, providerArn, type Policy } from './role-policy.ts'
import type { Link, Settings } from './settings.ts'

/** The same as the commands of `trust`, for the provider hashicorp/aws. */
export function terraform(settings: Settings, _want: Want, request: TrustRequest): readonly TrustDocument[] {
  return [
    identityProvider(checkedRole(settings.role), request),
    first(settings, request),
    ...(settings.chain ?? []).map((link, index) => further(settings, index, link)),
  ]
}

function identityProvider(role: Role, { issuer, audiences }: TrustRequest): TrustDocument {
  const arn = providerArn(role, issuer)
  const label = providerLabel(role)
  const write = (values: readonly string[]): string =>
    hclDocument(
      comment('#', [
        `AWS account ${role.account}: it has one identity provider for ${issuer}. Where it exists, it keeps its other audiences and`,
        `gets these as well: terraform import aws_iam_openid_connect_provider.${label} ${arn}`,
      ]),
      [resource('aws_iam_openid_connect_provider', label, { url: issuer, client_id_list: values })],
    )
  return {
    title: `Identity provider in account ${role.account}`,
    language: 'hcl',
    text: write(audiences),
    heldThere: [],
    checkedHere: [],
    adds: { to: arn, values: audiences, write },
  }
}

function first(settings: Settings, request: TrustRequest): TrustDocument {
  const { role, policy, lines, held, longest } = firstRole(settings, request)
  return {
    title: `Role ${role.name} in account ${role.account}`,
    language: 'hcl',
    text: hclDocument(comment('#', lines), [
      // A policy may name only a principal that is there.
      roleResource(role, longest, policy, `aws_iam_openid_connect_provider.${providerLabel(role)}`),
    ]),
    ...held,
    ...owned(role, policy),
  }
}

function further(settings: Settings, index: number, link: Link): TrustDocument {
  const { role, before, policy, permission, permissionName, lines } = furtherRole(settings, index, link)
  const other =
    role.account === before.account
      ? []
      : [`The policy of ${before.name} belongs to the account ${before.account}: give each its provider.`]
  return {
    title: `Role ${role.name} in account ${role.account}, assumed by ${before.name}`,
    language: 'hcl',
    text: hclDocument(comment('#', [...lines, ...other]), [
      roleResource(role, 3600, policy, `aws_iam_role.${roleLabel(before.arn)}`),
      resource('aws_iam_role_policy', labelFor(`${permissionName}_${before.account}`), {
        name: permissionName,
        role: roleReference(before.arn),
        policy: jsonencode(permission),
      }),
    ]),
    heldThere: [],
    checkedHere: [],
    ...owned(role, policy),
  }
}

function providerLabel({ account }: Role): string {
  return labelFor(`github_${account}`)
}

/** A role, once the principal is there by whose address it waits: a policy may name no other. */
export function roleResource(
  { arn, name, path }: Role,
  longest: number,
  policy: Policy,
  after: string,
): string {
  return resource('aws_iam_role', roleLabel(arn), {
    name,
    path: path === '/' ? undefined : path,
    max_session_duration: longest,
    assume_role_policy: jsonencode(policy),
    depends_on: [reference(after)],
  })
}
