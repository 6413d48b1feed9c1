import type { LineResult, NodeResult } from '../dbt/result.ts'
import type { Section } from './budget.ts'
import { duration } from './duration.ts'
import { queryLink, rowsOf } from './figures.ts'
import { fileUrl } from './links.ts'
import { code, link, name, row, text } from './markdown.ts'
import { ending, icon, kind, type Standing, standing, succeeded } from './nodes.ts'
import { clip, count, NAME } from './plain.ts'
import type { AccessFacts, RunFacts } from './report.ts'
import { table } from './table.ts'

const SLOWEST = 10
const LISTED = 200
const SQUARES = 24

const SQUARE: Readonly<Record<Standing, string>> = {
  failed: '🟥',
  warned: '🟨',
  skipped: '⬜',
  other: '🟦',
  passed: '🟩',
}

/** Nodes by standing, worst first. */
export function tally(nodes: readonly NodeResult[]): ReadonlyMap<Standing, number> {
  const counts = new Map<Standing, number>([
    ['failed', 0],
    ['warned', 0],
    ['skipped', 0],
    ['other', 0],
    ['passed', 0],
  ])
  for (const node of nodes) counts.set(standing(node), (counts.get(standing(node)) ?? 0) + 1)
  return counts
}

/** One coloured square for each node, or a row of squares in proportion in which nothing that happened is lost. */
export function squares(nodes: readonly NodeResult[]): string {
  const scale = Math.min(1, SQUARES / nodes.length)
  return [...tally(nodes)]
    .map(([kind, n]) => SQUARE[kind].repeat(n === 0 ? 0 : Math.max(1, Math.round(n * scale))))
    .join('')
}

/** The lines of `run`, where there were several. */
export function commands(lines: readonly LineResult[]): Section {
  const rows = lines.map((line) =>
    row([
      succeeded(line) ? '✅' : '❌',
      code(clip(line.command, NAME)),
      duration(line.seconds),
      succeeded(line) ? '' : ending(line),
    ]),
  )
  return table('command', 4, '### Commands', '| | command | time | |\n| :-: | :-- | --: | :-- |', rows, 2)
}

/** The slowest nodes with a bar each. */
export function slowest(nodes: readonly NodeResult[], facts: RunFacts): Section {
  const top = nodes
    .filter((node) => node.seconds > 0)
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST)
  const longest = top[0]?.seconds ?? 1
  const rows = top.map((node) =>
    row([
      `${icon(node)} ${link(name(node.name), fileUrl(facts, node.file))} ${text(kind(node))}`,
      `${bar(node.seconds / longest)} ${duration(node.seconds).replaceAll(' ', '&nbsp;')}`,
    ]),
  )
  return table('slow node', 6, '### Slowest', '| node | time |\n| :-- | :-- |', rows, 2)
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A bar for a share between 0 and 1, at most eight characters wide: a telephone has to have room for it. */
export function bar(share: number): string {
  const eighths = Math.max(1, Math.round(Math.min(1, share) * 8 * 8))
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '')
}

/** Every node in the order of the run, folded; a long list is left to run_results.json. */
export function all(nodes: readonly NodeResult[], access: AccessFacts | undefined): Section {
  const shown = nodes.slice(0, LISTED)
  const rows = shown.map((node) =>
    row([
      [
        `${icon(node)} ${text(clip(node.status, NAME))}: ${text(clip(kind(node), NAME))} ${name(node.name)}`,
        rowsWritten(node),
        queryLink(node, access, true),
      ]
        .filter((part) => part !== '')
        .join(' · '),
      node.seconds > 0 ? duration(node.seconds) : '',
    ]),
  )
  const label = shown.length < nodes.length ? `The first ${shown.length} of ` : 'All '
  const head = `<details><summary>${label}${count(nodes.length, 'node')}</summary>`
  const section = table('listed node', 8, head, '| node | time |\n| :-- | --: |', rows, 1)
  return { ...section, tail: rows.length === 0 ? '' : '\n</details>\n\n' }
}

function rowsWritten(node: NodeResult): string {
  const rows = rowsOf(node)
  return rows === undefined ? '' : count(rows, 'row')
}
