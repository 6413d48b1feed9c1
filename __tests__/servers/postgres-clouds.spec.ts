import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSite, serversBin, type Site } from '../support/aws/site.ts'
import { selfSigned } from '../support/certificate.ts'
import { playEntra, type Entra } from '../support/entra-server.ts'
import { objectIdOf } from '../support/entra-tokens.ts'
import { PROVIDER } from '../support/google/bench.ts'
import { standInForGoogle, type GoogleCloud } from '../support/google/cloud.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { credentialsIn } from '../support/models/entra.ts'
import { admitByEntra, knowPrincipals } from '../support/postgres/azure.ts'
import { admitByIam } from '../support/postgres/cloud-sql.ts'
import { startFront, type Admission, type Front } from '../support/postgres/front.ts'
import { startPostgres, type PostgresServer } from '../support/postgres/server.ts'
import { logOf, remainsOf } from '../support/process.ts'

// A real PostgreSQL with the users that our own documents have made, behind a front that admits as the database of a cloud does.

const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const APP = '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10'
const EMAIL = 'dbt-prod@acme-prod.iam.gserviceaccount.com'

type Inputs = Readonly<Record<string, string>>

/** One of the two clouds with its database. */
interface Cloud {
  readonly user: string
  readonly database: string
  readonly identity: Readonly<Record<string, string>>
  /** Does what the documents say; `edit` is what somebody has broken in those in the shell. */
  readonly trust: (more?: Inputs, edit?: (text: string) => string) => Promise<void>
  readonly admit: (user: string, password: string) => Promise<Admission> | Admission
  /** The tokens that were given out for a login. */
  readonly issued: () => readonly string[]
}

let site: Site
let server: PostgresServer
let front: Front
let directory: string
let entra: Entra
let google: GoogleCloud

const AZURE: Cloud = {
  user: 'dbt-prod',
  database: 'azure',
  identity: { via: 'entra', tenant: TENANT, 'client-id': APP },
  async trust(more, edit = (text) => text) {
    const credentials = credentialsIn(edit(await commands(AZURE, more)))
    entra = playEntra(site.issuer, { tenant: TENANT, credentials })
  },
  admit: (user, password) => {
    const keys = `${site.issuer.serverUrl}/_at/login.microsoftonline.com/${TENANT}/discovery/v2.0/keys`
    return admitByEntra({ server, tenant: TENANT, keys }, user, password)
  },
  issued: () => entra.issued,
}

const CLOUD_SQL: Cloud = {
  user: 'dbt-prod@acme-prod.iam',
  database: 'google',
  identity: { via: 'google', provider: PROVIDER, 'service-account': EMAIL },
  async trust(more, edit = (text) => text) {
    google = standInForGoogle(site.issuer, [edit(await commands(CLOUD_SQL, more))])
  },
  admit: (user, password) => admitByIam(google.cloud, google.tokens, user, password),
  issued: () => google.tokens.issued().filter((token) => token.startsWith('ya29.c.')),
}

beforeAll(async () => {
  site = await openSite(serversBin())
  server = await startPostgres()
  const certificate = selfSigned(['127.0.0.1'])
  directory = mkdtempSync(join(tmpdir(), 'clouds-'))
  writeFileSync(join(directory, 'ca.pem'), certificate.cert)
  const admit = (user: string, password: string) =>
    (user === AZURE.user ? AZURE : CLOUD_SQL).admit(user, password)
  front = await startFront({ server, certificate, admit })
  knowPrincipals(
    server,
    new Map([
      [AZURE.user, objectIdOf(APP)],
      ['somebody-else', objectIdOf('another app')],
    ]),
  )
  // Cloud SQL makes the role with its user.
  server.psql(`CREATE ROLE "${CLOUD_SQL.user}" LOGIN`)
  for (const cloud of [AZURE, CLOUD_SQL]) {
    server.psql(`CREATE DATABASE ${cloud.database}`)
    for (const { language, title, text } of await site.documents(inputs(cloud)))
      if (language === 'sql')
        server.psql(text, title.includes('in the database postgres') ? 'postgres' : cloud.database)
  }
}, 120_000)

