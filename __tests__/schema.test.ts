import { describe, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import * as z from 'zod/mini'
import { schemaOf } from '../scripts/generate/schema.ts'
import { exchange } from '../src/exchange.ts'
import aws from '../src/exchanges/aws.ts'
import none from '../src/exchanges/none.ts'
import vault from '../src/exchanges/vault.ts'
import { warehouse } from '../src/warehouse.ts'
import duckdb from '../src/warehouses/duckdb.ts'
import { CONFIG_CASES } from './hostile/config.ts'
import { configOf } from './support/config-of.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const compile = (schema: object): ((policy: string) => boolean) => {
  const validate = new Ajv2020({ strict: true, allErrors: true }).compile(schema)
  // As an editor reads the file: YAML 1.2.
  return (policy) => validate(parse(policy))
}
const valid = compile(JSON.parse(read('schema.json')) as object)

const withWhen = (when: string): string =>
  `targets: { prod: { connection: { type: duckdb } } }\ngrants:\n  - target: prod\n    when: ${when}\n`
const MAIN = withWhen('{ ref: refs/heads/main }')
const withTarget = (target: string): string =>
  `targets: { prod: { ${target} } }\ngrants: [{ target: prod, when: { ref: refs/heads/main } }]\n`
const SNOW = 'connection: { type: snowflake, account: a, database: D, schema: S'

/** The policy that the pages show. */
const SHOWN = /```yaml\n(# yaml-language-server[^]*?)```/.exec(read('docs/policy.md'))?.[1] ?? ''

const policyOf = (one: (typeof CONFIG_CASES)[number]): string => one.policy ?? withWhen(one.when ?? '')
const ACCEPTED = CONFIG_CASES.filter(({ inputs, refused }) => !inputs && refused === undefined)

describe('what the configuration accepts is valid under schema.json', () => {
  test.each<[string, string]>([
    ['the policy of docs/policy.md', SHOWN],
    ['the policy of the demo', read('demo/dbt-oidc.yml')],
    ...ACCEPTED.map((one): [string, string] => [`${one.id}: ${one.name}`, policyOf(one)]),
    ...['on', '012', '1e3', '1:30', '0x1F', '2026-01-01', 'true'].map((text): [string, string] => [
      `the unquoted ${text}`,
      withWhen(`{ environment: ${text} }`),
    ]),
    ['a list of patterns', withWhen('{ ref: [refs/heads/main, refs/heads/release/**], actor_id: [1, 2] }')],
    ['one and two stars', withWhen('{ ref: refs/heads/*, workflow_ref: o/r/**@** }')],
    ['a number for an audience', withTarget('connection: { type: duckdb }, audience: 5')],
    ['two audiences', withTarget(`${SNOW} }, audience: { use: own, also: [5, b] }`)],
    [
      'what belongs to dbt',
      withTarget('connection: { type: duckdb, extensions: [httpfs], settings: { s3_region: x } }'),
    ],
    ['the exchange of a warehouse, named', withTarget(`${SNOW} }, identity: { via: direct }`)],
    ['the exchange of a warehouse, left to it', withTarget(`${SNOW} }, identity: {}`)],
    ['ids as numbers and as text', `repository-id: 0\nrepository-owner-id: "7654321"\n${MAIN}`],
    ['ages', `review: { warn: 90d, fail: 180d }\n${MAIN}`],
  ])('%s', async (_, policy) => {
    // A rehearsal, since the demo's Snowflake is this machine.
    await expect(configOf({ policy, serverUrl: 'http://127.0.0.1:8080' })).resolves.toBeDefined()
    expect(valid(policy)).toBe(true)
  })
})

/** Refused for what the text or the token says: no schema knows. */
const BEYOND: ReadonlySet<string> = new Set([
  'policy-config-12', // the tag is gone once YAML is read
  'policy-config-16',
  'policy-config-17',
  'policy-config-11', // a duplicate key is the parser's to refuse
])
const REFUSED = CONFIG_CASES.filter(
  ({ id, name, inputs, refused }) =>
    !inputs && refused !== undefined && !BEYOND.has(id) && !/no date|future/.test(name),
)

