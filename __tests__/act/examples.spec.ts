import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startIssuer, type Issuer } from '../support/issuer.ts'
import { auditRecords } from '../support/audit-schema.ts'
import { runWorkflow, type Ran, type RunOptions } from './job.ts'

const MINUTES = 240_000
const ROOT = join(import.meta.dirname, '..', '..')
const COMMIT = '3f'.repeat(20)
const TOKEN = 'ghs_ofTheCallingJob'

const KEEPERS = [
  'actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830',
  'actions/upload-artifact@330a01c490aca151604b8cf639adc76d48f6c5d4',
]

const PARTS = ['finance', 'marketing', 'operations']

const POLICY = `
repository: acme/shop
targets:
  prod: { connection: { type: duckdb, path: prod.duckdb } }
  staging: { connection: { type: duckdb, path: staging.duckdb } }
  ci: { connection: { type: duckdb, path: prod.duckdb, schema: "pr_{pull_request}" } }
grants:
  - { name: main, target: prod, when: { ref: refs/heads/main, environment: production } }
  - { name: trial, target: staging, when: { ref: refs/heads/main, environment: staging } }
  - { name: review, target: ci, when: { event_name: pull_request } }
`

let issuer: Issuer
beforeEach(async () => {
  issuer = await startIssuer({
    claims: { repository: 'acme/shop', repository_id: '7654321', environment: 'production' },
  })
})
afterEach(() => issuer.close())

/** The text as it stands in the repository, but with the names that an independent runner knows, and dbt from PATH. */
function adapted(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
    .replaceAll(/uses: (?:OWNER\/dbt-oidc@[0-9a-f]{40}|\$\/$)/gm, 'uses: acme/dbt-oidc@v1')
    .replaceAll(/uses: OWNER\/dbt-oidc\/(\S+)@[0-9a-f]{40}/g, 'uses: ./$1')
    .replaceAll(/^ *install: .*\n/gm, '')
    .replaceAll('${{ job.workflow_repository }}', 'acme/platform')
    .replaceAll('${{ job.workflow_sha }}', COMMIT)
    .replaceAll('${{ job.check_run_id }}', '4711')
}

function runExample(name: string, options: Partial<RunOptions> = {}): Promise<Ran> {
  const workflows = { [`${name}.yml`]: adapted(`examples/${name}.yml`) }
  return runWorkflow(name, { issuer, policy: POLICY, workflows, keepers: KEEPERS, ...options })
}

function expectSuccess({ exitCode, log }: Ran): void {
  if (exitCode !== 0) throw new Error(`act ended with exit code ${exitCode}:\n${log}`)
}

describe('the example', () => {
  test(
    'deploy.yml builds production and keeps what a pull request compares with',
    async () => {
      using ran = await runExample('deploy')
      expectSuccess(ran)
      expect(ran.log).toContain('main → prod')
      expect(ran.kept()).toContainEqual(expect.stringMatching(/^dbt-state-\d+\/dbt-state\/manifest\.json$/))
    },
    MINUTES,
  )

  test.each([
    ['opened', 'PASS=16'],
    ['closed', 'success in'],
  ])(
    'pull-request.yml: a pull request that is %s',
    async (action, said) => {
      issuer.claims({
        environment: undefined,
        event_name: 'pull_request',
        ref: 'refs/pull/7/merge',
        head_ref: 'feature',
        base_ref: 'main',
      })
      const repo = { full_name: 'acme/shop', id: 7654321, fork: false }
      const side = { ref: 'feature', repo }
      const payload = {
        action,
        number: 7,
        repository: repo,
        pull_request: { number: 7, head: side, base: { ...side, ref: 'main' } },
      }
      const macro = 'macros/drop_pull_request_schema.sql'
      const files = { [macro]: readFileSync(join(ROOT, 'examples', macro), 'utf8') }
      using ran = await runExample('pull-request', { event: { name: 'pull_request', payload }, files })
      expectSuccess(ran)
      expect(ran.log).toContain('review → ci')
      expect(ran.log).toContain(said)
      expect(ran.log.includes('run-operation drop_pull_request_schema')).toBe(action === 'closed')
    },
    MINUTES,
  )

  test(
    'scheduled.yml looks at the sources, builds all and keeps the audit log',
    async () => {
      issuer.claims({ event_name: 'schedule' })
      using ran = await runExample('scheduled', { event: { name: 'schedule', payload: {} } })
      expectSuccess(ran)
      expect(ran.log).toContain('dbt source freshness')
      expect(ran.kept().filter((path) => path.endsWith('.jsonl'))).toHaveLength(1)
    },
    MINUTES,
  )

  test(
    'parallel.yml runs each part by itself, and last what needs them all',
    async () => {
      // Each job has a machine of its own, and what they build is in one place.
      const place = mkdtempSync(join(tmpdir(), 'parallel-'))
      using _ = { [Symbol.dispose]: () => rmSync(place, { recursive: true, force: true }) }
      // A file of DuckDB has one writer: here the parts come one after the other.
      const text = adapted('examples/parallel.yml').replace(
        /^( *)(fail-fast: .*)$/m,
        '$1$2\n$1max-parallel: 1',
      )
      const workflows = { 'parallel.yml': text }
      const policy = POLICY.replace('path: prod.duckdb', `path: ${join(place, 'prod.duckdb')}`)
      const files = Object.fromEntries(
        PARTS.map((part) => [
          `models/${part}/${part}.sql`,
          "select count(*) as n from {{ ref('stg_orders') }}",
        ]),
      )
      using ran = await runExample('parallel', { policy, files, workflows })
      expectSuccess(ran)
      for (const part of PARTS) expect(ran.log).toContain(`dbt build --select path:models/${part}`)
      expect(ran.log.match(/main → prod/g)).toHaveLength(5)
      // A test of two parts, by the job that comes when both are built.
      expect(ran.log).toMatch(/what needs all parts\].*PASS relationships_orders_customer_id/)
    },
    MINUTES,
  )
})

