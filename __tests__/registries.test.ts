import { describe, expect, test } from '@jest/globals'
import { exchanges } from '../src/exchanges/index.ts'
import { registriesByName } from '../src/registries.ts'
import { warehouses } from '../src/warehouses/index.ts'

/** What is loaded after a text has been seen. */
async function after(text: string): Promise<{ warehouses: string[]; exchanges: string[] }> {
  const registries = registriesByName()
  await registries.mentioned(text)
  return {
    warehouses: [...warehouses.keys()].filter((name) => registries.warehouses.get(name)),
    exchanges: [...exchanges.keys()].filter((name) => registries.exchanges.get(name)),
  }
}

describe('registries by name', () => {
  test('know every warehouse and exchange by name before one of them is loaded', () => {
    const { warehouses: some, exchanges: others } = registriesByName()
    expect([...some.keys()]).toEqual([...warehouses.keys()])
    expect([...others.keys()]).toEqual([...exchanges.keys()])
    expect([...some.keys()].filter((name) => some.get(name))).toEqual([])
  })

  test.each([...warehouses.values()])(
    'load $type where a text names it, with the exchange that it takes if nobody names one',
    async (one) => {
      const loaded = await after(`connection: { type: ${one.type} }`)
      expect(loaded.warehouses).toContain(one.type)
      const [usual] = one.accepts.keys()
      expect(loaded.exchanges).toContain(usual)
    },
  )

  test('load an exchange that an identity names, and none of the others that the warehouse accepts', async () => {
    const registries = registriesByName()
    for (const text of ['{ type: duckdb, path: prod.duckdb }', '{ via: vault }'])
      await registries.mentioned(text)
    expect([...exchanges.keys()].filter((name) => registries.exchanges.get(name))).toEqual(['none', 'vault'])
  })

  test('load no other warehouse and no exchange that nobody named', async () => {
    expect(await after('{ type: duckdb, path: prod.duckdb }')).toEqual({
      warehouses: ['duckdb'],
      exchanges: ['none'],
    })
  })

  test('load what an adapter nobody knows is reached through', async () => {
    const { accepts } = warehouses.get('other') ?? { accepts: new Map<string, unknown>() }
    expect(await after('{ type: home_grown, token: "{credential}" }')).toEqual({
      warehouses: ['other'],
      exchanges: [...accepts.keys()].slice(0, 1),
    })
  })

  test.each([
    ['an expression', `type: "{{ env_var('ADAPTER') }}"`],
    ['an escape', String.raw`type: "\x73nowflake"`],
  ])('load all where %s hides the name', async (_how, text) => {
    expect((await after(text)).warehouses).toEqual([...warehouses.keys()])
  })

  test('load nothing for a name that is misspelt', async () => {
    expect((await after('{ type: snowflaek }')).warehouses).toEqual([])
  })
})
