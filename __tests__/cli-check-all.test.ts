import { describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CLI, cli, type Ended } from './support/cli.ts'
import { sendJson } from './support/issuer-server.ts'
import { startIssuer } from './support/issuer.ts'
import { writeFiles } from './support/scratch.ts'

const POLICY = `
repository: acme/dbt
targets:
  prod:
    connection: { type: snowflake, account: acme-prod, role: T, database: PROD, schema: DBT }
  ci:
    connection: { type: duckdb }
grants:
  - { name: nightly, target: prod, when: { environment: production } }
  - { name: pulls, target: ci, when: { event_name: pull_request } }
  - { name: early, target: ci, when: { environment: preview, ref: refs/heads/main } }
`
const FILES = { '.github/dbt-oidc.yml': POLICY }

const branches = [
  { name: 'main', protected: true },
  ...Array.from({ length: 120 }, (_, at) => ({ name: `feature/${at}`, protected: false })),
]
const rule = (protectedOnly: boolean) => ({
  protected_branches: protectedOnly,
  custom_branch_policies: !protectedOnly,
})

/** What GitHub answers, by path; lists come in pages. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  '/repos/acme/dbt': { id: 7654321, owner: { id: 1234567 }, default_branch: 'main', visibility: 'private' },
  '/repos/acme/dbt/actions/oidc/customization/sub': { use_default: true, use_immutable_subject: true },
  '/repos/acme/dbt/branches': branches,
  '/repos/acme/dbt/environments': {
    total_count: 3,
    environments: [
      { name: 'production', deployment_branch_policy: rule(true) },
      { name: 'staging', deployment_branch_policy: null },
      { name: 'a/b', deployment_branch_policy: rule(false) },
    ],
  },
  '/repos/acme/dbt/environments/a%2Fb/deployment-branch-policies': {
    branch_policies: [{ name: 'release/*', type: 'branch' }],
  },
}

/** Runs `check --all` with GitHub's API as a loopback server that knows one token. */
async function atGitHub(
  args: readonly string[],
  token = 'ghs_secret',
  files = FILES,
): Promise<Ended & { paths: string[] }> {
  await using issuer = await startIssuer()
  const paths: string[] = []
  issuer.at('api.github.com', (req, res, path) => {
    const url = new URL(path, 'http://x')
    const page = Number(new URL(req.url ?? '', 'http://x').searchParams.get('page') ?? '1')
    paths.push(url.pathname)
    const known = ['token ghs_secret', 'token ghs_few'].includes(req.headers.authorization ?? '')
    const few = req.headers.authorization === 'token ghs_few' && url.pathname.endsWith('/sub')
    const answer = known && !few ? ANSWERS[url.pathname] : undefined
    if (answer === undefined) return sendJson(res, { message: 'Bad credentials' }, 401)
    return sendJson(res, Array.isArray(answer) ? answer.slice((page - 1) * 100, page * 100) : answer, 200)
  })
  const more = { GITHUB_SERVER_URL: issuer.serverUrl, GITHUB_TOKEN: token }
  return { ...(await cli(['check', '--all', ...args], files, more)), paths }
}

