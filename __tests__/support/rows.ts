import type { Proof } from '../../src/exchange.ts'
import { exchanges } from '../../src/exchanges/index.ts'
import type { Warehouse } from '../../src/warehouse.ts'
import { warehouses } from '../../src/warehouses/index.ts'
import { EVIDENCE } from './evidence.ts'

/** A row of the README's table. */
export interface Row {
  /** `WAREHOUSE via EXCHANGE`. */
  readonly row: string
  readonly warehouse: Warehouse
  readonly via: string
  readonly proof: Proof | undefined
}

/** All of them. */
export const ROWS: readonly Row[] = [...warehouses.values()].flatMap((warehouse) =>
  [...warehouse.accepts.keys()].map((via) => ({
    row: `${warehouse.type} via ${via}`,
    warehouse,
    via,
    proof: warehouse.proof[via],
  })),
)

/** Those that stand on no test of their own: nothing here verifies what their warehouse would. */
export const PLAIN: readonly Row[] = ROWS.filter(({ row }) => !Object.hasOwn(EVIDENCE, row))

/** Those whose own tests are slow; what a stub of dbt can show of them each run of the tests shows. */
const SLOW = new Set([
  'athena via aws',
  'glue via aws',
  'other via vault',
  'other via oauth',
  'other via entra',
])

/** What a stub of dbt is played with. */
export const STUBBED: readonly Row[] = ROWS.filter((one) => PLAIN.includes(one) || SLOW.has(one.row))

/** Connection and identity of a row, by the examples of warehouse and exchange. */
export function exampleOf({ warehouse, via }: Row) {
  const together = warehouse.examples[via]
  const connection = { ...warehouse.example, ...together?.connection }
  const exchange = exchanges.get(via)?.example as Readonly<Record<string, unknown>> | undefined
  return { connection, identity: { via, ...exchange, ...together?.identity } }
}
