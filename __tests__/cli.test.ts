import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { cli, type Ended } from './support/cli.ts'
import { sendJson } from './support/issuer-server.ts'
import { startIssuer } from './support/issuer.ts'
import { usersOf } from './support/snowflake/trust.ts'

const POLICY = `
repository: acme/dbt
targets:
  prod:
    connection: { type: snowflake, account: acme-prod, role: T, database: PROD, schema: DBT }
  local:
    connection: { type: duckdb }
grants:
  - { target: prod, when: { environment: production } }
  - { target: local, when: { ref: refs/heads/main } }
`

const WORKFLOW = `
on: push
jobs:
  dbt:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: acme/dbt-oidc@v1
        with:
          run: build
          environment: production
          connection: |
            type: snowflake
            account: acme-prod
            database: PROD
            schema: DBT
`

const answers = (subject: object): Record<string, unknown> => ({
  '/repos/acme/dbt': { id: 7654321, owner: { id: 1234567 } },
  '/repos/acme/dbt/actions/oidc/customization/sub': subject,
})

const role = '{ via: aws, role: "arn:aws:iam::123456789012:role/dbt" }'
const database =
  '{ type: postgres, host: db.c1.eu-west-1.rds.amazonaws.com, user: dbt, dbname: d, schema: s, port: 5432 }'
const SHARED = `
repository: acme/dbt
targets:
  prod: { connection: ${database}, identity: ${role} }
  ci: { connection: ${database}, identity: ${role} }
grants:
  - { target: prod, when: { environment: production } }
  - { target: ci, when: { event_name: pull_request } }
`

const trino = (schema: string): string =>
  `{ connection: { type: trino, host: trino.acme.example, database: lake, schema: ${schema} } }`

/** Of the policy, said beside what is asked for. */
const SAID =
  '! grants[0] (prod) and grants[1] (local) can both hold for one run; without `target` the first one wins.\n'

const withPolicy = { '.github/dbt-oidc.yml': POLICY }

