import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfSigned } from '../certificate.ts'
import type { Lived } from '../lives.ts'
import { startFront, type Admission, type Front } from '../postgres/front.ts'
import { startPostgres, type PostgresServer } from '../postgres/server.ts'
import { sha256 } from '../snowflake/identity.ts'
import { apply, type Session } from './account.ts'
import { admitByToken } from './rds.ts'
import { ACCOUNT, openSite, REGION, ROLE, serversBin, type Site } from './site.ts'

type Inputs = Readonly<Record<string, string>>

/** A database of RDS: a real PostgreSQL that takes tokens which the sessions of an account have signed. */
export interface DatabaseSite extends AsyncDisposable {
  readonly site: Site
  readonly server: PostgresServer
  readonly front: Front
  inputs(more?: Inputs): Record<string, string>
  /** Makes the account anew, from the documents of these inputs. */
  trust(more?: Inputs): Promise<void>
  /** Seconds that a session lives from now on; undefined: as long as was asked for. */
  live(seconds: number | undefined): void
  /** Milliseconds by which the token service is late. */
  late(by: number): void
  /** What RDS itself says of a login. */
  admit(user: string, password: string): Admission
  /** Begins an account of what GitHub, the token service and PostgreSQL see from now on. */
  watch(): (life: number, audit: Lived['audit']) => Lived
}

const RESOURCE = 'cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** Opens one whose users our own documents have made. */
export async function openDatabase(): Promise<DatabaseSite> {
  let life: number | undefined
  let clock = 0
  const site = await openSite(serversBin(), { now: () => new Date(Date.now() + clock), life: () => life })
  const server = await startPostgres({ hba: ['local all dbt_prod password'] })
  const certificate = selfSigned(['127.0.0.1'])
  const directory = mkdtempSync(join(tmpdir(), 'rds-'))
  writeFileSync(join(directory, 'ca.pem'), certificate.cert)

  const address = (): string => `127.0.0.1:${front.port}`
  const admit = (user: string, password: string, cloud = site.cloud): Admission => {
    const database = { cloud, region: REGION, account: ACCOUNT, address, resourceId: RESOURCE }
    return admitByToken(database, user, password)
  }
  // The end of a token is PostgreSQL's own affair: whoever shows one that was rightly signed has it for a password,
  // VALID UNTIL the session ends that has signed it.
  const admitUntil = (user: string, password: string): Admission => {
    const endless = [...site.cloud.sessions].map(
      ([id, one]) => [id, { ...one, expiresAt: Infinity }] as const,
    )
    const admission = admit(user, password, { ...site.cloud, sessions: new Map(endless) })
    const session = signerOf(site, password)
    if ('refusal' in admission || !session) return admission
    const own = sha256(password)
    const until = new Date(session.expiresAt).toISOString()
    server.psql(`ALTER ROLE ${admission.role} PASSWORD '${own}' VALID UNTIL '${until}'`)
    return { ...admission, password: own }
  }
  const front = await startFront({ server, certificate, admit: admitUntil })

  const inputs = (more: Inputs = {}): Record<string, string> => ({
    run: 'build',
    connection: JSON.stringify({
      type: 'postgres',
      host: '127.0.0.1',
      port: front.port,
      user: 'dbt_prod',
      dbname: 'shop',
      schema: 'analytics',
      sslmode: 'verify-full',
      sslrootcert: join(directory, 'ca.pem'),
      threads: 2,
    }),
    identity: JSON.stringify({ role: ROLE, region: REGION }),
    ref: 'refs/heads/main',
    ...more,
  })
  // RDS has it from the beginning.
  server.psql('CREATE ROLE rds_iam')
  server.psql('CREATE DATABASE shop')
  for (const { language, text } of await site.documents(inputs()))
    if (language === 'sql') server.psql(text, 'shop')
  return {
    site,
    server,
    front,
    inputs,
    async trust(more) {
      site.cloud.providers.clear()
      site.cloud.roles.clear()
      for (const { language, text } of await site.documents(inputs(more)))
        if (language === 'sh') apply(site.cloud, text, ACCOUNT)
    },
    live: (seconds) => void (life = seconds),
    late: (by) => void (clock = by),
    admit: (user, password) => admit(user, password),
    watch: () => watching(site, front),
    async [Symbol.asyncDispose]() {
      await front[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
      await site[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The session whose keys have signed a token. */
function signerOf({ cloud }: Site, password: string): Session | undefined {
  const credential = new URL(`https://${password}`).searchParams.get('X-Amz-Credential') ?? ''
  return cloud.sessions.get(credential.split('/')[0] ?? '')
}

function watching(site: Site, front: Front): ReturnType<DatabaseSite['watch']> {
  const [minted, logins, calls] = [site.issuer.minted.length, front.logins.length, site.sts.calls.length]
  return (life, audit) => ({
    life,
    audit,
    minted: site.issuer.minted.slice(minted),
    traded: site.sts.calls.slice(calls).map(({ form }) => sha256(form.get('WebIdentityToken') ?? '')),
    uses: front.logins.slice(logins).map(({ password, admitted: accepted, at }) => {
      const { openedAt = 0, expiresAt = 0 } = signerOf(site, password) ?? {}
      return { id: sha256(password), bornAt: openedAt, endsAt: expiresAt, at, accepted }
    }),
  })
}
