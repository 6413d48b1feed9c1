import { expect, test } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ELSEWHERE } from './hostile/elsewhere.ts'
import { IDS } from './hostile/ids.ts'
import { filesBelow } from './support/scratch.ts'
import { saysWhole, titlesIn } from './support/titles.ts'

// Every case of the corpus of hostile inputs is played by a test: one that names it, or one that is named here.

const LEDGER = new Set(['ids.ts', 'elsewhere.ts'])
const ids = Object.entries(IDS).flatMap(([name, numbers]) =>
  numbers.map((number) => `${name}-${String(number).padStart(2, '0')}`),
)
const texts = filesBelow(import.meta.dirname)
  .filter((path) => path.endsWith('.ts') && !LEDGER.has(basename(path)))
  .map((path) => readFileSync(join(import.meta.dirname, path), 'utf8'))
  .join('\n')

test('the corpus has 216 cases, and each is played by a test that names it or by one that is named for it', () => {
  expect(new Set(ids).size).toBe(216)
  const named = ids.filter((id) => texts.includes(id))
  expect([...new Set([...named, ...Object.keys(ELSEWHERE)])].toSorted()).toEqual(ids.toSorted())
})

test.each(Object.entries(ELSEWHERE))('%s is played where it is said to be', (_id, { file, title }) => {
  const path = join(import.meta.dirname, file)
  expect(existsSync(path)).toBe(true)
  const source = readFileSync(path, 'utf8')
  expect(titlesIn(source).has(title) || saysWhole(source, title)).toBe(true)
})
