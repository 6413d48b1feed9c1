import type { Pair, YAMLMap } from 'yaml'
import { isNode } from 'yaml'

/** A piece of a text, and what is to stand there. */
export interface TextEdit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** The text with all edits made; of two that overlap the one that began first holds. */
export function withEdits(text: string, edits: readonly TextEdit[]): string {
  let made = ''
  let at = 0
  for (const { start, end, text: put } of [...edits].toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (start < at) continue
    made += text.slice(at, start) + put
    at = end
  }
  return made + text.slice(at)
}

/** Where a node begins and where its text ends, without the line ends behind it. */
export function spanOf(text: string, node: unknown): readonly [start: number, end: number] {
  const [start = 0, end = 0] = (isNode(node) ? node.range : undefined) ?? []
  return [start, start + text.slice(start, end).trimEnd().length]
}

/** Where a pair begins and ends. */
export function pairSpan(text: string, { key, value }: Pair): readonly [start: number, end: number] {
  const [start, keyEnd] = spanOf(text, key)
  const [, end] = value === null ? [0, keyEnd] : spanOf(text, value)
  return [start, Math.max(keyEnd, end)]
}

/** The whole lines of a piece, with the line end behind it. */
export function linesOf(text: string, [start, end]: readonly [number, number]): readonly [number, number] {
  const from = text.lastIndexOf('\n', start - 1) + 1
  const next = text.indexOf('\n', end)
  return [from, next < 0 ? text.length : next + 1]
}

/** The column of a place, as blanks. */
export function indentAt(text: string, at: number): string {
  return ' '.repeat(at - (text.lastIndexOf('\n', at - 1) + 1))
}

/** The place where the line behind a map begins, for one pair more. */
export function endOf(text: string, map: YAMLMap): number {
  return linesOf(text, spanOf(text, map))[1]
}
