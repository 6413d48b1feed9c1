import { expect, test } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { warehouses } from '../src/warehouses/index.ts'
import { EVIDENCE, type Named } from './support/evidence.ts'
import { saysWhole, titlesIn } from './support/titles.ts'

// The README's table says of each row what it was proven against; here each row says by which tests.

const rows = [...warehouses.values()].flatMap(({ type, accepts, proof }) =>
  [...accepts.keys()].map((via) => ({ row: `${type} via ${via}`, proof: proof[via] })),
)
const named = Object.entries(EVIDENCE).flatMap(([row, { letsIn, refuses }]) => [
  { row, does: 'lets in', test: letsIn },
  { row, does: 'refuses', test: refuses },
])

/** What of it is not there. */
function missing({ file, titles, row }: Named): string[] {
  const path = join(import.meta.dirname, file)
  if (!existsSync(path)) return [file]
  const source = readFileSync(path, 'utf8')
  const known = titlesIn(source)
  return [
    ...titles.filter((title) => !known.has(title)),
    ...(row === undefined || saysWhole(source, row) ? [] : [row]),
  ]
}

test('each row that is proven against more than its shape says by which tests, and no other row is there', () => {
  const proven = rows.filter(({ proof }) => proof !== 'shape only').map(({ row }) => row)
  expect(Object.keys(EVIDENCE).toSorted()).toEqual(expect.arrayContaining(proven.toSorted()))
  expect(rows.map(({ row }) => row)).toEqual(expect.arrayContaining(Object.keys(EVIDENCE)))
})

test.each(named)('the test that $does whoever comes to $row is there', ({ test: one }) => {
  expect(missing(one)).toEqual([])
})

test('titles are those of tests that run, and the names of rows stand there as a whole', () => {
  const source = `
describe.each([['one', 1], ["another's", 2]])('of %s', () => {
  test('it\\'s so', () => {})
  test.skip('left out', () => {})
  // said in passing: test.todo('planned')
})`
  expect([...titlesIn(source)]).toEqual(['of %s', "it's so"])
  expect(["another's", 'another', 'two'].map((one) => saysWhole(source, one))).toEqual([true, false, false])
})
