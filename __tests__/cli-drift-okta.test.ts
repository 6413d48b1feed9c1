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
