import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import {
  checkPattern,
  FEW_STARS,
  includes,
  invisible,
  isLiteral,
  matches,
  mayOverlap,
  trace,
} from '../src/pattern.ts'
import { runs } from './support/runs.ts'

const RUNS = { numRuns: runs(1000) }

/** A small alphabet, so that random patterns and values meet often. */
const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', ':', '.', '😀'), maxLength: 8 })
const pattern = fc
  .array(fc.constantFrom('a', 'b', '/', ':', '.', '😀', '*', '**'), { maxLength: 7 })
  .map((parts) => parts.join(''))
  .filter((joined) => !joined.includes('***'))

/** The definition, word by word and without regard to cost: the oracle. */
function naive(tokens: readonly string[], points: readonly string[]): boolean {
  const [token, ...rest] = tokens
  if (token === undefined) return points.length === 0
  if (!token.startsWith('*')) return points[0] === token && naive(rest, points.slice(1))
  const barred = token === '*' ? ['/', ':'] : [':']
  for (let taken = 0; taken <= points.length; taken += 1) {
    if (naive(rest, points.slice(taken))) return true
    const next = points[taken]
    if (next === undefined || barred.includes(next)) return false
  }
  return false
}

const oracle = (glob: string, value: string): boolean =>
  naive(glob.match(/\*\*|./gsu) ?? [], Array.from(value))

const delimiters = (value: string): string => value.replaceAll(/[^/:]/g, '')
const colons = (value: string): number => value.split(':').length

/** Two patterns of like build, and a value that the second one was filled to. */
const likeness = fc
  .array(
    fc.record({
      special: fc.constantFrom('a', 'b', '/', ':', '*', '**'),
      general: fc.constantFrom('', 'a', '*', '**', undefined),
      fill: fc.constantFrom('', 'a', 'ab', 'a/b'),
    }),
    { maxLength: 6 },
  )
  .map((parts) => ({
    special: parts.map(({ special }) => special).join(''),
    general: parts.map(({ special, general }) => general ?? special).join(''),
    value: parts.map(({ special, fill }) => (special.startsWith('*') ? fill : special)).join(''),
  }))

describe('a pattern', () => {
  test.each([
    ['refs/heads/main', 'refs/heads/main', true],
    ['refs/heads/main', 'refs/heads/main-evil', false],
    ['refs/heads/main', 'evil-refs/heads/main', false],
    ['refs/heads/main', 'refs/heads/Main', false],
    ['refs/heads/*', 'refs/heads/', true],
    ['refs/heads/*', 'refs/heads/a', true],
    ['refs/heads/*', 'refs/heads/a/b', false],
    ['refs/heads/**', 'refs/heads/a/b', true],
    ['**', 'a/b/c', true],
    ['**', 'a:b', false],
    ['*', '', true],
    ['repo:*/*:ref:**', 'repo:o/r:ref:refs/heads/main', true],
    ['repo:**', 'repo:o/r:ref:refs/heads/main', false],
    ['release-*.*', 'release-1.2', true],
    ['*a*', 'bab', true],
    ['a?c', 'abc', false],
    ['a?c', 'a?c', true],
    ['[ab]', 'a', false],
    [String.raw`\*`, '*', false],
    ['a.c', 'abc', false],
    ['(a+)+$', 'aaaa', false],
    ['é', 'e\u0301', false],
    ['k', '\u212a', false],
    ['*', '😀', true],
    ['', '', true],
    ['', 'a', false],
  ])('%j against %j is %j', (glob, value, expected) => {
    expect(matches(glob, value)).toBe(expected)
  })

  test('says exactly what its definition says', () => {
    fc.assert(
      fc.property(pattern, text, (glob, value) => {
        expect(matches(glob, value)).toBe(oracle(glob, value))
      }),
      RUNS,
    )
  })

  test('without a star matches itself and nothing else', () => {
    const any = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => !value.includes('*'))
    fc.assert(
      fc.property(any, any, (one, other) => {
        expect(isLiteral(one)).toBe(true)
        expect(matches(one, one)).toBe(true)
        expect(matches(one, other)).toBe(one === other)
      }),
      RUNS,
    )
  })

  test('matches values that its stars were replaced by, unless they hold a delimiter', () => {
    fc.assert(
      fc.property(text, text, text, (before, middle, after) => {
        expect(matches(`${before}*${after}`, before + middle + after)).toBe(
          !/[/:]/.test(middle) || oracle(`${before}*${after}`, before + middle + after),
        )
        expect(matches(`${before}**${after}`, before + middle + after)).toBe(
          !middle.includes(':') || oracle(`${before}**${after}`, before + middle + after),
        )
      }),
      RUNS,
    )
  })

  test('never lets `*` cross `/` or `:`, nor `**` a `:`', () => {
    const singleStars = pattern.filter((glob) => !glob.includes('**'))
    fc.assert(
      fc.property(singleStars, text, (glob, value) => {
        expect(matches(glob, value) && delimiters(value) !== delimiters(glob)).toBe(false)
      }),
      RUNS,
    )
    fc.assert(
      fc.property(pattern, text, (glob, value) => {
        expect(matches(glob, value) && colons(value) !== colons(glob)).toBe(false)
      }),
      RUNS,
    )
  })

  test('visits each of its tokens at most once for each character, however the value is made', () => {
    const adversarial = fc.tuple(
      fc.array(fc.constantFrom('*', '**a', '*a', 'a', '**/', 'b*'), { minLength: 1, maxLength: 40 }),
      fc.array(fc.constantFrom('a', 'aa', '/', 'b'), { maxLength: 200 }),
    )
    fc.assert(
      fc.property(adversarial, ([globs, values]) => {
        const glob = globs.join('')
        const value = values.join('')
        expect(trace(glob, value).steps).toBeLessThanOrEqual((glob.length + 1) * value.length)
      }),
      RUNS,
    )
  })

  test('that would ruin a backtracking matcher costs no more than length times length', () => {
    const glob = `${'*a'.repeat(60)}!`
    const { matched, steps } = trace(glob, 'a'.repeat(2000))
    expect(matched).toBe(false)
    expect(steps).toBeLessThanOrEqual((glob.length + 1) * 2000)
  })

  test('counts each look at a token', () => {
    expect(trace('ab', 'ab').steps).toBe(2)
    expect(trace('a', 'b').steps).toBe(1)
    expect(trace('a', '').steps).toBe(0)
  })

  test('tells how far a value was followed', () => {
    expect(trace('refs/heads/main', 'refs/tags/main').followed).toBe(5)
    expect(trace('refs/heads/main', 'refs/heads/main-evil').followed).toBe(15)
    expect(trace('refs/heads/main', 'refs/').followed).toBe(5)
    expect(trace('😀b', '😀a').followed).toBe(1)
  })
})

