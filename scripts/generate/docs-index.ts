import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Exchange } from '../../src/exchange.ts'
import type { Warehouse } from '../../src/warehouse.ts'

/** The table of warehouses and exchanges, for the index of the pages. */
export function sidesTable(
  warehouses: ReadonlyMap<string, Warehouse>,
  exchanges: ReadonlyMap<string, Exchange>,
): string {
  const rows = [...warehouses.values()].map(({ title, type, accepts }) => {
    const links = [...accepts.keys()].map((via) => `[\`${via}\`](exchanges/${via}.md)`)
    return `| [${title}](warehouses/${type}.md) | ${links.join(' ')} |`
  })
  const each = [...exchanges.values()].map(
    ({ name, summary, experimental }) =>
      `| [\`${name}\`](exchanges/${name}.md)${experimental === undefined ? '' : ', experimental'} | ${summary} |`,
  )
  return [
    '| warehouse | by which exchange; the first is its default |',
    '|---|---|',
    ...rows,
    '',
    '| exchange | what it gives |',
    '|---|---|',
    ...each,
  ].join('\n')
}

/** The pages of docs/ that its index does not name, so that none is out of reach. */
export function furtherPages(root: string, index: string): string {
  const named = index.replace(/<!-- more: generated -->[^]*<!-- \/more -->/, '')
  const others = readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md') && name !== 'README.md' && !named.includes(`](${name}`))
    .toSorted()
  if (others.length === 0) return ''
  const rows = others.map((name) => {
    const [, title = name] = /^# (.*)$/m.exec(readFileSync(join(root, 'docs', name), 'utf8')) ?? []
    return `- [${title}](${name})`
  })
  return ['## Further pages', '', ...rows].join('\n')
}
