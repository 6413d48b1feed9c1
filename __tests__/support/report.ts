import type { Claims } from '../../src/claims.ts'
import type { Artifacts, DbtResult, LineResult, NodeResult } from '../../src/dbt/result.ts'
import type { Decision } from '../../src/policy.ts'
import type { AccessFacts, Report, RunFacts } from '../../src/report/report.ts'

export const facts: RunFacts = {
  serverUrl: 'https://github.com',
  repository: 'acme/dbt',
  ref: 'refs/heads/main',
  sha: '8f14e45fceea167a5a36dedd4bea2543f0b1c2d3',
  workflow: 'nightly',
  runId: '9876543210',
  runAttempt: '2',
  job: 'build',
  actor: 'alice',
  projectPath: 'warehouse/shop',
}

export const claims: Claims = {
  iss: 'https://token.actions.githubusercontent.com',
  sub: 'repo:acme/dbt:environment:production',
  aud: 'https://iam.googleapis.com/projects/123456789/x',
  jti: '4f1e0f0e-6a52-4c57-8f53-111111111111',
  iat: 1_795_507_200,
  exp: 1_795_507_500,
  all: new Map([
    ['repository', 'acme/dbt'],
    ['repository_id', '456'],
    ['repository_owner_id', '123'],
    ['ref', 'refs/heads/main'],
    ['sha', facts.sha],
    ['environment', 'production'],
    ['event_name', 'schedule'],
    ['actor', 'alice'],
    ['actor_id', '1001'],
    ['workflow_ref', 'acme/dbt/.github/workflows/nightly.yml@refs/heads/main'],
    ['job_workflow_ref', 'acme/dbt/.github/workflows/nightly.yml@refs/heads/main'],
    ['run_id', '9876543210'],
    ['run_attempt', '2'],
    ['check_run_id', '55501'],
  ]),
}

export const decision: Decision = {
  granted: true,
  grant: { name: 'nightly', target: 'prod', when: new Map([['ref', ['refs/heads/main']]]), place: 'grants' },
  asked: undefined,
  verdicts: [],
  warnings: [],
  claims,
}

export const denied: Decision = { ...decision, granted: false, grant: undefined }

export const access: AccessFacts = {
  target: 'prod',
  warehouse: 'snowflake',
  via: 'direct',
  identity: 'repo:acme/dbt:environment:production',
  writes: 'PROD_DB.ANALYTICS as TRANSFORMER',
  expiresAt: new Date('2026-11-24T09:26:18.500Z'),
}

export function node(over: Partial<NodeResult> = {}): NodeResult {
  return {
    uniqueId: `model.shop.${over.name ?? 'stg_orders'}`,
    resourceType: 'model',
    name: 'stg_orders',
    status: 'success',
    message: 'OK',
    failures: null,
    seconds: 0.053_574_800_491_333_01,
    thread: 'Thread-1 (worker)',
    startedAt: '2026-11-24T08:26:33.102834Z',
    completedAt: '2026-11-24T08:26:33.156401Z',
    file: 'models/stg_orders.sql',
    relation: '"shop"."main"."stg_orders"',
    adapterResponse: { _message: 'OK' },
    ...over,
  }
}

export function artifacts(nodes: readonly NodeResult[], over: Partial<Artifacts> = {}): Artifacts {
  return {
    invocationId: 'd924179a-1658-4d19-88c7-60384d8d6d16',
    dbtVersion: '1.12.6',
    generatedAt: '2026-11-24T08:26:33.207775Z',
    elapsed: 0.46,
    nodes,
    ...over,
  }
}

export function line(nodes: readonly NodeResult[], over: Partial<LineResult> = {}): LineResult {
  return {
    command: 'dbt build',
    exitCode: 0,
    signal: undefined,
    seconds: 6.83,
    artifacts: artifacts(nodes),
    ...over,
  }
}

export function result(nodes: readonly NodeResult[], over: Partial<LineResult> = {}): DbtResult {
  const only = line(nodes, over)
  return { lines: [only], ok: only.exitCode === 0 }
}

export function report(of: DbtResult | undefined, over: Partial<Report> = {}): Report {
  return { claims, decision, access, result: of, warnings: [], ...over }
}

const ESC = '\u001b'

/** What dbt-core 1.12.6 with dbt-duckdb 1.11.1 wrote for a small project with one broken model, values as they were. */
export const nodes: readonly NodeResult[] = [
  node({
    uniqueId: 'seed.shop.raw_orders',
    resourceType: 'seed',
    name: 'raw_orders',
    message: 'INSERT 3',
    seconds: 0.076_663_255_691_528_32,
    file: 'seeds/raw_orders.csv',
    relation: null,
    adapterResponse: { _message: 'INSERT 3', code: 'INSERT', rows_affected: 3 },
  }),
  node({ file: 'models/staging/stg_orders.sql' }),
  node({
    uniqueId: 'test.shop.unique_stg_orders_id.beb6e97f2f',
    resourceType: 'test',
    name: 'unique_stg_orders_id',
    status: 'warn',
    message: 'Got 1 result, configured to warn if != 0',
    failures: 1,
    seconds: 0.067_004_442_214_965_82,
    file: 'models/schema.yml',
    relation: null,
  }),
  node({
    uniqueId: 'unit_test.shop.orders.totals_add_up',
    resourceType: 'unit_test',
    name: 'totals_add_up',
    status: 'fail',
    message: `\n\n${ESC}[32mactual${ESC}[0m differs from ${ESC}[31mexpected${ESC}[0m:\n\n${ESC}[0;1m@@${ESC}[0m${ESC}[33m,${ESC}[0m${ESC}[0;1mcustomer${ESC}[0m${ESC}[33m,${ESC}[0m${ESC}[0;1mtotal${ESC}[0m\r\n${ESC}[31;1m${ESC}[34;1m\u2192${ESC}[32;1m${ESC}[0m ${ESC}[33m,${ESC}[0ma       ${ESC}[33m,${ESC}[0m${ESC}[31;1m4${ESC}[34;1m\u2192${ESC}[32;1m3${ESC}[0m\r\n\n`,
    failures: 1,
    seconds: 0.119_347_095_489_501_95,
    file: 'models/schema.yml',
    relation: null,
    adapterResponse: {},
  }),
  node({
    uniqueId: 'model.shop.broken',
    name: 'broken',
    status: 'error',
    message:
      'Runtime Error in model broken (models/broken.sql)\n  Binder Error: Referenced column "no_such_column" not found in FROM clause!\n  Candidate bindings: "amount"',
    seconds: 0.092_653_512_954_711_91,
    file: 'models/broken.sql',
    adapterResponse: {},
  }),
  node({
    uniqueId: 'model.shop.after_broken',
    name: 'after_broken',
    status: 'skipped',
    message: null,
    seconds: 0,
    file: 'models/after_broken.sql',
    adapterResponse: {},
  }),
]
