// Writes everything that is derived from another file of the repository.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { actionFile, inputNames } from '../generate/inputs.ts'
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
const { auditSchema } = await import('../generate/audit-schema.ts')
await write('schema-audit.json', auditSchema())
// The fixture of the tests has neither README nor pages.
if (existsSync(join(root, 'README.md'))) {
  const { pages } = await import('../generate/pages.ts')
  for (const [path, text] of await pages(root, action)) await write(path, text)
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
