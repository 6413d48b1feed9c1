import { describe, expect, test } from '@jest/globals'
import { configOf, problemsOf } from './support/config-of.ts'

const MAIN = { ref: 'refs/heads/main' }
const DUCK = { ...MAIN, connection: '{ type: duckdb, path: prod.duckdb }' }
const snow = (extra: string): Record<string, string> => ({
  ...MAIN,
  connection: `{ type: snowflake, account: acme, database: D, schema: S, ${extra} }`,
})

describe('hosts', () => {
  test.each([
    'host: evil.test',
    'host: snowflakecomputing.com.evil.test',
    'host: evilsnowflakecomputing.com',
    'host: evil.test/.snowflakecomputing.com',
    'host: "evil.test#.snowflakecomputing.com"',
    'host: "evil.test:443?.snowflakecomputing.com"',
    'host: a@evil.test',
    'host: 127.0.0.1',
    'host: localhost',
    'host: "{ref}"',
  ])('other than Snowflake’s are refused: %s', async (host) => {
    expect((await problemsOf({ inputs: snow(host) }))[0]).toMatch(
      /^input "connection":1:\d+: .* is no host of snowflake/,
    )
  })

  test.each(['proxy_host: evil.test, proxy_port: 3128', 'proxy_host: 127.0.0.1', 'proxy_host: "{ref}"'])(
    'other than Snowflake’s do not stand between either: %s',
    async (proxy) => {
      expect(await problemsOf({ inputs: snow(proxy) })).toEqual([
        expect.stringMatching(/^input "connection":1:59: .* is no host of snowflake.*HTTPS_PROXY/),
      ])
    },
  )

  test.each(['{ _connection_uri: "https://evil.test" }', '{ _tls_no_verify: true }', '{ _port: 8443 }', 'x'])(
    'of Databricks are not left by the driver’s own parameters: %s',
    async (parameters) => {
      const connection = `{ type: databricks, host: a.cloud.databricks.com, http_path: /p, schema: s, client_id: 8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10, connection_parameters: ${parameters} }`
      expect(await problemsOf({ inputs: { ...MAIN, connection } })).toEqual([
        expect.stringMatching(/`connection_parameters` may lead the connection elsewhere/),
      ])
    },
  )

  test('of Databricks are reached with other parameters of the driver', async () => {
    const connection =
      '{ type: databricks, host: a.cloud.databricks.com, http_path: /p, schema: s, client_id: 8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10, connection_parameters: { _socket_timeout: 60, _retry_delay_max: 5, use_cloud_fetch: true } }'
    expect((await configOf({ inputs: { ...MAIN, connection } })).targets.get('prod')?.via).toBe('direct')
  })

  test.each(['evil.test/', 'evil.test#', 'evil.test?', 'u@evil.test\\'])(
    'are not led away by the account %s',
    async (account) => {
      const connection = `{ type: snowflake, account: '${account}', database: D, schema: S }`
      expect((await problemsOf({ inputs: { ...MAIN, connection } }))[0]).toContain('is no host of snowflake')
    },
  )

  test.each([
    'host: acme.snowflakecomputing.com',
    'host: "{repository_owner}.snowflakecomputing.com"',
    'role: R',
  ])('of Snowflake are let through: %s', async (extra) => {
    expect((await configOf({ inputs: snow(extra) })).targets.get('prod')?.via).toBe('direct')
  })

  test('of this machine are let through in a rehearsal only, and no others with them', async () => {
    const serverUrl = 'http://127.0.0.1:8080'
    await expect(configOf({ inputs: snow('host: 127.0.0.1'), serverUrl })).resolves.toBeDefined()
    expect((await problemsOf({ inputs: snow('host: evil.test'), serverUrl }))[0]).toContain('is no host')
  })
})

describe('a connection that would give a credential away is refused', () => {
  test.each([
    ['protocol: http', '`protocol`: the token would leave unencrypted'],
    ['protocol: HTTP', '`protocol`: the token would leave unencrypted'],
    ['insecure_mode: true', '`insecure_mode`: the token would go to a host'],
    ['insecure_mode: "yes"', '`insecure_mode`: the token would go to a host'],
  ])('by Snowflake’s %s, in a rehearsal too unless the host is this machine', async (extra, sentence) => {
    for (const serverUrl of ['https://github.com', 'http://127.0.0.1:8080'])
      expect((await problemsOf({ inputs: snow(extra), serverUrl })).join()).toContain(sentence)
    const serverUrl = 'http://127.0.0.1:8080'
    await expect(configOf({ inputs: snow(`host: 127.0.0.1, ${extra}`), serverUrl })).resolves.toBeDefined()
  })

  test.each(['protocol: https', 'insecure_mode: false'])('and not by %s', async (extra) => {
    await expect(configOf({ inputs: snow(extra) })).resolves.toBeDefined()
  })

  test.each([
    ['secrets: [{ type: s3, secret: hunter2 }]', '`secrets`: it holds `secret`, a credential'],
    ['settings: { s3_access_key_id: hunter2 }', '`settings.s3_access_key_id` is a credential'],
    ['path: "md:db?motherduck_token=hunter2"', '`path`: it carries `motherduck_token`'],
    ['path: "md:db?a=b&MOTHERDUCK_TOKEN=hunter2"', '`path`: it carries `motherduck_token`'],
  ])('by DuckDB’s %s, without repeating it', async (extra, sentence) => {
    const problems = (
      await problemsOf({ inputs: { ...MAIN, connection: `{ type: duckdb, ${extra} }` } })
    ).join()
    expect(problems).toContain(sentence)
    expect(problems).not.toContain('hunter2')
  })
})

