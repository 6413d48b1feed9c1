import { afterEach, describe, expect, test } from '@jest/globals'
import { toJs } from '../src/profile.ts'
import { configOf, problemsOf, type Setting } from './support/config-of.ts'
import { createScratch, removeScratch, type Scratch } from './support/scratch.ts'

const PROFILES = `shop:
  target: prod
  outputs:
    prod:
      type: snowflake
      account: acme
      user: SVC
      password: "{{ env_var('SNOWFLAKE_PASSWORD') }}"
      private_key_path: /keys/k.p8
      database: D
      schema: "{{ env_var('DBT_SCHEMA', 'S') }}"
      query_tag: "{{ target.name ~ '!' }}"
    dev: { type: duckdb, path: dev.duckdb }
`

const made: Scratch[] = []
afterEach(() => {
  for (const scratch of made.splice(0)) removeScratch(scratch)
})

/** A checkout with a profiles.yml; dbt_project.yml is read from the disk, all else from memory. */
function checkout(
  profiles: string,
  inputs: Record<string, string> = {},
  more: Partial<Setting> & { readonly project?: string } = {},
): Setting {
  const scratch = createScratch({ 'dbt_project.yml': more.project ?? 'name: shop\nprofile: shop\n' })
  made.push(scratch)
  return {
    files: { 'profiles.yml': profiles },
    workspace: scratch.workspace,
    inputs: { ref: 'refs/heads/main', ...inputs },
    ...more,
  }
}

