// IAM Identity Center and its applications as their API references have them:
// https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_CreateTrustedTokenIssuer.html
// https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_PutApplicationGrant.html
// https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_CreateUser.html
// https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateRedshiftIdcApplication.html
import * as z from 'zod/mini'
import { applyCommand, type Cloud } from './account.ts'
import { parsePolicy, type Policy } from './policy.ts'
import type { Answer, Said } from './real-shell.ts'
import { optionsOf } from './shell.ts'

/** An issuer whose tokens an application may take, and for which audiences. */
export interface Trusted {
  readonly issuer: string
  readonly audiences: readonly string[]
}

/** An application for which tokens are traded. */
export interface Application {
  trusted: readonly Trusted[]
  actors: Policy | undefined
  readonly assigned: Set<string>
}

/** What an instance of Identity Center knows; everything by its identifier. */
export interface Directory {
  readonly instance: string
  readonly issuers: Map<string, { readonly name: string; readonly url: string; readonly claim: string }>
  readonly users: Map<string, string>
  readonly groups: Map<string, { readonly name: string; readonly members: Set<string> }>
  readonly applications: Map<string, Application>
  /** Redshift's own among the applications. */
  readonly warehouses: { readonly namespace: string; readonly application: string }[]
  /** Tokens that were taken, which are not taken again. */
  readonly seen: Set<string>
}

/** An instance in which nobody is known; the application is there, and takes nothing. */
export function newDirectory(instance: string, application: string): Directory {
  const empty = { trusted: [], actors: undefined, assigned: new Set<string>() }
  return {
    instance,
    issuers: new Map(),
    users: new Map(),
    groups: new Map(),
    applications: new Map([[application, empty]]),
    warehouses: [],
    seen: new Set(),
  }
}

const Issuer = z.strictObject({
  OidcJwtConfiguration: z.strictObject({
    IssuerUrl: z.string(),
    ClaimAttributePath: z.string(),
    IdentityStoreAttributePath: z.literal('userName'),
    JwksRetrievalOption: z.literal('OPEN_ID_DISCOVERY'),
  }),
})
const Grant = z.strictObject({
  JwtBearer: z.strictObject({
    AuthorizedTokenIssuers: z.array(
      z.strictObject({ TrustedTokenIssuerArn: z.string(), AuthorizedAudiences: z.array(z.string()) }),
    ),
  }),
})
const Method = z.strictObject({ Iam: z.strictObject({ ActorPolicy: z.unknown() }) })
const Warehouse = z.array(
  z.strictObject({ TrustedTokenIssuerArn: z.string(), AuthorizedAudiencesList: z.array(z.string()) }),
)

