import type { Want } from '../../exchange.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { comment, jsonWord, sh, verbatim } from '../../trust/quote.ts'
import type { Role } from './arn.ts'
import { checkedRole } from './place.ts'
import type { Part } from '../../trust/parts.ts'
import { inlinePolicy } from '../../trust/role-policy.ts'
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
  const what = `the identity provider ${arn}`
  const create = (values: readonly string[]): string =>
    sh`aws iam create-open-id-connect-provider --url ${issuer} --client-id-list ${values}`
  const add = (audience: string): string =>
    sh`aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn ${arn} --client-id ${audience}`
  const write = (values: readonly string[]): string =>
    [
      comment('#', [
        `AWS account ${role.account}: it has one identity provider for ${issuer}. Where it exists, add the audience to it:`,
        ...values.map(add),
      ]),
      create(values),
    ].join('\n')
  return {
    title: `Identity provider in account ${role.account}`,
    language: 'sh',
    text: write(audiences),
    heldThere: [],
    checkedHere: [],
    before: inAccount(role),
    parts: [
      { what, state: '', create: write(audiences) },
      ...audiences.map((audience) => ({
        what: `the audience ${audience} of ${what}`,
        state: '',
        within: what,
        create: add(audience),
        // Others of the account may use it, and by itself it lets nobody in.
        remove: comment('#', [
          `Where no role of anybody else asks for the audience ${audience} any more:`,
          sh`aws iam remove-client-id-from-open-id-connect-provider --open-id-connect-provider-arn ${arn} --client-id ${audience}`,
        ]),
      })),
    ],
    adds: { to: arn, values: audiences, write },
  }
}

/** Which account the commands are for. */
export function inAccount({ account }: Role): readonly string[] {
  return [comment('#', [`AWS account ${account}.`])]
}

function first(settings: Settings, request: TrustRequest): TrustDocument {
  const { role, policy, lines, held, longest } = firstRole(settings, request)
  const update =
    'A role that exists takes the same document by aws iam update-assume-role-policy --role-name ... --policy-document ...'
  return {
    title: `Role ${role.name} in account ${role.account}`,
    language: 'sh',
    text: [comment('#', [...lines, update]), createRole(role, longest, policy)].join('\n'),
    before: inAccount(role),
    parts: roleParts(role, longest, policy),
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
  const mayAssume = inlinePolicy({ arn: before.arn, name: permissionName, policy: permission })
  return {
    title: `Role ${role.name} in account ${role.account}, assumed by ${before.name}`,
    language: 'sh',
    text: [
      comment('#', lines),
      createRole(role, 3600, policy),
      comment('#', [`AWS account ${before.account}: what ${before.name} needs for that, and no more.`]),
      mayAssume.create,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
    before: [
      comment('#', [
        `AWS account ${role.account}${before.account === role.account ? '.' : `; what is about ${before.name} is for AWS account ${before.account}.`}`,
      ]),
    ],
    parts: [...roleParts(role, 3600, policy), mayAssume],
    ...owned(role, policy),
    prints: printed(role, policy),
  }
}

/** A role whose trust policy can be replaced; it goes once it has no policies of its own. */
export function roleParts(role: Role, longest: number, policy: unknown): readonly Part[] {
  const { arn, name } = role
  const what = `the role ${arn}`
  const lasts = sh`aws iam update-role --role-name ${name} --max-session-duration ${longest}`
  return [
    {
      what,
      state: JSON.stringify(policy),
      create: createRole(role, longest, policy),
      update: sh`aws iam update-assume-role-policy --role-name ${name} --policy-document ${jsonWord(policy)}`,
      remove: sh`aws iam delete-role --role-name ${name}`,
    },
    {
      what: `the longest session of ${what}`,
      state: `${longest}`,
      within: what,
      create: lasts,
      update: lasts,
    },
  ]
}

/** The command that makes a role. */
export function createRole({ name, path }: Role, longest: number, policy: unknown): string {
  const where = verbatim(path === '/' ? '' : sh` --path ${path}`)
  return sh`aws iam create-role --role-name ${name}${where} --max-session-duration ${longest} --assume-role-policy-document ${jsonWord(policy)}`
}
