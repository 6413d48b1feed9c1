import { expect, test } from '@jest/globals'
import { cli } from './support/cli.ts'

const INSTANCE = 'arn:aws:sso:::instance/ssoins-1234567890abcdef'

const POLICY = `
repository: acme/dbt
repository-id: 7654321
repository-owner-id: 1234567
targets:
  prod:
    connection: { type: redshift, method: oauth_token_identity_center, host: c.abc.eu-west-1.redshift.amazonaws.com, region: eu-west-1, dbname: shop, schema: dbt, port: 5439 }
    identity: { via: aws-identity-center, instance: '${INSTANCE}', region: eu-west-1, group: dbt-prod }
grants:
  - { target: prod, when: { environment: production } }
`

const trusted = (name: string): object => ({
  TrustedTokenIssuerArn: `arn:aws:sso::123456789012:trustedTokenIssuer/ssoins-1234567890abcdef/${name}`,
  AuthorizedAudiencesList: [INSTANCE],
})

test.each([
  ['one issuer', ['tti-1'], 0],
  ['a second issuer for the same audience', ['tti-1', 'tti-2'], 1],
] as const)('drift of an application of Redshift that takes tokens of %s', async (_, names, code) => {
  const application = { IdentityNamespace: 'AWSIDC', AuthorizedTokenIssuerList: names.map(trusted) }
  const ended = await cli(['drift', 'application.json'], {
    '.github/dbt-oidc.yml': POLICY,
    'application.json': JSON.stringify({ RedshiftIdcApplications: [application] }),
  })
  expect([ended.code, ended.stderr]).toEqual([code, ''])
  expect(ended.stdout.includes('/tti-2')).toBe(code === 1)
})
