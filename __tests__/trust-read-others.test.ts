import { describe, expect, test } from '@jest/globals'
import { exchanges } from '../src/exchanges/index.ts'
import { judge } from '../src/trust/judge.ts'
import { recognise } from '../src/trust/recognise.ts'
import { warehouses } from '../src/warehouses/index.ts'

const registries = { warehouses, exchanges }
const ISSUER = 'https://token.actions.githubusercontent.com'
const JUDGING = {
  issuers: [ISSUER],
  review: { warn: 90, fail: undefined },
  today: new Date('2026-11-24T12:00:00Z'),
}

/** `severity code` of each finding about a document. */
async function found(document: unknown): Promise<readonly string[]> {
  const read = await recognise(JSON.stringify(document), 'shown.json', registries)
  return judge(read, JUDGING).map(({ severity, code }) => `${severity} ${code}`)
}

type Changes = readonly (readonly [string, object, readonly string[]])[]

const app = (client: object = {}, credentials: object = {}, more: object = {}): object => ({
  id: '0oa1',
  name: 'oidc_client',
  status: 'ACTIVE',
  created: '2026-11-01T08:15:00.000Z',
  credentials: {
    oauthClient: { client_id: '0oa1', token_endpoint_auth_method: 'private_key_jwt', ...credentials },
  },
  settings: {
    oauthClient: {
      application_type: 'service',
      grant_types: ['client_credentials'],
      dpop_bound_access_tokens: false,
      jwks: { keys: [{ kty: 'RSA', kid: 'dbt', e: 'AQAB', n: 'x', status: 'ACTIVE' }] },
      ...client,
    },
  },
  ...more,
})

const policy = (include: readonly string[]): object => ({
  id: '00p1',
  type: 'OAUTH_AUTHORIZATION_POLICY',
  status: 'ACTIVE',
  name: 'dbt-oidc 0oa1',
  conditions: { clients: { include } },
})
const rule = (minutes: number, scopes: readonly string[]): object => ({
  id: '0pr1',
  type: 'RESOURCE_ACCESS',
  status: 'ACTIVE',
  name: 'dbt-oidc 0oa1',
  conditions: { grantTypes: { include: ['client_credentials'] }, scopes: { include: scopes } },
  actions: { token: { accessTokenLifetimeMinutes: minutes } },
})

const issuer = (more: object = {}): object => ({
  TrustedTokenIssuerArn: 'arn:aws:sso::123456789012:trustedTokenIssuer/ssoins-1234567890abcdef/tti-1',
  Name: 'github-actions',
  TrustedTokenIssuerType: 'OIDC_JWT',
  TrustedTokenIssuerConfiguration: {
    OidcJwtConfiguration: {
      IssuerUrl: ISSUER,
      ClaimAttributePath: 'sub',
      IdentityStoreAttributePath: 'userName',
      JwksRetrievalOption: 'OPEN_ID_DISCOVERY',
      ...more,
    },
  },
})
const users = (...names: readonly string[]): object => ({
  Users: names.map((UserName, at) => ({ UserName, UserId: `u${at}`, IdentityStoreId: 'd-1' })),
})
const grant = (audiences: readonly string[]): object => ({
  Grant: {
    JwtBearer: {
      AuthorizedTokenIssuers: [{ TrustedTokenIssuerArn: 'arn', AuthorizedAudiences: audiences }],
    },
  },
})
const method = (principal: unknown): object => ({
  AuthenticationMethod: {
    Iam: {
      ActorPolicy: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: principal, Action: 'sso-oauth:CreateTokenWithIAM' }],
      },
    },
  },
})
const redshift = (audiences: readonly string[]): object => ({
  RedshiftIdcApplications: [
    {
      IdentityNamespace: 'AWSIDC',
      AuthorizedTokenIssuerList: [{ TrustedTokenIssuerArn: 'arn', AuthorizedAudiencesList: audiences }],
    },
  ],
})
const PINNED = 'repo:acme@1/dbt@2:environment:production'

const CREATE = `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' IN ROLE dbt_owner;`
const databaseRole = (more: object = {}): object => ({
  request_id: '0f',
  data: {
    db_name: 'postgres',
    creation_statements: [CREATE],
    revocation_statements: ['REASSIGN OWNED BY "{{name}}" TO dbt_owner;', 'DROP ROLE "{{name}}";'],
    credential_type: 'password',
    default_ttl: 3600,
    max_ttl: 21_600,
    ...more,
  },
})

describe('an app of Okta', () => {
  test('that is for runs alone has nothing odd about it', async () => {
    expect(await found(app())).toEqual([])
  })

  test.each<Changes[number]>([
    [
      'that has a secret',
      app({}, { token_endpoint_auth_method: 'client_secret_post' }),
      ['error client-secret'],
    ],
    [
      'that does not say how it proves itself',
      app({}, { token_endpoint_auth_method: undefined }),
      ['error client-secret'],
    ],
    ['whose tokens are bound', app({ dpop_bound_access_tokens: true }), ['error bound-token']],
    [
      'that people log in to',
      app({ grant_types: ['client_credentials', 'authorization_code'] }),
      ['warning further-login'],
    ],
    ['without a key', app({ jwks: null }), ['note nobody']],
    [
      'whose one key is inactive',
      app({ jwks: { keys: [{ kid: 'dbt', status: 'INACTIVE' }] } }),
      ['note nobody'],
    ],
    ['that is old', app({}, {}, { created: '2026-01-01T00:00:00.000Z' }), ['warning age']],
  ])('%s', async (_name, shown, expected) => {
    expect(await found(shown)).toEqual(expected)
  })
})

