import { describe, expect, test } from '@jest/globals'
import { configOf, problemsOf } from './support/config-of.ts'

const IDENTITY =
  '{ via: vault, url: "https://vault.test:8200", role: dbt, secret: { path: motherduck/dbt, field: token } }'

const inputsOf = (connection: object, identity = IDENTITY) => ({
  inputs: { ref: 'refs/heads/main', identity, connection: JSON.stringify({ type: 'duckdb', ...connection }) },
})

describe('a token of MotherDuck that Vault keeps', () => {
  test.each([[{ path: 'md:shop' }], [{ path: 'local.duckdb', attach: [{ path: 'motherduck:shop' }] }]])(
    'goes to the field that dbt-duckdb reads, and to MotherDuck alone: %j',
    async (connection) => {
      const target = (await configOf(inputsOf(connection))).targets.get('prod')
      const carried = target?.bound.carry({ kind: 'bearer', token: 'secret', expiresAt: null }, '/private')
      expect(carried).toEqual({
        fields: { motherduck_token: { kind: 'secret', name: 'MOTHERDUCK_TOKEN' } },
        secrets: { MOTHERDUCK_TOKEN: 'secret' },
        files: {},
        env: {},
      })
      expect(target?.bound.hosts()).toEqual(['api.motherduck.com'])
    },
  )

  test('is not bought for a database that is not there', async () => {
    expect(await problemsOf(inputsOf({ path: 'prod.duckdb' }))).toEqual([
      expect.stringMatching(/`path`.*write `path: md:DATABASE`/),
    ])
  })

  test.each([
    [{ path: 'md:shop?motherduck_host=evil.test' }, 'path'],
    [{ path: 'md:shop', settings: { motherduck_host: 'evil.test' } }, 'settings'],
    [{ path: 'md:shop', config_options: { MOTHERDUCK_HOST: 'evil.test' } }, 'config_options'],
  ])('goes to no host that the connection names: %j', async (connection, field) => {
    expect(await problemsOf(inputsOf(connection))).toEqual([
      expect.stringMatching(new RegExp(`\`${field}\`.*leave that out`)),
    ])
  })
})
