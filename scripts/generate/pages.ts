import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CLAIM_NAMES } from '../../src/claim-names.ts'
import type { Exchange } from '../../src/exchange.ts'
import type { Warehouse } from '../../src/warehouse.ts'
import { barTable } from './bar.ts'
import { commandTable, exitTable, findingTable, readerTable } from './cli.ts'
import { warehouseCore } from './docs.ts'
import { survivors } from './mutation.ts'
import { furtherPages, sidesTable } from './docs-index.ts'
import { egressTable } from './egress.ts'
import { exchangeCore } from './exchange-page.ts'
import { table, type ActionFile } from './inputs.ts'
import { between, withCore } from './marks.ts'
import { codeChapters, refusals } from './troubleshooting.ts'
import { lifeTable, warehouseTable } from './warehouses.ts'

/** Every page with something generated in it, by its path, as it has to read. */
export async function pages(root: string, action: ActionFile): Promise<ReadonlyMap<string, string>> {
  const load = (name: string): Promise<unknown> =>
    import(pathToFileURL(join(root, 'src', name, 'index.ts')).href)
  const { warehouses } = (await load('warehouses')) as { warehouses: ReadonlyMap<string, Warehouse> }
  const { exchanges } = (await load('exchanges')) as { exchanges: ReadonlyMap<string, Exchange> }
  const marked: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'README.md': { warehouses: await warehouseTable(root) },
    'docs/README.md': {
      sides: sidesTable(warehouses, exchanges),
      more: furtherPages(root, readFileSync(join(root, 'docs', 'README.md'), 'utf8')),
    },
    'docs/bar.md': { bar: barTable() },
    'docs/cli.md': { commands: commandTable(), exits: exitTable() },
    'docs/egress.md': { hosts: await egressTable(warehouses, exchanges) },
    'docs/how-it-works.md': { life: await lifeTable(root) },
    'docs/inputs.md': { inputs: table(action.inputs, 'input'), outputs: table(action.outputs, 'output') },
    'docs/lint.md': {
      understood: await readerTable({ warehouses, exchanges }),
      findings: findingTable(),
    },
    'docs/mutation.md': { survivors: survivors() },
    'docs/policy.md': { claims: CLAIM_NAMES.map((name) => `\`${name}\``).join(', ') },
    'docs/troubleshooting.md': {
      codes: codeChapters(root),
      refusals: await refusals(warehouses, exchanges),
    },
  }
  const all = new Map<string, string>()
  for (const [path, parts] of Object.entries(marked)) {
    const text = readFileSync(join(root, path), 'utf8')
    all.set(
      path,
      Object.entries(parts).reduce((page, [mark, content]) => between(page, mark, content), text),
    )
  }
  for (const warehouse of warehouses.values()) {
    const path = `docs/warehouses/${warehouse.type}.md`
    const core = await warehouseCore(warehouse, exchanges)
    all.set(path, withCore(join(root, path), warehouse.title, core))
  }
  for (const exchange of exchanges.values()) {
    const path = `docs/exchanges/${exchange.name}.md`
    const core = await exchangeCore(exchange, warehouses, exchanges)
    all.set(path, withCore(join(root, path), `The exchange \`${exchange.name}\``, core))
  }
  return all
}