describe('an existing profiles.yml', () => {
  test('gives its own target, without its credentials, which a warning names', async () => {
    const { targets, grants, warnings } = await configOf(checkout(PROFILES))
    const output = targets.get('prod')?.output
    expect([...(output?.keys() ?? [])]).toEqual([
      'type',
      'account',
      'user',
      'database',
      'schema',
      'query_tag',
    ])
    expect(warnings).toEqual([
      'profiles.yml: left out of the output `prod`: password, private_key_path. These stored credentials are no longer needed.',
    ])
    expect(grants.map(({ target }) => target)).toEqual(['prod'])
  })

  test.each([
    [`"{{ env_var('N') | int }}"`, 0],
    ['"8"', 1],
    ['8', 0],
  ])('has its threads of %s warned of %d times: of an expression only dbt knows', async (threads, times) => {
    const profiles = PROFILES.replace('      database: D', `      threads: ${threads}\n      database: D`)
    const { warnings } = await configOf(checkout(profiles))
    expect(warnings.filter((text) => text.includes('`threads` must be'))).toHaveLength(times)
  })

  test('gives a DuckDB without its secrets', async () => {
    const profiles =
      'shop:\n  outputs:\n    default: { type: duckdb, secrets: [{ type: s3, secret: x }], settings: { s3_access_key_id: x, a: b } }\n'
    const { warnings } = await configOf(checkout(profiles))
    expect(warnings.join()).toContain('secrets.secret, settings.s3_access_key_id. These stored credentials')
  })

  test('keeps its expressions byte for byte', async () => {
    const output = (await configOf(checkout(PROFILES))).targets.get('prod')?.output
    expect(output?.get('query_tag')).toEqual({ kind: 'jinja', source: "{{ target.name ~ '!' }}" })
    expect(output?.get('schema')).toEqual({ kind: 'jinja', source: "{{ env_var('DBT_SCHEMA', 'S') }}" })
  })

  test('gives the target that was asked for', async () => {
    const { targets } = await configOf(checkout(PROFILES, { target: 'dev' }))
    expect([...targets.values()].map(({ name, warehouse }) => [name, warehouse.type])).toEqual([
      ['dev', 'duckdb'],
    ])
  })

  test.each<[string, string, Record<string, string>, string]>([
    [
      'a profile that is not there',
      PROFILES,
      { profile: 'shpo' },
      'profiles.yml:1:1: There is no profile "shpo" here. Did you mean "shop"?',
    ],
    [
      'a target that is not there',
      PROFILES,
      { target: 'dve' },
      'profiles.yml:4:5: There is no output "dve" here. Did you mean "dev"?',
    ],
    ['no YAML', 'shop: [', {}, 'profiles.yml:'],
    ['nothing', '', {}, 'profiles.yml: The file holds no profiles'],
    [
      'a host that is a stranger’s',
      PROFILES.replace('account: acme', 'account: acme\n      host: evil.test'),
      {},
      'profiles.yml:7:7: `evil.test` is no host of snowflake',
    ],
    [
      'a proxy that is a stranger’s',
      PROFILES.replace('account: acme', 'account: acme\n      proxy_host: evil.test'),
      {},
      'profiles.yml:7:7: `evil.test` is no host of snowflake',
    ],
    [
      'an expression for a proxy',
      PROFILES.replace('account: acme', "account: acme\n      proxy_host: \"{{ 'evil' ~ '.test' }}\""),
      {},
      'profiles.yml:7:19: `proxy_host` must be text or a plain `{{ env_var',
    ],
    [
      'an expression for a field that is needed',
      PROFILES.replace('account: acme', 'account: "{{ var(\'a\') }}"'),
      {},
      "profiles.yml:6:16: `account` must be text or a plain `{{ env_var('NAME') }}` whose variable dbt may see.",
    ],
    [
      'a variable that does not exist',
      PROFILES.replace('account: acme', 'account: "{{ env_var(\'NOPE\') }}"'),
      {},
      'profiles.yml:6:16: `account` must be text',
    ],
    [
      'a placeholder of no claim',
      PROFILES.replace('user: SVC', 'user: "{actr}"'),
      {},
      'profiles.yml:7:7: `user`: {actr} is neither a claim nor {pull_request}; did you mean {actor}?',
    ],
    [
      'a type that is no warehouse',
      PROFILES.replace('type: snowflake', 'type: snowflak'),
      {},
      'profiles.yml:5:7: Unknown warehouse `snowflak`; did you mean `snowflake`?',
    ],
    [
      'our own secret in another field',
      PROFILES.replace('user: SVC', 'user: "{{ env_var(\'DBT_ENV_SECRET_DBT_OIDC_TOKEN\') }}"'),
      {},
      'profiles.yml:7:13: DBT_ENV_SECRET_DBT_OIDC',
    ],
  ])('with %s is refused at its place', async (_, profiles, inputs, start) => {
    const problems = await problemsOf(checkout(profiles, inputs))
    const found = problems.find((problem) => problem.startsWith(start))
    expect(found ?? problems).toBe(found)
  })

  test('is looked for where `profiles-dir` says, and must be there', async () => {
    const inputs = { 'profiles-dir': 'ci' }
    const { targets } = await configOf(checkout('', inputs, { files: { 'ci/profiles.yml': PROFILES } }))
    expect([...targets.keys()]).toEqual(['prod'])
    expect(await problemsOf(checkout(PROFILES, inputs))).toEqual([
      'input "profiles-dir": There is no file `ci/profiles.yml`. Was the repository checked out before this step?',
    ])
  })

  test('that is a directory is said to be one', async () => {
    const files = { 'profiles.yml': { kind: 'directory' } } as const
    expect(await problemsOf(checkout('', {}, { files }))).toEqual([
      'profiles.yml: `profiles.yml` is a directory; name the file.',
    ])
  })

  test('needs a profile that dbt_project.yml or the input names', async () => {
    const project = 'name: shop\n'
    expect(await problemsOf(checkout(PROFILES, {}, { project }))).toEqual([
      'input "profile": dbt_project.yml names no profile: name one here.',
    ])
    await expect(configOf(checkout(PROFILES, { profile: 'shop' }, { project }))).resolves.toBeDefined()
  })

  test('needs a project beside it', async () => {
    expect(
      (await problemsOf({ inputs: { ref: 'refs/heads/main' }, files: { 'profiles.yml': PROFILES } }))[0],
    ).toMatch(/^input "project-dir": There is no dbt_project.yml/)
  })
})

const profile = (output: string): string => `shop:\n  outputs:\n    default: { ${output} }\n`

