import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { formsOf } from '../src/report/forms.ts'
import { createSecrets } from '../src/report/scrub.ts'
import { runs } from './support/runs.ts'

function scrubbing(...secrets: readonly string[]): ReturnType<typeof createSecrets> {
  const known = createSecrets()
  for (const secret of secrets) known.add(secret)
  return known
}

/** The text in pieces of these lengths, over and over. */
function cut(text: string, lengths: readonly number[]): readonly string[] {
  const pieces: string[] = []
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1
    pieces.push(text.slice(at, at + length))
    at += length
  }
  return pieces
}

describe('a secret is looked for', () => {
  const secret = `p/q+"r's<t>&u=v(w)!*é`
  // Written by hand, so that no fault of ours is in both.
  const own: Readonly<Record<string, string>> = {
    itself: secret,
    hex: '702f712b227227733c743e26753d76287729212ac3a9',
    HEX: '702F712B227227733C743E26753D76287729212AC3A9',
    'base64 at a group': 'cC9xKyJyJ3M8dD4mdT12KHcpISrD',
    'base64 one before a group': 'L3ErInInczx0PiZ1PXYodykhKsOp',
    'base64 two before a group': 'cSsicidzPHQ+JnU9dih3KSEq',
    'base64url two before a group': 'cSsicidzPHQ-JnU9dih3KSEq',
    encodeURIComponent: `p%2Fq%2B%22r's%3Ct%3E%26u%3Dv(w)!*%C3%A9`,
    'the same in lower case': `p%2fq%2b%22r's%3ct%3e%26u%3dv(w)!*%c3%a9`,
    'of RFC 3986 in lower case': 'p%2fq%2b%22r%27s%3ct%3e%26u%3dv%28w%29%21%2a%c3%a9',
    "of Python's quote": `p/q%2B%22r's%3Ct%3E%26u%3Dv(w)!*%C3%A9`,
    'of a form': 'p%2Fq%2B%22r%27s%3Ct%3E%26u%3Dv%28w%29%21*%C3%A9',
    'JSON with slashes escaped': `p\\/q+\\"r's<t>&u=v(w)!*é`,
    'JSON in ASCII': `p/q+\\"r's<t>&u=v(w)!*\\u00e9`,
    'JSON for a page': `p/q\\u002b\\"r\\u0027s\\u003ct\\u003e\\u0026u\\u003dv(w)!*é`,
  }
  const runners: Readonly<Record<string, string>> = {
    'base64 whole': 'cC9xKyJyJ3M8dD4mdT12KHcpISrDqQ==',
    'base64 without its first byte': 'L3ErInInczx0PiZ1PXYodykhKsOp',
    'base64 without its first two bytes': 'cSsicidzPHQ+JnU9dih3KSEqw6k=',
    JSON: `p/q+\\"r's<t>&u=v(w)!*é`,
    'RFC 3986': 'p%2Fq%2B%22r%27s%3Ct%3E%26u%3Dv%28w%29%21%2A%C3%A9',
    XML: 'p/q+&quot;r&apos;s&lt;t&gt;&amp;u=v(w)!*é',
  }
  const { masks, all } = formsOf(secret)

  test.each(Object.entries(own))('in the form %s, of which the runner is told: %s', (_name, form) => {
    expect(all).toContain(form)
    // One of them is both: the runner's second base64 of a text of just this length.
    expect([...masks, runners['base64 without its first byte']]).toContain(form)
  })

  test.each(Object.entries(runners))(
    'in the form %s, which the runner derives by itself: %s',
    (_name, form) => {
      expect(all).toContain(form)
      expect(masks).not.toContain(form)
    },
  )

  test('in each form once', () => {
    expect(new Set(all).size).toBe(all.length)
    expect(new Set(masks).size).toBe(masks.length)
    expect(new Set(masks)).toEqual(new Set(masks.filter((form) => all.includes(form))))
  })

  test('with what stands around it and without, and line by line where a line is long enough to tell', () => {
    const { all } = formsOf('  first-line-1\r\n  second-line\rshort\n\nlast-line-3\n')
    expect(all).toEqual(
      expect.arrayContaining([
        '  first-line-1\r\n  second-line\rshort\n\nlast-line-3\n',
        'first-line-1\r\n  second-line\rshort\n\nlast-line-3',
        'first-line-1',
        'second-line',
        'last-line-3',
        Buffer.from('second-line').toString('hex'),
      ]),
    )
    for (const form of formsOf('short').all) expect(all).not.toContain(form)
    expect(formsOf('\tabcdefg \n').masks.slice(0, 2)).toEqual(['\tabcdefg \n', 'abcdefg'])
  })

  test.each<[string, readonly string[]]>([
    [
      'eyJhbGciOiJub25l.eyJzdWIiOiJ4In0.c2lnbmF0dXJl',
      ['eyJhbGciOiJub25l', 'eyJzdWIiOiJ4In0', 'c2lnbmF0dXJl'],
    ],
    [
      ' eyJhbGciOiJub25l.eyJzdWIiOiJ4In0.c2lnbmF0dXJl\n',
      ['eyJhbGciOiJub25l', 'eyJzdWIiOiJ4In0', 'c2lnbmF0dXJl'],
    ],
    // Three characters of base64 stand in any file.
    ['eyJhbGciOiJub25l.e30.c2ln', ['eyJhbGciOiJub25l']],
    ['a/eyJhbGciOiJub25l.eyJzdWIiOiJ4In0.c2lnbmF0dXJl', []],
    ['eyJhbGciOiJub25l.eyJzdWIiOiJ4In0.c2lnbmF0dXJl/a', []],
    ['example-host.example-domain.example-end', []],
  ])('part by part where it is a token: %j', (text, parts) => {
    const { all, masks } = formsOf(text)
    const pieces = text.trim().split(/[./]/)
    expect(pieces.filter((piece) => all.includes(piece))).toEqual(parts)
    expect(pieces.filter((piece) => masks.includes(piece))).toEqual(parts)
  })

  test('from four characters on, and in no form so short that it stands everywhere', () => {
    expect(formsOf('abcd')).toEqual({
      masks: ['abcd', '61626364'],
      all: ['abcd', '61626364', 'YWJjZA=='],
    })
    // Except as a summary shows it, where nothing else can have been meant.
    expect(formsOf('a<bc').all).toEqual([
      'a<bc',
      '613c6263',
      '613C6263',
      'a\\u003cbc',
      'YTxiYw==',
      'a&lt;bc',
      'a&#60;bc',
    ])
    for (const nothing of ['', 'abc', ' abc \n', ' \n\t    ', '\n\n\n\n'])
      expect(formsOf(nothing)).toEqual({ masks: [], all: [] })
  })
})

