import { describe, expect, test } from '@jest/globals'
import type { Credential } from '../src/credential.ts'
import type { Value } from '../src/profile.ts'
import { trustRules } from '../src/trust/rules.ts'
import redshift from '../src/warehouses/redshift.ts'
import { claimsOf, grantOf } from './support/claims-of.ts'
import { problemsOf } from './support/config-of.ts'

const CLUSTER = {
  type: 'redshift',
  host: 'shop.c1a2b3.eu-west-1.redshift.amazonaws.com',
  cluster_id: 'shop',
  dbname: 'dev',
  schema: 'analytics',
}
const WORKGROUP = {
  type: 'redshift',
  host: 'analytics.123456789012.eu-west-1.redshift-serverless.amazonaws.com',
  dbname: 'dev',
  schema: 'analytics',
}
const keys: Credential = {
  kind: 'aws',
  accessKeyId: 'ASIA1',
  secretAccessKey: 'secret',
  sessionToken: 'token',
  region: 'eu-west-1',
  expiresAt: new Date(0),
}

test('the keys stand in a private file of AWS; the profile names it and the region', () => {
  expect(redshift.bind(CLUSTER).carry(keys, '/private')).toEqual({
    fields: {
      method: { kind: 'text', text: 'iam_role' },
      port: { kind: 'plain', source: '5439' },
      region: { kind: 'text', text: 'eu-west-1' },
      iam_profile: { kind: 'text', text: 'dbt-oidc' },
    },
    secrets: {},
    files: {
      'aws-credentials':
        '[dbt-oidc]\naws_access_key_id = ASIA1\naws_secret_access_key = secret\naws_session_token = token\n',
    },
    env: { AWS_SHARED_CREDENTIALS_FILE: '/private/aws-credentials' },
  })
})

test('a driver that can ask us gets the way to the keys, and neither keys nor a profile', () => {
  const hook = { url: 'http://127.0.0.1:1/aws', authorization: 'Bearer nonce', recipe: {} }
  const { fields, ...rest } = redshift.bind(CLUSTER).carry(keys, '/private', hook)
  expect(Object.keys(fields)).toEqual(['method', 'port', 'region'])
  expect(rest).toEqual({
    secrets: {},
    files: { 'aws-container-authorization': 'Bearer nonce' },
    env: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: hook.url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/private/aws-container-authorization',
    },
  })
})

const problems = async (
  connection: Record<string, unknown>,
  identity = '{ role: arn:aws:iam::123456789012:role/dbt }',
): Promise<string> => {
  return (
    await problemsOf({ inputs: { connection: JSON.stringify(connection), identity, ref: 'refs/heads/main' } })
  ).join('\n')
}

test.each([
  [
    'a region that contradicts the host',
    { ...CLUSTER, region: 'us-east-1' },
    '`region` is `us-east-1`, but the host is in eu-west-1',
  ],
  [
    'a user beside the user of the role',
    { ...CLUSTER, user: 'dbt' },
    '`user` stands beside `method: iam_role`',
  ],
  ['`iam` without a user', { ...CLUSTER, method: 'iam' }, '`user` must name the database user'],
  ['`iam` for a workgroup', { ...WORKGROUP, method: 'iam', user: 'dbt' }, 'write `method: iam_role`'],
  ['a password', { ...CLUSTER, method: 'database' }, '`method` is `database`'],
  [
    'a login through Identity Center beside a role',
    { ...CLUSTER, method: 'oauth_token_identity_center' },
    'write `via: aws-identity-center`',
  ],
  ['no cluster', { ...CLUSTER, cluster_id: undefined }, 'as `cluster_id: shop`'],
  ['no TLS', { ...CLUSTER, sslmode: 'disable' }, 'cross the network in clear'],
  [
    'a stranger',
    { ...CLUSTER, host: 'shop.redshift.amazonaws.com.evil.test' },
    'a custom domain could lead the password anywhere: write the endpoint',
  ],
  [
    'a custom domain',
    { ...CLUSTER, host: 'dwh.acme.example' },
    'write the endpoint of the cluster or workgroup itself',
  ],
])('refused before anything is asked of the network: %s', async (_name, connection, problem) => {
  expect(await problems(connection)).toContain(problem)
})

const CENTER =
  '{ via: aws-identity-center, instance: "arn:aws:sso:::instance/ssoins-1234567890abcdef", region: eu-west-1, group: dbt }'

test.each([
  ['another method', WORKGROUP, 'takes logins by `method: oauth_token_identity_center` only'],
  [
    'a user',
    { ...WORKGROUP, method: 'oauth_token_identity_center', user: 'dbt' },
    '`user` stands beside `method: oauth_token_identity_center`',
  ],
  [
    'no TLS',
    { ...WORKGROUP, method: 'oauth_token_identity_center', sslmode: 'disable' },
    'cross the network in clear',
  ],
])('refused of a login through Identity Center: %s', async (_name, connection, problem) => {
  expect(await problems(connection, CENTER)).toContain(problem)
})

