import { describe, expect, test } from '@jest/globals'
import { decisionAudience, readConfig, type Config } from '../src/config.ts'
import type { Sources } from '../src/config/sources.ts'
import { DbtOidcError } from '../src/errors.ts'
import { exchanges } from '../src/exchanges/index.ts'
import { warehouses } from '../src/warehouses/index.ts'
import { CONFIG_CASES, ELSEWHERE } from './hostile/config.ts'

const FILE = '/w/.github/dbt-oidc.yml'

function read(inputs: Record<string, string>, policy?: string, more: Partial<Sources> = {}): Promise<Config> {
  const sources: Sources = {
    inputs: new Map(Object.entries(inputs)),
    env: {},
    workspace: '/w',
    serverUrl: 'https://github.com',
    repository: 'o/r',
    today: new Date('2026-11-24T00:00:00Z'),
    read: async (path) =>
      path === FILE && policy !== undefined ? { kind: 'text', text: policy } : { kind: 'missing' },
    ...more,
  }
  return readConfig(sources, { warehouses, exchanges })
}

/** What a refused configuration says, all of it. */
async function refusal(config: Promise<Config>): Promise<string> {
  const error: unknown = await config.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof DbtOidcError)) throw new Error('the configuration was accepted', { cause: error })
  expect(error.code).toBe('configuration')
  return [error.problem, ...error.details].join('\n')
}

const withWhen = (when: string): string =>
  `targets: { prod: { connection: { type: duckdb } } }\ngrants:\n  - target: prod\n    when: ${when}\n`

describe('the corpus', () => {
  test.each(CONFIG_CASES)('$id: $name', async ({ policy, when, inputs, refused, warns }) => {
    const config = read(inputs ?? {}, inputs ? undefined : (policy ?? withWhen(when ?? '')))
    const told = refused === undefined ? (await config).warnings.join('\n') : await refusal(config)
    expect(told).toMatch(new RegExp(refused ?? warns ?? ''))
  })

  test.each(['on', 'off', 'no', '012', '1e3', '1:30', '0x1F', '2026-01-01', 'true'])(
    'policy-config-09: the unquoted %s is compared as it is written',
    async (text) => {
      const { grants } = await read({}, withWhen(`{ environment: ${text} }`))
      expect(grants[0]?.when.get('environment')).toEqual([text])
    },
  )

  test('no case is left unproven', () => {
    const proven = new Set([...CONFIG_CASES.map(({ id }) => id), ...Object.keys(ELSEWHERE)])
    const numbers = ['01', '02', '03', '07', '08', '09', '11', '12', '13', '15', '16', '17', '19', '20', '21']
    expect([...proven].toSorted()).toEqual(numbers.map((number) => `policy-config-${number}`))
  })
})

const DUCK = { connection: '{ type: duckdb, path: prod.duckdb }', ref: 'refs/heads/main' }
const SNOW = {
  ref: 'refs/heads/main',
  connection: '{ type: snowflake, account: acme, database: D, schema: S }',
}