const central = (when: string): string =>
  `targets: { central: { connection: { type: duckdb, path: central.duckdb } } }
grants: [{ name: platform, target: central, when: ${when} }]
`
const WIDE = central('{ repository: acme/shop, ref: "**" }').replaceAll('central', 'wide')

/** Runs a caller of the workflow, with this policy beside it. */
async function called(policy: string, caller = adapted('examples/caller.yml')): Promise<Ran> {
  issuer.at('api.github.com', (req, res, path) => {
    const known = req.headers.authorization === `token ${TOKEN}`
    const [body] = path.includes('/commits?')
      ? [[{ sha: COMMIT }]]
      : [{ type: 'file', encoding: 'base64', content: Buffer.from(policy).toString('base64') }]
    const ours = known && path.startsWith('/repos/acme/platform/') && path.includes(COMMIT)
    res.writeHead(ours ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  const workflows = { 'caller.yml': caller, 'dbt.yml': adapted('.github/workflows/dbt.yml') }
  return runWorkflow('caller', { issuer, policy: WIDE, workflows, keepers: KEEPERS, token: TOKEN })
}

describe('the workflow that many repositories call', () => {
  test(
    'decides by the policy beside it, and keeps artifacts and audit log',
    async () => {
      using ran = await called(central('{ repository: acme/shop, environment: production }'))
      expectSuccess(ran)
      expect(ran.log).toContain('platform → central')
      expect(ran.kept()).toContain('dbt-artifacts-4711/dbt-artifacts/run_results.json')
      const [log = ''] = ran.kept().filter((path) => path.startsWith('dbt-oidc-audit-4711/'))
      const [decision] = auditRecords(ran.record(`kept/${log}`))
      expect(decision?.policy).toMatchObject({
        place: `acme/platform/.github/dbt-oidc.yml@${COMMIT}`,
        commit: COMMIT,
      })
    },
    MINUTES,
  )

  test(
    'gives a caller nothing by a policy of its own',
    async () => {
      using ran = await called(central('{ repository: acme/shop, environment: release }'))
      expect(ran.exitCode).toBe(1)
      expect(ran.log).toContain('no-grant')
      expect(ran.log).not.toContain('wide')
    },
    MINUTES,
  )

  test.each([
    ['another target', 'build --target wide'],
    ['another profile', 'build --profiles-dir .'],
    ['a shell', 'build; touch "$RECORD/shell"'],
    ['a shell in between', 'build $(touch "$RECORD/shell") `touch "$RECORD/shell"`'],
  ])(
    'gives a caller no way to %s',
    async (_what, run) => {
      const caller = `${adapted('examples/caller.yml')}      run: ${JSON.stringify(run)}\n`
      using ran = await called(central('{ repository: acme/shop, environment: production }'), caller)
      expect(ran.exitCode).toBe(1)
      expect(ran.record('shell')).toBe('')
      expect(ran.log).not.toContain('platform → central')
    },
    MINUTES,
  )
})