describe('two patterns', () => {
  test.each([
    ['refs/heads/*', 'refs/heads/main', true],
    ['refs/heads/*', 'refs/tags/*', false],
    ['refs/heads/*', 'refs/heads/a/b', false],
    ['**/main', 'refs/**', true],
    ['a*', '*b', true],
    ['*', '/', false],
    ['a', 'a', true],
    ['', '*', true],
    ['a***', 'a', false],
  ])('%j and %j may hold for one value: %j', (one, other, expected) => {
    expect(mayOverlap(one, other)).toBe(expected)
    expect(mayOverlap(other, one)).toBe(expected)
  })

  test('overlap wherever a value matches both', () => {
    fc.assert(
      fc.property(pattern, pattern, text, (one, other, value) => {
        expect(matches(one, value) && matches(other, value) && !mayOverlap(one, other)).toBe(false)
        expect(mayOverlap(one, value)).toBe(matches(one, value))
      }),
      RUNS,
    )
  })
})

describe('includes', () => {
  test.each([
    ['a', 'a', true],
    ['a', 'b', false],
    ['*', 'a*', true],
    ['a*', '*', false],
    ['**', '*', true],
    ['*', '**', false],
    ['refs/heads/**', 'refs/heads/release/*', true],
    ['refs/heads/*', 'refs/heads/release/*', false],
    ['a**b', 'ab', true],
    ['***', 'a', false],
    ['a', '***', false],
    ['**', 'a:b', false],
    ['*', '/', false],
    ['*b', 'ab', true],
    ['a*', 'a', true],
    ['a*b', 'a', false],
    ['a', 'ab', false],
    ['', '', true],
    ['', '*', false],
  ])('%s takes all of %s: %j', (general, special, expected) => {
    expect(includes(general, special)).toBe(expected)
  })

  test('never says so where a value fits the narrower pattern only', () => {
    let decided = 0
    fc.assert(
      fc.property(likeness, ({ general, special, value }) => {
        if (!includes(general, special) || !matches(special, value)) return
        decided += 1
        expect(matches(general, value)).toBe(true)
      }),
      { numRuns: runs(10_000) },
    )
    expect(decided).toBeGreaterThan(runs(10_000) / 10)
  })
})

describe('checkPattern', () => {
  test.each([
    ['', 'empty pattern'],
    ['***', 'Three or more stars'],
    ['refs/heads/****', 'Three or more stars'],
    ['a\nb', 'U+000A'],
    ['a\u202eb', 'U+202E'],
    ['a\u200bb', 'U+200B'],
    ['a\ud800', 'U+D800'],
  ])('refuses %j and says why', (glob, reason) => {
    expect(checkPattern(glob)).toContain(reason)
  })

  test('accepts one star, two stars, and two that are not neighbours', () => {
    for (const glob of ['*', '**', '*a*', 'refs/heads/**', '(a', 'a b', '日本'])
      expect(checkPattern(glob)).toBeUndefined()
  })

  test.each([
    ['', true],
    ['**', true],
    ['**a**', true],
    ['***', false],
    ['****', false],
    ['a***', false],
    ['ab\n***', false],
  ])('says of the stars of %j what the schema says', (glob, few) => {
    expect(FEW_STARS.test(glob)).toBe(few)
    expect(/stars in a row/.test(checkPattern(glob) ?? '')).toBe(!few)
  })

  test('whatever it refuses for its stars matches nothing', () => {
    expect(matches('***', 'a')).toBe(false)
    expect(matches('a***', 'a')).toBe(false)
  })

  test('an astral character is one that a reader can see', () => {
    expect(invisible('😀')).toBeUndefined()
  })
})
