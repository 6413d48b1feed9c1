import type { NodeResult } from '../dbt/result.ts'
import type { Section } from './budget.ts'
import { duration } from './duration.ts'
import { fileUrl, pageUrl } from './links.ts'
import { link, name, row } from './markdown.ts'
import { icon } from './nodes.ts'
import { count, NAME } from './plain.ts'
import type { AccessFacts, RunFacts } from './report.ts'
import { table } from './table.ts'

const SHOWN = 10
const SHORT = 12

/** What an adapter reports of the work for one node, or for all of them. */
interface Figures {
  readonly rows: number | undefined
  /** Bytes that were read. */
  readonly read: number | undefined
  /** Bytes that are paid for. */
  readonly billed: number | undefined
  /** Seconds of slots: BigQuery's unit of computing. */
  readonly slots: number | undefined
}

/** Rows that a node has written, where the adapter counts them. */
export function rowsOf(node: NodeResult): number | undefined {
  return amount(node, 'rows_affected')
}

/** The id of the last query of a node in the warehouse's own history. */
export function queryOf({ adapterResponse }: NodeResult): string | undefined {
  const id = adapterResponse['query_id'] ?? adapterResponse['job_id']
  // dbt-databricks writes the second one where it knows none.
  return typeof id === 'string' && id !== '' && id !== 'N/A' ? id : undefined
}

/** The query as a link to the warehouse's own page of it; without one the whole id, to be looked for. */
export function queryLink(node: NodeResult, access: AccessFacts | undefined, whole = false): string {
  const id = queryOf(node)
  if (id === undefined) return ''
  const url = pageUrl(access?.history?.(node.adapterResponse))
  return link(name(id, url === undefined || whole ? NAME : SHORT), url)
}

/** What the run cost the warehouse: sums, and the nodes that weigh most. */
export function figures(
  nodes: readonly NodeResult[],
  facts: RunFacts,
  access: AccessFacts | undefined,
): Section {
  const weighed = nodes
    .map((node) => ({ node, of: figuresOf(node) }))
    .filter(({ node, of }) => hasCost(of) || queryOf(node) !== undefined)
  const top = weighed.toSorted((a, b) => weight(b.of) - weight(a.of) || b.node.seconds - a.node.seconds)
  const rows = top.slice(0, SHOWN).map(({ node, of }) => {
    const told = [inWords(of), queryLink(node, access)].filter((part) => part !== '').join(' · ')
    return row([`${icon(node)} ${link(name(node.name), fileUrl(facts, node.file))}`, told])
  })
  const title = `### Work in the warehouse\n\n${inWords(sum(nodes.map(figuresOf)), '**')}`
  return table('node with its figures', 6, title.trimEnd(), '| node | |\n| :-- | :-- |', rows, 1)
}

function figuresOf(node: NodeResult): Figures {
  const slots = amount(node, 'slot_ms')
  return {
    rows: rowsOf(node),
    read: amount(node, 'bytes_processed') ?? amount(node, 'data_scanned_in_bytes'),
    billed: amount(node, 'bytes_billed'),
    slots: slots === undefined ? undefined : slots / 1000,
  }
}

/** Adapters write -1 for what they do not know. */
function amount({ adapterResponse }: NodeResult, key: string): number | undefined {
  const value = adapterResponse[key]
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

function hasCost({ read, billed, slots }: Figures): boolean {
  return read !== undefined || billed !== undefined || slots !== undefined
}

function weight({ read, billed, slots }: Figures): number {
  return billed ?? read ?? slots ?? 0
}

function sum(all: readonly Figures[]): Figures {
  const of = (key: keyof Figures): number | undefined => {
    const known = all.flatMap((one) => one[key] ?? [])
    return known.length === 0 ? undefined : known.reduce((total, one) => total + one, 0)
  }
  return { rows: of('rows'), read: of('read'), billed: of('billed'), slots: of('slots') }
}

function inWords({ rows, read, billed, slots }: Figures, strong = ''): string {
  const parts = [
    rows === undefined ? undefined : ([count(rows, 'row'), ''] as const),
    read === undefined ? undefined : ([size(read), ' read'] as const),
    billed === undefined ? undefined : ([size(billed), ' billed'] as const),
    slots === undefined ? undefined : ([duration(slots), ' of slots'] as const),
  ]
  return parts
    .filter((part) => part !== undefined)
    .map(([figure, of]) => `${strong}${figure}${strong}${of}`)
    .join(' · ')
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Bytes as vendors bill them, in powers of 1000 that are written so: `1.2 GB`. */
export function size(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const value = bytes / 1000 ** power
  return `${power === 0 ? value : value.toFixed(value < 99.5 ? 1 : 0)} ${UNITS[power] ?? ''}`
}
