import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Warehouse } from '../../src/warehouse.ts'

/** The README's table: each warehouse with each exchange that it takes, and what that row has been proven against. */
export async function warehouseTable(root: string): Promise<string> {
  const path = pathToFileURL(join(root, 'src', 'warehouses', 'index.ts')).href
  const { warehouses } = (await import(path)) as { warehouses: ReadonlyMap<string, Warehouse> }
  const rows = [...warehouses.values()].flatMap((warehouse) =>
    [...warehouse.accepts].map(([via, { kind, trades }]) => {
      const proof = warehouse.proof[via]
      if (proof === undefined) throw new Error(`${warehouse.type} does not say how \`${via}\` is proven`)
      return `| [${warehouse.title}](docs/warehouses/${warehouse.type}.md) | \`${via}\` | ${CARRIED[kind]} | ${via === 'none' ? 'nobody' : trades} | ${proof} |`
    }),
  )
  return [
    '| warehouse | via | dbt gets | who trades | proven against |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

const CARRIED = {
  'id-token': "GitHub's ID token",
  bearer: 'an access token',
  aws: 'role credentials',
  password: 'a short-lived password',
  'key-pair': 'a key pair',
  none: 'no credential',
} as const
