import { describe, expect, test } from '@jest/globals'
import {
  asJinja,
  checkName,
  checkText,
  isExpression,
  readOutput,
  resolveEnvVar,
  toJs,
  writeProfile,
} from '../src/profile.ts'
import type { Output, Value } from '../src/profile.ts'
import { readYaml } from '../src/yaml.ts'
import type { YamlMap } from '../src/yaml.ts'
import { hostileTexts, impossibleNames, impossibleTexts } from './hostile/profile.ts'

function map(text: string): YamlMap {
  const { node, problems } = readYaml(text, 'f.yml')
  expect(problems).toEqual([])
  if (node?.kind !== 'map') throw new Error('no map')
  return node
}

const text = (value: string): Value => ({ kind: 'text', text: value })
const write = (output: Output, names: { profile?: string; target?: string } = {}): string =>
  writeProfile({
    profile: 'p',
    target: 't',
    output,
    secrets: () => ({ kind: 'env', variable: 'X' }),
    ...names,
  })
const refusal = (problem: RegExp) =>
  expect.objectContaining({
    code: 'configuration',
    problem: expect.stringMatching(problem),
    remedy: 'Change the value, or leave it out.',
  })

/** What a call throws, since `toThrow` looks at messages only. */
function thrown(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}

describe('a connection', () => {
  test('has its numbers, booleans and nulls as written, and everything else as text', () => {
    const output = readOutput(
      map('a: 5432\nb: on\nc:\nd: x\ne: "5432"\nf: 1e3\ng: "{{ x }}"\nh: =\ni: 2026-13-01\nj: |\n  x\n'),
      {
        jinja: 'literal',
      },
    )
    expect(output).toEqual(
      new Map<string, Value>([
        ['a', { kind: 'plain', source: '5432' }],
        ['b', { kind: 'plain', source: 'on' }],
        ['c', { kind: 'plain', source: '' }],
        ['d', text('x')],
        ['e', text('5432')],
        ['f', text('1e3')],
        ['g', text('{{ x }}')],
        ['h', text('=')],
        ['i', text('2026-13-01')],
        ['j', text('x\n')],
      ]),
    )
  })

  test('has no expressions, however deep: braces are text', () => {
    const output = readOutput(map('a: {b: ["{{ x }}", {c: "{# y #}"}]}'), { jinja: 'literal' })
    expect(toJs(output)).toEqual({ a: { b: ['{{ x }}', { c: '{# y #}' }] } })
  })

  test('goes to the schema of its warehouse as plain JavaScript', () => {
    const output = readOutput(
      map('port: 5432\nflag: yes\nnone: ~\nday: 2026-01-01\nlist: [a, 1, {b: off}]\n__proto__: {x: 1}'),
      {
        jinja: 'literal',
      },
    )
    expect(Object.entries(toJs(output))).toEqual([
      ['port', 5432],
      ['flag', true],
      ['none', null],
      ['day', '2026-01-01'],
      ['list', ['a', 1, { b: false }]],
      ['__proto__', { x: 1 }],
    ])
  })
})

