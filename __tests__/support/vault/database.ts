import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSite, serversBin, type Site } from '../aws/site.ts'
import { selfSigned } from '../certificate.ts'
import { startPostgres, type PostgresServer } from '../postgres/server.ts'
import { openVault, type RealVault } from './real.ts'

type Inputs = Readonly<Record<string, string>>

/** GitHub, a real server of Vault's API, and a real PostgreSQL that it makes users in; both know what our documents say. */
export interface VaultSite extends AsyncDisposable {
  readonly site: Site
  readonly vault: RealVault
  readonly postgres: PostgresServer
  /** Of a job that builds the demo project. */
  inputs(more?: Inputs): Record<string, string>
  identity(more?: Readonly<Record<string, unknown>>): string
  /** Lets in whom the documents for these inputs let in, and nobody else. */
  trust(more?: Inputs): Promise<void>
  /** Lets users live so long, in words of Vault. */
  live(ttl: string, most: string): Promise<void>
  /** Users in the database that Vault has made. */
  users(): readonly string[]
  /** Users that have logged in since the last call, each once, and how often in all. */
  logins(): readonly string[]
}

/** What Vault logs in to PostgreSQL with: no administrator, only somebody who may make roles. */
const KEEPER = { user: 'vault', password: 'of-a-test-alone' }

/** Opens everything. */
export async function openVaultSite(): Promise<VaultSite> {
  await using undo = new AsyncDisposableStack()
  const site = undo.use(await openSite(serversBin()))
  const vault = undo.use(await openVault())
  const certificate = selfSigned(['127.0.0.1'])
  const directory = mkdtempSync(join(tmpdir(), 'vault-'))
  undo.defer(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(join(directory, 'ca.pem'), certificate.cert)
  const postgres = undo.use(await startPostgres({ certificate }))
  let seen = 0

  const identity: VaultSite['identity'] = (more = { database: { role: 'dbt' } }) =>
    JSON.stringify({ via: 'vault', url: vault.url, role: 'dbt-prod', ...more })
  const inputs: VaultSite['inputs'] = (more = {}) => ({
    run: 'build',
    connection: JSON.stringify({
      type: 'postgres',
      host: '127.0.0.1',
      port: postgres.port,
      dbname: 'shop',
      schema: 'analytics',
      sslmode: 'verify-full',
      sslrootcert: join(directory, 'ca.pem'),
      threads: 2,
    }),
    identity: identity(),
    ref: 'refs/heads/main',
    claims: 'repository_id: 456',
    ...more,
  })

  postgres.psql(`CREATE ROLE ${KEEPER.user} LOGIN CREATEROLE PASSWORD '${KEEPER.password}'`)
  postgres.psql('CREATE DATABASE shop')
  for (const { language, text } of await site.documents(inputs()))
    if (language === 'sql') postgres.psql(text, 'shop')
  postgres.psql(`GRANT dbt_owner TO ${KEEPER.user} WITH ADMIN OPTION`)
  await vault.ask('POST', 'sys/mounts/database', { type: 'database' })
  await vault.ask('POST', 'database/config/postgres', {
    plugin_name: 'postgresql-database-plugin',
    connection_url: `postgresql://{{username}}:{{password}}@127.0.0.1:${postgres.port}/shop?sslmode=require`,
    username: KEEPER.user,
    password: KEEPER.password,
    allowed_roles: ['dbt'],
  })

  const undone = undo.move()
  return {
    site,
    vault,
    postgres,
    inputs,
    identity,
    async trust(more = {}) {
      await vault.ask('DELETE', 'sys/auth/jwt')
      for (const { language, text } of await site.documents(inputs(more)))
        if (language === 'sh') await vault.paste(text)
    },
    async live(ttl, most) {
      // What a write leaves out stays.
      await vault.ask('POST', 'database/roles/dbt', { default_ttl: ttl, max_ttl: most })
    },
    users: () => lines(postgres.psql(String.raw`select rolname from pg_roles where rolname like 'v-%'`)),
    logins() {
      const said = postgres.log()
      const since = said.slice(seen)
      seen = said.length
      return since.flatMap((line) => /connection authorized: user=(v-\S+)/.exec(line)?.[1] ?? [])
    },
    [Symbol.asyncDispose]: () => undone.disposeAsync(),
  }
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '')
}
