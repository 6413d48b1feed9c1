import type { Exchange } from '../../src/exchange.ts'
import type { Warehouse } from '../../src/warehouse.ts'
import { wayOf } from './way.ts'

/** Which hosts a run reaches, for each warehouse by each exchange, as the examples of both have them. */
export async function egressTable(
  warehouses: ReadonlyMap<string, Warehouse>,
  exchanges: ReadonlyMap<string, Exchange>,
): Promise<string> {
  const pairs = [...warehouses.values()].flatMap((warehouse) =>
    [...warehouse.accepts.keys()].map((via) => ({ warehouse, via })),
  )
  const rows = pairs.map(async ({ warehouse, via }) => {
    const { exchange, bound } = await wayOf(warehouse, via, exchanges)
    const traded = exchange?.hosts(bound.want(via)) ?? []
    return `| [${warehouse.title}](warehouses/${warehouse.type}.md) | ${via === 'none' ? 'none' : `[\`${via}\`](exchanges/${via}.md)`} | ${list(traded)} | ${list(bound.hosts())} |`
  })
  return [
    '| warehouse | via | the exchange reaches | dbt reaches |',
    '|---|---|---|---|',
    ...(await Promise.all(rows)),
  ].join('\n')
}

function list(hosts: readonly string[]): string {
  return hosts.length === 0 ? '–' : [...new Set(hosts)].map((host) => `\`${host}\``).join('<br>')
}