describe('an expression of an existing profiles.yml', () => {
  const output = readOutput(
    map(
      'a: "{{ env_var(\'A\') }}"\nb: "x{{ 1 }}"\nc: "{# x #}"\nd: "{% x %}"\ne: "}}"\nf: "x\\r\\ny\\rz\\n"',
    ),
    {
      jinja: 'expression',
    },
  )

  test('is told from text, and text is what Jinja would leave of it', () => {
    expect([...output.values()]).toEqual([
      { kind: 'jinja', source: "{{ env_var('A') }}" },
      { kind: 'jinja', source: 'x{{ 1 }}' },
      { kind: 'jinja', source: '{# x #}' },
      { kind: 'jinja', source: '{% x %}' },
      text('}}'),
      text('x\ny\nz'),
    ])
  })

  test('is looked up where it is a plain env_var, and is opaque to schemas otherwise', () => {
    const known = toJs(output, (name) => (name === 'A' ? 'found' : undefined))
    expect(known['a']).toBe('found')
    expect(isExpression(known['b'])).toBe(true)
    expect(isExpression(toJs(output)['a'])).toBe(true)
    expect(isExpression(known['e'])).toBe(false)
    expect([null, {}, 'x', 1].some(isExpression)).toBe(false)
  })

  test("goes back to dbt as it came, and a secret is dbt's to work out, too", () => {
    const { a, b } = toJs(output)
    expect([a, b].map((value) => isExpression(value) && asJinja(value))).toEqual([
      { kind: 'jinja', source: "{{ env_var('A') }}" },
      { kind: 'jinja', source: 'x{{ 1 }}' },
    ])
    expect(isExpression(toJs(new Map([['a', { kind: 'secret', name: 'TOKEN' }]]))['a'])).toBe(true)
  })

  test.each([
    ["{{ env_var('A') }}", 'a'],
    ['{{env_var("A")}}', 'a'],
    ["{{- env_var( 'A' , 'b' ) -}}", 'a'],
    ["{{ env_var('B', 'b') }}", 'b'],
    ['{{ env_var(\'B\', "") }}', ''],
    ["{{ env_var('EMPTY', 'b') }}", ''],
    ["{{ env_var('A') }}\n", 'a'],
  ])('%j is %j', (source, expected) => {
    expect(resolveEnvVar(source, (name) => ({ A: 'a', EMPTY: '' })[name])).toEqual({ text: expected })
  })

  test.each([
    "{{ env_var('A') | int }}",
    "x{{ env_var('A') }}",
    "{{ env_var('A') }}{{ env_var('A') }}",
    "{{ env_var('A' ~ 'B') }}",
    '{{ env_var(A) }}',
    "{{ env_var('A\\'') }}",
    "{{ var('A') }}",
    '{{ 1 }}',
    "{{ env_var('A', 'b', 'c') }}",
    '{{ env_var(\'A") }}',
    "{{ env_var('A') }}\n\n",
    'A',
  ])('%j is not evaluated', (source) => {
    expect(resolveEnvVar(source, () => 'a')).toEqual({
      problem: expect.stringMatching(/must be text or a plain/),
    })
  })

  test('that needs a variable which is not there says which', () => {
    expect(resolveEnvVar("{{ env_var('NONE') }}", () => undefined)).toEqual({
      problem: 'needs the variable NONE, which dbt would not find',
    })
  })
})

const strange = () => ({ kind: 'env', variable: "A') }}{{ env_var('B" }) as const

