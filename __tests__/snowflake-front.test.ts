import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { runChild, type Ended } from './support/child.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { newKey } from './support/jwt.ts'
import { dbtPython } from './support/python.ts'
import { startSnowflake, type Snowflake } from './support/snowflake/front.ts'
import { sha256 } from './support/snowflake/identity.ts'

const subject = 'repo:o/r:environment:production'
const audience = 'https://acme-prod.snowflakecomputing.com'

let issuer: Issuer
let snowflake: Snowflake
let directory: string

beforeAll(async () => {
  issuer = await startIssuer({ claims: { environment: 'production' } })
  const trust = { issuer: issuer.issuer, audiences: [audience, 'https://acme.example'] }
  snowflake = await startSnowflake({
    users: [
      { user: 'GH_DBT_CI', subject: 'repo:o/r:pull_request', defaultRole: 'CI', ...trust },
      { user: 'GH_DBT_PROD', subject, defaultRole: 'TRANSFORMER', ...trust },
    ],
    python: dbtPython(),
  })
  directory = mkdtempSync(join(tmpdir(), 'front-'))
  cpSync(resolve(import.meta.dirname, '..', 'demo', 'project'), directory, { recursive: true })
}, 90_000)

afterAll(async () => {
  await snowflake[Symbol.asyncDispose]()
  await issuer.close()
  rmSync(directory, { recursive: true, force: true })
})

describe('real dbt-snowflake at the front', () => {
  test('a build of the demo project logs in by workload identity alone', async () => {
    const token = issuer.mint(audience)
    const ended = await dbt(['build'], { token })
    expect(ended.stdout).toContain('PASS=16 WARN=0 ERROR=0')
    expect(ended.exitCode).toBe(0)
    expect(snowflake.logins.length).toBeGreaterThan(0)
    for (const login of snowflake.logins)
      expect(login).toMatchObject({
        user: 'GH_DBT_PROD',
        role: 'TRANSFORMER',
        queryTag: 'the run',
        warehouse: 'XS',
        client: 'PythonConnector',
        tokenSha256: sha256(token),
      })
    expect(snowflake.refusals).toEqual([])
  }, 180_000)

  test('a token for another subject is refused with the code that Snowflake gives, in dbt’s own output', async () => {
    const ended = await dbt(['debug', '--connection'], {
      token: issuer.mint(audience, { environment: 'staging' }),
    })
    expect(ended.exitCode).not.toBe(0)
    expect(ended.stdout).toContain('390303')
    expect(snowflake.refusals.at(-1)).toMatchObject({
      reason: 'subject',
      detail: 'repo:o/r:environment:staging',
    })
  }, 60_000)
})

describe('the front refuses', () => {
  test.each([
    ['another subject', 'subject', () => issuer.mint(audience, { environment: 'staging' })],
    ['a subject that only begins like one', 'subject', () => issuer.mint(audience, { sub: `${subject}-2` })],
    ['a subject in another case', 'subject', () => issuer.mint(audience, { sub: subject.toUpperCase() })],
    ['another audience', 'audience', () => issuer.mint('snowflakecomputing.com')],
    ['an expired token', 'expired', () => issuer.mint(audience, { exp: seconds() - 5 })],
    ['another issuer', 'issuer', () => issuer.mint(audience, { iss: 'https://token.example' })],
    ['no token at all', 'format', () => 'not.a.token'],
  ])('%s', async (_name, reason, token) => {
    expect(await login({ TOKEN: token() })).toMatchObject({ code: '390303', success: false })
    expect(snowflake.refusals.at(-1)?.reason).toBe(reason)
  })

  test.each(['kid of the issuer', 'kid of its own'])('a foreign signature under the %s', async (kid) => {
    const key = await newKey()
    const header = { kid: kid === 'kid of the issuer' ? issuer.key().kid : key.kid }
    const token = issuer.sign(issuer.payload(audience), { key, header })
    expect(await login({ TOKEN: token })).toMatchObject({ code: '390303', success: false })
    expect(snowflake.refusals.at(-1)?.reason).toBe('signature')
  })

  test.each([
    ['OAuth', { AUTHENTICATOR: 'OAUTH', PROVIDER: undefined }],
    ['another provider', { PROVIDER: 'AWS' }],
  ])('%s', async (_name, data) => {
    expect(await login({ TOKEN: issuer.mint(audience), ...data })).toMatchObject({ code: '390303' })
    expect(snowflake.refusals.at(-1)?.reason).toBe('authenticator')
  })

  test("another user's name and another role", async () => {
    const TOKEN = issuer.mint(audience)
    expect(await login({ TOKEN, LOGIN_NAME: 'GH_DBT_CI' })).toMatchObject({ code: '390309' })
    expect(await login({ TOKEN }, '?roleName=ACCOUNTADMIN')).toMatchObject({ code: '390189' })
    expect(await login({ TOKEN, LOGIN_NAME: 'gh_dbt_prod' }, '?roleName=transformer')).toMatchObject({
      success: true,
      data: { displayUserName: 'GH_DBT_PROD', sessionInfo: { roleName: 'TRANSFORMER' } },
    })
  })

  test('a statement without a session', async () => {
    const response = await fetch(`${origin()}/queries/v1/query-request`, {
      method: 'POST',
      headers: { authorization: 'Snowflake Token="made-up"' },
      body: JSON.stringify({ sqlText: 'select 1' }),
    })
    expect(await response.json()).toMatchObject({ success: false, code: '390104' })
  })
})

async function login(data: Record<string, unknown>, query = ''): Promise<unknown> {
  const response = await fetch(`${origin()}/session/v1/login-request${query}`, {
    method: 'POST',
    body: JSON.stringify({
      data: { AUTHENTICATOR: 'WORKLOAD_IDENTITY', PROVIDER: 'OIDC', SESSION_PARAMETERS: {}, ...data },
    }),
  })
  expect(response.status).toBe(200)
  return response.json()
}

function dbt(args: readonly string[], { token }: { readonly token: string }): Promise<Ended> {
  const output = {
    type: 'snowflake',
    account: 'fakesnow',
    host: '127.0.0.1',
    port: snowflake.port,
    protocol: 'http',
    authenticator: 'workload_identity',
    workload_identity_provider: 'OIDC',
    token,
    role: 'TRANSFORMER',
    warehouse: 'XS',
    database: 'ANALYTICS',
    schema: 'DBT',
    query_tag: 'the run',
    connect_retries: 0,
    threads: 2,
  }
  const profiles = { shop: { target: 'prod', outputs: { prod: output } } }
  writeFileSync(join(directory, 'profiles.yml'), JSON.stringify(profiles))
  const python = dbtPython()
  const command = [join(dirname(python), 'dbt'), '--no-version-check', '--no-use-colors', ...args]
  return runChild([python, ...command], {
    cwd: directory,
    deadline: 150_000,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: directory,
      DO_NOT_TRACK: '1',
      SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES: '127.0.0.1',
    },
  })
}

function origin(): string {
  return `http://127.0.0.1:${snowflake.port}`
}

function seconds(): number {
  return Math.floor(Date.now() / 1000)
}