describe('a login through Identity Center', () => {
  const center = redshift.bind({ ...WORKGROUP, method: 'oauth_token_identity_center' })
  const token: Credential = { kind: 'id-token', token: 'header.claims.signature', expiresAt: new Date(0) }

  test('posts to us with the nonce, which is a secret, and with nothing else', () => {
    const hook = { url: 'http://127.0.0.1:1/token', authorization: 'Basic nonce', recipe: {} }
    const { fields, ...rest } = center.carry(token, '/private', hook)
    expect(fields).toEqual({
      method: { kind: 'text', text: 'oauth_token_identity_center' },
      port: { kind: 'plain', source: '5439' },
      token_endpoint: {
        kind: 'map',
        fields: new Map<string, Value>([
          ['type', { kind: 'text', text: 'okta' }],
          ['request_url', { kind: 'text', text: 'http://127.0.0.1:1/token' }],
          ['request_data', { kind: 'text', text: '' }],
          ['idp_auth_credentials', { kind: 'secret', name: 'TOKEN_ENDPOINT' }],
        ]),
      },
    })
    expect(rest).toEqual({ secrets: { TOKEN_ENDPOINT: 'nonce' }, files: {}, env: {} })
  })

  test('needs no cluster, and reaches no service of AWS but Redshift', () => {
    const { cluster_id: _none, ...cluster } = CLUSTER
    const bound = redshift.bind({ ...cluster, method: 'oauth_token_identity_center' })
    expect(bound.hosts()).toEqual([CLUSTER.host])
  })

  test('leaves no other way to hand a token over', () => {
    expect(() => center.carry(token, '/private')).toThrow('from an endpoint only')
  })

  test.each([
    ['IdC authentication failed: x', 'Redshift did not take the token for dev'],
    ['FATAL 28000 refused', 'Redshift did not take the token for dev'],
    [
      '503 Server Error: Service Unavailable for url: http://127.0.0.1:40124/token',
      'There was no token for a new connection of dbt',
    ],
  ])('explains %s', (error, problem) => {
    expect(center.diagnose(error, claimsOf())?.problem).toContain(problem)
  })
})

const documents = async (connection: Record<string, unknown>): Promise<string> => {
  const rules = trustRules([grantOf({ repository: 'o/r', ref: 'refs/heads/main' })], 'prod')
  const identity = 'arn:aws:iam::123456789012:role/dbt'
  const request = {
    target: 'prod',
    via: 'aws',
    issuer: 'i',
    audience: 'a',
    audiences: ['a'],
    rules,
    identity,
  }
  return (await redshift.bind(connection).trust(request)).map(({ text }) => text).join('\n')
}

describe('the trust', () => {
  test('lets the role ask for a password of its own user, and makes that', async () => {
    expect(await documents(CLUSTER)).toMatchInlineSnapshot(`
     "# AWS account 123456789012: arn:aws:iam::123456789012:role/dbt may ask for a short-lived password, and for nothing else.
     aws iam put-role-policy --role-name dbt --policy-name redshift-dev --policy-document '{
       "Version": "2012-10-17",
       "Statement": [
         {
           "Effect": "Allow",
           "Action": "redshift:GetClusterCredentialsWithIAM",
           "Resource": "arn:aws:redshift:eu-west-1:123456789012:dbname:shop/dev"
         }
       ]
     }'
     -- In dev on shop.c1a2b3.eu-west-1.redshift.amazonaws.com, as its administrator. All runs are this one user: query_group tells them apart.
     -- Schemas that models name beside this one need the same two statements, and so do sources USAGE and SELECT.
     CREATE USER "IAMR:dbt" PASSWORD DISABLE;
     GRANT TEMPORARY ON DATABASE "dev" TO "IAMR:dbt";
     CREATE SCHEMA IF NOT EXISTS "analytics";
     GRANT USAGE, CREATE ON SCHEMA "analytics" TO "IAMR:dbt";"
    `)
  })

  test('of a workgroup names its account and how to find its id', async () => {
    expect(await documents(WORKGROUP)).toContain(
      '"arn:aws:redshift-serverless:eu-west-1:123456789012:workgroup/*"',
    )
    expect(await documents(WORKGROUP)).toContain('get-workgroup --workgroup-name analytics')
  })

  test('of `iam` names the user', async () => {
    const text = await documents({ ...CLUSTER, method: 'iam', user: 'dbt' })
    expect(text).toContain('"arn:aws:redshift:eu-west-1:123456789012:dbuser:shop/dbt"')
    expect(text).toContain('CREATE USER "dbt" PASSWORD DISABLE;')
  })
})

test('a star in a name gives a right to that name alone', async () => {
  const bound = redshift.bind({
    host: 'acme.abc123.eu-west-1.redshift.amazonaws.com',
    cluster_id: '*',
    dbname: 'd?',
    schema: 's',
    method: 'iam',
    user: '${redshift:DbUser}',
  })
  const request = {
    target: 'prod',
    via: 'aws',
    issuer: 'https://i',
    audience: 'a',
    audiences: ['a'],
    rules: [],
    identity: 'arn:aws:iam::123456789012:role/dbt',
  }
  const text = (await bound.trust(request)).map((document) => document.text).join('\n')
  expect(text).toContain(':dbuser:${*}/${$}{redshift:DbUser}')
  expect(text).toContain(':dbname:${*}/d${?}')
})