function names(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at}`)
}

describe('dbt-oidc check --all', () => {
  test('reads branches, environments and their rules from GitHub, and shows which runs reach which target', async () => {
    const ended = await atGitHub([])
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    expect(ended.stdout).toMatchSnapshot()
    // Can staging reach production? The block of staging has nothing under prod.
    const staging = ended.stdout.split(/^environments? /m).find((block) => block.startsWith('staging'))
    expect(
      staging
        ?.split('\n')
        .slice(1, 3)
        .map((line) => line.trim().split(/ {2,}/)[1]),
    ).toEqual(['–', '–'])
    expect(ended.paths.filter((path) => path.endsWith('/branches'))).toHaveLength(2)
  })

  test('shows in docs/cli.md what it really prints', async () => {
    const policy = POLICY.replace('environment: production', 'ref: refs/heads/main, environment: production')
    const files = { '.github/dbt-oidc.yml': policy.replace(/ {2}- { name: early.*\n/, '') }
    const { stdout } = await atGitHub([], 'ghs_secret', files)
    const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'cli.md'), 'utf8')
    const [, shown = ''] = page.split('dbt-oidc#<sha> check --all\n')
    // It leaves out one environment, and the sentences below the legend.
    const printed = stdout.replace(/environment a\/b [^]*?(?=\n\n)/, '').replace(/\n\n\n/, '\n\n')
    expect(printed.split('push stands for')[0]).toBe(shown.split('```')[0])
  })

  test('gives the same as JSON', async () => {
    const ended = await atGitHub(['--json', '--target', 'prod'])
    const answer = JSON.parse(ended.stdout) as {
      readonly source: string
      readonly targets: unknown
      readonly rows: readonly {
        readonly environment?: string
        readonly events: readonly string[]
        readonly deployment: string
        readonly cells: Readonly<Record<string, { readonly kind: string }>>
      }[]
    }
    expect([answer.source, answer.targets]).toEqual(['GitHub', ['prod']])
    const reached = answer.rows.filter((row) => row.cells['prod']?.kind === 'reached')
    expect(reached.map((row) => [row.environment, row.events, row.deployment])).toEqual([
      ['production', ['push'], 'allowed'],
      ['production', ['push'], 'refused'],
      ['production', ['push'], 'unknown'],
    ])
  })

  test('tries both forms of the subject where the token may not ask for it', async () => {
    const sub = 'repo:acme@1234567/dbt@7654321:environment:staging'
    const policy = `${POLICY}  - { name: own, target: prod, when: { sub: "${sub}" } }\n`
    const ended = await atGitHub(['--target', 'prod'], 'ghs_few', { '.github/dbt-oidc.yml': policy })
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    expect(ended.stdout).toContain('! GitHub does not tell the form of the subject')
    expect(ended.stdout).toMatch(/^environment staging.*\n {2}push on any branch +d\*$/m)
  })

  test('says what a token that may not ask has to be, without repeating it', async () => {
    const ended = await atGitHub([], 'ghs_wrong')
    expect([ended.code, ended.stdout, ended.stderr.includes('ghs_wrong')]).toEqual([3, '', false])
    expect(ended.stderr).toMatch(/\(401\)\.\n→ .*GITHUB_TOKEN.*--branches and --environments/)
  })

  test('takes the branches of a clone and the environments of the policy where nobody can ask GitHub', () => {
    const directory = mkdtempSync(join(tmpdir(), 'check-all-'))
    try {
      writeFiles(directory, FILES)
      const git = (...args: readonly string[]): unknown =>
        execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
          cwd: directory,
        })
      git('init', '-q', '-b', 'main')
      git('commit', '-q', '--allow-empty', '-m', 'one')
      git('branch', 'develop')
      git('update-ref', 'refs/remotes/origin/hotfix', 'HEAD')
      const env = { PATH: process.env['PATH'] ?? '' }
      const out = execFileSync(process.execPath, [CLI, 'check', '--all', '--json'], { cwd: directory, env })
      const answer = JSON.parse(String(out)) as {
        readonly refs: readonly { readonly ref: string }[]
        readonly environments: readonly { readonly name: string }[]
        readonly notes: readonly string[]
      }
      expect(answer.refs.slice(0, -1).map(({ ref }) => ref)).toEqual([
        'refs/heads/develop',
        'refs/heads/main',
        'refs/heads/hotfix',
      ])
      expect(answer.environments.map(({ name }) => name)).toEqual(['production', 'preview'])
      expect(answer.notes[0]).toBe(
        'GitHub was not asked (no GITHUB_TOKEN): branches are those of this clone; environments are those that the policy names; which refs an environment admits is not known.',
      )
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })

  test('stays short however many branches and environments there are', async () => {
    const args = ['--branches', ...names('b', 200), '--environments', ...names('e', 20)]
    const { code, stdout } = await cli(['check', '--all', ...args], FILES)
    expect(code).toBe(0)
    expect(stdout.split('\n').length).toBeLessThan(30)
    expect(stdout).toContain('environments e0, e1, e2 and 17 more')
  })

  test('shows nothing that a terminal or a runner would take for a command', async () => {
    const { stdout } = await cli(
      ['check', '--all', '--branches', 'a##[error]b', '--environments', 'e\u001b[2Jf'],
      {
        '.github/dbt-oidc.yml': `${POLICY}  - { name: odd, target: prod, when: { ref: "refs/heads/a*" } }\n`,
      },
    )
    expect(stdout).toContain('a\\u{23}#[error]b')
    expect(stdout).toContain('e\\u{1b}[2Jf')
  })
})
