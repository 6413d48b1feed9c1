import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Code } from '../../src/errors.ts'
import type { Exchange } from '../../src/exchange.ts'
import type { Warehouse } from '../../src/warehouse.ts'
import { EXPLAINED } from './codes.ts'
import { cell, errorTable } from './errors.ts'
import { explained } from './exchange-page.ts'
import { wayOf } from './way.ts'

/** One chapter for each code, in the order of errors.ts, each with an anchor of its own name. */
export function codeChapters(root: string): string {
  const source = readFileSync(join(root, 'src', 'errors.ts'), 'utf8')
  const meanings = [...source.matchAll(/^ {2}\| '([a-z-]+)' \/\/ (.*)$/gm)]
  const missing = Object.keys(EXPLAINED).filter((code) => !meanings.some(([, name]) => name === code))
  if (missing.length > 0) throw new Error(`src/errors.ts has no sentence behind ${missing.join(', ')}`)
  const rows = meanings.map(([, code = '', meaning = '']) => row(code as Code, meaning))
  return ['| code | what it is | what it looks like | what to do |', '|---|---|---|---|', ...rows].join('\n')
}

function row(code: Code, meaning: string): string {
  const { looks, remedy, see } = EXPLAINED[code]
  const line = typeof looks === 'string' ? looks : looks.join(' ')
  const more = see === undefined ? '' : ` See ${see}.`
  return `| <a id="${code}"></a>\`${code}\` | ${[`${meaning}.`, quoted(line), `${remedy}${more}`].map(cell).join(' | ')} |`
}

/** In backticks, unless it has some of its own. */
function quoted(line: string): string {
  return line.includes('`') ? `\`\` ${line} \`\`` : `\`${line}\``
}

/** What each exchange and each warehouse answers where it refuses, as the code explains it in the log. */
export async function refusals(
  warehouses: ReadonlyMap<string, Warehouse>,
  exchanges: ReadonlyMap<string, Exchange>,
): Promise<string> {
  const lines: string[] = []
  for (const exchange of exchanges.values()) {
    const taken = [...warehouses.values()].filter(({ accepts }) => accepts.has(exchange.name))
    const ways = await Promise.all(taken.map((one) => wayOf(one, exchange.name, exchanges)))
    if (exchange.errors.length === 0) continue
    lines.push(`### [\`${exchange.name}\`](exchanges/${exchange.name}.md)`, '')
    lines.push(...errorTable(exchange.errors, (text) => explained(ways, text)), '')
  }
  for (const warehouse of warehouses.values()) {
    const [via = ''] = warehouse.accepts.keys()
    const { bound, claims } = await wayOf(warehouse, via, exchanges)
    if (warehouse.errors.length === 0) continue
    lines.push(`### [${warehouse.title}](warehouses/${warehouse.type}.md)`, '')
    lines.push(...errorTable(warehouse.errors, (text) => bound.diagnose(text, claims)), '')
  }
  return lines.join('\n').trimEnd()
}