describe('what the configuration refuses for its structure is invalid under schema.json', () => {
  test.each<[string, string]>([
    ...REFUSED.map((one): [string, string] => [`${one.id}: ${one.name}`, policyOf(one)]),
    ['an unknown key', `repositry: o/r\n${MAIN}`],
    ['an unknown key of a target', withTarget('connection: { type: duckdb }, conection: {}')],
    ['an unknown key of a grant', MAIN.replace('target: prod\n', 'target: prod\n    reviewd: 2026-11-01\n')],
    ['an unknown key of the review', `review: { warm: 90d }\n${MAIN}`],
    ['a misspelt claim', withWhen('{ enviroment: production }')],
    ['a claim that no grant can name', withWhen('{ aud: x, ref: refs/heads/main }')],
    ['a custom claim without its name', withWhen('{ x-: a, ref: refs/heads/main }')],
    ['an empty `when`', withWhen('{}')],
    ['a `when` that is a list', withWhen('[ref]')],
    ['no `when`', withWhen('').replace(/ +when.*\n/, '')],
    ['a pattern that is a map', withWhen('{ ref: { a: b } }')],
    ['a list in a list of patterns', withWhen('{ ref: [[refs/heads/main]] }')],
    ['an empty list of patterns', withWhen('{ ref: [] }')],
    ['an empty pattern', withWhen('{ environment: "" }')],
    ['three stars', withWhen('{ ref: refs/heads/*** }')],
    ['three stars in a list', withWhen('{ ref: [refs/heads/main, "****"] }')],
    ['no targets', MAIN.replace(/targets: .*\n/, '')],
    ['empty `targets`', MAIN.replace(/targets: .*\n/, 'targets: {}\n')],
    ['no grant', MAIN.replace(/grants:[^]*/, 'grants: []\n')],
    ['a target without a connection', withTarget('audience: x')],
    ['an audience that goes without one in use', withTarget(`${SNOW} }, audience: { also: a }`)],
    ['a connection without a type', withTarget('connection: { path: x }')],
    ['a connection that is a text', withTarget('connection: duckdb')],
    ['an unknown warehouse', withTarget('connection: { type: duckbd }')],
    [
      'a missing field of a warehouse',
      withTarget('connection: { type: snowflake, account: a, database: D }'),
    ],
    ['a wrong type in a connection', withTarget('connection: { type: duckdb, path: [x] }')],
    ['a fractional id', `repository-id: 1.5\n${MAIN}`],
    ['a negative id', `repository-id: -1\n${MAIN}`],
    ['an id that is no number', `repository-owner-id: x1\n${MAIN}`],
    ['an age without its unit', `review: { warn: 90 }\n${MAIN}`],
    ['a name that no target can have', MAIN.replace('{ prod:', '{ "a b":')],
    ['a credential', withTarget(`${SNOW}, password: x }`)],
    ['a credential of DuckDB', withTarget('connection: { type: duckdb, motherduck_token: x }')],
    [
      'a nested credential',
      withTarget('connection: { type: duckdb, settings: { s3_secret_access_key: x } }'),
    ],
    [
      'an exchange that DuckDB does not take',
      withTarget('connection: { type: duckdb }, identity: { via: direct }'),
    ],
    ['an exchange that Snowflake does not take', withTarget(`${SNOW} }, identity: { via: none }`)],
    ['an exchange that does not exist', withTarget(`${SNOW} }, identity: { via: dirct }`)],
    ['an unknown setting of an exchange', withTarget(`${SNOW} }, identity: { rol: x }`)],
    ['an identity that is a list', withTarget(`${SNOW} }, identity: [direct]`)],
  ])('%s', async (_, policy) => {
    await expect(configOf({ policy })).rejects.toMatchObject({ code: 'configuration' })
    expect(valid(policy)).toBe(false)
  })
})

describe('the schema of another warehouse', () => {
  const acceptance = {
    kind: 'none',
    trades: 'action',
    keepAlive: { by: 'static' },
    want: () => ({}),
  } as const
  const lake = warehouse({
    type: 'lake',
    title: 'Lake',
    connection: z.looseObject({ catalog: z.string(), region: z.optional(z.string()) }),
    credentialFields: ['key', 'auth.oauth.secret'],
    accepts: {
      broker: { ...acceptance, defaults: () => ({ region: 'eu' }) },
      none: acceptance,
    },
    adapter: { package: 'dbt-lake', bad: [] },
    carry: () => ({ fields: {}, secrets: {}, files: {}, env: {} }),
    describe: () => 'a lake',
    hosts: () => [],
    proof: {},
    example: { type: 'lake', catalog: 'c' },
  })
  const broker = exchange({
    name: 'broker',
    summary: 'a broker',
    settings: z.strictObject({ role: z.string(), region: z.string() }),
    audience: () => 'x',
    trade: async () => ({ kind: 'none', expiresAt: null }),
    identity: () => 'x',
    hosts: () => [],
    proof: 'shape only',
    example: { role: 'r', region: 'eu' },
  })
  const held = compile(schemaOf({ warehouses: [lake, duckdb], exchanges: [broker, none, aws, vault] }))
  const lakeWith = (connection: string, more = ''): boolean =>
    held(withTarget(`connection: { type: lake, catalog: c${connection} }${more}`))

  test.each<[string, boolean, string, string]>([
    ['its default exchange is understood without `via`', true, '', ', identity: { role: r }'],
    ['what the connection implies is no duty', true, '', ', identity: { via: broker, role: r }'],
    ['what it implies may be given', true, '', ', identity: { role: r, region: us }'],
    ['the other exchange is named', true, '', ', identity: { via: none }'],
    ['the other exchange has other settings', false, '', ', identity: { via: none, role: r }'],
    ['a setting that the exchange needs', false, '', ', identity: { via: broker }'],
    ['an identity that the exchange needs', false, '', ''],
    ['a credential', false, ', key: x', ', identity: { role: r }'],
    ['a credential two levels down', false, ', auth: { oauth: { secret: x } }', ', identity: { role: r }'],
    ['what stands beside it', true, ', auth: { oauth: { id: x } }', ', identity: { role: r }'],
    ['another kind of value in its place', true, ', auth: [x]', ', identity: { role: r }'],
  ])('follows from its own file: %s', (_, ok, connection, more) => {
    expect(lakeWith(connection, more)).toBe(ok)
  })

  test('leaves the others as they are', () => {
    expect(held(MAIN)).toBe(true)
    expect(held(withTarget('connection: { type: duckdb }, identity: { via: broker, role: r }'))).toBe(false)
  })
})
