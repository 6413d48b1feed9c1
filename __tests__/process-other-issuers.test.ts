import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { installDbtStub, type DbtStub } from './support/dbt-stub.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { PROJECT } from './support/job.ts'
import { otherJob, playIssuer, tokenOf, type OtherEnded, type OtherJob } from './support/other-issuers.ts'
import { BUILDKITE, GITLAB } from './support/other-payloads.ts'
import { dbtPython } from './support/python.ts'
import { startSnowflake } from './support/snowflake/front.ts'

let issuer: Issuer
let dbt: DbtStub
let directory: string
let urls: Readonly<Record<'gitlab' | 'buildkite' | 'cluster', string>>

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'other-'))
  issuer = await startIssuer()
  const at = (path: string): string => playIssuer(issuer, path)
  urls = { gitlab: at('gitlab'), buildkite: at('buildkite'), cluster: at('cluster') }
  dbt = await installDbtStub(join(directory, 'env'), {
    behaviours: { build: { exit: 2 } },
  })
})
afterAll(async () => {
  await issuer.close()
  rmSync(directory, { recursive: true, force: true })
})

const policy = (grants: string, connection = '{ type: duckdb, path: prod.duckdb }'): string => `
repository: acme/shop
issuers:
  gitlab: { url: ${urls.gitlab}, like: gitlab }
  buildkite: { url: ${urls.buildkite}, like: buildkite }
  cluster: { url: ${urls.cluster}, like: kubernetes }
targets:
  prod: { connection: ${connection} }
grants:
  - { name: github, target: prod, when: { ref: refs/heads/main } }
${grants}`

const GRANTS = `
  - { name: lab, issuer: gitlab, target: prod, when: { project_path: acme/shop, ref: main, ref_type: branch, ref_protected: true } }
  - { name: kite, issuer: buildkite, target: prod, when: { organization_slug: acme, pipeline_slug: shop, build_branch: main } }
  - { name: airflow, issuer: cluster, target: prod, when: { sub: 'system:serviceaccount:airflow:dbt', kubernetes.io/pod/name: dbt-run-* } }
`

type Name = keyof typeof urls

/** A job whose token is in the variable TOKEN, with a dbt that ends with 2. */
function job(name: Name, token: string, more: Partial<OtherJob> = {}): Promise<OtherEnded> {
  return otherJob({
    args: ['--issuer', name, '--token-variable', 'DBT_TOKEN', '--', 'dbt', 'build'],
    files: { ...PROJECT, '.github/dbt-oidc.yml': policy(GRANTS) },
    path: [dbt.bin],
    env: { GITHUB_SERVER_URL: issuer.serverUrl, DBT_TOKEN: token },
    ...more,
  })
}

test('a grant without issuer never takes the token of another issuer, whatever it says', async () => {
  const forged = { ...GITLAB, repository: 'acme/shop', ref: 'refs/heads/main', event_name: 'push' }
  const { code, all } = await job('gitlab', tokenOf(issuer, urls.gitlab, forged))
  expect(code).toBe(1)
  expect(all).not.toContain('"github"')
})

test('a token is got from an address, by a header whose secret stands in no argument', async () => {
  const asked: unknown[] = []
  issuer.route('/mint', (req, res, path) => {
    asked.push([path, req.headers.authorization])
    res.end(JSON.stringify({ token: tokenOf(issuer, urls.buildkite, BUILDKITE) }))
  })
  const url = `${issuer.serverUrl}/mint?audience={audience}`
  const { code } = await job('buildkite', '', {
    args: [
      '--issuer',
      'buildkite',
      '--token-url',
      url,
      '--token-header',
      'Authorization: Bearer $AGENT',
      '--',
      'dbt',
      'build',
    ],
    env: { GITHUB_SERVER_URL: issuer.serverUrl, AGENT: 'agent-secret' },
  })
  expect([code, asked]).toEqual([2, [['?audience=dbt-oidc', 'Bearer agent-secret']]])
})

/** All that such a job says, which is never of a step. */
async function said(more: Partial<OtherJob>): Promise<string> {
  const { all } = await job('gitlab', tokenOf(issuer, urls.gitlab, GITLAB), more)
  expect(all).not.toMatch(/\b(?:this|the) step\b|\bthe input `/)
  return all
}

describe('what is said of a job that has no step', () => {
  test('where there is no dbt', async () => {
    expect(await said({ path: [] })).toContain('Run `pip install dbt-core dbt-duckdb` before.')
  })

  test('where there is no project', async () => {
    const files = { '.github/dbt-oidc.yml': policy(GRANTS) }
    expect(await said({ files })).toContain('name the directory of the project with `--project-dir`')
    expect(await said({ files: { ...files, 'shop/dbt_project.yml': PROJECT['dbt_project.yml'] } })).toContain(
      'There is one in ',
    )
  })

  test('where dbt lacks a variable', async () => {
    dbt.behave({ build: { stderr: "Env var required but not provided: 'SHOP'\n", exit: 2 } })
    const token = tokenOf(issuer, urls.gitlab, GITLAB)
    const server = { GITHUB_SERVER_URL: issuer.serverUrl, DBT_TOKEN: token }
    expect(await said({ env: server })).toContain(
      'The variable SHOP is not set. Set it, and name it: `--env SHOP`.',
    )
    expect(await said({ env: { ...server, SHOP: 'x' } })).toContain('Name it: `--env SHOP`.')
    dbt.behave({ build: { exit: 2 } })
  })
})

describe('real dbt', () => {
  const path = [dirname(dbtPython())]

  test('builds the demo project with a token like that of GitLab', async () => {
    const files = { '.github/dbt-oidc.yml': policy(GRANTS) }
    const { code, all } = await job('gitlab', tokenOf(issuer, urls.gitlab, GITLAB), {
      files,
      path,
      project: 'demo/project',
    })
    expect(all).toContain('Completed successfully')
    expect(code).toBe(0)
  })

  test.each([
    ['project_path:acme/shop:ref_type:branch:ref:main', 0],
    ['project_path:acme/shop:ref_type:tag:ref:main', 2],
  ])('logs in at a Snowflake that trusts %s: exit %i', async (subject, exit) => {
    const audience = 'https://acme.snowflakecomputing.com'
    const trust = { issuer: urls.gitlab, subject, audiences: [audience] }
    await using account = await startSnowflake({
      users: [{ user: 'LAB', ...trust, defaultRole: 'TRANSFORMER' }],
      python: dbtPython(),
    })
    const connection = `{ type: snowflake, account: acme, host: 127.0.0.1, port: ${account.port}, protocol: http, role: TRANSFORMER, warehouse: XS, database: DB, schema: S }, audience: '${audience}'`
    const files = {
      ...PROJECT,
      'models/orders.sql': 'select 1 as id',
      '.github/dbt-oidc.yml': policy(GRANTS, connection),
    }
    const { code, all } = await job('gitlab', tokenOf(issuer, urls.gitlab, GITLAB, audience), { files, path })
    expect(all).toContain(exit === 0 ? 'Completed successfully' : '390303')
    expect([code, account.logins.length > 0]).toEqual([exit, exit === 0])
  })
})
