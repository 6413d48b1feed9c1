import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { NodeResult } from '../src/dbt/result.ts'
import { annotations } from '../src/report/annotations.ts'
import { facts, line, node, nodes, result } from './support/report.ts'
import { runs } from './support/runs.ts'

const many = (length: number, status: string): readonly NodeResult[] =>
  Array.from({ length }, (_, at) =>
    node({ uniqueId: `${status}.${at}`, name: `m${at}`, status, message: `no ${at}` }),
  )

describe('annotations', () => {
  test('stand on the files of failing nodes, models before tests, and warn of tests that warned', () => {
    expect(annotations(result(nodes), facts)).toEqual([
      {
        level: 'error',
        title: 'dbt model broken: error',
        message:
          'Runtime Error in model broken (models/broken.sql)\n  Binder Error: Referenced column "no_such_column" not found in FROM clause!\n  Candidate bindings: "amount"',
        file: 'warehouse/shop/models/broken.sql',
      },
      {
        level: 'error',
        title: 'dbt unit test totals_add_up: fail, 1 failing row',
        message: 'actual differs from expected:\n\n@@,customer,total\n→ ,a       ,4→3',
        file: 'warehouse/shop/models/schema.yml',
      },
      {
        level: 'warning',
        title: 'dbt test unique_stg_orders_id: warn, 1 failing row',
        message: 'Got 1 result, configured to warn if != 0',
        file: 'warehouse/shop/models/schema.yml',
      },
    ])
  })

  test.each(['success', 'pass', 'skipped', 'no-op', 'reused'])(
    'say nothing of a node that is %s',
    (status) => {
      expect(annotations(result(many(3, status)), facts)).toEqual([])
    },
  )

  test.each(['error', 'fail', 'runtime error', 'partial success'])('tell of a node with %s', (status) => {
    expect(annotations(result(many(1, status)), facts)).toHaveLength(1)
  })

  test('are all shown while they fit', () => {
    const told = annotations(result(many(10, 'error')), facts)
    expect(told.map(({ message }) => message)).toEqual(Array.from({ length: 10 }, (_, at) => `no ${at}`))
  })

  test.each([
    [11, '2 further nodes failed; the job summary lists all of them.'],
    [100, '91 further nodes failed; the job summary lists all of them.'],
  ])('of %i failures are ten, and the last one counts the others', (failures, last) => {
    const told = annotations(result(many(failures, 'error')), facts)
    expect(told.map(({ message }) => message)).toEqual([
      ...Array.from({ length: 9 }, (_, at) => `no ${at}`),
      last,
    ])
    expect(told.at(-1)).toEqual({ level: 'error', title: 'dbt: further nodes that failed', message: last })
  })

  test('keep the two levels apart', () => {
    const told = annotations(result([...many(50, 'warn'), ...many(50, 'error')]), facts)
    expect(told.filter(({ level }) => level === 'error')).toHaveLength(10)
    expect(told.filter(({ level }) => level === 'warning')).toHaveLength(10)
  })

  test.each([
    [9, 9],
    [1, 1],
    [0, 0],
    [-3, 0],
  ])('with room for %i are %i', (error, expected) => {
    expect(annotations(result(many(20, 'error')), facts, { error, warning: 10 })).toHaveLength(expected)
  })

  test('tell of a node once, by its last word, when it ran twice', () => {
    const lines = [
      line(many(2, 'error')),
      line(many(1, 'error').map((one) => ({ ...one, status: 'success' }))),
    ]
    expect(annotations({ lines, ok: false }, facts).map(({ title }) => title)).toEqual([
      'dbt model m1: error',
    ])
  })

  test.each(['../../other/x.sql', '/etc/passwd', 'C:\\x.sql'])(
    'name no file outside the repository: %s',
    (file) => {
      expect(annotations(result([node({ status: 'error', file })]), facts)[0]).not.toHaveProperty('file')
    },
  )

  test('stand on the line that the warehouse complained of, where that is known', () => {
    const [told] = annotations(result([node({ status: 'error', line: 12 })]), facts)
    expect(told).toMatchObject({ file: 'warehouse/shop/models/stg_orders.sql', line: 12 })
    const [outside] = annotations(result([node({ status: 'error', line: 12, file: '/etc/passwd' })]), facts)
    expect(outside).not.toHaveProperty('line')
  })

  test('name no file where the manifest knows none', () => {
    expect(annotations(result([node({ status: 'error', file: null })]), facts)[0]).not.toHaveProperty('file')
  })

  test.each([
    [{ message: null, failures: 12, status: 'fail' }, '12 failing rows.'],
    [{ message: null, failures: null, status: 'error' }, 'dbt says error and nothing else.'],
    [{ message: ' \u001b[0m\n', failures: null, status: 'error' }, 'dbt says error and nothing else.'],
  ])('are never empty: %j', (over, message) => {
    expect(annotations(result([node(over)]), facts)[0]?.message).toBe(message)
  })

  test('hold no control characters, one line of title, and at most 4096 characters, whatever dbt says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(3000), (said, times) => {
        const name = `a,line=1::%0A::error\r\n${said}`
        const [told] = annotations(
          result([node({ status: 'error', name, message: `${said}😀`.repeat(times) })]),
          facts,
        )
        expect(told?.title).not.toMatch(/\n/)
        expect(`${told?.title}${told?.message}`).not.toMatch(/[[\p{Cc}--[\n\t]]]/v)
        expect(told?.title.length).toBeLessThanOrEqual(250)
        expect(told?.message.length).toBeLessThanOrEqual(4096)
        expect(told?.message.isWellFormed()).toBe(true)
      }),
      { numRuns: runs(1000) },
    )
  })
})
