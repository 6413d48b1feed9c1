import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { APPLICATION, INSTANCE } from '../support/aws/center-bench.ts'
import { newDirectory, obey, type Application, type Directory } from '../support/aws/directory.ts'
import { admitByCenter } from '../support/aws/identity-center.ts'
import { runInShell } from '../support/aws/real-shell.ts'
import { ACCOUNT, openSite, REGION, serversBin, type Site } from '../support/aws/site.ts'
import { discovered } from '../support/aws/sts.ts'
import { selfSigned } from '../support/certificate.ts'
import { auditOf } from '../support/job.ts'
import { claimsOf } from '../support/jwt.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { startFront, type Front } from '../support/postgres/front.ts'
import type { Message } from '../support/postgres/messages.ts'
import { startPostgres, type PostgresServer } from '../support/postgres/server.ts'
import { logOf, remainsOf } from '../support/process.ts'
import { scalarText } from '../support/shape.ts'
import type { StepResult } from '../support/step.ts'

/** Seconds that a token of GitHub's lives where a run outlives it. */
const LIFE = 30
const ROLE = 'AWSIDC:dbt-prod'

let site: Site
let server: PostgresServer
let front: Front
let directory: Directory
let files: string
const groups: string[] = []

beforeAll(async () => {
  site = await openSite(serversBin())
  server = await startPostgres()
  const certificate = selfSigned(['127.0.0.1'])
  files = mkdtempSync(join(tmpdir(), 'redshift-'))
  writeFileSync(join(files, 'ca.pem'), certificate.cert)
  front = await startFront({
    server,
    certificate,
    admit: (user) => ({
      refusal: `password authentication failed for user "${user}"`,
      detail: 'no passwords here',
    }),
    admitToken: (token) => admitByCenter({ directory, keysOf: discovered }, token),
    keep: ['database'],
    status: { server_version: '8.0.2' },
    rewrite,
  })
  server.psql('CREATE DATABASE dev')
  for (const { language, text } of await site.documents(inputs()))
    if (language === 'sql') server.psql(asPostgres(text), 'dev')
}, 120_000)

afterAll(async () => {
  await front[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
  rmSync(files, { recursive: true, force: true })
})

beforeEach(async () => {
  site.issuer.ttl(300)
  await trust()
})

/** In PostgreSQL a role that logs in is a user, and no grantee is called a role; Redshift lets its users in by itself. */
function asPostgres(text: string): string {
  return text.replace('CREATE ROLE', 'CREATE USER').replaceAll(' TO ROLE ', ' TO ')
}

function rewrite(message: Message): Message {
  if (message.type !== 'P' && message.type !== 'Q') return message
  const text = message.body.toString()
  const group = /SET query_group TO '([^']*)'/.exec(text)?.[1]
  if (group === undefined) return message
  groups.push(group)
  return { type: message.type, body: Buffer.from(text.replace('query_group', 'redshift.query_group')) }
}

type More = Readonly<Record<string, string>>

function inputs({ run = 'build', ref = 'refs/heads/main', keepAlive = 'auto' }: More = {}) {
  return {
    run,
    connection: JSON.stringify({
      type: 'redshift',
      method: 'oauth_token_identity_center',
      host: '127.0.0.1',
      port: front.port,
      region: REGION,
      dbname: 'dev',
      schema: 'analytics',
      sslmode: 'verify-full',
      threads: 2,
    }),
    identity: JSON.stringify({
      via: 'aws-identity-center',
      instance: INSTANCE,
      region: REGION,
      group: 'dbt-prod',
    }),
    ref,
    'keep-alive': keepAlive,
  }
}

/** An Identity Center that knows nothing but what our documents say. */
async function trust(more: More = {}): Promise<void> {
  directory = newDirectory(INSTANCE, APPLICATION)
  site.cloud.roles.clear()
  const shell = (await site.documents(inputs(more))).filter(({ language }) => language === 'sh')
  obey(site.cloud, directory, await runInShell(shell.map(({ text }) => text)), ACCOUNT)
}

function step(more: More = {}, prepare?: (workspace: string) => void): Promise<StepResult> {
  return site.step(inputs(more), {
    env: {
      SSL_CERT_FILE: join(files, 'ca.pem'),
      // What a workflow may have left behind must not reach the driver.
      AWS_ACCESS_KEY_ID: 'AKIAMINE',
      AWS_SECRET_ACCESS_KEY: 'mine',
    },
    prepare: ({ workspace }) => prepare?.(workspace),
  })
}

function application(): Application {
  const found = directory.applications.get(directory.warehouses[0]?.application ?? '')
  if (!found) throw new Error('Redshift has no application')
  return found
}

/** Runs a step; gives what became of it beside the logins at the database. */
async function watched(act: () => Promise<StepResult>) {
  const before = front.logins.length
  await using done = await act()
  const logins = front.logins.slice(before)
  const tokens = site.issuer.minted
  return {
    exitCode: done.exitCode,
    log: logOf(done),
    logins,
    /** What would tell one token from another. */
    jtis: logins.map(({ password }) => scalarText(claimsOf(password).jti)),
    audit: auditOf(readFileSync(done.outputs.get('audit-log') ?? '', 'utf8')),
    leaks: scanForLeaks(
      Object.fromEntries(tokens.map((token, at) => [`token ${at}`, token])),
      placesOf([done]),
    ),
    remains: remainsOf(done),
  }
}

