import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { apply, type Session } from '../support/aws/account.ts'
import { admitByToken } from '../support/aws/rds.ts'
import { ACCOUNT, openSite, REGION, ROLE, serversBin, type Site } from '../support/aws/site.ts'
import { selfSigned } from '../support/certificate.ts'
import { runChild } from '../support/child.ts'
import { auditLogOf, lateModels } from '../support/late.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { flawsOf, flawsOfEnded } from '../support/lives.ts'
import { logOf, remainsOf } from '../support/process.ts'
import { startFront, type Admission, type Front } from '../support/postgres/front.ts'
import { startPostgres, type PostgresServer } from '../support/postgres/server.ts'
import { sha256 } from '../support/snowflake/identity.ts'

/** Seconds that a password lives, where that matters. */
const LIFE = 30
const RESOURCE = 'cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ'

let site: Site
let server: PostgresServer
let front: Front
let directory: string
let clock = 0
let life: number | undefined

const admit = (user: string, password: string, cloud = site.cloud): Admission =>
  admitByToken(
    {
      cloud,
      region: REGION,
      account: ACCOUNT,
      address: () => `127.0.0.1:${front.port}`,
      resourceId: RESOURCE,
    },
    user,
    password,
  )

/** The session whose keys have signed a token. */
function signerOf(password: string): Session | undefined {
  const credential = new URL(`https://${password}`).searchParams.get('X-Amz-Credential') ?? ''
  return site.cloud.sessions.get(credential.split('/')[0] ?? '')
}

/**
 * The end of a token is PostgreSQL's own affair: whoever shows one that was rightly signed has it for a password, VALID
 * UNTIL the session ends that has signed it.
 */
function admitUntil(user: string, password: string): Admission {
  const endless = [...site.cloud.sessions].map(([id, one]) => [id, { ...one, expiresAt: Infinity }] as const)
  const admission = admit(user, password, { ...site.cloud, sessions: new Map(endless) })
  const session = signerOf(password)
  if ('refusal' in admission || !session) return admission
  const own = sha256(password)
  const until = new Date(session.expiresAt).toISOString()
  server.psql(`ALTER ROLE ${admission.role} PASSWORD '${own}' VALID UNTIL '${until}'`)
  return { ...admission, password: own }
}

beforeAll(async () => {
  site = await openSite(serversBin(), { now: () => new Date(Date.now() + clock), life: () => life })
  server = await startPostgres({ hba: ['local all dbt_prod password'] })
  const certificate = selfSigned(['127.0.0.1'])
  directory = mkdtempSync(join(tmpdir(), 'rds-'))
  writeFileSync(join(directory, 'ca.pem'), certificate.cert)
  front = await startFront({ server, certificate, admit: admitUntil })
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
})

/** Three models of which each takes longer than a password lives, and with each a late one. */
async function build(keepAlive: string) {
  life = LIFE
  const before = [site.issuer.minted.length, front.logins.length, site.sts.calls.length] as const
  const slow = `{{ config(materialized="table") }} select 1 as id from (select pg_sleep(${LIFE + 2})) s`
  await using done = await site.step(inputs({ run: 'run --select slow_1+', 'keep-alive': keepAlive }), {
    files: lateModels(() => slow, '{{ config(materialized="table") }} select 1 as id'),
  })
  const uses = front.logins.slice(before[1]).map(({ password, admitted: accepted, at }) => {
    const { openedAt = 0, expiresAt = 0 } = signerOf(password) ?? {}
    return { id: sha256(password), bornAt: openedAt, endsAt: expiresAt, at, accepted }
  })
  const traded = site.sts.calls.slice(before[2]).map(({ form }) => sha256(form.get('WebIdentityToken') ?? ''))
  const minted = site.issuer.minted.slice(before[0])
  return {
    exitCode: done.exitCode,
    log: logOf(done),
    lived: { life: LIFE, minted, audit: auditLogOf(done), uses, traded },
    details: front.logins.slice(before[1]).flatMap(({ detail }) => (detail === '' ? [] : [detail])),
    remains: remainsOf(done),
  }
}

describe('a run of dbt-postgres whose password PostgreSQL takes until it ends', () => {
  test('fails without keep-alive, and the log says why', async () => {
    const run = await build('off')
    expect([run.exitCode, run.remains]).toEqual([1, []])
    expect(flawsOfEnded(run.lived, 'action')).toEqual([])
    expect(new Set(run.details)).toEqual(new Set(['password authentication failed for user "dbt_prod"']))
    expect(run.log).toContain('FATAL:  password authentication failed for user "dbt_prod"')
    expect(run.log).toMatch(/The credential had ended at \S+Z, before dbt was done, and nothing renewed it/)
  }, 300_000)

  test('passes with it: each connection takes the password that is in the file then', async () => {
    const run = await build('auto')
    expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({
      exitCode: 0,
      log: '',
    })
    // A password is replaced when 40 % of its life is left: the seven of three lives, and one for the start of dbt.
    const bounds = { exchanges: [5, 10], oldest: 0.8, lives: 3, trades: 'action' } as const
    expect(flawsOf(run.lived, bounds)).toEqual([])
    expect(new Set(run.lived.uses.map(({ id }) => id)).size).toBeGreaterThanOrEqual(3)
    expect(run.remains).toEqual([])
  }, 300_000)
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