/** Carries out what a shell has said, in the account and its Identity Center. Any other command is an error. */
export function obey(cloud: Cloud, directory: Directory, said: readonly Said[], account: string): void {
  for (const { words, reply } of said) {
    const [service = '', command = '', ...rest] = words
    if (service === 'iam') {
      applyCommand(cloud, ['aws', ...words], account)
      continue
    }
    const options = optionsOf(rest)
    const one = (name: string): string => {
      const [value, ...others] = options.get(name) ?? []
      if (value === undefined || others.length > 0) throw new Error(`${command} needs one --${name}`)
      return value
    }
    const application = (): Application => {
      const found = directory.applications.get(one('application-arn'))
      if (!found) throw new Error(`ResourceNotFoundException: ${one('application-arn')}`)
      return found
    }
    const issuerNamed = (arn: string): string => {
      if (!directory.issuers.has(arn)) throw new Error(`ResourceNotFoundException: ${arn}`)
      return arn
    }
    const listed = (): readonly Trusted[] =>
      Warehouse.parse(JSON.parse(one('authorized-token-issuer-list'))).map((entry) => ({
        issuer: issuerNamed(entry.TrustedTokenIssuerArn),
        audiences: entry.AuthorizedAudiencesList,
      }))
    const here = (): void => {
      if (one('instance-arn') !== directory.instance) throw new Error('ResourceNotFoundException: instance')
    }
    switch (`${service} ${command}`) {
      case 'sso-admin create-trusted-token-issuer': {
        here()
        const { OidcJwtConfiguration: said } = Issuer.parse(
          JSON.parse(one('trusted-token-issuer-configuration')),
        )
        directory.issuers.set(reply, {
          name: one('name'),
          url: said.IssuerUrl,
          claim: said.ClaimAttributePath,
        })
        break
      }
      case 'sso-admin describe-instance':
        here()
        break
      case 'sso-admin list-instances':
      case 'sso-admin list-trusted-token-issuers':
      case 'identitystore get-group-id':
      case 'redshift describe-redshift-idc-applications':
        if (reply === '') throw new Error(`ResourceNotFoundException: ${words.join(' ')}`)
        break
      case 'sso-admin delete-application':
        application()
        directory.applications.delete(one('application-arn'))
        break
      case 'sso-admin put-application-grant': {
        const { AuthorizedTokenIssuers: all } = Grant.parse(JSON.parse(one('grant'))).JwtBearer
        application().trusted = all.map((entry) => ({
          issuer: issuerNamed(entry.TrustedTokenIssuerArn),
          audiences: entry.AuthorizedAudiences,
        }))
        break
      }
      case 'sso-admin put-application-authentication-method': {
        const { Iam } = Method.parse(JSON.parse(one('authentication-method')))
        application().actors = parsePolicy(JSON.stringify(Iam.ActorPolicy))
        break
      }
      case 'sso-admin create-application-assignment':
        if (one('principal-type') !== 'GROUP' || !directory.groups.has(one('principal-id')))
          throw new Error('ResourceNotFoundException: principal')
        application().assigned.add(one('principal-id'))
        break
      case 'identitystore create-group':
        directory.groups.set(reply, { name: one('display-name'), members: new Set() })
        break
      case 'identitystore create-user':
        directory.users.set(reply, one('user-name'))
        break
      case 'identitystore create-group-membership': {
        const user = one('member-id').replace(/^UserId=/, '')
        const group = directory.groups.get(one('group-id'))
        if (!group || !directory.users.has(user)) throw new Error('ResourceNotFoundException: membership')
        group.members.add(user)
        break
      }
      case 'redshift modify-redshift-idc-application': {
        const found = directory.applications.get(one('redshift-idc-application-arn'))
        if (!found) throw new Error('RedshiftIdcApplicationNotExists')
        found.trusted = listed()
        break
      }
      case 'redshift create-redshift-idc-application':
        if (one('idc-instance-arn') !== directory.instance || !cloud.roles.has(one('iam-role-arn')))
          throw new Error('InvalidParameterValue')
        directory.warehouses.push({ namespace: one('identity-namespace'), application: reply })
        directory.applications.set(reply, {
          trusted: listed(),
          actors: undefined,
          assigned: new Set(),
        })
        break
      default:
        throw new Error(`the verifier does not know aws ${service} ${command}`)
    }
  }
}

/** What the command line is told of what is there, by whoever looks for it. */
export function answersOf({ instance, issuers, groups, warehouses }: Directory): readonly Answer[] {
  return [
    { words: ['sso-admin list-instances '], reply: instance },
    ...[...issuers].map(([arn, { name }]) => ({
      words: ['sso-admin list-trusted-token-issuers ', `"${name}"`],
      reply: arn,
    })),
    ...[...groups].map(([id, { name }]) => ({
      words: ['identitystore get-group-id ', `"${name}"`],
      reply: id,
    })),
    ...warehouses.map(({ application }) => ({
      words: ['redshift describe-redshift-idc-applications ', '"dbt-oidc"'],
      reply: application,
    })),
  ]
}

/** Names of the groups of a user by which an application is assigned to it. */
export function assignedBy(
  { groups }: Directory,
  { assigned }: Application,
  user: string,
): readonly string[] {
  const found = [...groups].filter(([id, { members }]) => assigned.has(id) && members.has(user))
  return found.map(([, { name }]) => name)
}
