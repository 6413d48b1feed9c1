import { describe, expect, test } from '@jest/globals'
import { YAMLParseError } from 'yaml'
import { isNull, readYaml, toPlain } from '../src/yaml.ts'
import type { YamlNode } from '../src/yaml.ts'
import { explain } from '../src/yaml/explain.ts'
import { resolveScalar } from '../src/yaml/scalar.ts'
import { SCALARS } from './hostile/scalars.ts'

const problems = (text: string, aliases = false): string[] =>
  readYaml(text, 'f.yml', { aliases }).problems.map(({ place, problem }) => `${place} ${problem}`)

function read(text: string, aliases = false): YamlNode {
  const { node, problems } = readYaml(text, 'f.yml', { aliases })
  expect(problems).toEqual([])
  if (!node) throw new Error('nothing was read')
  return node
}

const plain = (text: string, aliases = false): unknown => toPlain(read(text, aliases))

describe('a scalar', () => {
  test.each(['on', '012', '1e3', 'no', '0x1F', '1:30', '~', 'null', '2026-01-01', '1_000', '.inf', 'a b'])(
    '%s is its own source',
    (source) => {
      expect(read(`k: ${source}`)).toMatchObject({
        entries: new Map([['k', { value: { text: source, plain: true } }]]),
      })
    },
  )

  test('has whole characters, however they are written', () => {
    expect(plain(String.raw`["\U0001F600", "\ud83d\ude00", 😀, '\ud800']`)).toEqual([
      '😀',
      '😀',
      '😀',
      String.raw`\ud800`,
    ])
  })

  test('that is quoted or a block is its content', () => {
    const node = read(`a: "x\\ty"\nb: 'it''s'\nc: |\n  one\n  two\nd: >-\n  one\n  two\ne: one\n  two`)
    expect(toPlain(node)).toEqual({ a: 'x\ty', b: "it's", c: 'one\ntwo\n', d: 'one two', e: 'one two' })
    if (node.kind !== 'map') throw new Error('no map')
    const kinds = [...node.entries.values()].map(({ value }) => value.kind === 'scalar' && value.plain)
    expect(kinds).toEqual([false, false, false, false, true])
  })

  test('knows its place, and so do keys, lists and maps', () => {
    const node = read('a:\n  - x\n  - y: z\n')
    expect(node.place).toBe('f.yml:1:1')
    if (node.kind !== 'map') throw new Error('no map')
    const entry = node.entries.get('a')
    expect(entry?.key).toBe('f.yml:1:1')
    const list = entry?.value
    if (list?.kind !== 'list') throw new Error('no list')
    expect(list.items.map(({ place }) => place)).toEqual(['f.yml:2:5', 'f.yml:3:5'])
  })

  test('as plain JavaScript is what YAML 1.1 makes of it, where it is not quoted', () => {
    expect(
      plain('[5432, 0x1F, 012, 1:30, 1.5, yes, Off, ~, null, 1e3, y, "5432", "yes", 2026-01-01]'),
    ).toEqual([5432, 31, 10, 90, 1.5, true, false, null, null, '1e3', 'y', '5432', 'yes', '2026-01-01'])
    expect(plain('[12345678901234567890, .inf, -.INF]')).toEqual([
      '12345678901234567890',
      Infinity,
      -Infinity,
    ])
  })

  test.each([
    ['k:', true],
    ['k: ~', true],
    ['k: null', true],
    ['k: NULL', true],
    ['k: ""', false],
    ["k: 'null'", false],
    ['k: nil', false],
    ['k: []', false],
  ])('%s is null: %s', (text, expected) => {
    const node = read(text)
    expect(node.kind === 'map' && [...node.entries.values()].map(({ value }) => isNull(value))).toEqual([
      expected,
    ])
  })
})

describe('an unquoted scalar', () => {
  test.each(SCALARS)('%j is what PyYAML makes of it: %j', (source, expected) => {
    expect(resolveScalar(source)).toEqual(expected)
  })

  test('is text with a letter before or behind it', () => {
    const neighbours = SCALARS.flatMap(([source]) => [`z${source}`, `${source}z`])
    expect(neighbours.filter((source) => resolveScalar(source).type !== 'string')).toEqual([])
  })
})

