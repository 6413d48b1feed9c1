import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSite, serversBin, type Site } from '../support/aws/site.ts'
import { selfSigned } from '../support/certificate.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { startFront, type Admission, type Front } from '../support/postgres/front.ts'
import { startPostgres, type PostgresServer } from '../support/postgres/server.ts'
import { logOf, remainsOf } from '../support/process.ts'
import { playVault, type Vault } from '../support/vault-server.ts'

// A real PostgreSQL whose users are made and dropped by the statements that our own document tells for Vault.

let site: Site
let server: PostgresServer
let vault: Vault
let front: Front
let directory: string
let statements: { readonly make: string; readonly drop: string }

beforeAll(async () => {
  site = await openSite(serversBin())
  server = await startPostgres()
  vault = playVault(site.issuer, {
    make: (user, password, until) =>
      void server.psql(
        statements.make
          .replaceAll('{{name}}', user)
          .replaceAll('{{password}}', password)
          .replaceAll('{{expiration}}', until.toISOString()),
        'shop',
      ),
    drop: (user) => void server.psql(statements.drop.replaceAll('{{name}}', user), 'shop'),
  })
  const certificate = selfSigned(['127.0.0.1'])
  directory = mkdtempSync(join(tmpdir(), 'vault-'))
  writeFileSync(join(directory, 'ca.pem'), certificate.cert)
  front = await startFront({ server, certificate, admit })
  server.psql('CREATE DATABASE shop')
  for (const { language, text } of await site.documents(inputs()))
    if (language === 'sql') {
      statements = statementsIn(text)
      server.psql(text, 'shop')
    }
}, 120_000)

afterAll(async () => {
  await front[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

beforeEach(() => trust())

function admit(user: string, password: string): Admission {
  const known = vault.users().some((one) => one.user === user && one.password === password)
  return known
    ? { role: user }
    : { refusal: `password authentication failed for user "${user}"`, detail: 'Vault has no such user' }
}

/** As somebody reads them who writes the role of the database engine. */
function statementsIn(document: string): typeof statements {
  const lines = document.split('\n').map((line) => line.replace(/^-- ?/, ''))
  const from = (label: RegExp): number => lines.findIndex((line) => label.test(line)) + 1
  const [make, drop] = [from(/creation_statements:/), from(/revocation_statements:/)]
  return { make: lines.slice(make, drop - 1).join('\n'), drop: lines[drop] ?? '' }
}

function inputs(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const connection = {
    type: 'postgres',
    host: '127.0.0.1',
    port: front?.port ?? 5432,
    dbname: 'shop',
    schema: 'analytics',
    sslmode: 'verify-full',
    sslrootcert: join(directory, 'ca.pem'),
    threads: 2,
  }
  return {
    run: 'build',
    connection: JSON.stringify(connection),
    identity: JSON.stringify({ via: 'vault', url: vault.url, role: 'dbt-prod', database: { role: 'dbt' } }),
    ref: 'refs/heads/main',
    claims: 'repository_id: 456',
    ...more,
  }
}

async function trust(more: Readonly<Record<string, string>> = {}): Promise<void> {
  vault.forget()
  for (const { language, text } of await site.documents(inputs(more)))
    if (language === 'sh') vault.apply(text)
}

test('dbt builds as a user that Vault has made for this run, and that is gone after it', async () => {
  await using done = await site.step(inputs({ preflight: 'true' }))
  expect(logOf(done)).toContain('PASS=16 WARN=0 ERROR=0')
  expect([done.exitCode, remainsOf(done)]).toEqual([0, []])
  const users = new Set(front.logins.map(({ user, admitted }) => `${user} ${admitted}`))
  expect([...users].map((one) => one.replace(/[0-9a-f]{16}/, 'ID'))).toEqual(['v-jwt-7654-dbt-ID true'])
  expect([vault.users(), vault.tokens()]).toEqual([[], []])
  expect(server.psql(String.raw`select count(*) from pg_roles where rolname like 'v-jwt%'`, 'shop')).toBe('0')
  // What dbt has made stays, with its lasting owner.
  expect(
    server.psql('select distinct tableowner from pg_tables where schemaname = $$analytics$$', 'shop'),
  ).toBe('dbt_owner')
  expect(vault.calls).toEqual([
    'POST auth/jwt/login 200',
    'GET database/creds/dbt 200',
    'POST auth/token/revoke-self 204',
  ])
  const password = front.logins[0]?.password ?? ''
  expect(scanForLeaks({ token: site.issuer.minted.at(-1) ?? '', password }, placesOf([done]))).toEqual([])
}, 200_000)

test('what was bought is given back also when dbt fails', async () => {
  await using done = await site.step(
    inputs({ run: 'build --select no_such_model\nrun-operation no_such_macro' }),
  )
  expect([done.exitCode, vault.users(), vault.tokens(), remainsOf(done)]).toEqual([1, [], [], []])
}, 200_000)

test('in prepared mode the user lives until the post step', async () => {
  await using prepared = await site.step(inputs({ run: '' }))
  expect([prepared.exitCode, vault.users().length]).toEqual([0, 1])
  await using post = await prepared.post()
  expect([post.exitCode, vault.users(), remainsOf(post)]).toEqual([0, [], []])
}, 100_000)

test.each([
  ['another branch', { ref: 'refs/heads/release' }, 'does not let in ref `refs/heads/main`'],
  ['another repository', { claims: 'repository_id: 1' }, 'does not let in repository_id `456`'],
  ['an environment', { environment: 'production' }, 'asks for the claim environment'],
  ['another audience', { audience: 'https://vault.other' }, 'expects another audience than'],
])(
  'a trust for %s ends the run before dbt, and says why',
  async (_what, more, told) => {
    await trust(more)
    const before = front.logins.length
    await using done = await site.step(inputs())
    expect(logOf(done)).toContain(told)
    expect([done.exitCode, front.logins.length - before, vault.users(), vault.tokens()]).toEqual([
      1,
      0,
      [],
      [],
    ])
  },
  60_000,
)

test('a policy without the path lets nobody read, and the login is given back', async () => {
  const other = JSON.stringify({
    via: 'vault',
    url: vault.url,
    role: 'dbt-prod',
    database: { role: 'other' },
  })
  await trust({ identity: other })
  await using done = await site.step(inputs())
  expect(logOf(done)).toContain('its policies do not allow what was asked')
  expect([done.exitCode, vault.tokens()]).toEqual([1, []])
}, 60_000)

test('a secret that Vault keeps is read, and the token of the login ends at once', async () => {
  server.psql('CREATE ROLE kept LOGIN IN ROLE dbt_owner; ALTER ROLE kept SET ROLE dbt_owner', 'shop')
  const identity = JSON.stringify({
    via: 'vault',
    url: vault.url,
    role: 'dbt-prod',
    secret: { path: 'dbt/prod', field: 'password', 'user-field': 'username' },
  })
  await trust({ identity })
  vault.secrets.set('secret/data/dbt/prod', { username: 'kept', password: 'from-the-vault' })
  const before = vault.calls.length
  await using done = await site.step(inputs({ identity, until: 'exchange', run: '' }))
  expect(done.exitCode).toBe(0)
  expect(vault.calls.slice(before)).toEqual([
    'POST auth/jwt/login 200',
    'GET secret/data/dbt/prod 200',
    'POST auth/token/revoke-self 204',
  ])
}, 60_000)
