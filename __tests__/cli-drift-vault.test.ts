import { describe, expect, test } from '@jest/globals'
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

/** The ways in which Vault takes a list of statements. */
const WAYS: readonly (readonly [string, (statements: readonly string[]) => unknown])[] = [
  ['a list of base64', (all) => all.map(base64)],
  ['one text in base64', (all) => base64(all.join('\n'))],
  ['JSON in a text', (all) => [JSON.stringify(all)]],
  ['JSON in base64', (all) => [base64(JSON.stringify(all))]],
]

async function creation(): Promise<readonly string[]> {
  const role = await standing()
  return 'creation_statements' in role ? (role.creation_statements as string[]) : []
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

describe.each(WAYS)('a database role whose statements were given to Vault as %s', (_, given) => {
  const comparedWith = async (statements: readonly string[]) =>
    cli(['drift', 'role.json'], {
      '.github/dbt-oidc.yml': POLICY,
      'role.json': JSON.stringify({
        data: { ...(await standing()), creation_statements: given(statements) },
      }),
    })

  test('stands as the policy has it where they are the same', async () => {
    const ended = await comparedWith(await creation())
    expect([ended.code, ended.stderr]).toEqual([0, ''])
  })

  test('is read as what they say where they are others', async () => {
    const ended = await comparedWith(['CREATE ROLE "{{name}}" SUPERUSER;'])
    expect([ended.code, ended.stderr]).toEqual([1, ''])
    expect(ended.stdout).toContain('SUPERUSER;')
  })
})
