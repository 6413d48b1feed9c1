import type { Want } from '../../exchange.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { comment, jsonWord, sh, verbatim } from '../../trust/quote.ts'
import type { Role } from './arn.ts'
import { checkedRole } from './place.ts'
import { firstRole, furtherRole, owned, providerArn } from './role-policy.ts'
import type { Link, Settings } from './settings.ts'

/** The identity provider, then the role with its trust policy, and each further role of the chain. */
export function trust(settings: Settings, _want: Want, request: TrustRequest): readonly TrustDocument[] {
  return [
    identityProvider(checkedRole(settings.role), request),
    first(settings, request),
    ...(settings.chain ?? []).map((link, index) => further(settings, index, link)),
  ]
}

/** One for the whole account, whatever roles trust it: its list has the audiences of all of them. */
function identityProvider(role: Role, { issuer, audiences }: TrustRequest): TrustDocument {
  const arn = providerArn(role, issuer)
  const write = (values: readonly string[]): string =>
    [
      comment('#', [
        `AWS account ${role.account}: it has one identity provider for ${issuer}. Where it exists, add the audience to it:`,
        ...values.map(
          (audience) =>
            sh`aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn ${arn} --client-id ${audience}`,
        ),
      ]),
      sh`aws iam create-open-id-connect-provider --url ${issuer} --client-id-list ${values}`,
    ].join('\n')
  return {
    title: `Identity provider in account ${role.account}`,
    language: 'sh',
    text: write(audiences),
    heldThere: [],
    checkedHere: [],
    adds: { to: arn, values: audiences, write },
  }
}

function first(settings: Settings, request: TrustRequest): TrustDocument {
  const { role, policy, lines, held, longest } = firstRole(settings, request)
  const update =
    'A role that exists takes the same document by aws iam update-assume-role-policy --role-name ... --policy-document ...'
  return {
    title: `Role ${role.name} in account ${role.account}`,
    language: 'sh',
    text: [comment('#', [...lines, update]), createRole(role, longest, policy)].join('\n'),
    ...held,
    ...owned(role, policy),
    prints: printed(role, policy),
  }
}

/** As `aws iam get-role` has it afterwards. */
export function printed({ arn }: Role, policy: unknown): unknown {
  return { Role: { Arn: arn, AssumeRolePolicyDocument: policy } }
}

function further(settings: Settings, index: number, link: Link): TrustDocument {
  const { role, before, policy, permission, permissionName, lines } = furtherRole(settings, index, link)
  return {
    title: `Role ${role.name} in account ${role.account}, assumed by ${before.name}`,
    language: 'sh',
    text: [
      comment('#', lines),
      createRole(role, 3600, policy),
      comment('#', [`AWS account ${before.account}: what ${before.name} needs for that, and no more.`]),
      sh`aws iam put-role-policy --role-name ${before.name} --policy-name ${permissionName} --policy-document ${jsonWord(permission)}`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
    ...owned(role, policy),
    prints: printed(role, policy),
  }
}

/** The command that makes a role. */
export function createRole({ name, path }: Role, longest: number, policy: unknown): string {
  const where = verbatim(path === '/' ? '' : sh` --path ${path}`)
  return sh`aws iam create-role --role-name ${name}${where} --max-session-duration ${longest} --assume-role-policy-document ${jsonWord(policy)}`
}
