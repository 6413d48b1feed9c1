import { expect, test } from '@jest/globals'
import { cli } from './support/cli.ts'

const POLICY = `
repository: acme/dbt
repository-id: 7654321
repository-owner-id: 1234567
targets:
  prod:
    connection: { type: postgres, host: db.acme.test, dbname: shop, schema: dbt, user: dbt, port: 5432 }
    identity: { via: vault, url: https://vault.acme.test, role: dbt, database: { role: dbt } }
grants:
  - { target: prod, when: { ref: refs/heads/main } }
`

/** The body of the command by which Vault is given the role of the database engine, as Vault prints it then. */
async function standing(): Promise<object> {
  const { stdout } = await cli(['trust', '--target', 'prod'], { '.github/dbt-oidc.yml': POLICY })
  const body: unknown = JSON.parse(
    /database\/roles\/dbt - <<'VAULT_END'\n(.*?)\nVAULT_END/s.exec(stdout)?.[1] ?? '',
  )
  return {
    revocation_statements: [],
    credential_type: 'password',
    ...(body as object),
    default_ttl: 3600,
    max_ttl: 21_600,
  }
}

test.each([
  ['nothing else', {}, 0],
  ['empty lists of further statements', { renew_statements: [], rollback_statements: null }, 0],
  ['a statement for each time a lease is extended', { renew_statements: ['GRANT app TO "{{name}}";'] }, 1],
  ['a statement for a user that could not be made', { rollback_statements: ['GRANT app TO public;'] }, 1],
])('drift of a database role of Vault that has %s', async (_, more, code) => {
  const role = { ...(await standing()), ...more }
  const ended = await cli(['drift', 'role.json'], {
    '.github/dbt-oidc.yml': POLICY,
    'role.json': JSON.stringify({ data: role }),
  })
  expect([ended.code, ended.stderr]).toEqual([code, ''])
})
