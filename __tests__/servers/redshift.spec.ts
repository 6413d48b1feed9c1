import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { apply } from '../support/aws/account.ts'
import { newRedshift, type Redshift } from '../support/aws/redshift.ts'
import { ACCOUNT, openSite, REGION, ROLE, serversBin, type Site } from '../support/aws/site.ts'
import { selfSigned } from '../support/certificate.ts'
import { auditLogOf, lateModels } from '../support/late.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { flawsOf, flawsOfEnded } from '../support/lives.ts'
import { startFront, type Front } from '../support/postgres/front.ts'
import type { Message } from '../support/postgres/messages.ts'
import { startPostgres, type PostgresServer } from '../support/postgres/server.ts'
import { logOf, remainsOf } from '../support/process.ts'
import { sha256 } from '../support/snowflake/identity.ts'
import type { StepResult } from '../support/step.ts'
import { secure, type Secure } from '../support/tls.ts'

/** Seconds that keys live, where that matters, and half as long a password that they buy. */
const LIFE = 30
const WORKGROUP = { name: 'analytics', id: '0a1b2c3d-0000-4000-8000-123456789abc' }
const USER = 'IAMR:dbt-prod'

let site: Site
let server: PostgresServer
let redshift: Redshift
let front: Front
let api: Secure
let directory: string
let life: number | undefined
const groups: string[] = []

beforeAll(async () => {
  site = await openSite(serversBin(), { life: () => life })
  server = await startPostgres()
  redshift = newRedshift({
    cloud: site.cloud,
    region: REGION,
    account: ACCOUNT,
    cluster: 'shop',
    database: 'dev',
    workgroup: WORKGROUP,
    life: () => life && life / 2,
  })
  // The driver finds the service by its own name: a proxy leads there, as it would in a company's network.
  api = await secure(redshift.hosts, { answer: (res, req) => redshift.handle(res, req) })
  const certificate = selfSigned(['127.0.0.1'])
  directory = mkdtempSync(join(tmpdir(), 'redshift-'))
  writeFileSync(join(directory, 'ca.pem'), certificate.cert)
  front = await startFront({
    server,
    certificate,
    admit: (user, password) => redshift.admit(user, password),
    keep: ['user', 'database'],
    status: { server_version: '8.0.2' },
    rewrite,
  })
  server.psql('CREATE DATABASE dev')
  for (const { language, text } of await site.documents(inputs()))
    if (language === 'sql') server.psql(asPostgres(text), 'dev')
}, 120_000)