describe('a host that an existing profiles.yml alone names', () => {
  const trino = profile('type: trino, host: trino.evil.test, database: lake, schema: s')
  const postgres = (host: string): string =>
    profile(`type: postgres, host: ${host}, user: dbt, dbname: shop, schema: s`)
  const databricks = profile(
    'type: databricks, host: dbc-12345678-1234.cloud.databricks.com, http_path: /sql/1.0/warehouses/1, schema: s, client_id: 8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10',
  )
  const google =
    '{ via: google, provider: projects/1/locations/global/workloadIdentityPools/github/providers/dbt-prod, service-account: dbt@acme-prod.iam.gserviceaccount.com }'
  const oauth = '{ via: oauth, token-url: https://id.acme.example/token, grant: jwt-bearer }'
  const entra =
    '{ via: entra, tenant: 11111111-2222-3333-4444-555555555555, client-id: 11111111-2222-3333-4444-555555555555 }'
  const RDS = 'shop.c1a2b3c4d5e6.eu-west-1.rds.amazonaws.com'

  test.each<[string, string, Record<string, string>, string]>([
    ['a token of an identity provider for Trino', trino, { identity: oauth }, '`trino.evil.test`'],
    ['a token of Google for PostgreSQL', postgres('evil.test'), { identity: google }, '`evil.test`'],
    [
      'a token of Entra, whosever server it is there',
      postgres('evil.postgres.database.azure.com'),
      { identity: entra },
      '`evil.postgres.database.azure.com`',
    ],
    ['an ID token for Trino with an audience of its own', trino, { audience: 'trino' }, '`trino.evil.test`'],
    ['the same for Databricks', databricks, { audience: 'acme' }, '`dbc-12345678-1234'],
  ])('does not get %s', async (_what, profiles, inputs, host) => {
    const problems = await problemsOf(checkout(profiles, inputs))
    expect(problems).toEqual([expect.stringContaining(host)])
    expect(problems[0]).toMatch(/^profiles\.yml:3:\d+: .* comes from a profiles\.yml of the checkout/)
    expect(problems[0]).toMatch(
      /write the connection into the workflow \(`connection`\) or the policy file\.$/i,
    )
  })

  test.each<[string, string, Record<string, string>]>([
    ['an ID token whose audience is that host', trino, {}],
    ['an ID token for that workspace', databricks, {}],
    [
      'a password that is signed for that host',
      postgres(RDS),
      { identity: '{ via: aws, role: arn:aws:iam::123456789012:role/dbt, region: eu-west-1 }' },
    ],
  ])('gets %s', async (_what, profiles, inputs) => {
    await expect(configOf(checkout(profiles, inputs))).resolves.toBeDefined()
  })

  test('gets the scope of BigQuery, whatever scopes the file asks for', async () => {
    const profiles = profile(
      'type: bigquery, project: acme-prod, dataset: d, scopes: [https://www.googleapis.com/auth/cloud-platform]',
    )
    const { targets, warnings } = await configOf(checkout(profiles, { identity: google }))
    const target = targets.get('default')
    expect(target?.bound.want('google').scope).toBe('https://www.googleapis.com/auth/bigquery')
    expect(target?.output.has('scopes')).toBe(false)
    expect(warnings).toEqual([
      'profiles.yml: left out of the output `default`: scopes. Rights are for the workflow or the policy file to ask for: write the connection there.',
    ])
  })
})

const asks = (name: string): string =>
  PROFILES.replace('account: acme', `account: "{{ env_var('${name}') }}"`)
const account = async (setting: Setting): Promise<unknown> => {
  const target = (await configOf(setting)).targets.get('prod')
  return target && toJs(target.output, target.lookup)['account']
}

describe('an expression of the project', () => {
  test('is looked up among what dbt will see', async () => {
    expect(await account(checkout(asks('DBT_ACCOUNT'), {}, { env: { DBT_ACCOUNT: 'acme' } }))).toBe('acme')
    const more = { env: { ACCOUNT: 'acme' } }
    expect(await account(checkout(asks('ACCOUNT'), { env: 'ACCOUNT' }, more))).toBe('acme')
  })

  test.each(['ACCOUNT', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN', 'GITHUB_TOKEN', '__proto__', 'constructor'])(
    'cannot read %s, which dbt will not see',
    async (name) => {
      const problems = await problemsOf(checkout(asks(name), {}, { env: { [name]: 's3cret' } }))
      expect(problems).toEqual([expect.stringMatching(/^profiles.yml:6:16: `account` must be text/)])
    },
  )

  test('cannot read it by way of the profile’s name either, and have it printed', async () => {
    const project = `name: shop\nprofile: "{{ env_var('ACTIONS_ID_TOKEN_REQUEST_TOKEN') }}"\n`
    const env = { ACTIONS_ID_TOKEN_REQUEST_TOKEN: 's3cret' }
    const problems = await problemsOf(checkout(PROFILES, {}, { project, env }))
    expect(problems).toEqual([expect.stringContaining('names no profile')])
    expect(problems.join('\n')).not.toContain('s3cret')
  })

  test('may be the type of the adapter', async () => {
    const profiles = PROFILES.replace('type: snowflake', `type: "{{ env_var('DBT_TYPE') }}"`)
    const { targets } = await configOf(checkout(profiles, {}, { env: { DBT_TYPE: 'snowflake' } }))
    expect(targets.get('prod')?.warehouse.type).toBe('snowflake')
    expect(targets.get('prod')?.output.has('password')).toBe(false)
  })

  test('that names a host is held to the vendor’s like any other', async () => {
    const profiles = PROFILES.replace(
      'account: acme',
      `account: acme\n      host: "{{ env_var('DBT_HOST') }}"`,
    )
    expect((await problemsOf(checkout(profiles, {}, { env: { DBT_HOST: 'evil.test' } })))[0]).toContain(
      '`evil.test` is no host of snowflake',
    )
  })
})
