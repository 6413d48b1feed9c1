import type { Registries } from './config/target.ts'
import type { Exchange } from './exchange.ts'
import { exchangesByName } from './exchanges/by-name.ts'
import type { Warehouse } from './warehouse.ts'
import { warehousesByName } from './warehouses/by-name.ts'
import { CREDENTIAL } from './warehouses/other/marks.ts'

/** A type in an expression may be any, and so may one that is quoted in a way of its own. */
const HIDDEN = /\{[{%]|\\/

/**
 * Registries that know every name and load what a text of the user mentions: a run for one warehouse reads nothing of the
 * others. The exchange that a warehouse takes where nobody names one comes with it.
 */
export function registriesByName(): Required<Registries> {
  const warehouses = new Map<string, Warehouse>()
  const exchanges = new Map<string, Exchange>()
  return {
    warehouses: { keys: () => warehousesByName.keys(), get: (name) => warehouses.get(name) },
    exchanges: { keys: () => exchangesByName.keys(), get: (name) => exchanges.get(name) },
    async mentioned(text) {
      const marked = text.includes(CREDENTIAL) ? ['other'] : []
      await load(warehousesByName, [...marked, ...named(text, warehousesByName)], warehouses)
      const usual = [...warehouses.values()].flatMap(({ accepts }) => [...accepts.keys()].slice(0, 1))
      await load(exchangesByName, [...usual, ...named(text, exchangesByName)], exchanges)
    },
  }
}

function named(text: string, all: ReadonlyMap<string, unknown>): readonly string[] {
  const names = [...all.keys()]
  return HIDDEN.test(text) ? names : names.filter((name) => text.includes(name))
}

async function load<T>(
  all: ReadonlyMap<string, () => Promise<{ readonly default: T }>>,
  names: readonly string[],
  into: Map<string, T>,
): Promise<void> {
  const missing = new Set(names.filter((name) => !into.has(name)))
  await Promise.all(
    [...missing].map(async (name) => {
      const loaded = await all.get(name)?.()
      if (loaded) into.set(name, loaded.default)
    }),
  )
}
