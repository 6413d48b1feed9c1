import type { NodeResult } from '../dbt/result.ts'
import type { Section } from './budget.ts'
import { duration } from './duration.ts'
import { codeBlock } from './markdown.ts'
import { type Standing, standing } from './nodes.ts'
import { clip, count, oneLine } from './plain.ts'
import { nothing, whole } from './table.ts'

/** Bars of one chart: more would be read by nobody, and each is a line of the picture. */
const BARS = 32
const LABEL = 44

interface Bar {
  readonly node: NodeResult
  /** Milliseconds since the epoch. */
  readonly from: number
  readonly to: number
}

interface Lane {
  readonly thread: string
  readonly bars: readonly Bar[]
}

/** The run per thread as a chart that GitHub draws: the longest nodes, each where it ran. */
export function timeline(nodes: readonly NodeResult[]): Section {
  const bars = nodes.flatMap(timed)
  if (bars.length < 2) return nothing('chart', 7)
  const from = bars.reduce((least, bar) => Math.min(least, bar.from), Infinity)
  const to = bars.reduce((most, bar) => Math.max(most, bar.to), -Infinity)
  const longest = bars.toSorted((a, b) => length(b) - length(a)).slice(0, BARS)
  const chart = codeBlock(gantt(lanes(longest), { from, to }), 'mermaid')
  return whole('chart', 7, `### Timeline\n\n${words(bars, longest, to - from)}\n\n${chart}`)
}

function timed(node: NodeResult): readonly Bar[] {
  const from = Date.parse(node.startedAt ?? '')
  const to = Date.parse(node.completedAt ?? '')
  return Number.isFinite(from) && Number.isFinite(to) && to >= from ? [{ node, from, to }] : []
}

function length({ from, to }: Bar): number {
  return to - from
}

function words(bars: readonly Bar[], shown: readonly Bar[], wall: number): string {
  const threads = lanes(bars).length
  const work = bars.reduce((sum, bar) => sum + length(bar), 0)
  const share = Math.min(100, Math.round((100 * work) / (wall * threads)))
  const busy = wall > 0 ? `, at work ${share} % of the time` : ''
  const part =
    shown.length < bars.length ? ` · the ${shown.length} longest of ${count(bars.length, 'node')}` : ''
  return `${count(threads, 'thread')}${busy}${part} · red: failed`
}

function lanes(bars: readonly Bar[]): readonly Lane[] {
  const byThread = Map.groupBy(bars, (bar) => threadName(bar.node.thread))
  return [...byThread]
    .toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([thread, all]) => ({ thread, bars: all.toSorted((a, b) => a.from - b.from) }))
}

/** dbt calls them `Thread-1 (worker)`. */
function threadName(thread: string): string {
  const number = /^Thread-(\d{1,6})\b/.exec(thread)?.[1]
  return number === undefined ? letters(thread) || 'main' : `thread ${number}`
}

function gantt(
  threads: readonly Lane[],
  { from, to }: { readonly from: number; readonly to: number },
): string {
  const at = (instant: number): string => clock(instant - from)
  const bar = ({ node, ...ran }: Bar): string =>
    // A bar of no length would be drawn as nothing.
    `  ${label(node)} :${TAGS[standing(node)]}${at(ran.from)}, ${at(Math.max(ran.to, ran.from + 1))}`
  return [
    WIDTH,
    'gantt',
    '  dateFormat YYYY-MM-DD HH:mm:ss.SSS',
    `  axisFormat ${axis(to - from)}`,
    '  todayMarker off',
    ...threads.flatMap(({ thread, bars }) => [`  section ${thread}`, ...bars.map(bar)]),
  ].join('\n')
}

/** The same picture on a telephone, smaller: in a narrow one the names would be cut off. */
const WIDTH =
  '%%{init: {"gantt": {"useWidth": 760, "leftPadding": 70, "rightPadding": 20, "fontSize": 12, "sectionFontSize": 13}}}%%'

const TAGS: Readonly<Record<Standing, string>> = {
  failed: 'crit, ',
  warned: 'active, ',
  skipped: 'done, ',
  other: '',
  passed: '',
}

const SIGNS: Readonly<Record<Standing, string>> = {
  failed: '✗',
  warned: '!',
  skipped: '–',
  other: '·',
  passed: '✓',
}

/** The sign in front keeps a name from being read as one of the chart's own words. */
function label(node: NodeResult): string {
  return `${SIGNS[standing(node)]} ${letters(node.name) || 'node'} ${duration(node.seconds)}`
}

/** The only characters that no reader of a chart gives a meaning to. */
function letters(foreign: string): string {
  return clip(oneLine(foreign), LABEL)
    .replace(/[^\p{L}\p{M}\p{N}_. -]/gu, '_')
    .trim()
}

/** Time since the start as one of a day without a history: browsers read and write it in the same time zone. */
function clock(milliseconds: number): string {
  return new Date(Date.UTC(2001, 0, 1) + milliseconds).toISOString().slice(0, 23).replace('T', ' ')
}

function axis(milliseconds: number): string {
  if (milliseconds < 10_000) return '%S.%L s'
  return milliseconds < 3_600_000 ? '%M:%S' : '%H:%M:%S'
}