describe('text', () => {
  test('that looks like Jinja is taken literally, with a warning that names the field', async () => {
    const { targets, warnings } = await configOf({
      inputs: { ...MAIN, connection: `type: duckdb\npath: "{{ env_var('HOME') }}"` },
    })
    expect(targets.get('prod')?.output.get('path')).toEqual({ kind: 'text', text: "{{ env_var('HOME') }}" })
    expect(warnings).toEqual([expect.stringMatching(/^input "connection":2:1: `path` looks like Jinja/)])
  })

  test('of a YAML input keeps its lines and its indentation', async () => {
    const inputs = { ...MAIN, connection: '\n\n  type: duckdb\n  path: x\n' }
    expect((await configOf({ inputs })).targets.get('prod')?.output.get('path')).toBeDefined()
    const [problem] = await problemsOf({
      inputs: { ...MAIN, connection: '\n\n  type: duckdb\n  path: [x]\n' },
    })
    expect(problem).toMatch(/^input "connection":4:9: `path` must be a text/)
  })

  test.each([
    ['environment', 'x\nrepository: evil/r'],
    ['ref', 'refs/heads/x\nrepository: evil/r'],
    ['target', 'x\nrepository: evil/r'],
    ['issuer', 'x\nrepository: evil/r'],
  ])('that an interpolation brings into %s stays one value, which is refused', async (name, text) => {
    const problems = await problemsOf({ inputs: { ...DUCK, [name]: text } })
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^input "${name}": `))])
  })
})

describe('threads', () => {
  test.each(['"8"', 'eight', '0', '-1', '2.5', '4.0', 'true', '08', '', '[4]', '"{{ 4 }}"'])(
    'that dbt refuses are warned of: %s',
    async (written) => {
      const { warnings } = await configOf({ inputs: snow(`threads: ${written}`) })
      expect(warnings).toContainEqual(
        expect.stringMatching(/^input "connection":1:\d+: `threads` must be a whole number above 0, without/),
      )
    },
  )

  test.each(['1', '16', '0x8', '1_0'])('that dbt takes are not: %s', async (written) => {
    expect((await configOf({ inputs: snow(`threads: ${written}`) })).warnings).toEqual([])
  })
})

describe('a misspelt key', () => {
  test.each([
    ['warehose: W', 'warehouse'],
    ['Role: R', 'role'],
    ['thread: 4', 'threads'],
  ])('is warned of, since dbt would ignore it: %s', async (written, near) => {
    const { warnings } = await configOf({ inputs: snow(written) })
    expect(warnings).toEqual([
      expect.stringMatching(
        new RegExp(
          `^input "connection":1:\\d+: \`${written.split(':', 1)[0]}\` .* did you mean \`${near}\`\\?$`,
        ),
      ),
    ])
  })

  test.each(['proxy_port: 3128', 'connect_timeout: 5', 'something_else: 1'])(
    'is none where the adapter knows it, or where it is like nothing: %s',
    async (written) => {
      expect((await configOf({ inputs: snow(written) })).warnings).toEqual([])
    },
  )

  test.each([
    ['via: okta', 'under `identity:`'],
    ['identity: { via: okta }', 'beside `connection:`'],
    ['audience: https://acme.example', 'beside `connection:`'],
  ])('of ours is told where it belongs, and nothing that would follow of it: %s', async (written, where) => {
    const key = written.split(':', 1)[0]
    expect(await problemsOf({ inputs: snow(written) })).toEqual([
      expect.stringMatching(
        new RegExp(`^input "connection":1:59: \`${key}\` is no field of dbt's: it belongs ${where}\\.$`),
      ),
    ])
    const policy = `targets: { prod: { connection: ${snow(written)['connection']} } }\ngrants: [{ target: prod, when: ${JSON.stringify(MAIN)} }]`
    expect(await problemsOf({ policy })).toEqual([
      expect.stringMatching(new RegExp(`^\\.github/dbt-oidc\\.yml:1:\\d+: .* it belongs ${where}\\.$`)),
    ])
  })

  test('of the exchange is told where it belongs: at once with a hyphen, else where it is missing there', async () => {
    const bigquery = '{ type: bigquery, project: acme-prod, dataset: d,'
    const told = (more: string) => problemsOf({ inputs: { ...MAIN, connection: `${bigquery} ${more} }` } })
    expect(await told('service-account: dbt@acme-prod.iam.gserviceaccount.com')).toEqual([
      'input "connection":1:51: `service-account` is no field of dbt\'s: it belongs under `identity:`.',
    ])
    expect(await told('provider: projects/1')).toEqual([
      'input "connection":1:51: `provider` is no field of dbt\'s: it belongs under `identity:`.',
    ])
  })

  test('is none where it may be a field of an adapter that is not known here', async () => {
    const connection = '{ type: firebolt, token: "{credential}", host: f.example, audience: a, identity: b }'
    const identity = 'via: direct'
    expect((await configOf({ inputs: { ...MAIN, connection, identity } })).warnings).toEqual([])
    expect(
      await problemsOf({ inputs: { ...MAIN, connection: connection.replace('audience: a', 'via: direct') } }),
    ).toEqual([expect.stringMatching(/`via` is no field of dbt's: it belongs under `identity:`\.$/)])
  })

  test('is named where the right one is missing', async () => {
    const connection = '{ type: snowflake, acount: acme, database: D, schema: S }'
    expect(await problemsOf({ inputs: { ...MAIN, connection } })).toEqual([
      'input "connection":1:20: `account` is missing, but there is `acount`: did you mean `account`?',
    ])
  })
})