describe('dbt-oidc trust', () => {
  test('prints what Snowflake has to run, for one target', async () => {
    const ended = await cli(['trust', '--target', 'prod'], withPolicy)
    expect([ended.code, ended.stderr]).toEqual([0, SAID])
    expect(usersOf(ended.stdout)).toEqual([
      {
        user: 'GH_ACME_DBT_PROD',
        defaultRole: 'T',
        issuer: 'https://token.actions.githubusercontent.com',
        subject: 'repo:acme/dbt:environment:production',
        audiences: ['https://acme-prod.snowflakecomputing.com/prod'],
      },
    ])
  })

  test('reads the inputs of a workflow', async () => {
    const ended = await cli(['trust', '--workflow', 'dbt.yml', '--repository', 'acme/dbt'], {
      'dbt.yml': WORKFLOW,
    })
    expect(ended.code).toBe(0)
    expect(usersOf(ended.stdout).map(({ subject }) => subject)).toEqual([
      'repo:acme/dbt:environment:production',
    ])
  })

  test('reads inputs whatever their case, as GitHub does', async () => {
    const files = { 'dbt.yml': WORKFLOW.replace('environment:', 'Environment:') }
    const ended = await cli(['trust', '--workflow', 'dbt.yml', '--repository', 'acme/dbt'], files)
    expect(usersOf(ended.stdout).map(({ subject }) => subject)).toEqual([
      'repo:acme/dbt:environment:production',
    ])
  })

  test('gives JSON with the claims of each document, and files by target', async () => {
    const asJson = await cli(['trust', '--json'], withPolicy)
    expect(JSON.parse(asJson.stdout)).toMatchObject([
      { targets: ['prod'], language: 'sql', checkedHere: ['event_name'] },
      { targets: ['prod'], language: 'sql', checkedHere: [] },
    ])
    const written = await cli(['trust', '--out', 'trust'], withPolicy)
    expect(written.files).toContain('trust/prod-1.sql')
    expect(written.stdout).toBe(
      ['prod-1.sql', 'prod-2.sql'].map((name) => `${join('trust', name)}\n`).join(''),
    )
    expect(asJson.stdout).not.toContain('owns')
  })

  test('says that nobody has to trust anything for DuckDB', async () => {
    const ended = await cli(['trust', '--target', 'local'], withPolicy)
    expect(ended.stdout).toContain('# Nothing to paste for local (DuckDB via none)')
  })

  test('prints for one target whole files, with what other targets have in them', async () => {
    const policy = `
repository: acme/dbt
targets: { prod: ${trino('a')}, ci: ${trino('b')}, local: { connection: { type: duckdb } } }
grants:
  - { target: prod, when: { environment: production } }
  - { target: ci, when: { event_name: pull_request } }
  - { target: local, when: { ref: refs/heads/main } }
`
    const files = { '.github/dbt-oidc.yml': policy }
    const [one, all] = await Promise.all([cli(['trust', '--target', 'ci'], files), cli(['trust'], files)])
    expect(one.stdout).toContain('dbt-acme-dbt-prod')
    expect(one.stdout).toBe(all.stdout)
  })

  test('says of a target that no grant names just that', async () => {
    const files = { '.github/dbt-oidc.yml': POLICY.replace(/ {2}- { target: local.*\n/, '') }
    const alone = await cli(['trust', '--target', 'local'], files)
    expect(alone.stdout).toMatch(/^# Nothing to paste for local: no grant names this target/)
    const among = await cli(['trust'], files)
    expect(usersOf(among.stdout)).toHaveLength(1)
    expect(among.stderr).toMatch(/^Nothing to paste for local: no grant names this target/)
  })

  test.each<[string, string[], Record<string, string>, RegExp]>([
    ['an unknown target', ['--target', 'prd'], withPolicy, /no target prd; did you mean prod\?/],
    [
      'a role that another target has, too',
      ['--target', 'prod'],
      { '.github/dbt-oidc.yml': SHARED },
      /targets prod and ci share the role arn:aws:iam::123456789012:role\/dbt/,
    ],
    ['no repository', ['--workflow', 'w.yml'], { 'w.yml': WORKFLOW }, /repository is not known/],
    [
      'an expression',
      ['--workflow', 'w.yml'],
      { 'w.yml': WORKFLOW.replace('production', '${{ vars.E }}') },
      /is an expression/,
    ],
    [
      'a misspelt input',
      ['--workflow', 'w.yml', '--repository', 'a/b'],
      { 'w.yml': WORKFLOW.replace('environment:', 'environmnt:') },
      /no input `environmnt`; did you mean `environment`/,
    ],
    [
      'an input given twice',
      ['--workflow', 'w.yml', '--repository', 'a/b'],
      { 'w.yml': WORKFLOW.replace('environment:', 'Environment: dev\n          environment:') },
      /gives an input twice/,
    ],
    ['nothing to read', [], {}, /There is no \.github\/dbt-oidc\.yml here\.\n→ .*--config.*--workflow/],
    ['a policy that is not there', ['--config', 'nope.yml'], {}, /There is no file nope\.yml\.\n→ /],
    [
      'two configurations at once',
      ['--workflow', 'w.yml', '--config', '.github/dbt-oidc.yml'],
      { ...withPolicy, 'w.yml': WORKFLOW },
      /→ Give one of the two/,
    ],
    [
      'a fault within an input, at its line of the workflow',
      ['--workflow', 'w.yml', '--repository', 'acme/dbt'],
      { 'w.yml': WORKFLOW.replace('database: PROD', 'database: [') },
      /w\.yml:16:13 \(input "connection"\): This is not valid YAML/,
    ],
    [
      'an account with its host, at its line of the workflow',
      ['--workflow', 'w.yml', '--repository', 'acme/dbt'],
      { 'w.yml': WORKFLOW.replace('acme-prod', 'https://acme-prod') },
      /w\.yml:14:22 \(input "connection"\)/,
    ],
    ['--out with --json', ['--out', 'x', '--json'], withPolicy, /→ Give one of the two/],
    [
      'a file for --out',
      ['--out', 'x'],
      { ...withPolicy, x: '' },
      /^✗ configuration: x is a file\.\n→ Name a dir/m,
    ],
    [
      'a file that is somebody else’s',
      ['--out', 'x'],
      { ...withPolicy, 'x/prod-1.sql': '-- mine' },
      /prod-1\.sql is there, and was not written for these targets/,
    ],
    [
      'a list of files that leads out of the directory',
      ['--out', 'x'],
      { ...withPolicy, 'x/.dbt-oidc-trust.json': '{"../.github/dbt-oidc.yml":["prod"]}' },
      /is not as this command wrote it/,
    ],
    ['no such step', ['--workflow', 'w.yml'], { 'w.yml': 'jobs: {}' }, /has no step with/],
    ['a broken policy', [], { '.github/dbt-oidc.yml': 'repository: a/b\ntargets: {' }, /dbt-oidc\.yml:2/],
  ])(
    'refuses %s with a remedy, and an exit code that says whose fault it is',
    async (_name, args, files, text) => {
      const ended = await cli(['trust', ...args], files)
      expect([ended.code, ended.stdout]).toEqual([ended.stderr.startsWith('✗ usage: ') ? 2 : 3, ''])
      expect(ended.stderr).toMatch(text)
      expect(ended.stderr).toContain('→ ')
    },
  )
})

/** The oldest Node.js that package.json allows, where this machine has it. */
const oldest = ['node20', 'node', '/usr/bin/node', '/usr/local/bin/node'].find((node) =>
  String(spawnSync(node, ['--version']).stdout).startsWith('v20.'),
)
const onOldest = oldest === undefined ? describe.skip : describe

onOldest('dbt-oidc trust on Node.js 20', () => {
  test('prints documents', async () => {
    const ended = await cli(['trust', '--target', 'prod'], withPolicy, {}, oldest)
    expect([ended.code, ended.stderr]).toEqual([0, SAID])
    expect(usersOf(ended.stdout)).toHaveLength(1)
  })

  test('refuses in the same words', async () => {
    const wrong = POLICY.replace('snowflake', 'snowflak').replace('target: prod', 'target: prd')
    const ended = await cli(['trust'], { '.github/dbt-oidc.yml': wrong }, {}, oldest)
    expect(ended.code).toBe(3)
    expect(ended.stderr).toMatch(/^✗ configuration: The configuration has 2 problems\.\n/)
  })
})

/** GitHub's API as a loopback server that knows one token. */
async function asked(subject: object, token = 'ghs_secret'): Promise<Ended> {
  const issuer = await startIssuer()
  try {
    issuer.at('api.github.com', (req, res, path) => {
      const known = req.headers.authorization === 'token ghs_secret'
      const answer = answers(subject)[path]
      sendJson(res, known && answer ? answer : { message: 'Bad credentials' }, known && answer ? 200 : 401)
    })
    const more = { GITHUB_SERVER_URL: issuer.serverUrl, GITHUB_TOKEN: token }
    return await cli(['trust', '--target', 'prod', '--github'], withPolicy, more)
  } finally {
    await issuer.close()
  }
}

describe('dbt-oidc trust --github', () => {
  test.each([
    [
      'names alone',
      { use_default: true, use_immutable_subject: false },
      'repo:acme/dbt:environment:production',
    ],
    [
      'ids',
      { use_default: true, use_immutable_subject: true },
      'repo:acme@1234567/dbt@7654321:environment:production',
    ],
  ])('trusts the one form that the repository has: %s', async (_name, subject, expected) => {
    const ended = await asked(subject)
    expect([ended.code, ended.stderr]).toEqual([0, SAID])
    expect(usersOf(ended.stdout).map((user) => user.subject)).toEqual([expected])
  })

  test('refuses a customised subject, which names do not tell', async () => {
    const ended = await asked({ use_default: false, include_claim_keys: ['repo', 'job_workflow_ref'] })
    expect(ended.code).toBe(3)
    expect(ended.stderr).toContain('customised at GitHub (repo, job_workflow_ref)')
  })

  test('says what a token that may not ask has to be, without repeating it', async () => {
    const ended = await asked({ use_default: true }, 'ghs_wrong')
    expect([ended.code, ended.stderr.includes('ghs_wrong')]).toEqual([3, false])
    expect(ended.stderr).toContain('(401)')
    expect(ended.stderr).toContain('Set GITHUB_TOKEN')
  })
})
