import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { readOutput, readProfiles, resolvesToString, writeProfile } from '../src/profile.ts'
import type { Output, Value } from '../src/profile.ts'
import { readYaml } from '../src/yaml.ts'
import { resolveScalar } from '../src/yaml/scalar.ts'
import { hostileParts, hostileSecrets, hostileTexts } from './hostile/profile.ts'
import { SCALARS } from './hostile/scalars.ts'
import { startDbtLoader } from './support/dbt-profile-loader.ts'
import type { Answer, DbtLoader, Typed } from './support/dbt-profile-loader.ts'
import { runs, within } from './support/runs.ts'

let dbt: DbtLoader
const scalars = SCALARS.map(([plain]) => plain)

beforeAll(() => {
  dbt = startDbtLoader()
})

afterAll(() => dbt.end())

const hostile = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(fc.constantFrom(...hostileParts), { maxLength: 12 }).map((parts) => parts.join('')),
  },
  {
    weight: 2,
    arbitrary: fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\0', '')),
  },
  { weight: 2, arbitrary: fc.string({ maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...hostileParts), fc.nat(400))
      .map(([token, times]) => token.repeat(times)),
  },
)

const some = (length: number) => fc.array(hostile, { minLength: length, maxLength: length })
const text = (value: string): Value => ({ kind: 'text', text: value })
const asText = (value: string): Typed => ({ text: value })
const typedMap = (entries: readonly (readonly [string, Typed])[]): Typed => ({
  map: entries.map(([key, value]) => [asText(key), value] as const),
})

interface Texts {
  readonly fields: readonly string[]
  readonly keys: readonly string[]
  readonly items: readonly string[]
  readonly secrets: readonly string[]
}

/** One profile with all the texts in it, as values, keys, list items, nested values and secrets. */
function outputOf({ fields, keys, items, secrets }: Texts): Output {
  return new Map<string, Value>([
    ['type', text('duckdb')],
    ...fields.map((value, index): [string, Value] => [`field_${index}`, text(value)]),
    ['nested', { kind: 'map', fields: new Map(keys.map((key) => [key, text(key)])) }],
    ['list', { kind: 'list', items: [...items.map(text), { kind: 'list', items: items.map(text) }] }],
    ...secrets.map((_, index): [string, Value] => [
      `secret_${index}`,
      { kind: 'secret', name: String(index) },
    ]),
  ])
}

function expected({ fields, keys, items, secrets }: Texts): Typed {
  const list = items.map(asText)
  return typedMap([
    ['type', asText('duckdb')],
    ...fields.map((value, index) => [`field_${index}`, asText(value)] as const),
    ['nested', typedMap([...new Set(keys)].map((key) => [key, asText(key)] as const))],
    ['list', { list: [...list, { list }] }],
    ...secrets.map((value, index) => [`secret_${index}`, asText(value)] as const),
  ])
}

const variable = (name: string): string => `DBT_ENV_SECRET_DBT_OIDC_${name}`

function readBack(texts: Texts): Promise<Answer> {
  const written = writeProfile({
    profile: 'acme',
    target: 'prod',
    output: outputOf(texts),
    secrets: (name) => ({ kind: 'env', variable: variable(name) }),
  })
  const env = Object.fromEntries(texts.secrets.map((value, index) => [variable(String(index)), value]))
  return dbt.ask({ op: 'profile', text: written, profile: 'acme', env: { ...env, PATH: '/usr/bin' } })
}

