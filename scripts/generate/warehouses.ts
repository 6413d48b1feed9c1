import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Exchange } from '../../src/exchange.ts'
import type { Warehouse } from '../../src/warehouse.ts'
import { CARRIED, MEANWHILE } from '../../src/warehouse/words.ts'

/** The README's table: each warehouse with each exchange that it takes, and what that row has been proven against. */
export async function warehouseTable(root: string): Promise<string> {
  const path = pathToFileURL(join(root, 'src', 'warehouses', 'index.ts')).href
  const { warehouses } = (await import(path)) as { warehouses: ReadonlyMap<string, Warehouse> }
  const { exchanges } = (await import(pathToFileURL(join(root, 'src', 'exchanges', 'index.ts')).href)) as {
    exchanges: ReadonlyMap<string, Exchange>
  }
  const rows = [...warehouses.values()].flatMap((warehouse) =>
    [...warehouse.accepts].map(([via, { kind, trades }]) => {
      const mark = exchanges.get(via)?.experimental === undefined ? '' : ', experimental'
      const proof = warehouse.proof[via]
      if (proof === undefined) throw new Error(`${warehouse.type} does not say how \`${via}\` is proven`)
      return `| [${warehouse.title}](docs/warehouses/${warehouse.type}.md) | \`${via}\` | ${CARRIED[kind]} | ${via === 'none' ? 'nobody' : trades} | ${proof}${mark} |`
    }),
  )
  return [
    '| warehouse | via | dbt gets | who trades | proven against |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

/** What happens to a run that outlives its credential, out of the keep-alive of each pair. */
export async function lifeTable(root: string): Promise<string> {
  const path = pathToFileURL(join(root, 'src', 'warehouses', 'index.ts')).href
  const { warehouses } = (await import(path)) as { warehouses: ReadonlyMap<string, Warehouse> }
  const rows = [...warehouses.values()].flatMap((warehouse) =>
    [...warehouse.accepts].map(([via, { kind, keepAlive, dbt2: own }]) => {
      const [meanwhile, usual] = kind === 'none' ? ['nothing ends', 'nothing ends'] : MEANWHILE[keepAlive.by]
      const life = via === 'vault' ? 'as long as its lease' : LIVES[kind]
      return `| ${warehouse.title} | \`${via}\` | ${life} | ${meanwhile} | ${own ?? usual} |`
    }),
  )
  return [
    '| warehouse | via | the first credential lives | while dbt 1.x runs | dbt 2.x |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

const LIVES = {
  'id-token': '5 minutes',
  bearer: 'about an hour',
  aws: 'an hour (`duration`)',
  password: '15 minutes, to connect',
  'key-pair': 'as long as its lease',
  none: 'for ever: there is none',
} as const
