import { expect, test } from '@jest/globals'
import { cli } from './support/cli.ts'

const POLICY = `
repository: acme/dbt
repository-id: 7654321
repository-owner-id: 1234567
targets:
  prod:
    connection: { type: snowflake, account: acme-ci, role: CI, user: DBT, warehouse: XS, database: CI, schema: x }
    identity:
      via: okta
      url: https://acme.okta.com/oauth2/aus1a2b3c4
      client-id: 0oa1
      signer:
        key: arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab
        aws: { role: arn:aws:iam::123456789012:role/signer }
grants:
  - { target: prod, when: { ref: refs/heads/main } }
`

const policy = (name: string, client: string): object => ({
  type: 'OAUTH_AUTHORIZATION_POLICY',
  status: 'ACTIVE',
  name,
  conditions: { clients: { include: [client] } },
})
const rule = (name: string, scope: string): object => ({
  type: 'RESOURCE_ACCESS',
  status: 'ACTIVE',
  name,
  conditions: { grantTypes: { include: ['client_credentials'] }, scopes: { include: [scope] } },
  actions: { token: { accessTokenLifetimeMinutes: 60 } },
})

const OWN = [policy('dbt-oidc 0oa1', '0oa1'), rule('dbt-oidc 0oa1', 'session:role:CI')]

test.each([
  ['nothing', [], 0, 'stands as the policy has it'],
  ['a policy for another app', [policy('dbt-oidc 0oa2', '0oa2')], 0, 'stands as the policy has it'],
  ['a policy for every client', [policy('Default Policy', 'ALL_CLIENTS')], 1, 'access policy Default Policy'],
  ['a further rule', [rule('everything', '*')], 1, 'rule of an access policy everything'],
] as const)('drift of an authorization server of Okta that has %s beside', async (_, more, code, said) => {
  const ended = await cli(['drift', 'server.json'], {
    '.github/dbt-oidc.yml': POLICY,
    'server.json': JSON.stringify([...OWN, ...more]),
  })
  expect([ended.code, ended.stderr]).toEqual([code, ''])
  expect(ended.stdout).toContain(said)
})

/** A key of RSA as Okta prints it, and its thumbprint (the example of RFC 7638, section 3.1). */
const KEY = {
  kty: 'RSA',
  e: 'AQAB',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
}
const THUMBPRINT = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'

const app = (...keys: readonly object[]): object => ({
  status: 'ACTIVE',
  credentials: { oauthClient: { client_id: '0oa1', token_endpoint_auth_method: 'private_key_jwt' } },
  settings: {
    oauthClient: {
      grant_types: ['client_credentials'],
      dpop_bound_access_tokens: false,
      jwks: { keys },
    },
  },
})

test.each([
  ['one key of the name', [{ ...KEY, kid: 'dbt-oidc' }], 0, THUMBPRINT],
  ['one that was not printed', [{ kid: 'dbt-oidc' }], 0, 'which was not printed'],
  [
    'two keys of the name',
    [
      { ...KEY, kid: 'dbt-oidc' },
      { kty: 'RSA', e: 'AQAB', n: 'AQAB', kid: 'dbt-oidc' },
    ],
    1,
    'another key of the name dbt-oidc',
  ],
  ['a key of another name', [{ ...KEY, kid: 'mine' }], 1, 'whoever signs with the key mine'],
] as const)('drift of an app of Okta that has %s takes no name for a key', async (_, keys, code, said) => {
  const ended = await cli(['drift', 'app.json'], {
    '.github/dbt-oidc.yml': POLICY,
    'app.json': JSON.stringify([app(...keys), ...OWN]),
  })
  expect([ended.code, ended.stderr]).toEqual([code, ''])
  expect(ended.stdout).toContain(said)
  expect(ended.stdout).toContain('Not shown, and so not compared: whether ')
})
