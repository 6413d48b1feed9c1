import type { NodeResult } from '../dbt/result.ts'
import type { Section } from './budget.ts'
import { duration } from './duration.ts'
import { rowsOf } from './figures.ts'
import { name, row, text } from './markdown.ts'
import { icon, kind } from './nodes.ts'
import { clip, count, NAME } from './plain.ts'
import { table } from './table.ts'

const LISTED = 50

const STATUSES = [
  'error',
  'runtime error',
  'fail',
  'partial success',
  'warn',
  'skipped',
  'success',
  'pass',
  'no-op',
  'reused',
]

/** How many nodes of each resource type ended in which status: what was built first, and the tests apart from it. */
export function outcomes(nodes: readonly NodeResult[]): readonly Section[] {
  const [built, tests] = apart(nodes, isTest)
  const rest = built.filter((node) => !isFreshness(node) && !isSnapshot(node))
  return [counted('### Built', rest), counted('### Tests', tests)]
}

function counted(title: string, nodes: readonly NodeResult[]): Section {
  const rows = [...Map.groupBy(nodes, kind)].map(([type, all]) =>
    row([text(clip(type, NAME)), statuses(all), duration(all.reduce((sum, node) => sum + node.seconds, 0))]),
  )
  return table('resource type', 5, title, '| | | time |\n| :-- | :-- | --: |', rows, 1)
}

function statuses(nodes: readonly NodeResult[]): string {
  const byStatus = Map.groupBy(nodes, ({ status }) => status)
  const ordered = [...new Set([...STATUSES.filter((status) => byStatus.has(status)), ...byStatus.keys()])]
  return ordered
    .map((status) => {
      const n = byStatus.get(status)?.length ?? 0
      return `**${n.toLocaleString('en-US')}** ${text(clip(status, NAME))}`
    })
    .join(' · ')
}

/** How old the sources are, the oldest first. */
export function freshness(nodes: readonly NodeResult[]): Section {
  const sources = nodes.filter(isFreshness).toSorted((a, b) => (b.age ?? Infinity) - (a.age ?? Infinity))
  const rows = sources
    .slice(0, LISTED)
    .map((node) =>
      row([`${icon(node)} ${name(node.name)}`, node.age === undefined ? 'nobody knows' : duration(node.age)]),
    )
  const title = titled('### Source freshness', rows.length, sources.length, 'source')
  return table('source', 5, title, '| source | last loaded before |\n| :-- | --: |', rows, 1)
}

/** What the snapshots took in. */
export function snapshots(nodes: readonly NodeResult[]): Section {
  const all = nodes.filter(isSnapshot)
  const rows = all
    .slice(0, LISTED)
    .map((node) =>
      row([
        `${icon(node)} ${name(node.name)}`,
        rowsOf(node)?.toLocaleString('en-US') ?? '',
        duration(node.seconds),
      ]),
    )
  const title = titled('### Snapshots', rows.length, all.length, 'snapshot')
  return table('snapshot', 5, title, '| snapshot | rows | time |\n| :-- | --: | --: |', rows, 1)
}

function titled(title: string, shown: number, all: number, noun: string): string {
  return shown < all ? `${title}\n\nThe first ${shown} of ${count(all, noun)}.` : title
}

function isTest({ resourceType }: NodeResult): boolean {
  return resourceType === 'test' || resourceType === 'unit_test'
}

function isSnapshot({ resourceType }: NodeResult): boolean {
  return resourceType === 'snapshot'
}

function isFreshness({ resourceType }: NodeResult): boolean {
  return resourceType === 'source'
}

function apart<T>(all: readonly T[], is: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter((one) => !is(one)), all.filter(is)]
}
