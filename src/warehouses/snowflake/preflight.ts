import * as z from 'zod/mini'
import { DbtOidcError } from '../../errors.ts'
import type { Io } from '../../exchange.ts'
import { isLoopbackHost } from '../../rehearsal.ts'
import type { Finding, PreflightTools, Source } from '../../warehouse.ts'
import { hostOf, type Connection } from './connection.ts'
import { openRelay, type Relay } from './relay.ts'

const QUERY = `select current_organization_name() || '-' || current_account_name() as "account", current_user() as "user",
  current_role() as "role", current_warehouse() as "warehouse", current_database() as "database"`

const row = z.record(z.string(), z.nullish(z.string()))

/** One login through `snowflake-sdk`, and what it says of itself. */
export async function preflight(
  { connection: c, credential, directory }: Source<Connection>,
  { io }: PreflightTools,
): Promise<readonly Finding[]> {
  if (credential.kind !== 'id-token' && credential.kind !== 'bearer')
    throw new Error(`snowflake cannot log in with a ${credential.kind} credential`)
  await using relay = await openRelay(originOf(c, io), io)
  const login = {
    // An option of the SDK that its types do not name.
    agentClass: relay.agent,
    token: credential.token,
    ...(credential.kind === 'id-token'
      ? { authenticator: 'WORKLOAD_IDENTITY', workloadIdentityProvider: 'OIDC' }
      : { authenticator: 'OAUTH' }),
  }
  const told = await Promise.race([ask(c, relay, login, directory), relay.failed])
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

/** Through the relay alone: the SDK would follow redirects with the token, and read and wait without end. */
async function ask(
  c: Connection,
  relay: Relay,
  login: Readonly<Record<string, unknown>>,
  directory: string,
): Promise<Readonly<Record<string, string | null | undefined>>> {
  const sdk = await load(directory)
  sdk.configure({ logLevel: 'OFF', additionalLogToConsole: false, useEnvProxy: false })
  const host = hostOf(c)
  if (isLoopbackHost(host)) process.env['SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES'] = host
  const connection = sdk.createConnection({
    account: c.account,
    ...(c.user === undefined ? {} : { username: c.user }),
    ...(c.role === undefined ? {} : { role: c.role }),
    ...(c.warehouse === undefined ? {} : { warehouse: c.warehouse }),
    database: c.database,
    application: 'dbt_oidc',
    sfRetryMaxLoginRetries: 2,
    host,
    accessUrl: relay.url,
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

/**
 * The SDK as it is without settings of this machine: no probing of instance metadata, no telemetry, no native core, and
 * no `sf_client_config.json` of the environment or the home directory, which could make it log all that it does.
 */
async function load(directory: string): Promise<typeof import('snowflake-sdk')> {
  Object.assign(process.env, {
    SNOWFLAKE_DISABLE_MINICORE: '1',
    SNOWFLAKE_DISABLE_PLATFORM_DETECTION: 'true',
    SF_TELEMETRY_DISABLE_CONNECTION_SHAPE: '1',
  })
  delete process.env['SF_CLIENT_CONFIG_FILE']
  const home = process.platform === 'win32' ? 'USERPROFILE' : 'HOME'
  const { [home]: own } = process.env
  // It looks where home is once, while it is loaded; a private directory holds no file of that name.
  process.env[home] = directory
  try {
    return (await import('snowflake-sdk')).default
  } finally {
    if (own === undefined) delete process.env[home]
    else process.env[home] = own
  }
}

/** Only a rehearsal lets a loopback host through the configuration. */
function originOf(c: Connection, io: Pick<Io, 'at'>): string {
  const host = hostOf(c)
  if (!isLoopbackHost(host)) return io.at(`https://${host}`)
  const port = z.catch(z.coerce.number(), 443).parse(c['port'])
  return `${c.protocol === 'http' ? 'http' : 'https'}://${host}:${port}`
}

function refused({ message, code }: { message: string; code?: unknown }): DbtOidcError {
  const number = typeof code === 'string' || typeof code === 'number' ? `${code}: ` : ''
  return new DbtOidcError({
    code: 'exchange',
    problem: `Snowflake refused the login: ${number}${message}`,
    remedy: 'Compare the service user with the trust document.',
  })
}
