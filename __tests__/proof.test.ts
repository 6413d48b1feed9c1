import { expect, test } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EVIDENCE, OF_PLAIN, type Named } from './support/evidence.ts'
import { PLAIN, ROWS } from './support/rows.ts'
import { saysWhole, titlesIn } from './support/titles.ts'

// The README's table says of each row what it was proven against; here each row says by which tests.

const named = ROWS.flatMap(({ row }) => {
  const { letsIn, refuses } = EVIDENCE[row] ?? OF_PLAIN
  return [
    { row, does: 'lets in', test: letsIn },
    { row, does: 'refuses', test: refuses },
  ]
})

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

test('each row says by which tests, and one that claims more than its shape by tests of its own', () => {
  expect(PLAIN.filter(({ proof }) => proof !== 'shape only')).toEqual([])
  expect(ROWS.map(({ row }) => row)).toEqual(expect.arrayContaining(Object.keys(EVIDENCE)))
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