afterAll(async () => {
  await front[Symbol.asyncDispose]()
  await api[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

beforeEach(async () => {
  life = undefined
  await trust()
})

/** PostgreSQL has no users without passwords, nor query groups. */
function asPostgres(text: string): string {
  return text.replace(' PASSWORD DISABLE', '')
}

function rewrite(message: Message): Message {
  if (message.type !== 'P' && message.type !== 'Q') return message
  const text = message.body.toString()
  const group = /SET query_group TO '([^']*)'/.exec(text)?.[1]
  if (group === undefined) return message
  groups.push(group)
  return { type: message.type, body: Buffer.from(text.replace('query_group', 'redshift.query_group')) }
}

type More = Readonly<Record<string, unknown>>

function inputs({
  run = 'build',
  ref = 'refs/heads/main',
  preflight = 'false',
  keepAlive = 'auto',
  ...connection
}: More = {}): Record<string, string> {
  const output = {
    type: 'redshift',
    host: '127.0.0.1',
    port: front.port,
    cluster_id: 'shop',
    dbname: 'dev',
    schema: 'analytics',
    sslmode: 'verify-full',
    threads: 2,
    ...connection,
  }
  return {
    run: String(run),
    connection: JSON.stringify(output),
    identity: JSON.stringify({ role: ROLE, region: REGION }),
    ref: String(ref),
    preflight: String(preflight),
    'keep-alive': String(keepAlive),
  }
}

async function trust(more: More = {}): Promise<void> {
  site.cloud.providers.clear()
  site.cloud.roles.clear()
  for (const { language, text } of await site.documents(inputs(more)))
    if (language === 'sh') apply(site.cloud, text, ACCOUNT)
}

function step(more: More = {}, prepare?: (workspace: string) => void): Promise<StepResult> {
  return site.step(inputs(more), {
    env: {
      HTTPS_PROXY: `http://127.0.0.1:${api.proxy}`,
      AWS_CA_BUNDLE: api.ca,
      SSL_CERT_FILE: join(directory, 'ca.pem'),
      // What a workflow may have left behind must not reach the driver.
      AWS_ACCESS_KEY_ID: 'AKIAMINE',
      AWS_SECRET_ACCESS_KEY: 'mine',
    },
    prepare: ({ workspace }) => prepare?.(workspace),
  })
}

/** What became of calls whose keys were good: that a cluster has no domain of its own is an answer, too. */
const TAKEN = new Set(['ok', 'CustomDomainAssociationNotFoundFault'])

const outcomes = (): string[] => redshift.calls.map(({ action, outcome }) => `${action} ${outcome}`)

/** A run of three models of which each takes longer than keys live, and with each a late one. */
async function build(keepAlive: string) {
  life = LIFE
  const before = [site.issuer.minted.length, redshift.calls.length, site.sts.calls.length] as const
  const table = '{{ config(materialized="table") }}'
  const models = lateModels(
    () => `${table} select 1 as id from (select pg_sleep(${LIFE + 2})) s`,
    `${table} select 1 as id`,
  )
  await using done = await step({ run: 'run --select slow_1+', keepAlive }, (workspace) => {
    for (const [path, text] of Object.entries(models)) writeFileSync(join(workspace, path), text)
  })
  const uses = redshift.calls.slice(before[1]).map(({ accessKeyId: id, outcome, at }) => {
    const { openedAt = 0, expiresAt = 0 } = site.cloud.sessions.get(id) ?? {}
    return { id, bornAt: openedAt, endsAt: expiresAt, at, accepted: TAKEN.has(outcome) }
  })
  const traded = site.sts.calls.slice(before[2]).map(({ form }) => sha256(form.get('WebIdentityToken') ?? ''))
  const minted = site.issuer.minted.slice(before[0])
  const sessions = [...site.cloud.sessions.values()]
  const keys = sessions.flatMap(({ secretAccessKey, sessionToken }) => [secretAccessKey, sessionToken])
  const secrets = Object.fromEntries(keys.map((key, at) => [`key ${at}`, key]))
  return {
    exitCode: done.exitCode,
    log: logOf(done),
    lived: { life: LIFE, minted, audit: auditLogOf(done), uses, traded },
    leaks: scanForLeaks(secrets, placesOf([done])),
    remains: remainsOf(done),
  }
}

describe('dbt-redshift at a front that takes only what GetClusterCredentialsWithIAM has handed out', () => {
  test('builds the demo project as the user of the role', async () => {
    await using done = await step({ preflight: 'true' })
    expect(logOf(done)).toMatch(
      /preflight: .*\n.*✓ AWS account +\d{12}\n.*✓ role +\S+\n.*\? database user +not told by the warehouse/,
    )
    expect(logOf(done)).toContain('PASS=16 WARN=0 ERROR=0')
    expect([done.exitCode, remainsOf(done)]).toEqual([0, []])
    expect(new Set(front.logins.map(({ user, admitted }) => `${user} ${admitted}`))).toEqual(
      new Set([`${USER} true`]),
    )
    expect(outcomes()).toContain('GetClusterCredentialsWithIAM ok')
    expect(new Set(api.asked.map((asked) => asked.trim()))).toEqual(new Set([`${redshift.hosts[0]}:443`]))
    expect(groups[0]).toMatch(/^dbt-oidc o\/r run 900001\.1 [0-9a-f]{12} inputs$/)
    const [session] = [...site.cloud.sessions.values()].slice(-1)
    const secrets = {
      token: site.issuer.minted.at(-1) ?? '',
      secret: session?.secretAccessKey ?? '',
      session: session?.sessionToken ?? '',
    }
    expect(scanForLeaks(secrets, placesOf([done]))).toEqual([])
  }, 200_000)

  test('builds with `method: iam` as a user of its choice', async () => {
    const more = { method: 'iam', user: 'dbt', schema: 'chosen', run: 'seed' }
    await trust(more)
    for (const { language, text } of await site.documents(inputs(more)))
      if (language === 'sql') server.psql(asPostgres(text), 'dev')
    await using done = await step(more)
    expect(logOf(done)).toContain('Completed successfully')
    expect(front.logins.at(-1)).toMatchObject({ user: 'IAM:dbt', admitted: true })
    expect(outcomes()).toContain('GetClusterCredentials ok')
  }, 200_000)

  test('asks a serverless workgroup for its password', async () => {
    const more = {
      is_serverless: true,
      cluster_id: undefined,
      serverless_work_group: 'analytics',
      run: 'debug',
    }
    await trust(more)
    await using done = await step(more)
    expect(logOf(done)).toContain('All checks passed!')
    expect(outcomes().at(-1)).toBe('GetCredentials ok')
  }, 100_000)
})

describe('a run of dbt-redshift that outlives the keys that it started with', () => {
  test('fails without keep-alive, and the log says why', async () => {
    const run = await build('off')
    expect([run.exitCode, run.remains]).toEqual([1, []])
    expect(flawsOfEnded(run.lived, 'action')).toEqual([])
    expect(run.log).toContain('The security token included in the request is expired')
    expect(run.log).toMatch(/The credential had ended at \S+Z, before dbt was done, and nothing renewed it/)
  }, 600_000)

  test('passes with it: the driver asks for keys anew, and each token is on record', async () => {
    const run = await build('auto')
    expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({
      exitCode: 0,
      log: '',
    })
    // Keys are replaced when 40 % of their life is left: the seven of three lives, and one for the start of dbt.
    const bounds = { exchanges: [5, 10], oldest: 0.8, lives: 3, trades: 'action' } as const
    expect(flawsOf(run.lived, bounds)).toEqual([])
    expect(new Set(run.lived.uses.map(({ id }) => id)).size).toBeGreaterThanOrEqual(3)
    expect([run.leaks, run.remains]).toEqual([[], []])
  }, 600_000)
})

describe('a broken trust is named', () => {
  test.each([
    [
      'another branch',
      async () => trust({ ref: 'refs/heads/release' }),
      'its trust policy does not fit the token',
    ],
    ['no such issuer', async () => site.cloud.providers.clear(), 'does not know the issuer http://127.0.0.1'],
    ['no such role', async () => site.cloud.roles.clear(), 'there is no such role'],
  ])(
    '%s',
    async (_name, breakIt, said) => {
      await breakIt()
      const before = redshift.calls.length
      await using done = await step()
      expect(done.exitCode).toBe(1)
      expect(logOf(done)).toContain(said)
      expect([redshift.calls.length - before, remainsOf(done)]).toEqual([0, []])
    },
    60_000,
  )

  test.each([
    [
      'a role without the right',
      async () => {
        for (const { policies } of site.cloud.roles.values()) policies.length = 0
      },
      {},
    ],
    ['a right for another cluster', async () => trust({ cluster_id: 'other' }), {}],
    ['a right for another database', async () => trust({ dbname: 'other' }), {}],
  ])(
    '%s',
    async (_name, breakIt, more) => {
      await breakIt()
      const before = front.logins.length
      await using done = await step({ ...more, run: 'debug' })
      expect(done.exitCode).toBe(1)
      expect(logOf(done)).toContain(
        'is not authorized to perform: redshift:GetClusterCredentialsWithIAM on resource: arn:aws:redshift:eu-west-1:123456789012:dbname:shop/dev',
      )
      expect(front.logins.length).toBe(before)
    },
    100_000,
  )

  test('a password that nobody was lent', async () => {
    expect(redshift.admit(USER, 'made up')).toMatchObject({ detail: 'nobody was lent this password' })
  })
})
