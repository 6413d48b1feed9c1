import { expect, test } from '@jest/globals'
import { trustRules } from '../src/trust/rules.ts'
import databricks from '../src/warehouses/databricks.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { GRANTED, openJob } from './support/job.ts'
import { startWorkspace, type Workspace } from './support/databricks/workspace.ts'
import { policiesOf } from './support/models/databricks.ts'
import type { Whole } from './support/models/whole.ts'
import { logOf } from './support/process.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'

const HOST = 'acme.cloud.databricks.com'
const CLIENT = '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10'
const CONNECTION = { host: HOST, http_path: '/sql/1.0/warehouses/w', schema: 'dbt', client_id: CLIENT }
const INPUTS = {
  ...GRANTED,
  connection: JSON.stringify({ type: 'databricks', ...CONNECTION }),
  identity: 'via: oauth',
}

/** The policies as the trust of a target writes them, for a job on this ref. */
async function policies(issuer: Issuer, ref: string): Promise<readonly Whole[]> {
  return policiesOf(await scriptOf(issuer, ref))
}

async function scriptOf(issuer: Issuer, ref: string): Promise<string> {
  const bound = databricks.bind(CONNECTION)
  const rules = trustRules(
    [
      {
        name: 'g',
        target: 'prod',
        place: '',
        when: new Map([
          ['repository', ['o/r']],
          ['ref', [ref]],
        ]),
      },
    ],
    'prod',
  )
  const audience = bound.want('oauth').audience ?? ''
  const request = {
    target: 'prod',
    via: 'oauth',
    issuer: issuer.issuer,
    audience,
    audiences: [audience],
    rules,
    identity: CLIENT,
  }
  return (await bound.trust(request)).map(({ text }) => text).join('\n')
}

/** Runs a step whose access token a workspace with these policies gives. */
async function stepAt(trusted: (issuer: Issuer) => Promise<readonly Whole[]>, clientId = CLIENT) {
  await using job = await openJob({}, { leak: ['stdout'] }, { 'dbt-databricks': '1.12.8' })
  await using workspace = await startWorkspace(clientId, await trusted(job.issuer))
  job.issuer.at(HOST, (req, res) => workspace.answer(req, res))
  await using step = await job.step({ inputs: INPUTS })
  const leaks = scanForLeaks({ token: workspace.issued[0] ?? 'none' }, placesOf([step]))
  return {
    exitCode: step.exitCode,
    log: logOf(step),
    workspace: summaryOf(workspace),
    leaks,
    runs: job.dbt.runs(),
  }
}

const summaryOf = ({ requests, issued }: Workspace) => ({ requests, issued })

test('a workspace that trusts the branch gives an access token, which dbt finds in its environment alone', async () => {
  const { exitCode, workspace, leaks, runs } = await stepAt((issuer) => policies(issuer, 'refs/heads/main'))
  expect([exitCode, workspace.issued.length, leaks]).toEqual([0, 1, []])
  expect(Object.values(runs[0]?.env ?? {})).toContain(workspace.issued[0])
})

test.each([
  [
    'another branch',
    (issuer: Issuer) => policies(issuer, 'refs/heads/dev'),
    CLIENT,
    /No matching federation policy \(subject\)/,
  ],
  [
    'another audience',
    async (issuer: Issuer) =>
      (await policies(issuer, 'refs/heads/main')).map((one) => ({ ...one, audiences: ['a'] })),
    CLIENT,
    /\(audience\)/,
  ],
  [
    'another issuer',
    async (issuer: Issuer) =>
      (await policies(issuer, 'refs/heads/main')).map((one) => ({ ...one, issuer: 'https://i' })),
    CLIENT,
    /\(issuer\)/,
  ],
  [
    'another principal',
    (issuer: Issuer) => policies(issuer, 'refs/heads/main'),
    'someone',
    /There is no such service principal/,
  ],
])(
  'a workspace that trusts %s refuses, and the log says why and what would repair it',
  async (_name, trusted, client, said) => {
    const { exitCode, log, workspace } = await stepAt(trusted, client)
    expect([exitCode, workspace.issued]).toEqual([1, []])
    expect(log).toContain('✗ exchange: ')
    expect(log).toMatch(said)
    expect(log).toContain('"subject":"repo:o/r:ref:refs/heads/main"')
  },
)

test('the trust stops where there is no principal, and gives it the workspace and the SQL warehouse', async () => {
  const issuer = await startIssuer()
  try {
    const script = await scriptOf(issuer, 'refs/heads/main')
    const order = [
      'SP=$(',
      ': "${SP:?',
      'service-principal-federation-policy create',
      'workspace-assignment update',
    ]
    expect(order.map((text) => script.indexOf(text))).toEqual(
      order.map((text) => script.indexOf(text)).toSorted((one, other) => one - other),
    )
    expect(order.filter((text) => !script.includes(text))).toEqual([])
    expect(script).toContain("| jq -r '.[0].id // empty'")
    expect(script).toContain('databricks account service-principals create')
    expect(script).toMatch(/^databricks permissions update warehouses w --json '\{.*"CAN_USE".*\}'$/m)
  } finally {
    await issuer.close()
  }
})

test('the trust of a branch is one policy for its subject and for this workspace alone', async () => {
  const issuer = await startIssuer()
  try {
    expect(await policies(issuer, 'refs/heads/main')).toEqual([
      {
        issuer: issuer.issuer,
        audiences: [`https://${HOST}/oidc/v1/token`],
        subject: 'repo:o/r:ref:refs/heads/main',
      },
    ])
  } finally {
    await issuer.close()
  }
})

test('names the run in tags that dbt-databricks takes, whatever the grant is called', () => {
  const run = {
    repository: 'o/r',
    ref: '',
    sha: 's',
    workflow: '',
    run: '1',
    attempt: '1',
    actor: 'a',
    target: 't',
  }
  const { query_tags: value } = databricks.attribute({ ...run, grant: `a:b,c${'x'.repeat(200)}` })
  const tags = value?.kind === 'text' ? (JSON.parse(value.text) as Record<string, string>) : {}
  expect(tags['repository']).toBe('o/r')
  expect(tags['grant']).toMatch(/^a-b-cx{123}$/)
})