/** A run whose second model connects after the end of the first token. */
const late = (keepAlive: string) =>
  watched(() => {
    site.issuer.ttl(LIFE)
    return step({ run: 'run --select slow late', keepAlive }, (workspace) => {
      const table = '{{ config(materialized="table") }}'
      const sleep = `${table} select 1 as id from (select pg_sleep(${LIFE + 4})) s`
      writeFileSync(join(workspace, 'models', 'slow.sql'), sleep)
      writeFileSync(join(workspace, 'models', 'late.sql'), `${table} select * from {{ ref("slow") }}`)
    })
  })

describe('dbt-redshift at a front that asks Identity Center about each token', () => {
  test('builds the demo project as the role of its group, each connection with a token of its own', async () => {
    const run = await watched(() => step())
    expect(run.log).toContain('PASS=16 WARN=0 ERROR=0')
    expect([run.exitCode, run.leaks, run.remains]).toEqual([0, [], []])
    expect(run.logins.length).toBeGreaterThan(2)
    expect(new Set(run.jtis).size).toBe(run.logins.length)
    const said = run.logins.map(({ parameters, admitted }) => [
      admitted,
      parameters.get('plugin_name')?.split('.').at(-1),
      parameters.get('token_type'),
    ])
    expect(said).toEqual(said.map(() => [true, 'IdpTokenAuthPlugin', 'EXT_JWT']))
    expect(new Set(run.logins.map(({ password }) => claimsOf(password).aud))).toEqual(new Set([INSTANCE]))
    expect(
      server.psql("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'analytics'", 'dev'),
    ).toContain(ROLE)
    expect(groups[0]).toMatch(/^dbt-oidc o\/r run 900001\.1 [0-9a-f]{12} inputs$/)
    // Every token that was shown is on record, by its use.
    expect(run.audit.filter(({ use }) => use === 'keep-alive').length).toBe(run.logins.length - 1)
    expect(site.sts.calls).toEqual([])
  }, 200_000)

  test('outlives the token that it started with', async () => {
    const run = await late('auto')
    expect(run.log).toContain('PASS=2 WARN=0 ERROR=0')
    expect([run.exitCode, run.leaks, run.remains]).toEqual([0, [], []])
    expect(new Set(run.jtis).size).toBe(run.logins.length)
  }, 200_000)

  test('does not without keep-alive, and the log says why', async () => {
    const run = await late('off')
    expect(run.exitCode).toBe(1)
    expect(run.logins.map(({ admitted }) => admitted).slice(0, 2)).toEqual([true, false])
    expect(new Set(run.jtis).size).toBe(1)
    expect(run.log).toContain('Redshift did not take the token for dev: it has expired or was used before')
    expect(run.log).toContain('an expired or used one means `keep-alive: off`')
  }, 200_000)
})

describe('a broken trust is named', () => {
  const refused = 'Redshift did not take the token for dev'

  test.each<[string, () => unknown, string]>([
    [
      'no user of this subject',
      () => trust({ ref: 'refs/heads/release' }),
      'no user repo:o/r:ref:refs/heads/main',
    ],
    ['an issuer that is not trusted', () => directory.issuers.clear(), 'the issuer'],
    ['a user without the group', () => directory.groups.clear(), 'not assigned'],
    ['a group that is not assigned', () => application().assigned.clear(), 'not assigned'],
    ['no application of Redshift', () => directory.warehouses.splice(0), 'no application of Redshift'],
    [
      'another audience',
      () => {
        application().trusted = application().trusted.map((one) => ({ ...one, audiences: ['another'] }))
      },
      'ERR_JWT_CLAIM_VALIDATION_FAILED',
    ],
  ])(
    '%s',
    async (_name, breakIt, detail) => {
      await breakIt()
      const run = await watched(() => step({ run: 'debug' }))
      expect(run.exitCode).toBe(1)
      expect(run.log).toContain(refused)
      // The driver tries a connection once more, with the token that it has got for it.
      expect(run.logins[0]?.detail).toBe(detail)
      expect(run.logins.filter(({ admitted }) => admitted)).toEqual([])
      expect([run.leaks, run.remains]).toEqual([[], []])
    },
    100_000,
  )

  test('GitHub gives no token for a further login', async () => {
    const run = await watched(() =>
      step({ run: 'run --select slow' }, (workspace) => {
        writeFileSync(join(workspace, 'models', 'slow.sql'), 'select 1 as id')
        // The first token is that of the decision and of the first login.
        let given = 0
        site.issuer.always('idtoken', (_req, res, proceed) => {
          given += 1
          return given > 1 ? void res.writeHead(401).end() : proceed()
        })
      }),
    )
    site.issuer.always('idtoken', undefined)
    expect(run.exitCode).toBe(1)
    expect(run.log).toContain('There was no fresh token for a login of dbt.')
    expect(run.log).toContain('There was no token for a new connection of dbt')
  }, 100_000)
})