describe('keys', () => {
  test('are text, whatever they look like, and none is special to JavaScript', () => {
    const node = plain('on: 1\n012: 2\n"": 3\n__proto__: {polluted: true}\nconstructor: 4\n')
    expect(new Map(Object.entries(node ?? {}))).toEqual(
      new Map<string, unknown>([
        ['on', 1],
        ['012', 2],
        ['', 3],
        ['__proto__', { polluted: true }],
        ['constructor', 4],
      ]),
    )
    expect(Object.getPrototypeOf(node)).toBe(Object.prototype)
  })

  test('that stand twice are named with both places', () => {
    expect(problems('a: 1\nb: {c: 1, c: 2}\n"a": 3')).toEqual([
      'f.yml:2:11 The key "c" stands twice; first at f.yml:2:5.',
      'f.yml:3:1 The key "a" stands twice; first at f.yml:1:1.',
    ])
  })

  test.each(['? [a]\n: b', '{a: 1}: b', 'k: {{ x }}', '{[a]: 1}'])(
    'of another kind are refused: %j',
    (text) => {
      expect(problems(text)).toEqual([expect.stringMatching(/^f\.yml:1:\d+ A key must be text/)])
    },
  )

  test('must be there', () => {
    expect(problems(': x')).toEqual(['f.yml:1:1 There is no key before this ":".'])
  })
})

describe('what is refused', () => {
  test.each([
    ['a:\n\tb: 1', 'f.yml:2:1 Tabs are not allowed as indentation: use spaces.'],
    [
      'a: b: c',
      'f.yml:1:4 A mapping cannot begin here: is a value with ": " unquoted, or a line indented too far?',
    ],
    ['a\nb: 1', 'f.yml:1:1 A key must stand on one line: is a ":" missing after the key?'],
    [
      'a: [1, 2',
      'f.yml:1:9 This is not valid YAML: flow sequence in block collection must be sufficiently indented and end with a ].',
    ],
    ['a: "x', 'f.yml:1:6 This is not valid YAML: missing closing "quote.'],
    ['a: @x', 'f.yml:1:4 This is not valid YAML: plain value cannot start with reserved character @.'],
    ['a: 1\n---\nb: 2', 'f.yml:2:1 A second document begins here (---): only one is allowed.'],
    ['%YAML 1.1\n---\na: on', 'f.yml:1:1 Directives (%YAML, %TAG) are not allowed.'],
    ['# c\n%TAG !e! tag:e,2000:\n---\na: 1', 'f.yml:1:1 Directives (%YAML, %TAG) are not allowed.'],
    ['a: \0', 'f.yml Line 1 holds a NUL character: is this a text file in UTF-8?'],
    ['a: \uD800', 'f.yml The text is not valid Unicode.'],
    ['x'.repeat(1024 * 1024 + 1), 'f.yml The text is larger than 1 MiB.'],
    ['é'.repeat(1024 * 512 + 1), 'f.yml The text is larger than 1 MiB.'],
  ])('%j', (text, expected) => {
    expect(problems(text)[0]).toBe(expected)
    expect(readYaml(text, 'f.yml').node).toBeUndefined()
  })

  test.each([
    '!!js/function "x"',
    'a: !!binary aGk=',
    'a: !foo x',
    'a: !e!foo x',
    '!!map {a: 1}',
    'a: ! x',
    '!!str a: b',
    '- !!python/object/apply:os.system [id]',
  ])('a tag: %j', (text) => {
    for (const aliases of [false, true]) {
      expect(problems(text, aliases)).toEqual([expect.stringMatching(/Tags \(!…\) are not allowed/)])
    }
  })

  test.each([
    ['a: &x 1', /Anchors/],
    ['a: &x {b: 1}', /Anchors/],
    ['&x a: 1', /Anchors/],
    ['a: *x', /Aliases/],
    ['<<: {a: 1}', /Merge keys/],
  ])('an anchor, alias or merge key where they are not wanted: %j', (text, expected) => {
    expect(problems(text)).toEqual([expect.stringMatching(expected)])
  })

  test.each([
    [String.raw`a: "x\ud800"`, 'f.yml:1:4'],
    [String.raw`a: ["\uDC00x"]`, 'f.yml:1:5'],
    [String.raw`"\uDFFF": 1`, 'f.yml:1:1'],
    [String.raw`a: "\udc00\ud83d"`, 'f.yml:1:4'],
    [String.raw`a: "\U0000D800"`, 'f.yml:1:4'],
  ])('half of a character, which an escape alone can write: %s', (text, place) => {
    for (const aliases of [false, true])
      expect(problems(text, aliases)).toEqual([
        expect.stringMatching(new RegExp(`^${place} An escape .* half of a character`)),
      ])
  })

  test('in a sentence that repeats no value', () => {
    for (const text of [
      'a: |hunter2\n',
      'a: "x" "hunter2"',
      'a: 1\n}hunter2',
      'a: "\\hunter2"',
      "a: 'b' hunter2\nc: hunter2: d",
      '\thunter2: "x',
      '- a\nb: hunter2',
    ]) {
      const found = problems(text)
      expect(found.length).toBeGreaterThan(0)
      expect(found.join()).not.toContain('hunter2')
    }
  })

  test('all at once, but not without end', () => {
    expect(problems('a: &x 1\nb: !!str c\nb: *x\n').length).toBe(4)
    expect(problems('a: 1\n'.repeat(10_000)).length).toBe(20)
    expect(problems('a: b: c\n'.repeat(10_000)).length).toBe(5)
  })
})

