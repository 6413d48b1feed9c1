import type { ConnectionOptions } from 'snowflake-sdk'
import { isLoopbackHost } from '../../rehearsal.ts'
import type { Relay } from './relay.ts'

/** Who logs in, where, and as what. */
export interface Session {
  readonly account: string
  readonly host: string
  readonly options: Omit<ConnectionOptions, 'account' | 'host' | 'accessUrl'>
}

/**
 * The rows of one statement in a session of its own, through the relay alone: the SDK would follow redirects with the
 * token, and read and wait without end.
 */
export async function rowsOf(
  sqlText: string,
  { account, host, options }: Session,
  relay: Relay,
  directory: string,
): Promise<readonly unknown[]> {
  const sdk = await load(directory)
  sdk.configure({ logLevel: 'OFF', additionalLogToConsole: false, useEnvProxy: false })
  if (isLoopbackHost(host)) process.env['SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES'] = host
  const login = {
    // An option of the SDK that its types do not name.
    agentClass: relay.agent,
    application: 'dbt_oidc',
    sfRetryMaxLoginRetries: 2,
    ...options,
    account,
    host,
    accessUrl: relay.url,
  }
  const connection = sdk.createConnection(login)
  try {
    // Not connectAsync: that one resolves on a refused login, too.
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error ? reject(error) : resolve()))
    })
    return await new Promise((resolve, reject) => {
      connection.execute({
        sqlText,
        complete: (error, _statement, rows) => (error ? reject(error) : resolve(rows ?? [])),
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

/** What the SDK says of a refusal, with Snowflake's number. */
export function saidBy({ message, code }: { readonly message: string; readonly code?: unknown }): string {
  const number = typeof code === 'string' || typeof code === 'number' ? `${code}: ` : ''
  return `${number}${message}`
}