describe('an access policy of Okta', () => {
  test.each<Changes[number]>([
    ['for one client', [policy(['0oa1'])], []],
    ['for all of them', [policy(['ALL_CLIENTS'])], ['error principal-any']],
    ['for none', [policy([])], ['note nobody']],
    ['with a rule for one scope', [rule(60, ['session:role:T'])], []],
    ['with a rule for every scope', [rule(60, ['*'])], ['warning any-scope']],
    ['with tokens that live for a day', [rule(1440, ['session:role:T'])], ['warning long-lived']],
  ])('%s', async (_name, shown, expected) => {
    expect(await found(shown)).toEqual(expected)
  })
})

describe('what IAM Identity Center prints', () => {
  test.each<Changes[number]>([
    ['an issuer whose whole subject names a user', issuer(), []],
    ['an issuer whose actor names a user', issuer({ ClaimAttributePath: 'actor' }), ['error mapped-claim']],
    [
      'a subject that is looked for as an address',
      issuer({ IdentityStoreAttributePath: 'emails.value' }),
      ['error mapped-claim'],
    ],
    [
      'an issuer that looks like GitHub',
      issuer({ IssuerUrl: 'https://token.actions.github.com' }),
      ['error issuer-alike'],
    ],
    [
      'an issuer that nobody knows',
      issuer({ IssuerUrl: 'https://login.example' }),
      ['warning issuer-foreign'],
    ],
    ['a user with ids in the name, and a person', users(PINNED, 'jane@acme.example'), []],
    [
      'a user by the name of the repository',
      users('repo:acme/dbt:environment:production'),
      ['warning by-name'],
    ],
    ['nobody but people', users('jane@acme.example'), ['note nobody']],
    ['a grant for an audience of its own', grant(['https://acme.example']), []],
    ['a grant for the audience by which this action decides', grant(['dbt-oidc']), ['error audience-own']],
    [
      'a grant for the audience that everybody has',
      grant(['https://github.com/acme']),
      ['warning audience-default'],
    ],
    ['one role that may trade', method({ AWS: 'arn:aws:iam::123456789012:role/dbt' }), []],
    ['everybody who may trade', method('*'), ['error principal-any']],
    ['everybody who may trade, as an account', method({ AWS: '*' }), ['error principal-any']],
    ['Redshift with an audience of its own', redshift(['arn:aws:sso:::instance/x']), []],
    [
      'Redshift for the audience by which this action decides',
      redshift(['dbt-oidc']),
      ['error audience-own'],
    ],
  ])('%s', async (_name, shown, expected) => {
    expect(await found(shown)).toEqual(expected)
  })
})

describe('a role of the database engine of Vault', () => {
  test.each<Changes[number]>([
    ['whose users end with the run', databaseRole(), []],
    [
      'whose users live as long as the server lets them',
      databaseRole({ max_ttl: 0 }),
      ['warning long-lived'],
    ],
    ['whose users live for a month', databaseRole({ max_ttl: '768h' }), ['warning long-lived']],
    ['that is written as a duration', databaseRole({ max_ttl: '6h0m0s' }), []],
    [
      'that makes superusers',
      databaseRole({ creation_statements: [`${CREATE} ALTER ROLE "{{name}}" SUPERUSER;`] }),
      ['warning too-much'],
    ],
    [
      'that makes users who may do all',
      databaseRole({ creation_statements: [CREATE, 'GRANT ALL ON DATABASE d TO "{{name}}";'] }),
      ['warning too-much'],
    ],
    [
      'whose creation gives one such role behind another',
      databaseRole({ creation_statements: [`${CREATE} GRANT transformer, "rds_superuser" TO "{{name}}";`] }),
      ['warning too-much'],
    ],
    [
      'that says what they may not',
      databaseRole({ creation_statements: [CREATE, 'ALTER ROLE "{{name}}" NOSUPERUSER;'] }),
      [],
    ],
    [
      'whose users may do everything once their lease is extended',
      databaseRole({ renew_statements: ['ALTER ROLE "{{name}}" SUPERUSER;'] }),
      ['warning too-much'],
    ],
    ['whose users cannot be dropped', databaseRole({ revocation_statements: [] }), ['warning left-over']],
    [
      'of Snowflake, whose users are dropped by themselves',
      databaseRole({
        creation_statements: ['CREATE USER {{name}} TYPE = SERVICE;'],
        revocation_statements: null,
      }),
      [],
    ],
  ])('%s', async (_name, shown, expected) => {
    expect(await found(shown)).toEqual(expected)
  })
})
