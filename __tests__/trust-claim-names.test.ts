import { expect, test } from '@jest/globals'
import { cli } from './support/cli.ts'

const policy = (claim: string, value: string): string => `
repository: acme/shop
issuers:
  lab: { url: https://ci.example, claims: [sub, ${claim}] }
targets:
  prod:
    connection: { type: postgres, host: db.acme.test, dbname: shop, schema: dbt, user: dbt, port: 5432 }
    identity: { via: vault, url: https://vault.acme.test, role: dbt, database: { role: dbt } }
grants:
  - { target: prod, issuer: lab, when: { sub: shop, ${claim}: '${value}' } }
`

// What a value of Terraform is made of here; a claim may be called by any of these names.
test.each(['fragment', 'call', 'block', '__proto__x', 'constructor'])(
  'a claim that is called %s is compared like every other, and its value stands quoted in Terraform',
  async (claim) => {
    const args = ['trust', '--target', 'prod', '--format', 'terraform']
    const { code, stdout } = await cli(args, { '.github/dbt-oidc.yml': policy(claim, '{}') })
    const claims = /bound_claims = \{\n([^}]*(?:\{\}[^}]*)*)\n {2}\}/.exec(stdout)?.[1] ?? ''
    const compared = claims.split('\n').map((line) => line.trim().replaceAll(/ += +/g, '='))
    expect([code, compared]).toEqual([0, ['sub="shop"', `${claim}="{}"`]])
  },
)