afterAll(async () => {
  await front[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

function inputs({ user, database, identity }: Cloud, more: Inputs = {}): Record<string, string> {
  const connection = {
    type: 'postgres',
    host: '127.0.0.1',
    port: front.port,
    user,
    dbname: database,
    schema: 'analytics',
    sslmode: 'verify-full',
    sslrootcert: join(directory, 'ca.pem'),
    threads: 2,
  }
  return {
    run: 'build',
    connection: JSON.stringify(connection),
    identity: JSON.stringify(identity),
    ref: 'refs/heads/main',
    claims: '{ repository_id: 456, repository_owner_id: 123 }',
    ...more,
  }
}

/** The commands that a configuration asks a cloud to run. */
async function commands(cloud: Cloud, more: Inputs = {}): Promise<string> {
  const documents = await site.documents(inputs(cloud, more))
  return documents
    .filter(({ language }) => language === 'sh')
    .map(({ text }) => text)
    .join('\n')
}

describe.each([
  ['Azure Database', AZURE],
  ['Cloud SQL', CLOUD_SQL],
])('dbt-postgres at %s', (_name, cloud) => {
  beforeEach(() => cloud.trust())

  test('builds the demo project as the user that our own documents have made', async () => {
    const before = front.logins.length
    await using done = await site.step(inputs(cloud, { preflight: 'true' }))
    expect(logOf(done)).toContain('PASS=16 WARN=0 ERROR=0')
    expect([done.exitCode, remainsOf(done)]).toEqual([0, []])
    const logins = front.logins.slice(before)
    expect(logins.length).toBeGreaterThan(5)
    expect(new Set(logins.map(({ user, admitted }) => `${user} ${admitted}`))).toEqual(
      new Set([`${cloud.user} true`]),
    )
    const owner = 'select distinct tableowner from pg_tables where schemaname = $$analytics$$'
    expect(server.psql(owner, cloud.database)).toBe(cloud.user)
    const secrets = { token: site.issuer.minted.at(-1) ?? '', access: cloud.issued().at(-1) ?? '' }
    expect(scanForLeaks(secrets, placesOf([done]))).toEqual([])
  }, 200_000)

  test('is not started where the trust names another branch', async () => {
    await cloud.trust({ ref: 'refs/heads/release' })
    const before = front.logins.length
    await using done = await site.step(inputs(cloud))
    expect(logOf(done)).toContain('✗ exchange: ')
    expect([done.exitCode, front.logins.length - before, remainsOf(done), cloud.issued()]).toEqual([
      1,
      0,
      [],
      [],
    ])
  }, 60_000)

  test('is let in by no token that the database has not been told of', async () => {
    await using first = await site.step(inputs(cloud, { run: '', until: 'exchange' }))
    expect(first.exitCode).toBe(0)
    const token = cloud.issued().at(-1) ?? ''
    expect(await cloud.admit(cloud.user, token)).toEqual({ role: cloud.user })
    expect(await cloud.admit('admin', token)).toHaveProperty('refusal')
    expect(await cloud.admit(cloud.user, `${token.slice(0, -8)}AAAAAAAA`)).toHaveProperty('refusal')
    expect(await cloud.admit(cloud.user, site.issuer.mint('x'))).toHaveProperty('refusal')
  }, 60_000)
})

/** Says at Azure whom the role stands for. */
function label(id: string): void {
  server.psql(`COMMENT ON ROLE "dbt-prod" IS 'aadauth,oid=${id},type=service'`)
}

/** A login that the database refuses. */
async function refused(
  cloud: Cloud,
  more: Inputs = {},
): Promise<{ readonly log: string; readonly detail: string }> {
  await using done = await site.step(inputs(cloud, { run: 'debug', ...more }))
  expect([done.exitCode, remainsOf(done)]).toEqual([1, []])
  return { log: logOf(done), detail: front.logins.at(-1)?.detail ?? '' }
}

describe('a login that the database refuses is explained', () => {
  test('at Azure, where the role stands for another app', async () => {
    await AZURE.trust()
    label(objectIdOf('another app'))
    const { log, detail } = await refused(AZURE)
    label(objectIdOf(APP))
    expect(detail).toBe('the token is of somebody else')
    expect(log).toContain('found another holder than dbt-prod in it')
  }, 60_000)

  test('at Azure, where the token is for another resource', async () => {
    await AZURE.trust()
    const identity = JSON.stringify({ ...AZURE.identity, scope: 'https://database.windows.net/.default' })
    const { log, detail } = await refused(AZURE, { identity })
    expect(detail).toBe('aud')
    expect(log).toContain('wants a token for another resource of Entra')
  }, 60_000)

  test.each<[string, (text: string) => string, string]>([
    [
      'the account may log in at no instance',
      (text) => text.replace(/^gcloud projects add-iam-policy-binding .*$/m, ''),
      'The caller does not have permission',
    ],
    [
      'the user is that of another account',
      (text) => text.replaceAll(EMAIL, EMAIL.replace('dbt-prod', 'dbt-dev')),
      'the token is of somebody else',
    ],
  ])(
    'at Cloud SQL, where %s',
    async (_what, edit, said) => {
      await CLOUD_SQL.trust({}, edit)
      const other = said.includes('somebody')
      const identity = JSON.stringify({
        ...CLOUD_SQL.identity,
        ...(other && { 'service-account': EMAIL.replace('dbt-prod', 'dbt-dev') }),
      })
      const { log, detail } = await refused(CLOUD_SQL, { identity })
      expect(detail).toBe(said)
      expect(log).toContain('Cloud SQL does not let dbt-prod@acme-prod.iam in')
    },
    60_000,
  )
})