describe('what is written, as read by dbt itself', () => {
  test('is every hostile text of the corpus, and every secret (profiles-injection-11)', async () => {
    const fields = hostileTexts.flatMap(({ texts }) => texts)
    const texts = { fields, keys: fields, items: fields, secrets: hostileSecrets }
    expect((await readBack(texts)).output).toEqual(expected(texts))
  })

  test(
    'is every one of more than 5,000 random hostile texts, as values, and more as keys, items and secrets',
    async () => {
      let equal = 0
      const texts = fc.record({ fields: some(6), keys: some(2), items: some(2), secrets: some(2) })
      await fc.assert(
        fc.asyncProperty(texts, async (texts) => {
          const { output, error } = await readBack(texts)
          expect({ output, error }).toEqual({ output: expected(texts), error: undefined })
          equal += texts.fields.length
        }),
        { numRuns: runs(1000) },
      )
      expect(equal).toBeGreaterThan(5000)
    },
    within(120_000),
  )

  test(
    'is every character on its own',
    async () => {
      const ranges = [
        [0x01, 0x24f],
        [0x2000, 0x206f],
        [0xfe00, 0xffff],
        [0x10000, 0x1000f],
      ] as const
      const fields = ranges.flatMap(([from, to]) =>
        Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i)),
      )
      const texts = { fields, keys: fields, items: [], secrets: [] }
      expect((await readBack(texts)).output).toEqual(expected(texts))
    },
    within(60_000),
  )

  test('is one profile with one output, the target', async () => {
    for (const name of ['dev', 'on', '1', 'null', '1e3', 'a.b-c']) {
      const written = writeProfile({
        profile: name,
        target: name,
        output: outputOf({ fields: [], keys: [], items: [], secrets: [] }),
        secrets: () => ({ kind: 'literal', text: '' }),
      })
      expect(await dbt.ask({ op: 'profile', text: written, profile: name })).toMatchObject({
        profiles: [name],
        targets: [name],
        target: name,
      })
    }
  })

  test('is a secret that stands in the file, too', async () => {
    const output: Output = new Map([
      ['type', text('duckdb')],
      ['password', { kind: 'secret', name: 'A' }],
    ])
    for (const secret of [
      'eyJh.eyJz.c2ln-_',
      '{{ 7*7 }}',
      '-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n',
    ]) {
      const written = writeProfile({
        profile: 'p',
        target: 't',
        output,
        secrets: () => ({ kind: 'literal', text: secret }),
      })
      expect((await dbt.ask({ op: 'profile', text: written, profile: 'p' })).output).toEqual(
        typedMap([
          ['type', asText('duckdb')],
          ['password', asText(secret)],
        ]),
      )
    }
  })

  test('becomes the credentials of an adapter', async () => {
    const node = readYaml(
      'type: duckdb\npath: "/tmp/{{ x }}.duckdb"\nschema: "pr_{# 1 #}"\nthreads: 0x4\nsettings: {s3_region: eu, memory: 1e3}',
      'f',
    ).node
    if (node?.kind !== 'map') throw new Error('no map')
    const written = writeProfile({
      profile: 'p',
      target: 't',
      output: readOutput(node, { jinja: 'literal' }),
      secrets: () => ({ kind: 'literal', text: '' }),
    })
    const { credentials, threads } = await dbt.ask({ op: 'credentials', text: written, profile: 'p' })
    const found = new Map(
      credentials && 'map' in credentials
        ? credentials.map.map(([key, value]) => ['text' in key ? key.text : '', value])
        : [],
    )
    expect(threads).toBe(4)
    expect(found.get('path')).toEqual(asText('/tmp/{{ x }}.duckdb'))
    expect(found.get('schema')).toEqual(asText('pr_{# 1 #}'))
    expect(found.get('settings')).toEqual(
      typedMap([
        ['s3_region', asText('eu')],
        ['memory', asText('1e3')],
      ]),
    )
  })
})

const scalar = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...scalars) },
  {
    weight: 6,
    arbitrary: fc
      .array(fc.constantFrom(...'00112589-+._:eExXbo~'.split('')), { maxLength: 9 })
      .map((parts) => parts.join('')),
  },
  {
    weight: 3,
    arbitrary: fc.stringMatching(/^[-+]?(0x|0b|0)?[0-9_]{1,4}([:._][0-5]?[0-9]){0,3}([eE][-+]?[0-9])?$/),
  },
  {
    weight: 2,
    arbitrary: fc.stringMatching(
      /^[0-9]{4}-[0-9]{1,2}-[0-3]?[0-9]([Tt ][0-2]?[0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]?)?( ?(Z|[-+][0-2]?[0-9](:[0-9]{2})?))?)?$/,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.mixedCase(
      fc.constantFrom('yes', 'no', 'on', 'off', 'true', 'false', 'null', '.inf', '.nan'),
    ),
  },
)

/** The same answer in the loader's words. */
function ours(plain: string): Typed | 'error' {
  const found = resolveScalar(plain)
  switch (found.type) {
    case 'null':
      return { null: true }
    case 'bool':
      return { bool: found.value }
    case 'number':
      return { number: String(found.value) }
    case 'timestamp':
      return { time: '' }
    case 'unreadable':
      return 'error'
    case 'string':
      return { text: plain }
  }
}

function theirs(value: Typed | undefined): Typed | 'error' {
  if (value === undefined) return 'error'
  if ('time' in value) return { time: '' }
  if (!('number' in value)) return value
  const number = value.number.replace('inf', 'Infinity').replace('nan', 'NaN')
  return { number: String(Number(number)) }
}

