import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rowOf, type Corpus } from '../scripts/bar/cases.ts'
import { CLASSES, VOLUME, type Class } from '../scripts/bar/classes.ts'
import { NAMES } from '../scripts/bar/lines.ts'
import { readRecord } from '../scripts/bar/record.ts'
import { isMet, tableOf, type Part } from '../scripts/bar/row.ts'
import { mutationOf } from '../scripts/bar/tested.ts'
import { volumeRow } from '../scripts/bar/volume-row.ts'
import { ELSEWHERE } from './hostile/elsewhere.ts'
import { IDS } from './hostile/ids.ts'
import { saysWhole, titlesIn } from './support/titles.ts'

const ALL = [...CLASSES, VOLUME]

describe('the bar', () => {
  test('has a line for every class of the corpus, and each class once', () => {
    expect(ALL.flatMap(({ corpus }) => corpus).toSorted()).toEqual(Object.keys(IDS).toSorted())
  })

  test('has a page with a row for each line that there is, as its last figures have it', () => {
    const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'bar.md'), 'utf8')
    const rows = [...page.matchAll(/^\| (.+?) +\|.*\|.*\| [✓✗] +\|/gm)].map(([, name]) => name)
    expect(rows).toEqual(NAMES)
    expect(readRecord().map(({ name, form }) => [name, form])).toEqual(NAMES.map((name) => [name, 'long']))
  })

  test.each(ALL.flatMap(({ proofs }) => proofs))('$what is proven by tests that there are', (proof) => {
    const source = readFileSync(join(import.meta.dirname, proof.file), 'utf8')
    const { title } = proof
    const isThere =
      title === undefined ||
      [...titlesIn(source)].some((one) => one.includes(title)) ||
      saysWhole(source, title)
    expect(isThere).toBe(true)
  })
})

const one: Class = {
  name: 'paths',
  required: 'none leads out',
  corpus: ['path'],
  files: ['files.test.ts'],
  proofs: [
    { what: 'modes', file: 'files.test.ts', title: 'keeps %o', atLeast: 2 },
    { what: 'a full disk', file: 'disk.test.ts' },
  ],
}
const corpus: Corpus = {
  ids: { path: [1, 2] },
  elsewhere: { 'path-02': { file: 'other.test.ts', title: 'reads $name as %s' } },
}
const good = [
  { file: 'files.test.ts', titles: ['a file', 'is no link (path-01)'], passed: true },
  { file: 'files.test.ts', titles: ['keeps 0', 'x'], passed: true },
  { file: 'files.test.ts', titles: ['keeps 77'], passed: true },
  { file: 'other.test.ts', titles: ['reads (a) as b.c'], passed: true },
  { file: 'disk.test.ts', titles: ['is told'], passed: true },
]

describe('a line of the bar', () => {
  test('holds where each of its cases and each of its proofs does', () => {
    const row = rowOf(one, corpus, good)
    expect(row.parts.map(({ measured }) => measured)).toEqual([
      '2 of 2 cases hold in 2 tests, 0 failed',
      '2 of 2 tests hold',
      '1 of 1 tests hold',
    ])
    expect(isMet(row)).toBe(true)
  })

  test.each<[string, (at: number) => object, string]>([
    ['a test fails', (at) => (at === 0 ? { passed: false } : {}), 'not path-01'],
    ['no test names a case', (at) => (at === 0 ? { titles: ['is no link'] } : {}), 'not path-01'],
    ['a case is named by the ledger alone', (at) => (at === 0 ? { file: 'corpus.test.ts' } : {}), 'path-01'],
    ['another case has its number in it', (at) => (at === 0 ? { titles: ['path-011'] } : {}), 'path-01'],
    ['a test stands in another file', (at) => (at === 3 ? { file: 'files.test.ts' } : {}), 'not path-02'],
    ['there are fewer tests', (at) => (at === 1 ? { titles: ['drops 0'] } : {}), 'modes: 1 of 1 tests hold'],
    ['a file was not run', (at) => (at === 4 ? { file: 'x.test.ts' } : {}), 'a full disk: no test has run'],
  ])('does not hold where %s, and says which part', (_name, change, said) => {
    const row = rowOf(
      one,
      corpus,
      good.map((result, at) => ({ ...result, ...change(at) })),
    )
    expect(isMet(row)).toBe(false)
    expect(tableOf([row], '; ').at(-1)).toMatch(new RegExp(`${said}.*✗ \\|$`))
  })

  test('holds nothing where nothing was measured', () => {
    expect(isMet({ name: 'x', required: 'y', parts: [] })).toBe(false)
  })

  test('about volume holds a case by the measurement of its name', () => {
    const ids = { volume: [1] }
    const elsewhere = { 'volume-01': ELSEWHERE['volume-01'] ?? { file: '', title: '' } }
    const measured = (met: boolean): Part => ({
      what: elsewhere['volume-01'].title,
      measured: '9.0 s, 99 MB',
      required: '60 s, 200 MB',
      met,
    })
    expect(isMet(volumeRow([measured(true)], { ids, elsewhere }, []))).toBe(true)
    const row = volumeRow([measured(false)], { ids, elsewhere }, [])
    expect(tableOf([row], '<br>').at(-1)).toContain(
      'not volume-01<br>✗ 1 GB of output in lines: 9.0 s, 99 MB (60 s, 200 MB)',
    )
  })
  test('about mutants is that of their sources, or holds nothing', () => {
    const counted = { killed: 90, timeout: 1, survived: 9, noCoverage: 0, errors: 0, survivors: [] }
    const score = { sources: 'a', score: 91, ...counted }
    const told = (digest: string, least: number, ...whys: readonly string[]): string => {
      const place = { file: 'a.ts', line: 1, mutator: 'm', was: 'b', now: 'c' }
      const survivors = whys.map((why) => ({ ...place, why }))
      const { measured, met } = mutationOf('token', { ...score, survivors }, digest, least)
      return `${met ? '✓' : '✗'} ${measured}`
    }
    expect(told('a', 90)).toBe('✓ 91 % of 100')
    expect(told('a', 92)).toBe('✗ 91 % of 100')
    expect(told('b', 90)).toBe('✗ 91 % of 100, its sources have changed since')
    expect(told('a', 90, 'Nobody asks.')).toBe('✓ 91 % of 100')
    expect(told('a', 90, 'Nobody asks.', '')).toBe('✗ 91 % of 100, 1 survivors without a reason')
    expect(mutationOf('token', undefined, 'a', 90)).toMatchObject({ measured: 'never measured', met: false })
  })
})