describe('a configuration by inputs', () => {
  test('has one target and one grant, for the own repository', async () => {
    const { targets, grants } = await read(DUCK)
    expect([...targets.keys()]).toEqual(['prod'])
    expect([...(grants[0]?.when ?? [])]).toEqual([
      ['repository', ['o/r']],
      ['ref', ['refs/heads/main']],
    ])
  })

  test.each<[string, Record<string, string>, string]>([
    [
      'a stored credential',
      { ...SNOW, connection: '{ type: snowflake, account: a, database: D, schema: S, password: x }' },
      '`password` is a credential',
    ],
    [
      "a host that is not Snowflake's",
      { ...SNOW, connection: '{ type: snowflake, account: a, database: D, schema: S, host: evil.test }' },
      'no host of snowflake',
    ],
    [
      'a loopback host outside a rehearsal',
      { ...SNOW, connection: '{ type: snowflake, account: a, database: D, schema: S, host: 127.0.0.1 }' },
      'no host of snowflake',
    ],
    ['a missing field', { ...SNOW, connection: '{ type: snowflake, account: a }' }, '`database` is missing'],
    [
      'an exchange that the warehouse does not take',
      { ...DUCK, identity: '{ via: direct }' },
      'takes no credential via `direct`',
    ],
    [
      'an unknown setting of the exchange',
      { ...SNOW, identity: '{ via: direct, rol: x }' },
      'Unknown key `rol`',
    ],
    [
      'a placeholder that is no claim',
      { ...DUCK, connection: '{ type: duckdb, path: "{repositry}.duckdb" }' },
      'repositr',
    ],
    [
      'a project outside of the workspace (path-01)',
      { ...DUCK, 'project-dir': '../../etc' },
      'leads out of the workspace',
    ],
    [
      'a profiles-dir outside of the workspace (path-01)',
      { ref: 'refs/heads/main', 'profiles-dir': '../../etc' },
      'leads out of the workspace',
    ],
    ['a value among the names of variables', { ...DUCK, env: 'A=1' }, 'Name variables only'],
    ['a foreign issuer', { ...DUCK, issuer: 'https://evil.test' }, 'issuer'],
  ])('%s is refused', async (_, inputs, sentence) => {
    expect(await refusal(read(inputs))).toContain(sentence)
  })

  test('a loopback host is let through in a rehearsal', async () => {
    const connection = '{ type: snowflake, account: a, database: D, schema: S, host: 127.0.0.1 }'
    await expect(
      read({ ...SNOW, connection }, undefined, { serverUrl: 'http://127.0.0.1:1' }),
    ).resolves.toBeDefined()
  })

  test('certificates that are not checked are refused', async () => {
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' }
    expect(await refusal(read(DUCK, undefined, { env }))).toContain('NODE_TLS_REJECT_UNAUTHORIZED')
  })

  test('text that looks like Jinja is literal, with a warning; `ref: "**"` is a decision, with a warning', async () => {
    const { warnings } = await read({ ref: '**', connection: '{ type: duckdb, path: "{{ 7*7 }}" }' })
    expect(warnings.join('\n')).toMatch(/taken literally/)
    expect(warnings.join('\n')).toMatch(/every branch and tag/)
  })
})

describe('a configuration by policy file', () => {
  const POLICY = `repository-id: 456
targets:
  prod: { connection: { type: duckdb } }
  snow: { connection: { type: snowflake, account: a, database: D, schema: S } }
grants:
  - { target: prod, when: { ref: refs/heads/main } }
  - { target: snow, when: { ref: 'refs/heads/*' } }
`
  test('implies repository and id in every grant, and warns of grants that overlap', async () => {
    const { grants, warnings } = await read({}, POLICY)
    for (const { when } of grants)
      expect([when.get('repository'), when.get('repository_id')]).toEqual([['o/r'], ['456']])
    expect(warnings.join('\n')).toContain('can both hold')
  })

  test.each(['connection', 'identity', 'profiles-dir', 'profile', 'audience'])(
    'leaves no say to the input %s',
    async (name) => {
      expect(await refusal(read({ [name]: 'x' }, POLICY))).toContain(`input "${name}": It has no say`)
    },
  )

  test('can only be narrowed by inputs', async () => {
    const { grants } = await read({ environment: 'production' }, POLICY)
    for (const { narrow } of grants) expect([...(narrow ?? [])]).toEqual([['environment', ['production']]])
  })

  test('names line and column of every problem, all at once', async () => {
    const text = await refusal(
      read({ target: 'nope' }, `${POLICY}  - { target: prd, when: { enviroment: x } }\n`),
    )
    expect(text).toContain('.github/dbt-oidc.yml:8:')
    expect(text).toContain('did you mean `prod`')
    expect(text).toContain('enviroment')
    expect(text).toContain('has no target `nope`')
  })

  test('decides on an audience of its own unless its candidates share one', async () => {
    expect(decisionAudience(await read({}, POLICY))).toBe('dbt-oidc')
    expect(decisionAudience(await read({ target: 'snow' }, POLICY))).toBe(
      'https://a.snowflakecomputing.com/snow',
    )
  })
})