describe('an unquoted scalar', () => {
  test(
    'is to us what it is to PyYAML: all of a list, and more than 10,000 random ones',
    async () => {
      const texts = [...scalars, ...fc.sample(scalar, 15_000)]
      const distinct = [...new Set(texts)]
      const { scalars: found = [] } = await dbt.ask({ op: 'scalars', texts: distinct })
      expect(found.length).toBe(distinct.length)
      const differences = distinct.flatMap((plain, index) => {
        const answer = found[index]
        const same =
          resolvesToString(plain) === (answer?.tag === 'str') &&
          JSON.stringify(ours(plain)) === JSON.stringify(theirs(answer?.value))
        return same ? [] : [{ plain, ours: ours(plain), theirs: answer }]
      })
      expect(differences).toEqual([])
      expect(texts.length).toBeGreaterThan(10_000)
      // The generators must reach every kind, else this proves little.
      expect(new Set(found.map(({ tag }) => tag))).toEqual(
        new Set(['str', 'null', 'bool', 'int', 'float', 'timestamp', 'value', 'merge']),
      )
    },
    within(60_000),
  )

  test('in a connection reaches dbt as it would from `outputs:` directly', async () => {
    const readable = scalars.filter((plain) => resolveScalar(plain).type !== 'unreadable')
    const lines = readable.map((plain, index) => `k${index}: ${plain}`)
    const { node, problems } = readYaml(lines.join('\n'), 'f')
    expect(problems).toEqual([])
    if (node?.kind !== 'map') throw new Error('no map')
    const written = writeProfile({
      profile: 'p',
      target: 't',
      output: readOutput(node, { jinja: 'literal' }),
      secrets: () => ({ kind: 'literal', text: '' }),
    })
    const direct = `p:\n  target: t\n  outputs:\n    t:\n${lines.map((line) => `      ${line}\n`).join('')}`
    const [one, other] = await Promise.all(
      [written, direct].map((text) => dbt.ask({ op: 'profile', text, profile: 'p' })),
    )
    expect(one?.error).toBeUndefined()
    expect(one?.output).toEqual(other?.output)
  })
})

/** An existing profiles.yml, taken in and written anew. */
const rewrite = (file: string): string => {
  const { existing, problems } = readProfiles(file, 'profiles.yml', {
    profile: 'p',
    target: undefined,
    env: () => undefined,
    credentialFields: () => [],
  })
  expect(problems).toEqual([])
  if (!existing) throw new Error('nothing was read')
  return writeProfile({
    profile: 'p',
    target: existing.target,
    output: existing.output,
    secrets: () => ({ kind: 'literal', text: '' }),
  })
}

describe('an existing profiles.yml', () => {
  const env = { HOST: 'h{{ 1 }}', PORT: '5432', DBT_ENV_SECRET_A: 'a"{{ 2 }}' }
  /** What dbt reads from the file as it is, and as it was rewritten. */
  const both = async (file: string): Promise<readonly Answer[]> => {
    const answers = await Promise.all(
      [file, rewrite(file)].map((text) => dbt.ask({ op: 'profile', text, profile: 'p', env })),
    )
    expect(answers.map(({ error }) => error)).toEqual([undefined, undefined])
    return answers
  }

  test('means the same to dbt after it was rewritten, expressions included', async () => {
    const [before, after] = await both(`
base: &base {threads: 4, "on": yes}
p:
  target: t
  outputs:
    t:
      <<: *base
      type: duckdb
      host: "{{ env_var('HOST') }}"
      port: "{{ env_var('PORT') | as_number }}"
      flag: '{{ "True" | as_bool }}'
      both: x{{ env_var('HOST', 'd') }}y{#gone#}
      block: |
        {% if 1 %}
          {{ env_var('PORT') }}
        {% endif %}

      folded: >-
        a
        b

        c
      keep: |+
        a

      secret: "pre-{{ env_var('DBT_ENV_SECRET_A') }}-post"
      text: 'it''s {plain} }} %} #} \\n'
      crlf: "a\\r\\nb\\rc\\n\\n"
      list: [1, "2", {a: *base}, "{{ [1, 2] }}", "{{ 'x' }}"]
      multi: one
        two
      tail: "trailing \\
        join"
      unicode: "\\u00e9\\x41\\U0001F600 é 漢"
      empty:
      tilde: ~
      date: 2026-01-01
`)
    expect(after?.output).toEqual(before?.output)
  })

  test(
    'means the same for random texts in every style',
    async () => {
      const printable = fc.string({
        unit: fc.constantFrom(...` abcXYZ019:#-_'"\\,[]{}&*!|>%@.?=~/`.split('')),
        minLength: 1,
        maxLength: 20,
      })
      const safe = printable.map((text) => text.replace(/\{(?=[{%#])/g, ''))
      await fc.assert(
        fc.asyncProperty(fc.array(safe, { minLength: 2, maxLength: 2 }), async (texts) => {
          const styles = texts.flatMap((text) => [
            `'${text.replaceAll("'", "''")}'`,
            JSON.stringify(text),
            `|\n        x${text}\n`,
            `>\n        x${text}\n        ${text.trim()}x`,
          ])
          const [before, after] = await both(
            `p:\n  target: t\n  outputs:\n    t:\n      type: x\n${styles.map((style, index) => `      k${index}: ${style}\n`).join('')}`,
          )
          expect(after?.output).toEqual(before?.output)
        }),
        { numRuns: runs(1000) },
      )
    },
    within(60_000),
  )
})
