import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { apply } from '../support/aws/account.ts'
import { admitByToken } from '../support/aws/rds.ts'
import { ACCOUNT, openSite, REGION, ROLE, serversBin, type Site } from '../support/aws/site.ts'
import { selfSigned } from '../support/certificate.ts'
import { runChild } from '../support/child.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { logOf, remainsOf } from '../support/process.ts'
import { startFront, type Admission, type Front } from '../support/postgres/front.ts'
import { startPostgres, type PostgresServer } from '../support/postgres/server.ts'

const RESOURCE = 'cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ'

let site: Site
let server: PostgresServer
let front: Front
let directory: string
let clock = 0
let life: number | undefined

const admit = (user: string, password: string): Admission =>
  admitByToken(
    {
      cloud: site.cloud,
      region: REGION,
      account: ACCOUNT,
      address: () => `127.0.0.1:${front.port}`,
      resourceId: RESOURCE,
    },
    user,
    password,
  )

beforeAll(async () => {
  site = await openSite(serversBin(), { now: () => new Date(Date.now() + clock), life: () => life })
  server = await startPostgres()
  const certificate = selfSigned(['127.0.0.1'])
  directory = mkdtempSync(join(tmpdir(), 'rds-'))
  writeFileSync(join(directory, 'ca.pem'), certificate.cert)
  front = await startFront({ server, certificate, admit })
  // RDS has it from the beginning.
  server.psql('CREATE ROLE rds_iam')
  server.psql('CREATE DATABASE shop')
  for (const { language, text } of await site.documents(inputs()))
    if (language === 'sql') server.psql(text, 'shop')
}, 120_000)