describe('known secrets', () => {
  test('go and leave the rest, the same at any cut', () => {
    // Of those that begin alike the shorter one is known first.
    const known = ['abcd', 'abcabcab', 'abcabcabbb', 'bcabcabcabcd', 'aaaaaaaa', 'cab\ncab']
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', 'abc', '\n', 'aaaa'), maxLength: 40 })
    const lengths = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(text, lengths, (input, cuts) => {
        const secrets = scrubbing(...known)
        const stream = secrets.stream()
        const pieces = cut(input, cuts).map((part) => stream.push(part))
        const output = pieces.join('') + stream.flush()
        expect(output).toBe(secrets.scrub(input))
        expect(output.replaceAll('***', '?')).toBe(byHand(input, known))
      }),
      { numRuns: runs(1000) },
    )
  })

  test('are hidden at the end of the output although a longer one could have begun before them', () => {
    expect(scrubbing('zzabcdefghXXXXXX', 'abcdefgh').scrub('zzabcdefgh')).toBe('zz***')
  })

  test('that begin alike are hidden by the longest', () => {
    const secrets = scrubbing('abcdefgh', 'abcdefghijkl', 'abcdefghij')
    expect(secrets.scrub('<abcdefghijkl><abcdefghijk><abcdefghi>')).toBe('<***><***k><***i>')
  })

  test.each(['abcd', 'abcde', 'abcdefgh'])('are hidden at the very end, also the shortest: %s', (secret) => {
    expect(scrubbing(secret).scrub(`x ${secret}`)).toBe('x ***')
    expect(scrubbing(secret).scrub(secret)).toBe('***')
  })

  test('of three characters are none', () => {
    expect(scrubbing('abc').scrub('abc abcd')).toBe('abc abcd')
  })

  test('are known from the moment they are added, to a text that has begun, too', () => {
    const secrets = createSecrets()
    const stream = secrets.stream()
    expect(stream.push('abcdefgh ')).toBe('abcdefgh ')
    secrets.add('abcdefgh')
    expect(stream.push('abcdefgh ab') + stream.flush()).toBe('*** ab')
    // Nothing of one text is carried into the next.
    expect([stream.flush(), stream.push('cdefgh'), stream.flush()]).toEqual(['', 'cdefgh', ''])
  })

  test('cut off at the end are hidden from sixteen characters on, which could be used', () => {
    const secrets = scrubbing('abcdefghijklmnopqrstuvwxyz')
    expect(secrets.scrub('x abcdefghijklmno')).toBe('x abcdefghijklmno')
    expect(secrets.scrub('x abcdefghijklmnop')).toBe('x ***')
    expect(secrets.scrub('abcdefghijklmnop')).toBe('***')
  })

  test('cut off within another are hidden with it, as one', () => {
    const secrets = scrubbing('abcdefgh', 'efghijklmnopqrstuvwxyz')
    expect(secrets.scrub('x abcdefghijklmnopqrstuv')).toBe('x ***')
    // Too little to tell is shown, what was covered already is not.
    expect(secrets.scrub('x abcdefghijkl')).toBe('x ***ijkl')
    expect(secrets.scrub('x abcdefgh')).toBe('x ***')
  })
})

/** The same the slow way: every character of every occurrence is covered, and overlapping occurrences are one. */
function byHand(text: string, secrets: readonly string[]): string {
  const ends = text
    .split('')
    .map((_, at) =>
      Math.max(
        0,
        ...secrets.filter((secret) => text.startsWith(secret, at)).map((secret) => at + secret.length),
      ),
    )
  let output = ''
  let covered = 0
  for (const [at, end] of ends.entries()) {
    if (end > 0 && at >= covered) output += '?'
    covered = Math.max(covered, end)
    if (at >= covered) output += text.charAt(at)
  }
  return output
}
