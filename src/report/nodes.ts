import { failed, type LineResult, type NodeResult } from '../dbt/result.ts'
import { count, oneLine, plain } from './plain.ts'

/** What a status means to a reader. */
export type Standing = 'passed' | 'failed' | 'warned' | 'skipped' | 'other'

/** The standing of a node, from dbt's own word. */
export function standing(node: NodeResult): Standing {
  if (failed(node)) return 'failed'
  switch (node.status) {
    case 'success':
    case 'pass':
      return 'passed'
    case 'warn':
      return 'warned'
    case 'skipped':
      return 'skipped'
    default:
      return 'other'
  }
}

const ICONS: Readonly<Record<Standing, string>> = {
  passed: '✅',
  failed: '❌',
  warned: '⚠️',
  skipped: '⏭️',
  other: '🔹',
}

/** One sign for the standing of a node. */
export function icon(node: NodeResult): string {
  return ICONS[standing(node)]
}

/** `unit test`, `model`: dbt's resource type as a word. */
export function kind(node: NodeResult): string {
  return node.resourceType.replaceAll('_', ' ')
}

/** Broken nodes before failed tests: the first are the likelier cause. */
export function byWeight(nodes: readonly NodeResult[]): readonly NodeResult[] {
  return nodes.toSorted((a, b) => Number(a.status === 'fail') - Number(b.status === 'fail'))
}

/** The whole message of a node, never empty. */
export function message(node: NodeResult): string {
  const said = plain(node.message ?? '').trim()
  const rows = failingRows(node)
  if (said !== '') return said
  return rows === '' ? `dbt says ${node.status} and nothing else.` : `${rows}.`
}

/** `12 failing rows`, or nothing where dbt counted none. */
export function failingRows(node: NodeResult): string {
  return node.failures === null || node.failures === 0 ? '' : count(node.failures, 'failing row')
}

/** The line that says most: dbt's first only repeats which node it is about. */
export function gist(node: NodeResult): string {
  const lines = message(node)
    .split('\n')
    .map(oneLine)
    .filter((line) => line !== '')
  const telling = lines.find((line) => !/^[A-Z][A-Za-z ]* Error in \S+ \S+ \(.*\)$/.test(line))
  return telling ?? lines[0] ?? node.status
}

/** How a line of `run` ended, for lines that did not end well. */
export function ending(line: LineResult): string {
  if (line.signal !== undefined) return `was ended by ${line.signal}`
  return line.exitCode === undefined ? 'did not end by itself' : `ended with exit code ${line.exitCode}`
}

/** Whether a line of `run` did what it should. */
export function succeeded(line: LineResult): boolean {
  return line.exitCode === 0
}
