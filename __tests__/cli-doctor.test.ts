import { describe, expect, test } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import * as z from 'zod/mini'
import { cli, type Ended } from './support/cli.ts'
import { installDbtStub } from './support/dbt-stub.ts'
import { sendJson } from './support/issuer-server.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'

const POLICY = `
repository: o/r
repository-id: 456
repository-owner-id: 123
targets:
  prod:
    connection: { type: snowflake, account: acme-prod, role: T, database: PROD, schema: DBT }
  local:
    connection: { type: duckdb }
grants:
  - { target: prod, when: { ref: refs/heads/main, environment: production } }
  - { target: local, when: { ref: "refs/heads/m**" } }
`

const files = { '.github/dbt-oidc.yml': POLICY }

/** As "Get a repository", "… OIDC subject claim …", "Get an environment" and "List deployment branch policies" answer. */
const SETTINGS: Readonly<Record<string, unknown>> = {
  '/repos/o/r': {
    id: 456,
    node_id: 'R_1',
    full_name: 'o/r',
    owner: { login: 'o', id: 123, type: 'Organization' },
  },
  '/repos/o/r/actions/oidc/customization/sub': {
    use_default: true,
    use_immutable_subject: true,
    sub_claim_prefix: 'repo:o@123/r@456',
  },
  '/orgs/o/actions/oidc/customization/sub': { include_claim_keys: ['repo', 'context'] },
  '/repos/o/r/environments/production': {
    id: 161171787,
    node_id: 'MDExOkVudmlyb25tZW50MTYxMTcxNzg3',
    name: 'production',
    protection_rules: [
      { id: 3736, node_id: 'MDQ6R2F0ZTM3MzY=', type: 'wait_timer', wait_timer: 30 },
      {
        id: 3755,
        node_id: 'MDQ6R2F0ZTM3NTU=',
        prevent_self_review: true,
        type: 'required_reviewers',
        reviewers: [{ type: 'User', reviewer: { login: 'octocat', id: 1 } }],
      },
      { id: 3756, node_id: 'MDQ6R2F0ZTM3NTY=', type: 'branch_policy' },
    ],
    deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
  },
  '/repos/o/r/environments/production/deployment-branch-policies': {
    total_count: 1,
    branch_policies: [
      { id: 361471, node_id: 'MDE2OkdhdGVCcmFuY2hQb2xpY3kzNjE0NzE=', name: 'main', type: 'branch' },
    ],
  },
}

/** GitHub's API, which tells whoever has the right token; a status in place of an answer is a refusal. */
function playApi(issuer: Issuer, settings: Readonly<Record<string, unknown>>): string[] {
  const paths: string[] = []
  issuer.at('api.github.com', (req, res, path) => {
    const [name = ''] = path.split('?')
    paths.push(`${req.method} ${name}`)
    if (req.headers.authorization !== 'token ghs_secret')
      return sendJson(res, { message: 'Bad credentials' }, 401)
    const answer = settings[name] ?? 404
    if (typeof answer === 'number') return sendJson(res, { message: 'refused' }, answer)
    return sendJson(res, answer)
  })
  return paths
}

interface Seen extends Ended {
  readonly paths: readonly string[]
}

async function doctor(
  args: readonly string[],
  {
    settings = SETTINGS,
    token = 'ghs_secret',
    job,
    policy = POLICY,
  }: {
    readonly settings?: Readonly<Record<string, unknown>>
    readonly token?: string
    readonly job?: (issuer: Issuer) => Readonly<Record<string, string>>
    readonly policy?: string
  } = {},
): Promise<Seen> {
  await using issuer = await startIssuer({ subForm: 'id' })
  const paths = playApi(issuer, settings)
  const env = { GITHUB_SERVER_URL: issuer.serverUrl, GITHUB_TOKEN: token, PATH: '/nowhere', ...job?.(issuer) }
  const ended = await cli(['doctor', ...args], { ...files, '.github/dbt-oidc.yml': policy }, env)
  const minted = issuer.minted.flatMap((one) => one.split('.'))
  for (const secret of [...minted, 'ghs_secret']) expect(ended.stdout + ended.stderr).not.toContain(secret)
  return { ...ended, paths }
}

