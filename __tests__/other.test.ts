import { describe, expect, test } from '@jest/globals'
import { configOf, problemsOf } from './support/config-of.ts'

const MAIN = { ref: 'refs/heads/main' }
const IDENTITY =
  '{ via: oauth, token-url: https://idp.test/token, grant: client-credentials, client-id: dbt }'
const ACME = { type: 'acmedb', host: 'db.acme.test', schema: 'dbt', ticket: '{credential}' }

const inputsOf = (connection: Readonly<Record<string, unknown>>, more: Record<string, string> = {}) => ({
  inputs: { ...MAIN, identity: IDENTITY, connection: JSON.stringify(connection), ...more },
})

describe('an adapter that nobody here knows', () => {
  test('is reached through the field that is marked, which its own plugin keeps fresh', async () => {
    const target = (await configOf(inputsOf(ACME))).targets.get('prod')
    expect(target?.warehouse.adapter.package).toBe('dbt-acmedb')
    expect(target?.acceptance.keepAlive).toEqual({
      by: 'plugin-field',
      credentials: 'dbt.adapters.acmedb.Plugin',
      field: 'ticket',
    })
  })

  test('is none where no field is marked, and the way to mark one is told', async () => {
    expect(await problemsOf(inputsOf({ ...ACME, ticket: undefined }))).toEqual([
      expect.stringMatching(/Unknown warehouse `acmedb`\. .*mark the field .* `token: "\{credential\}"`/),
    ])
  })

  test('is none by a name that would be another module of Python', async () => {
    for (const type of ['../acmedb', 'acme.db', 'acme-db', 'Acme', '_acme', ''])
      expect(await problemsOf(inputsOf({ ...ACME, type }))).toHaveLength(1)
  })

  test('keeps what it has read where two fields take the credential, since the plugin answers for one', async () => {
    const target = (await configOf(inputsOf({ ...ACME, again: '{credential}' }))).targets.get('prod')
    expect(target?.acceptance.keepAlive).toEqual({ by: 'static' })
  })

  test('has its mark whole or not at all: in the midst of a text it is no claim', async () => {
    const problems = await problemsOf(inputsOf({ ...ACME, url: 'https://x:{credential}@db.acme.test' }))
    expect(problems).toEqual([expect.stringContaining('`url`: {credential} is neither a claim')])
  })
})

test('a warehouse whose fields are known takes no mark', async () => {
  const connection = {
    type: 'trino',
    host: 'lake.test',
    database: 'l',
    schema: 's',
    user: '{credential_user}',
  }
  expect(await problemsOf(inputsOf(connection))).toEqual([
    expect.stringContaining('of Trino/Starburst the action knows the fields, so leave it out'),
  ])
})
