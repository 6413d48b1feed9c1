import * as z from 'zod/mini'
import type { Credential } from '../../credential.ts'
import { DbtOidcError } from '../../errors.ts'
import type { Io } from '../../exchange.ts'
import { isLoopbackHost } from '../../rehearsal.ts'
import type { Finding, PreflightTools, Source } from '../../warehouse.ts'
import { hostOf, type Connection } from './connection.ts'
import { openRelay, type Relay } from './relay.ts'
import { rowsOf, saidBy, type Session } from './session.ts'

const QUERY = `select current_organization_name() || '-' || current_account_name() as "account", current_user() as "user",
  current_role() as "role", current_warehouse() as "warehouse", current_database() as "database"`

const row = z.record(z.string(), z.nullish(z.string()))

/** One login through `snowflake-sdk`, and what it says of itself. */
export async function preflight(
  { connection: c, credential, directory }: Source<Connection>,
  { io }: PreflightTools,
): Promise<readonly Finding[]> {
  await using relay = await openRelay(relayedOrigin(c, io), io)
  const login = loginBy(credential)
  const told = await Promise.race([ask(c, relay, login, directory), relay.failed])
  const finding = (what: string, expected: string | undefined): Finding => ({
    what,
    expected,
    actual: told[what] ?? undefined,
  })
  return [
    // A legacy account locator names no organisation, so only the new form can be compared.
    hyphened(finding('account', c.account.includes('-') ? c.account : undefined)),
    finding('user', credential.kind === 'key-pair' ? credential.user : c.user),
    finding('role', c.role),
    finding('warehouse', c.warehouse),
    finding('database', c.database),
  ]
}

/** As `snowflake-sdk` calls the ways in. */
function loginBy(credential: Credential): Session['options'] {
  switch (credential.kind) {
    case 'id-token':
      return {
        token: credential.token,
        authenticator: 'WORKLOAD_IDENTITY',
        workloadIdentityProvider: 'OIDC' as const,
      }
    case 'bearer':
      return { token: credential.token, authenticator: 'OAUTH' }
    case 'key-pair':
      return {
        username: credential.user,
        authenticator: 'SNOWFLAKE_JWT',
        privateKey: credential.privateKey,
      }
    case 'aws':
    case 'password':
    case 'none':
      throw new Error(`snowflake cannot log in with a ${credential.kind} credential`)
  }
}

/** An account name with underscores is written with hyphens wherever it is part of a host. */
function hyphened({ what, expected, actual }: Finding): Finding {
  return { what, expected, actual: actual?.replaceAll('_', '-') }
}

/** Asks, and says a refusal in our words. */
async function ask(
  c: Connection,
  relay: Relay,
  login: Session['options'],
  directory: string,
): Promise<Readonly<Record<string, string | null | undefined>>> {
  const options = {
    ...(c.user === undefined ? {} : { username: c.user }),
    ...(c.role === undefined ? {} : { role: c.role }),
    ...(c.warehouse === undefined ? {} : { warehouse: c.warehouse }),
    database: c.database,
    ...login,
  }
  const session = { account: c.account, host: hostOf(c), options }
  const [first] = await rowsOf(QUERY, session, relay, directory).catch((error: Error) => {
    throw refused(error)
  })
  return row.parse(first ?? {})
}

/** Only a rehearsal lets a loopback host through the configuration. */
export function relayedOrigin(c: Connection, io: Pick<Io, 'at'>): string {
  const host = hostOf(c)
  if (!isLoopbackHost(host)) return io.at(`https://${host}`)
  const port = z.catch(z.coerce.number(), 443).parse(c['port'])
  return `${c.protocol === 'http' ? 'http' : 'https'}://${host}:${port}`
}

function refused(error: Error): DbtOidcError {
  return new DbtOidcError({
    code: 'exchange',
    problem: `Snowflake refused the login: ${saidBy(error)}`,
    remedy: 'Compare the service user with the trust document.',
  })
}
