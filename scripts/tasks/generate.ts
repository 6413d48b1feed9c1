// Writes everything that is derived from another file of the repository.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { format, resolveConfig } from 'prettier'
import type { Exchange } from '../../src/exchange.ts'
import type { Warehouse } from '../../src/warehouse.ts'
import { actionFile, inputNames, table } from '../generate/inputs.ts'
import { MODULES, pluginModule } from '../generate/plugin.ts'
import { loaders, registry } from '../generate/registry.ts'

const root = process.argv[2] ?? join(import.meta.dirname, '..', '..')
const action = actionFile(readFileSync(join(root, 'action.yml'), 'utf8'))

await write('src/warehouses/index.ts', registry(root, 'warehouses'))
await write('src/exchanges/index.ts', registry(root, 'exchanges'))
await write('src/warehouses/by-name.ts', loaders(root, 'warehouses'))
await write('src/exchanges/by-name.ts', loaders(root, 'exchanges'))
await write('src/config/inputs.ts', inputNames(action))
for (const { from, to, name, told } of MODULES) {
  const python = join(root, from)
  if (existsSync(python))
    await write(to, pluginModule(basename(from), name, told, readFileSync(python, 'utf8')))
}
const { policySchema } = await import('../generate/schema.ts')
await write('schema.json', await policySchema(root))
if (existsSync(join(root, 'README.md'))) await readmeAndDocs()

/** The fixture of the tests has neither. */
async function readmeAndDocs(): Promise<void> {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const { lifeTable, warehouseTable } = await import('../generate/warehouses.ts')
  let text = between(readme, 'inputs', table(action.inputs, 'input'))
  text = between(text, 'outputs', table(action.outputs, 'output'))
  text = between(text, 'warehouses', await warehouseTable(root))
  text = between(text, 'life', await lifeTable(root))
  const { commandTable, exitTable, findingTable, readerTable } = await import('../generate/cli.ts')
  text = between(text, 'commands', commandTable())
  text = between(text, 'exits', exitTable())
  await write('README.md', text)
  const load = (name: string): Promise<unknown> =>
    import(pathToFileURL(join(root, 'src', name, 'index.ts')).href)
  const { warehouses } = (await load('warehouses')) as { warehouses: ReadonlyMap<string, Warehouse> }
  const { exchanges } = (await load('exchanges')) as { exchanges: ReadonlyMap<string, Exchange> }
  const { warehousePage } = await import('../generate/docs.ts')
  for (const warehouse of warehouses.values())
    await write(`docs/warehouses/${warehouse.type}.md`, await warehousePage(warehouse, exchanges))
  const lint = join(root, 'docs', 'lint.md')
  if (!existsSync(lint)) return
  const page = between(readFileSync(lint, 'utf8'), 'understood', await readerTable({ warehouses, exchanges }))
  await write('docs/lint.md', between(page, 'findings', findingTable()))
}

/** Replaces what stands between two marks, and fails where the marks are gone. */
function between(text: string, mark: string, content: string): string {
  const [start, end] = [`<!-- ${mark}: generated -->`, `<!-- /${mark} -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`there is no pair of marks ${start} … ${end}`)
  return `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`
}

/** Formatted as the rest of the tree, so that the formatter and the generator agree. */
async function write(path: string, content: string): Promise<void> {
  const target = join(root, path)
  const options = await resolveConfig(join(import.meta.dirname, '..', '..', path))
  const formatted = path.endsWith('.json') ? content : await format(content, { ...options, filepath: target })
  if (existsSync(target) && readFileSync(target, 'utf8') === formatted) return
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, formatted)
  console.log(`wrote ${path}`)
}