test.each(['', '\n', '# only a comment\n', '---\n', '--- # x\n', '\uFEFF'])(
  'an empty document %j is nothing and no problem',
  (text) => {
    expect(readYaml(text, 'f.yml')).toEqual({ node: undefined, problems: [] })
  },
)

test.each(['\uFEFFa: 1', 'a: 1\r\n', '---\na: 1\n...\n'])('%j reads as usual', (text) => {
  expect(plain(text)).toEqual({ a: 1 })
})

describe('aliases, where they are wanted', () => {
  test('stand for their anchor, the nearest before them', () => {
    expect(plain('a: &x {p: 1}\nb: *x\nc: &x 2\nd: [*x, *x]', true)).toEqual({
      a: { p: 1 },
      b: { p: 1 },
      c: 2,
      d: [2, 2],
    })
  })

  test('merge: own keys win, then the earlier mapping', () => {
    expect(
      plain('a: &a {p: 1, q: 2}\nb: &b {q: 3, r: 4}\nc:\n  r: 5\n  <<: [*a, *b]\nd: {"<<": x}', true),
    ).toMatchObject({
      c: { p: 1, q: 2, r: 5 },
      d: { '<<': 'x' },
    })
  })

  test.each([
    ['a: *z', /no anchor &z before/],
    ['a: *z\nb: &z 1', /no anchor &z before/],
    ['a: &a [*a]', /\*a refers to itself/],
    ['a: &a {b: {c: *a}}', /\*a refers to itself/],
    ['<<: 1', /takes a mapping/],
    ['<<: [1]', /takes a mapping/],
    ['<<: {a: 1}\n<<: {b: 1}', /"<<" stands twice/],
    ['x: &x 1\n*x : 2', /A key must be text/],
  ])('are refused where they make no sense: %j', (text, expected) => {
    expect(problems(text, true)).toEqual([expect.stringMatching(expected)])
  })

  test('cannot be multiplied without end, nor nested', () => {
    const laughs = Array.from(
      { length: 30 },
      (_, i) =>
        `a${i}: &a${i} [${
          i === 0
            ? 'x'
            : Array(9)
                .fill(`*a${i - 1}`)
                .join()
        }]`,
    )
    expect(problems(laughs.join('\n'), true)).toEqual(['f.yml:1:1 The text holds more than 100000 values.'])
    const merges = Array.from({ length: 60 }, (_, i) =>
      i === 0 ? 'a0: &a0 {x: 1}' : `a${i}: &a${i} {<<: *a${i - 1}, k${i}: *a${i - 1}}`,
    )
    expect(problems(merges.join('\n'), true)).toEqual(['f.yml:1:1 The text holds more than 100000 values.'])
    const deep = Array.from({ length: 100 }, (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1}`}]`)
    expect(problems(deep.join('\n'), true)).toEqual(['f.yml:1:1 Lists and mappings are nested too deeply.'])
  })
})

test.each(['[', '{a: ', '- ', '? ', '{', '["a",'])(
  'a text that nests %j a hundred thousand times is refused, not a crash',
  (opening) => {
    expect(problems(opening.repeat(100_000))[0]).toMatch(/nested too deeply/)
  },
)

test('a hundred thousand faults on one line are told by one sentence, and soon', () => {
  const text = '!a '.repeat(100_000)
  const faults = Array.from(
    { length: 100_000 },
    (_, at) => new YAMLParseError([at * 3, at * 3 + 2], 'MULTIPLE_TAGS', ''),
  )
  const begun = performance.now()
  expect(explain(faults, text, (offset) => `f.yml:1:${offset + 1}`)).toHaveLength(1)
  expect(performance.now() - begun).toBeLessThan(5000)
})

test('faults are told once for each line, wherever on it they are', () => {
  expect(problems('a: "\\q\\q"\nb: "\\q"\n\nc: "\\q"')).toEqual([
    expect.stringMatching(/^f\.yml:1:\d+ This/),
    expect.stringMatching(/^f\.yml:2:\d+ This/),
    expect.stringMatching(/^f\.yml:4:\d+ This/),
  ])
})

test('fifty levels are enough for anybody', () => {
  expect(problems('['.repeat(51) + ']'.repeat(51))).toEqual([])
  expect(problems('['.repeat(52) + ']'.repeat(52))).toEqual([
    'f.yml:1:1 Lists and mappings are nested too deeply.',
  ])
})
