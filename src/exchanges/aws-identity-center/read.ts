import * as z from 'zod/mini'
import { hasKeys, oneOrMore, shaped } from '../../trust/export/shape.ts'
import { ofAudience } from '../../trust/judge/audience.ts'
import type { Reader } from '../../trust/reader.ts'
import type { Odd, Statement, Way } from '../../trust/statement.ts'

const ISSUER = 'aws sso-admin describe-trusted-token-issuer'
const GRANT = 'aws sso-admin get-application-grant'
const METHOD = 'aws sso-admin get-application-authentication-method'
const USERS = 'aws identitystore list-users'
const WAREHOUSE = 'aws redshift describe-redshift-idc-applications'

// IAM Identity Center API reference, DescribeTrustedTokenIssuer; JSON as the command line prints it.
const issuer = z.looseObject({
  Name: z.optional(z.string()),
  TrustedTokenIssuerConfiguration: z.looseObject({
    OidcJwtConfiguration: z.looseObject({
      IssuerUrl: z.string(),
      ClaimAttributePath: z.string(),
      IdentityStoreAttributePath: z.string(),
    }),
  }),
})

const trusted = z.array(
  z.looseObject({
    TrustedTokenIssuerArn: z.optional(z.string()),
    AuthorizedAudiences: z.optional(z.array(z.string())),
  }),
)
const grant = z.looseObject({
  Grant: z.looseObject({ JwtBearer: z.looseObject({ AuthorizedTokenIssuers: z.optional(trusted) }) }),
})

const method = z.looseObject({
  AuthenticationMethod: z.looseObject({
    Iam: z.looseObject({
      ActorPolicy: z.looseObject({
        Statement: z.array(
          z.looseObject({
            Effect: z.optional(z.string()),
            Principal: z.optional(z.union([z.string(), z.record(z.string(), oneOrMore)])),
          }),
        ),
      }),
    }),
  }),
})

const user = z.looseObject({ UserName: z.optional(z.string()) })

// Amazon Redshift API reference, RedshiftIdcApplication.
const warehouse = z.looseObject({
  IdentityNamespace: z.optional(z.string()),
  AuthorizedTokenIssuerList: z.optional(
    z.array(
      z.looseObject({
        TrustedTokenIssuerArn: z.optional(z.string()),
        AuthorizedAudiencesList: z.optional(z.array(z.string())),
      }),
    ),
  ),
})

/** What Identity Center, its directory and Redshift's application print: whose tokens are taken, and who is whom. */
export const reader: Reader = {
  platform: 'AWS IAM Identity Center',
  sees: 'subject',
  issuerStands: ISSUER,
  audienceStands: GRANT,
  understands: [ISSUER, USERS, GRANT, METHOD, WAREHOUSE],
  async read(document) {
    if (Array.isArray(document)) {
      const all = document.map((one, at) => statementsIn(one, [at]))
      return all.length > 0 && all.every((one) => one !== undefined) ? all.flat() : undefined
    }
    return statementsIn(document, [])
  },
  write: (claim, values) => {
    const [first = ''] = values
    if (claim === 'aud') return `"AuthorizedAudiences": ${JSON.stringify(values)}`
    return claim === 'iss' ? `"IssuerUrl": ${JSON.stringify(first)}` : `"UserName": ${JSON.stringify(first)}`
  },
}

type Path = readonly PropertyKey[]

function statementsIn(value: unknown, path: Path): readonly Statement[] | undefined {
  if (hasKeys(value, 'TrustedTokenIssuerConfiguration')) return [issuerStatement(value, path)]
  if (hasKeys(value, 'Grant') && hasKeys(value.Grant, 'JwtBearer')) return [grantStatement(value, path)]
  if (hasKeys(value, 'AuthenticationMethod')) return [methodStatement(value, path)]
  if (hasKeys(value, 'Users') && Array.isArray(value.Users)) return [usersStatement(value.Users, path)]
  if (hasKeys(value, 'RedshiftIdcApplications') && Array.isArray(value.RedshiftIdcApplications))
    return value.RedshiftIdcApplications.map((one, at) =>
      warehouseStatement(one, [...path, 'RedshiftIdcApplications', at]),
    )
  return undefined
}

