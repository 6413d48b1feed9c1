import * as z from 'zod/mini'
import { DbtOidcError } from '../../errors.ts'
import type { Finding, Source } from '../../warehouse.ts'
import { isLoopbackHost } from '../../rehearsal.ts'
import { hostOf, type Connection } from './connection.ts'

const QUERY = `select current_organization_name() || '-' || current_account_name() as "account", current_user() as "user",
  current_role() as "role", current_warehouse() as "warehouse", current_database() as "database"`

const row = z.record(z.string(), z.nullish(z.string()))

/** One login through `snowflake-sdk`, and what it says of itself. */
export async function preflight({
  connection: c,
  credential,
}: Source<Connection>): Promise<readonly Finding[]> {
  if (credential.kind !== 'id-token' && credential.kind !== 'bearer')
    throw new Error(`snowflake cannot log in with a ${credential.kind} credential`)
  const told = await ask(c, {
    token: credential.token,
    ...(credential.kind === 'id-token'
      ? { authenticator: 'WORKLOAD_IDENTITY', workloadIdentityProvider: 'OIDC' }
      : { authenticator: 'OAUTH' }),
  })
  const finding = (what: string, expected: string | undefined): Finding => ({
    what,
    expected,
    actual: told[what] ?? undefined,
  })
  return [
    // A legacy account locator names no organisation, so only the new form can be compared.
    hyphened(finding('account', c.account.includes('-') ? c.account : undefined)),
    finding('user', c.user),
    finding('role', c.role),
    finding('warehouse', c.warehouse),
    finding('database', c.database),
  ]
}

/** An account name with underscores is written with hyphens wherever it is part of a host. */
function hyphened({ what, expected, actual }: Finding): Finding {
  return { what, expected, actual: actual?.replaceAll('_', '-') }
}

async function ask(
  c: Connection,
  login: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string | null | undefined>>> {
  // Read by the SDK when it is loaded: no probing of instance metadata, no telemetry, no native core.
  Object.assign(process.env, {
    SNOWFLAKE_DISABLE_MINICORE: '1',
    SNOWFLAKE_DISABLE_PLATFORM_DETECTION: 'true',
    SF_TELEMETRY_DISABLE_CONNECTION_SHAPE: '1',
  })
  const { default: sdk } = await import('snowflake-sdk')
  sdk.configure({ logLevel: 'OFF', additionalLogToConsole: false })
  const host = hostOf(c)
  const connection = sdk.createConnection({
    account: c.account,
    ...(c.user === undefined ? {} : { username: c.user }),
    ...(c.role === undefined ? {} : { role: c.role }),
    ...(c.warehouse === undefined ? {} : { warehouse: c.warehouse }),
    database: c.database,
    application: 'dbt_oidc',
    sfRetryMaxLoginRetries: 2,
    ...(isLoopbackHost(host) ? rehearsed(c, host) : { host }),
    ...login,
  })
  try {
    // Not connectAsync: that one resolves on a refused login, too.
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error ? reject(refused(error)) : resolve()))
    })
    return await new Promise((resolve, reject) => {
      connection.execute({
        sqlText: QUERY,
        complete: (error, _statement, rows) =>
          error ? reject(refused(error)) : resolve(row.parse(rows?.[0] ?? {})),
      })
    })
  } finally {
    connection.destroy(() => undefined)
  }
}

/** Only a rehearsal lets a loopback host through the configuration. */
function rehearsed(c: Connection, host: string): { accessUrl: string; host: string } {
  process.env['SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES'] = host
  const port = z.catch(z.coerce.number(), 443).parse(c['port'])
  return { accessUrl: `${c.protocol === 'http' ? 'http' : 'https'}://${host}:${port}`, host }
}

function refused({ message, code }: { message: string; code?: unknown }): DbtOidcError {
  const number = typeof code === 'string' || typeof code === 'number' ? `${code}: ` : ''
  return new DbtOidcError({
    code: 'exchange',
    problem: `Snowflake refused the login: ${number}${message}`,
    remedy: 'Compare the service user with the trust document.',
  })
}