afterAll(async () => {
  await front[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

beforeEach(async () => {
  clock = 0
  life = undefined
  await trust()
})

function inputs(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const connection = {
    type: 'postgres',
    host: '127.0.0.1',
    port: front.port,
    user: 'dbt_prod',
    dbname: 'shop',
    schema: 'analytics',
    sslmode: 'verify-full',
    sslrootcert: join(directory, 'ca.pem'),
    threads: 2,
  }
  return {
    run: 'build',
    connection: JSON.stringify(connection),
    identity: JSON.stringify({ role: ROLE, region: REGION }),
    ref: 'refs/heads/main',
    ...more,
  }
}

/** Makes the account anew, from the documents of these inputs. */
async function trust(more: Readonly<Record<string, string>> = {}): Promise<void> {
  site.cloud.providers.clear()
  site.cloud.roles.clear()
  for (const { language, text } of await site.documents(inputs(more)))
    if (language === 'sh') apply(site.cloud, text, ACCOUNT)
}

describe('dbt-postgres at an RDS that takes signed tokens', () => {
  test('builds the demo project as the user that our own documents have made', async () => {
    const before = front.logins.length
    await using done = await site.step(inputs({ preflight: 'true' }))
    expect(logOf(done)).toMatch(/preflight: .*\n.*✓ user +dbt_prod\n.*✓ database +shop\n/)
    expect(logOf(done)).toContain('PASS=16 WARN=0 ERROR=0')
    expect([done.exitCode, remainsOf(done)]).toEqual([0, []])
    const logins = front.logins.slice(before)
    expect(logins.length).toBeGreaterThan(5)
    expect(new Set(logins.map(({ user, admitted }) => `${user} ${admitted}`))).toEqual(
      new Set(['dbt_prod true']),
    )
    expect(logins[0]?.parameters.get('application_name')).toBe('dbt-oidc preflight')
    expect(logins.at(-1)?.parameters.get('application_name')).toBe('dbt-oidc 900001.1 o/r')
    expect(done.outputs.get('identity')).toBe(ROLE)
    expect(
      server.psql('select tableowner from pg_tables where schemaname = $$analytics$$ limit 1', 'shop'),
    ).toBe('dbt_prod')
    const [session] = [...site.cloud.sessions.values()].slice(-1)
    const secrets = {
      token: site.issuer.minted.at(-1) ?? '',
      secret: session?.secretAccessKey ?? '',
      session: session?.sessionToken ?? '',
      password: logins[0]?.password ?? '',
    }
    expect(scanForLeaks(secrets, placesOf([done]))).toEqual([])
  }, 200_000)

  test('outlives its credential: each connection takes the password that is in the file then', async () => {
    life = 30
    const before = front.logins.length
    const slow = '{{ config(materialized="table") }} select 1 as id from (select pg_sleep(34)) s'
    const late = '{{ config(materialized="table") }} select * from {{ ref("slow") }}'
    await using done = await site.step(inputs({ run: 'run --select slow late' }), {
      prepare({ workspace }) {
        writeFileSync(join(workspace, 'models', 'slow.sql'), slow)
        writeFileSync(join(workspace, 'models', 'late.sql'), late)
      },
    })
    expect(logOf(done)).toContain('PASS=2 WARN=0 ERROR=0')
    const logins = front.logins.slice(before)
    expect(logins.map(({ admitted }) => admitted)).not.toContain(false)
    expect(new Set(logins.map(({ password }) => password)).size).toBeGreaterThan(1)
    // What dbt started with would not have opened the last connection.
    expect(admit('dbt_prod', logins[0]?.password ?? '')).toMatchObject({ detail: 'the session has expired' })
  }, 200_000)
})

test('in prepared mode a later step logs in by the exported file, and the post step removes it', async () => {
  await using prepared = await site.step(inputs({ run: '' }))
  expect([prepared.exitCode, prepared.exportedEnv.has('PGPASSFILE')]).toEqual([0, true])
  const command = [join(serversBin(), 'dbt'), '--no-version-check', 'debug', '--connection']
  const later = await runChild(command, { cwd: prepared.paths.workspace, env: prepared.laterEnv() })
  expect(later.stdout).toContain('All checks passed!')
  expect(front.logins.at(-1)).toMatchObject({ user: 'dbt_prod', admitted: true })
  await using post = await prepared.post()
  expect([post.exitCode, remainsOf(post)]).toEqual([0, []])
}, 100_000)

describe('a broken trust is named', () => {
  const DENIED = 'there is no such role, or its trust policy does not fit the token'
  test.each([
    [
      'another branch',
      async () => trust({ ref: 'refs/heads/release' }),
      [DENIED, 'sub repo:o/r:ref:refs/heads/main'],
    ],
    [
      'another audience',
      async () => trust({ audience: 'sts.example' }),
      ['does not list the audience of the token', 'Incorrect token audience'],
    ],
    [
      'no such issuer',
      async () => site.cloud.providers.clear(),
      [`does not know the issuer http://127.0.0.1`],
    ],
    [
      'a token that is late',
      async () => void (clock = 400_000),
      ['The token had expired when AWS looked at it'],
    ],
    ['no such role', async () => site.cloud.roles.clear(), [DENIED, `account ${ACCOUNT}`]],
  ])(
    '%s',
    async (_name, breakIt, said) => {
      await breakIt()
      const before = front.logins.length
      await using done = await site.step(inputs())
      expect(done.exitCode).toBe(1)
      for (const text of said) expect(logOf(done)).toContain(text)
      expect(logOf(done)).toContain('✗ exchange')
      expect([front.logins.length - before, remainsOf(done)]).toEqual([0, []])
    },
    60_000,
  )

  test('a role that may not log in as the user', async () => {
    for (const role of site.cloud.roles.values()) role.policies.length = 0
    await using done = await site.step(inputs({ run: 'debug' }))
    expect(done.exitCode).toBe(1)
    expect(logOf(done)).toContain('PAM authentication failed for user "dbt_prod"')
    expect(front.logins.at(-1)?.detail).toBe('rds-db:connect is not allowed')
  }, 60_000)
})

test.each([
  ['of another user', (token: string) => ['admin', token] as const],
  [
    'that was changed',
    (token: string) => ['dbt_prod', token.replace('DBUser=dbt_prod', 'DBUser=dbt_prod2')] as const,
  ],
  ['without its end', (token: string) => ['dbt_prod', token.slice(0, -1)] as const],
  ['for another host', (token: string) => ['dbt_prod', token.replace('127.0.0.1', 'localhost')] as const],
])('the front refuses a token %s', (_name, changed) => {
  const [login] = front.logins.filter(({ admitted }) => admitted).slice(-1)
  const [user, password] = changed(login?.password ?? '')
  expect(admit(user, password)).toHaveProperty('refusal')
})
