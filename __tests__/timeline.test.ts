import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { timeline } from '../src/report/timeline.ts'
import { node } from './support/report.ts'
import { runs } from './support/runs.ts'

const START = Date.parse('2026-11-24T08:26:33.000Z')
const ran = (name: string, thread: number, from: number, to: number, status = 'success') =>
  node({
    uniqueId: `model.shop.${name}`,
    name,
    status,
    thread: `Thread-${thread} (worker)`,
    startedAt: new Date(START + from).toISOString(),
    completedAt: new Date(START + to).toISOString(),
    seconds: (to - from) / 1000,
  })
const drawn = (nodes: Parameters<typeof timeline>[0]): string => [...timeline(nodes).pieces].join('')
const linesOf = (markdown: string): readonly string[] =>
  /```mermaid\n([\s\S]*)\n```/.exec(markdown)?.[1]?.split('\n') ?? []

describe('the timeline', () => {
  test('shows each node where and when it ran, thread by thread, and what failed in red', () => {
    expect(
      drawn([
        ran('orders', 10, 2000, 4000, 'error'),
        ran('stg_orders', 2, 0, 1500),
        ran('customers', 2, 1500, 4000),
      ]),
    ).toBe(`### Timeline

2 threads, at work 75 % of the time · red: failed

\`\`\`mermaid
%%{init: {"gantt": {"useWidth": 760, "leftPadding": 70, "rightPadding": 20, "fontSize": 12, "sectionFontSize": 13}}}%%
gantt
  dateFormat YYYY-MM-DD HH:mm:ss.SSS
  axisFormat %S.%L s
  todayMarker off
  section thread 2
  ✓ stg_orders 1.5 s :2001-01-01 00:00:00.000, 2001-01-01 00:00:01.500
  ✓ customers 2.5 s :2001-01-01 00:00:01.500, 2001-01-01 00:00:04.000
  section thread 10
  ✗ orders 2.0 s :crit, 2001-01-01 00:00:02.000, 2001-01-01 00:00:04.000
\`\`\`

`)
  })

  test('keeps the longest of many nodes and says so', () => {
    const many = Array.from({ length: 50_000 }, (_, at) => ran(`m${at}`, at % 8, at, 2 * at + 1))
    const markdown = drawn(many)
    expect(markdown).toContain('8 threads, ')
    expect(markdown).toContain(' · the 32 longest of 50,000 nodes · ')
    expect(markdown).toContain('✓ m49999 ')
    expect(linesOf(markdown).filter((line) => line.includes(' :'))).toHaveLength(32)
    expect(markdown.length).toBeLessThan(10_000)
  })

  test('is left out where dbt tells no times, and where there is but one bar', () => {
    const untimed = node({ startedAt: null, completedAt: null })
    expect(timeline([untimed, untimed, untimed]).total).toBe(0)
    expect(timeline([ran('a', 1, 0, 1)]).total).toBe(0)
    expect(timeline([]).total).toBe(0)
  })

  test('has a line for each bar and nothing that the chart would take for more, whatever the names are', () => {
    const parts = fc.constantFrom(
      ...Array.from(':;,#%{}<>"`\n\r\t@\\'),
      'section x',
      'title ',
      'click ',
      'gantt',
      '%%{init: {}}%%',
      '```',
      '<script>',
      '2001-01-01',
      '\u2028',
    )
    const name = fc
      .array(fc.oneof(parts, fc.string({ unit: 'binary' })), { maxLength: 8 })
      .map((all) => all.join(''))
    fc.assert(
      fc.property(fc.array(name, { minLength: 2, maxLength: 6 }), name, (names, thread) => {
        const nodes = names.map((each, at) => ({ ...ran(each, 1, at, at + 5), uniqueId: `${at}`, thread }))
        const [, , , , , section, ...bars] = linesOf(drawn(nodes))
        expect(section).toMatch(/^ {2}section [\p{L}\p{M}\p{N}_. …-]+$/u)
        expect(bars).toHaveLength(names.length)
        for (const bar of bars)
          expect(bar).toMatch(
            /^ {2}✓ [\p{L}\p{M}\p{N}_. …-]+ :2001-01-01 00:00:00\.\d{3}, 2001-01-01 00:00:00\.\d{3}$/u,
          )
      }),
      { numRuns: runs(1000) },
    )
  })
})
