import { NAMES } from '../bar/lines.ts'
import { readRecord } from '../bar/record.ts'
import { isMet, tableOf } from '../bar/row.ts'

/** The last figures of the bar, each line with the day and the commit that was measured. */
export function barTable(): string {
  const rows = readRecord()
  if (rows.length === 0) return 'No line has been measured yet.'
  const met = rows.filter(isMet).length
  const missing = NAMES.filter((name) => !rows.some((row) => row.name === name))
  const machines = new Set(rows.map(({ cores, node }) => `${cores} cores, Node ${node}`))
  const [head = '', rule = '', ...cells] = tableOf(rows, '<br>')
  return [
    `${met} of ${NAMES.length} lines hold; measured on ${[...machines].join(' and ')}.`,
    ...(missing.length > 0 ? [`Not measured yet: ${missing.join(', ')}.`] : []),
    '',
    `${head} of |`,
    `${rule}---|`,
    ...cells.map((line, at) => `${line} ${rows[at]?.when}, \`${rows[at]?.commit}\` |`),
  ].join('\n')
}
