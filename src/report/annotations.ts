import { type DbtResult, mergedNodes, type NodeResult } from '../dbt/result.ts'
import { repositoryPath } from './links.ts'
import { byWeight, failingRows, kind, message, standing } from './nodes.ts'
import { clip, count, oneLine } from './plain.ts'
import type { RunFacts } from './report.ts'

/** A remark that GitHub shows beside a file. */
export interface Annotation {
  readonly level: 'error' | 'warning'
  readonly title: string
  readonly message: string
  /** Relative to the repository, with `/`. */
  readonly file?: string
  readonly line?: number
}

/** How many annotations of each level the step has left; GitHub shows 10 of a type in a step and drops the rest. */
export interface Room {
  readonly error: number
  readonly warning: number
}

const SHOWN = 10
const MESSAGE = 4096
const TITLE = 250

/** Failing nodes as errors and warning tests as warnings; where there are too many, the last one counts the rest. */
export function annotations(
  result: DbtResult,
  facts: RunFacts,
  room: Room = { error: SHOWN, warning: SHOWN },
): readonly Annotation[] {
  const nodes = mergedNodes(result)
  const failing = byWeight(nodes.filter((node) => standing(node) === 'failed'))
  const warned = nodes.filter((node) => standing(node) === 'warned')
  return [...atMost(failing, 'error', room.error, facts), ...atMost(warned, 'warning', room.warning, facts)]
}

function atMost(
  nodes: readonly NodeResult[],
  level: Annotation['level'],
  room: number,
  facts: RunFacts,
): readonly Annotation[] {
  if (nodes.length <= room) return nodes.map((node) => annotate(node, level, facts))
  const shown = nodes.slice(0, Math.max(0, room - 1)).map((node) => annotate(node, level, facts))
  const rest = nodes.length - shown.length
  const verb = level === 'error' ? 'failed' : 'warned'
  const title = `dbt: ${shown.length === 0 ? '' : 'further '}nodes that ${verb}`
  const sum = `${count(rest, shown.length === 0 ? 'node' : 'further node')} ${verb}; the job summary lists all of them.`
  return room > 0 ? [...shown, { level, title, message: sum }] : []
}

function annotate(node: NodeResult, level: Annotation['level'], facts: RunFacts): Annotation {
  const file = repositoryPath(facts, node.file)
  const rows = node.message === null ? '' : failingRows(node)
  const title = oneLine(`dbt ${kind(node)} ${node.name}: ${node.status}${rows === '' ? '' : `, ${rows}`}`)
  const annotation: Annotation = { level, title: clip(title, TITLE), message: clip(message(node), MESSAGE) }
  if (file === undefined) return annotation
  // Without a line GitHub shows it at the first one.
  return node.line === undefined ? { ...annotation, file } : { ...annotation, file, line: node.line }
}