/** Which claim of whose tokens finds a user. */
function issuerStatement(value: unknown, path: Path): Statement {
  const { Name, TrustedTokenIssuerConfiguration: found } = shaped(issuer, value, ISSUER)
  const {
    IssuerUrl: url,
    ClaimAttributePath: claim,
    IdentityStoreAttributePath: attribute,
  } = found.OidcJwtConfiguration
  return {
    platform: reader.platform,
    what: 'trusted token issuer',
    ...(Name === undefined ? {} : { name: Name }),
    ways: [
      {
        name: Name ?? 'the issuer',
        issuer: url,
        audiences: [],
        conditions: [],
        principal: `the user whose ${attribute} is the claim ${claim}`,
        path,
      },
    ],
    odd: mapped(claim, attribute),
  }
}

function mapped(claim: string, attribute: string): readonly Odd[] {
  if (claim === 'sub' && attribute === 'userName') return []
  return [
    {
      code: 'mapped-claim',
      severity: 'error',
      problem:
        claim === 'sub'
          ? `The subject is looked for as \`${attribute}\` of a user, which whoever keeps the directory can give to a person.`
          : `Users are found by the claim \`${claim}\`: whoever can start a run for which it is somebody's becomes that user, whatever repository the run is of.`,
      remedy:
        'Map `sub` to `userName`, and make one user for each subject. A mapping cannot be changed where tokens are taken already: make another issuer.',
      paste: '"ClaimAttributePath": "sub", "IdentityStoreAttributePath": "userName"',
    },
  ]
}

/** Tokens for which audiences an application takes. Of which issuer, its ARN does not tell. */
function grantStatement(value: unknown, path: Path): Statement {
  const list = shaped(grant, value, GRANT).Grant.JwtBearer.AuthorizedTokenIssuers ?? []
  const ways = list.map(({ TrustedTokenIssuerArn: arn, AuthorizedAudiences: audiences = [] }) =>
    takes(arn, audiences, path, list.length),
  )
  return { platform: reader.platform, what: 'grant of the application', ways, odd: ways.flatMap(audienceOdd) }
}

/** One issuer is whose it is by the document of the issuer; of several, the ARN is all that tells them apart. */
function takes(arn: string | undefined, audiences: readonly string[], path: Path, among: number): Way {
  const name = arn ?? 'the issuer'
  return {
    name,
    issuer: undefined,
    audiences,
    conditions: [],
    principal: `a user of the directory whom ${among > 1 ? name : 'a trusted token issuer'} names`,
    path,
  }
}

function audienceOdd({ audiences }: Way): readonly Odd[] {
  return audiences.flatMap(ofAudience)
}

/** Which roles of IAM may trade tokens for an application. */
function methodStatement(value: unknown, path: Path): Statement {
  const { Statement: list } = shaped(method, value, METHOD).AuthenticationMethod.Iam.ActorPolicy
  const allowed = list.filter(({ Effect }) => Effect !== 'Deny')
  const principals = allowed.flatMap(({ Principal: found = '*' }) =>
    typeof found === 'string' ? [found] : Object.values(found).flat(),
  )
  return {
    platform: reader.platform,
    what: 'authentication method of the application',
    ways: principals.map((one) => ({
      name: one,
      issuer: undefined,
      audiences: [],
      conditions: [],
      principal: one === '*' ? 'everybody' : one,
      path,
    })),
    ...(allowed.length === list.length ? {} : { remarks: ['A statement denies, whatever others allow.'] }),
  }
}

/** The users that are named as a subject; people have a name of their own, and no token of a job becomes one of them. */
function usersStatement(list: readonly unknown[], path: Path): Statement {
  return {
    platform: reader.platform,
    what: 'users of the directory',
    ways: list.flatMap((one, at): readonly Way[] => {
      const { UserName: name } = shaped(user, one, USERS)
      if (name === undefined || !/:|^[0-9a-f-]{36}$/.test(name)) return []
      const conditions = [{ claim: 'sub', values: [name], by: 'equals' }] as const
      return [{ name, issuer: undefined, audiences: [], conditions, path: [...path, 'Users', at] }]
    }),
  }
}

function warehouseStatement(value: unknown, path: Path): Statement {
  const found = shaped(warehouse, value, WAREHOUSE)
  const list = found.AuthorizedTokenIssuerList ?? []
  const ways = list.map(({ TrustedTokenIssuerArn: arn, AuthorizedAudiencesList: audiences = [] }) =>
    takes(arn, audiences, path, list.length),
  )
  return {
    platform: reader.platform,
    what: 'application of Redshift',
    ways,
    settings: new Map([['IdentityNamespace', found.IdentityNamespace ?? 'AWSIDC']]),
    odd: ways.flatMap(audienceOdd),
  }
}