/** A job with `id-token: write`. */
const inJob =
  (claims: Readonly<Record<string, string>> = { environment: 'production' }) =>
  (issuer: Issuer): Readonly<Record<string, string>> => {
    issuer.claims(claims)
    return {
      ACTIONS_ID_TOKEN_REQUEST_URL: issuer.requestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: issuer.requestToken,
      GITHUB_REPOSITORY: 'o/r',
    }
  }

const inJobThatMayNotAsk = (issuer: Issuer): Readonly<Record<string, string>> => ({
  ...inJob()(issuer),
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'wrong',
})

/** The first lines of each finding. */
const heads = ({ stdout }: Ended): readonly string[] =>
  stdout.split('\n').filter((line) => /^[✓!✗·] /.test(line))

const answer = z.object({
  fine: z.boolean(),
  lines: z.array(z.object({ word: z.string(), mark: z.string(), text: z.string() })),
})

describe('dbt-oidc doctor', () => {
  test('explains every word with a real token, and reads GitHub’s own settings', async () => {
    const seen = await doctor(['--target', 'prod'], { job: inJob() })
    expect([seen.code, seen.stderr]).toEqual([0, ''])
    expect(heads(seen)).toEqual([
      expect.stringMatching(/^✓ policy {4}\.github\/dbt-oidc\.yml: 2 targets, 2 grants, for tokens of http/),
      '! policy    grants[0] (prod) and grants[1] (local) can both hold for one run; without `target` the first one wins.',
      expect.stringMatching(
        /^✓ token {5}for https:\/\/acme-prod\.snowflakecomputing\.com\/prod, signed by http.*lives 300 s, ends in \d+ s/,
      ),
      '✓ claims    sub "repo:o@123/r@456:environment:production"',
      '✓ grant     Target "prod" is granted by "grants[0]".',
      expect.stringMatching(/^✓ exchange {2}via direct as repo:o@123\/r@456:environment:production/),
      expect.stringMatching(/^✓ profile {3}Snowflake: PROD\.DBT on acme-prod/),
      '! dbt       There is no dbt on PATH.',
      '✓ github    repository o/r has the id 456, its owner 123, as the policy pins them',
      "✓ github    subject: made by GitHub's own template, as `trust` expects it",
      '✓ github    subject: names owner and repository with their ids (immutable)',
      '✓ github    subject: begins with "repo:o@123/r@456", as the token\'s does',
      '✓ github    environment production: main only',
    ])
    expect(seen.stdout).toContain('✓ sub  "repo:o@123/r@456:environment:production"')
    expect(seen.stdout).toMatch(
      /Snowflake: the service user of prod: holds .*environment.*; this action alone checks .*ref/,
    )
    expect(seen.stdout).toContain(
      'has to be approved by one of 1 reviewer, and never by whoever has started the run',
    )
    expect(seen.stdout).toMatch(
      /Nothing seen from here keeps this from going through\. 2 things to look at \(!\)\.\n$/,
    )
    expect(new Set(seen.paths)).toEqual(new Set(Object.keys(SETTINGS).map((path) => `GET ${path}`)))
  })

  test('ends with 1 and every check where the job gets no grant', async () => {
    const seen = await doctor(['--target', 'prod'], {
      job: inJob({ ref: 'refs/heads/dev', environment: 'production' }),
    })
    expect(seen.code).toBe(1)
    expect(heads(seen)).toContain('✗ grant     No grant for target "prod" holds for this run.')
    expect(seen.stdout).toMatch(/✗ ref +refs\/heads\/main +refs\/heads\/dev/)
    expect(seen.stdout).toContain('1 thing keeps this from going through (✗).')
  })

  test.each([403, 404])('names the permission where GitHub answers %d, and goes on', async (status) => {
    const settings = {
      ...SETTINGS,
      '/repos/o/r/actions/oidc/customization/sub': status,
      '/orgs/o/actions/oidc/customization/sub': status,
      '/repos/o/r/environments/production': 403,
    }
    const seen = await doctor(['--ref', 'main', '--environment', 'production'], { settings })
    expect([seen.code, seen.stderr]).toEqual([0, ''])
    expect(heads(seen)).toContain(
      `· github    subject: GitHub does not tell (${status}): it needs the permission "Actions: read" of the repository.`,
    )
    expect(heads(seen)).toContain(
      '· github    environment production: GitHub does not tell (403): it needs the permission "Actions: read" of the repository.',
    )
  })

  test('says that GitHub does not know the token, and shows it nowhere', async () => {
    const seen = await doctor(['--ref', 'main', '--environment', 'production'], { token: 'ghs_other' })
    expect(seen.code).toBe(0)
    expect(
      heads(seen).filter((line) => line.includes('GitHub does not know the token of GITHUB_TOKEN (401)')),
    ).toHaveLength(3)
    expect(seen.stdout).not.toContain('ghs_other')
  })

  test('finds a rule that keeps the branch of the policy out, and an environment that nobody has made', async () => {
    const policy = POLICY.replace('environment: production', 'environment: [production, staging]')
    const settings = {
      ...SETTINGS,
      '/repos/o/r/environments/production/deployment-branch-policies': {
        total_count: 1,
        branch_policies: [{ id: 1, name: 'release/*' }],
      },
    }
    const seen = await doctor(['--ref', 'main', '--environment', 'production'], { policy, settings })
    expect(seen.code).toBe(1)
    expect(seen.stdout).toMatch(
      /✗ github {4}environment production: lets release\/\* use it, and not "refs\/heads\/main"/,
    )
    expect(seen.stdout).toMatch(/! github {4}environment staging: GitHub has none of this name/)
  })

  test('supposes a run for each target where no job is around, and asks GitHub for nothing without a token', async () => {
    const seen = await doctor([], { token: '' })
    expect([seen.code, seen.paths]).toEqual([0, []])
    expect(
      seen.stdout.match(/^· token {5}none: no job is around, .* grants\[\d\] describes it/gm),
    ).toHaveLength(2)
    // Which form of the subject the tokens have, nobody has told.
    expect(seen.stdout.match(/created, renamed or transferred since 2026-07-15, `sub`/g)).toHaveLength(2)
    expect(heads(seen)).toContain('✓ grant     Target "local" is granted by "grants[1]".')
    expect(heads(seen)).toContain('· github    was not asked for its settings: there is no GITHUB_TOKEN')
  })

  test('reads a token from a file without believing it', async () => {
    await using issuer = await startIssuer({ claims: { environment: 'production' } })
    const text = issuer.mint('https://acme-prod.snowflakecomputing.com/prod')
    const env = { GITHUB_SERVER_URL: issuer.serverUrl }
    const own = await cli(['doctor', '--token', 'token.jwt'], { ...files, 'token.jwt': text }, env)
    expect([own.code, own.stderr]).toEqual([0, ''])
    expect(own.stdout).toMatch(/^· token {5}read from token\.jwt; nobody has checked its signature/m)
    expect(own.stdout).toContain('✓ exchange  via direct as repo:o/r:environment:production')
    const foreign = await cli(['doctor', '--token', 'token.jwt'], { ...files, 'token.jwt': text })
    expect(foreign.code).toBe(1)
    expect(foreign.stdout).toMatch(/^✗ token [^]*Its issuer is "http/m)
    for (const part of text.split('.')) expect(own.stdout + foreign.stdout).not.toContain(part)
  })

  test('tells that the job has no ID token as a finding, and goes on with the rest', async () => {
    const seen = await doctor([], { job: inJobThatMayNotAsk })
    expect(seen.code).toBe(1)
    expect(seen.stdout).toMatch(/^✗ token {5}GitHub's endpoint for ID tokens refused this job \(401\)\./m)
    expect(heads(seen)).toContain('✓ github    environment production: main only')
  })

  test('tells dbt, adapter and Python, and in a job misses what is missing', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'doctor-'))
    try {
      const { bin } = await installDbtStub(join(directory, 'env'), {
        packages: { 'dbt-snowflake': '1.12.4', 'dbt-duckdb': null },
      })
      const path = `${bin}${delimiter}${process.env['PATH'] ?? ''}`
      const found = (issuer: Issuer) => ({ ...inJob()(issuer), PATH: path, GITHUB_ACTIONS: 'true' })
      const [there, missing] = await Promise.all([
        doctor(['--target', 'prod'], { job: found }),
        doctor(['--target', 'local', '--ref', 'main'], { job: found }),
      ])
      expect(there.code).toBe(0)
      expect(there.stdout).toMatch(
        /^✓ dbt {7}dbt 1\.[\d.]+ \(\/\S+\/dbt\), dbt-snowflake 1\.12\.4, Python 3\.\d+/m,
      )
      expect(missing.code).toBe(1)
      expect(missing.stdout).toMatch(
        /^✗ dbt {7}dbt 1\.[\d.]+ in \S+ has no dbt-duckdb, which this target needs\./m,
      )
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })

  test('is JSON with --json, and nothing else', async () => {
    const seen = await doctor(['--json'], { job: inJob() })
    const { fine, lines } = answer.parse(JSON.parse(seen.stdout))
    expect([seen.code, fine]).toEqual([0, true])
    expect(lines.map(({ word }) => word)).toEqual(
      expect.arrayContaining(['policy', 'token', 'claims', 'grant', 'exchange', 'profile', 'dbt', 'github']),
    )
    const refused = await doctor([
      '--json',
      '--ref',
      'dev',
      '--environment',
      'production',
      '--target',
      'prod',
    ])
    expect([refused.code, answer.parse(JSON.parse(refused.stdout)).fine]).toEqual([1, false])
  })

  test('a policy that the step would refuse is its answer, with every problem', async () => {
    const seen = await doctor([], {
      policy: POLICY.replace('type: snowflake', 'type: snowflak').replace('target: local', 'target: lokal'),
    })
    expect([seen.code, seen.stderr, seen.paths]).toEqual([1, '', []])
    expect(seen.stdout).toMatch(/^✗ policy {4}The configuration has 2 problems\.\n[^]*snowflak[^]*lokal/)
  })

  test('tries the hosts with --network: what answers and what does not', async () => {
    const connection = '{ type: postgres, host: 127.0.0.1, port: 1, user: dbt, dbname: d, schema: s }'
    const role = '{ via: aws, role: "arn:aws:iam::123456789012:role/dbt", region: eu-west-1 }'
    const policy = POLICY.replace(
      /connection: { type: snowflake.*/,
      `connection: ${connection}\n    identity: ${role}`,
    )
    const seen = await doctor(['--network', '--target', 'prod'], { policy })
    expect(seen.code).toBe(1)
    expect(heads(seen)).toContain(
      '✓ network   sts.eu-west-1.amazonaws.com:443 (the exchange of prod) answers',
    )
    expect(heads(seen)).toContain(
      '✗ network   127.0.0.1:1 (the warehouse of prod) cannot be reached: ECONNREFUSED',
    )
    expect(seen.stdout).toMatch(/✓ network {3}127\.0\.0\.1:\d+ \(GitHub's keys\) answers/)
  })

  test.each([
    [['--claim', 'nonsense'], /✗ usage: --claim: It is no `name=value`/],
    [['--target', 'prd'], /did you mean prod\?/],
    [['--token', 'none.jwt'], /✗ file: none\.jwt cannot be read as a token/],
  ] as const)('refuses %j in the words of every command', async (args, text) => {
    const seen = await doctor(args)
    expect([seen.code > 1, seen.stdout]).toEqual([true, ''])
    expect(seen.stderr).toMatch(text)
  })
})

test('the docs page of doctor names each option, each mark and each word', async () => {
  const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'doctor.md'), 'utf8')
  const { stdout } = await cli(['doctor', '--help'], {})
  const options = [...stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option = '']) => option)
  expect(options.length).toBeGreaterThan(8)
  for (const option of options) expect(page).toContain(option)
  const seen = await doctor(['--network'], { job: inJob() })
  const [marks, words] = [0, 1].map((at) => new Set(heads(seen).map((line) => line.split(/\s+/)[at] ?? '')))
  for (const mark of marks ?? []) expect(page).toContain(`| \`${mark}\``)
  for (const word of words ?? []) expect(page).toContain(`| \`${word}\``)
})
