import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { iamLiteral, roleLabel, roleReference } from '../src/trust/iam.ts'
import {
  backticked,
  comment,
  folded,
  hcl,
  identifier,
  json,
  jsonWord,
  sh,
  sql,
  verbatim,
  type Part,
} from '../src/trust/quote.ts'
import { hclValue, shellWords, sqlWords } from './support/trust/readers.ts'
import { runs } from './support/runs.ts'
import { codeOf } from './support/token-setup.ts'

/** Names that want to be more than a name, each of characters that a document takes. */
const name = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...'\' " ` ; $ { } ${ %{ $${ %%{ # -- && | ( ) ~ < > * ? = : , . / @ % + - a Z9 é 🙂'.split(' '),
      ),
      fc.constant(' '),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''))

/** What only Terraform's language has an escape for. */
const anything = fc
  .array(
    fc.oneof(
      name,
      fc.constantFrom('\\', '\n', '\r', '\t', '\u202e', '\u2028', '\u0001', '\u{e0001}', '\\n', '\\u0041'),
    ),
    {
      maxLength: 6,
    },
  )
  .map((parts) => parts.join(''))

describe('a name reads back as it was', () => {
  test('from a command of the shell, as one word', () => {
    fc.assert(
      fc.property(name, fc.array(name), (one, list) => {
        const words = shellWords(sh`az --name ${one} ${list} ${7}`)
        expect(words).toEqual(['az', '--name', one, ...list, '7'])
      }),
      { numRuns: runs(1000) },
    )
  })

  test('from a statement of SQL, as literal and as identifier', () => {
    fc.assert(
      fc.property(name, fc.array(name), (one, list) => {
        expect(sqlWords(sql`A ${one} ( ${list} ) ${folded(one)} ${7}`)).toEqual([
          ['other', 'A'],
          ['literal', one],
          ['other', '('],
          ...list.map((each) => ['literal', each]),
          ['other', ')'],
          ['identifier', one],
          ['other', '7'],
        ])
        expect(sqlWords(sql`${backticked(one)}.${backticked('b')}`)).toEqual([
          ['identifier', one],
          ['other', '.'],
          ['identifier', 'b'],
        ])
        const [word] = sqlWords(sql`${identifier(one)}`)
        expect(word).toEqual([/^[A-Z_][A-Z0-9_]*$/.test(one) ? 'other' : 'identifier', one])
      }),
      { numRuns: runs(1000) },
    )
  })

  test('from a literal of Terraform, whatever it holds', () => {
    fc.assert(
      fc.property(anything, (one) => {
        expect(hclValue(hcl`${one}`)).toBe(one)
        // Nothing in it that a person would not see, or that would end the line.
        expect(hcl`${one}`).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      }),
      { numRuns: runs(1000) },
    )
  })

  test('from a JSON document that is one word of the shell', () => {
    fc.assert(
      fc.property(name, fc.array(name), (one, list) => {
        const value = { one, list, [`key ${one}`]: { number: 7, yes: true, nothing: null } }
        const [word = '', ...more] = shellWords(sh`${jsonWord(value)}`)
        expect(more).toEqual([])
        expect(JSON.parse(word)).toEqual(value)
      }),
      { numRuns: runs(1000) },
    )
  })
})

describe('what goes into a document', () => {
  test('is quoted for its language', () => {
    expect(sql`X = ${"o'brien"} IN (${['a', "b'"]}) ${identifier('Mixed"Case')}`).toBe(
      `X = 'o''brien' IN ('a', 'b''') "Mixed""Case"`,
    )
    expect(sh`az ${"it's $(rm) ;"} ${'plain-1'} ${['a', '', 'b c']}`).toBe(
      `az 'it'\\''s $(rm) ;' plain-1 a '' 'b c'`,
    )
    expect(hcl`x = [${['a', '${b}']}] ${verbatim('c.d')}`).toBe('x = ["a", "$${b}"] c.d')
    expect(json({ a: ["it's"] })).toBe(`{\n  "a": [\n    "it's"\n  ]\n}`)
    expect(hcl`${'\t\r\n\u0001\u{e0001}'}`).toBe('"\\t\\r\\n\\u0001\\U000e0001"')
  })

  test.each<[string, string]>([
    ['GH_PROD_1', 'GH_PROD_1'],
    ['_X', '_X'],
    ['1X', '"1X"'],
    ['xA', '"xA"'],
    ['A-B', '"A-B"'],
    ['A b', '"A b"'],
    ['', '""'],
  ])(
    'leaves an identifier of SQL bare only where it is plainly one in capitals: %s is %s',
    (plain, written) => {
      expect(identifier(plain)).toEqual({ fragment: written })
      expect(folded(plain)).toEqual({ fragment: `"${plain}"` })
    },
  )

  test('stands in comments line by line, without a blank at the end', () => {
    expect(comment('--', ['  one', '', 'two '])).toBe('--   one\n--\n-- two')
    expect(comment('#', [])).toBe('')
  })

  const write: Readonly<Record<string, (text: string) => unknown>> = {
    sql: (text) => sql`${text}`,
    'a list of sql': (text) => sql`${['a', text]}`,
    sh: (text) => sh`${text}`,
    identifier,
    folded,
    backticked,
    json: (text) => json({ a: [{ text }] }),
    'a key of json': (text) => json({ [text]: 1 }),
    jsonWord: (text) => jsonWord([text]),
    comment: (text) => comment('--', ['a', text]),
  }

  describe.each(Object.entries(write))('in %s', (_language, written) => {
    test.each([
      'a\nDROP USER X;',
      'a\rb',
      'a\tb',
      'a\u2028b',
      'a\u2029b',
      'a\u202eb',
      'a\u200bb',
      'a\\b',
      'a\u0000b',
      'a\u0085b',
      'a\ud800',
    ])('is refused where it could end a line or turn the reading: %j', async (text) => {
      expect(await codeOf((async () => written(text))())).toBe('configuration')
    })
  })

  test('is refused with what to do, and shows no character of it as it is', () => {
    expect(() => sql`${'a\u202eb'}`).toThrow(
      expect.objectContaining({
        problem: expect.stringMatching(/^"a\\u\{202e\}b" cannot be written into a trust document/),
        remedy: expect.stringMatching(/^Use a name without them;/),
      }),
    )
  })

  test('stands as it is where it is ours', () => {
    const parts: readonly Part[] = [verbatim("'; --"), 5]
    expect(sql`${parts[0] ?? ''} ${parts[1] ?? ''}`).toBe("'; -- 5")
  })
})

describe('a name in a policy of IAM', () => {
  test('stands for itself: neither wildcard nor variable', () => {
    expect(iamLiteral('a*b?c${aws:username}')).toBe('a${*}b${?}c${$}{aws:username}')
    expect(iamLiteral('plain/name-1')).toBe('plain/name-1')
  })

  test('of a role is the same label wherever it is meant, and another one in another account', () => {
    expect(roleLabel('arn:aws:iam::123456789012:role/path/to/dbt-prod')).toBe('dbt-prod_123456789012')
    expect(roleLabel('arn:aws:iam::210987654321:role/dbt-prod')).toBe('dbt-prod_210987654321')
    expect(roleReference('arn:aws:iam::123456789012:role/dbt-prod')).toEqual({
      fragment: 'aws_iam_role.dbt-prod_123456789012.name',
    })
  })
})