describe('the profiles.yml that is written', () => {
  test('is ASCII, readable where that is safe, and names secrets by variable or holds them', () => {
    const output = new Map<string, Value>([
      ['type', text('snowflake')],
      ['account', text('acme-prod.eu-west-1')],
      ['schema', text('pr_{{ 1 }}\u{1F600}é')],
      ['token', { kind: 'secret', name: 'TOKEN' }],
      ['threads', { kind: 'plain', source: '4' }],
      ['on', { kind: 'plain', source: '~' }],
      ['none', { kind: 'list', items: [] }],
      ['session_parameters', { kind: 'map', fields: new Map([['QUERY_TAG', text('"')]]) }],
    ])
    const rest = String.raw`
      threads: 4
      "on": null
      none: []
      session_parameters:
        QUERY_TAG: "{{ \"\\u0022\" }}"
`
    const start = String.raw`acme:
  target: "prod"
  outputs:
    prod:
      type: "snowflake"
      account: "acme-prod.eu-west-1"
      schema: "{{ \"pr_\\u007b\\u007b 1 \\u007d\\u007d\U0001f600\\u00e9\" }}"
`
    const names = { profile: 'acme', target: 'prod', output }
    expect(
      writeProfile({
        ...names,
        secrets: (name) => ({ kind: 'env', variable: `DBT_ENV_SECRET_DBT_OIDC_${name}` }),
      }),
    ).toBe(`${start}      token: "{{ env_var('DBT_ENV_SECRET_DBT_OIDC_TOKEN') }}"${rest}`)
    expect(writeProfile({ ...names, secrets: () => ({ kind: 'literal', text: 'a.b-c_d' }) })).toBe(
      `${start}      token: "a.b-c_d"${rest}`,
    )
  })

  test('has a key in quotes where YAML or dbt would read more than letters, and of any length', () => {
    const keys = [
      'a',
      '_a1',
      '1a',
      'a-b',
      'a b',
      'yes',
      'null',
      'é"\\',
      'k'.repeat(1000),
      'k'.repeat(1001),
      ' '.repeat(999),
    ]
    const fields = new Map(keys.map((key): [string, Value] => [key, { kind: 'plain', source: '1' }]))
    expect(
      write(new Map([['m', { kind: 'map', fields }]]))
        .split('\n')
        .slice(5),
    ).toEqual([
      ...['a: 1', '_a1: 1', '"1a": 1', '"a-b": 1', '"a b": 1', '"yes": 1', '"null": 1'].map(
        (line) => `        ${line}`,
      ),
      String.raw`        "\u00e9\"\\": 1`,
      `        ${'k'.repeat(1000)}: 1`,
      `        ? ${'k'.repeat(1001)}`,
      '        : 1',
      `        ? "${' '.repeat(999)}"`,
      '        : 1',
      '',
    ])
  })

  test('passes an expression on as it is, in ASCII, and has empty maps and lists', () => {
    const output = new Map<string, Value>([
      ['a', { kind: 'jinja', source: '{{ "é" ~ \'\\n\' }}\uffff\u{10000}\n' }],
      ['b', { kind: 'map', fields: new Map() }],
      ['c', { kind: 'list', items: [{ kind: 'list', items: [] }, text('x')] }],
    ])
    expect(write(output).split('\n').slice(4)).toEqual([
      String.raw`      a: "{{ \"\u00e9\" ~ '\\n' }}\uffff\U00010000\u000a"`,
      '      b: {}',
      '      c:',
      '        - []',
      '        - "x"',
      '',
    ])
  })

  test.each(impossibleTexts)('cannot carry %j (profiles-injection-16)', (impossible) => {
    expect(checkText(impossible)).toMatch(/^The text (?:holds|is not|contains) [^\0]+\.$/)
    expect(thrown(() => write(new Map([['a', text(impossible)]])))).toEqual(refusal(/^The text/))
    expect(thrown(() => write(new Map([['a', { kind: 'list', items: [text(impossible)] }]])))).toEqual(
      refusal(/^The text/),
    )
    const secrets = () => ({ kind: 'literal', text: impossible }) as const
    const output: Output = new Map([['a', { kind: 'secret', name: 'A' }]])
    expect(thrown(() => writeProfile({ profile: 'p', target: 't', output, secrets }))).toEqual(
      refusal(/^The text/),
    )
  })

  test.each(impossibleNames)('has no profile or target called %j (profiles-injection-18)', (name) => {
    expect(checkName(name)).toMatch(/cannot name a profile/)
    expect(thrown(() => write(new Map(), { profile: name }))).toEqual(refusal(/cannot name a profile/))
    expect(thrown(() => write(new Map(), { target: name }))).toEqual(refusal(/cannot name a profile/))
  })

  test('shows no more of an impossible name than a line holds', () => {
    expect(checkName('a '.repeat(100))).toBe(
      `"${'a '.repeat(30)}" cannot name a profile, target or output: only letters, digits, "_", "-" and ".", at most 128.`,
    )
  })

  test.each(['dev', 'prod-1', 'a.b', '_x', '1', 'on', 'A'.repeat(128)])(
    'may have a profile or target called %s',
    (name) => {
      expect(checkName(name)).toBeUndefined()
    },
  )

  test.each(['text', '=', '<<', '2026-13-01', 'a\nb: c', '5432 # x'])(
    'has nothing unquoted that dbt would not read as a value of its own: %j',
    (source) => {
      expect(thrown(() => write(new Map([['a', { kind: 'plain', source }]])))).toEqual(
        refusal(/written unquoted/),
      )
    },
  )

  test('names no variable that could leave its expression', () => {
    expect(
      thrown(() =>
        writeProfile({
          profile: 'p',
          target: 't',
          output: new Map([['a', { kind: 'secret', name: 'A' }]]),
          secrets: strange,
        }),
      ),
    ).toEqual(refusal(/impossible name/))
  })

  test.each(hostileTexts)('has one line for $name ($id)', ({ texts }) => {
    for (const hostile of texts) {
      const written = write(new Map([['password', text(hostile)]]))
      expect(written).toMatch(/^p:\n {2}target: "t"\n {2}outputs:\n {4}t:\n {6}password: "[\x20-\x7e]*"\n$/)
    }
  })
})
