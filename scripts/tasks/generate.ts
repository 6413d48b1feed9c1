// Writes everything that is derived from another file of the repository.
import { readFileSync, writeFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { actionFile, inputNames, table } from '../generate/inputs.ts'
import { registry } from '../generate/registry.ts'

const root = process.argv[2] ?? join(import.meta.dirname, '..', '..')
const action = actionFile(readFileSync(join(root, 'action.yml'), 'utf8'))

write('src/warehouses/index.ts', registry(root, 'warehouses'))
write('src/exchanges/index.ts', registry(root, 'exchanges'))
write('src/config/inputs.ts', inputNames(action))
const { policySchema } = await import('../generate/schema.ts')
write('schema.json', await policySchema(root))
if (existsSync(join(root, 'README.md'))) {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const { warehouseTable } = await import('../generate/warehouses.ts')
  let text = between(readme, 'inputs', table(action.inputs, 'input'))
  text = between(text, 'outputs', table(action.outputs, 'output'))
  text = between(text, 'warehouses', await warehouseTable(root))
  write('README.md', text)
}

/** Replaces what stands between two marks, and fails where the marks are gone. */
function between(text: string, mark: string, content: string): string {
  const [start, end] = [`<!-- ${mark}: generated -->`, `<!-- /${mark} -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`README.md has no pair of marks ${start} … ${end}`)
  return `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`
}

function write(path: string, content: string): void {
  const target = join(root, path)
  if (existsSync(target) && readFileSync(target, 'utf8') === content) return
  writeFileSync(target, content)
  console.log(`wrote ${path}`)
}
