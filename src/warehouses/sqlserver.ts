import type { Diagnosis } from '../exchange.ts'
import { isLoopbackHost } from '../rehearsal.ts'
import { warehouse } from '../warehouse.ts'
import { connection, isVendors, tlsFaults, type Connection } from './sqlserver/connection.ts'
import { hostOf } from './sqlserver/host.ts'
import { FIELDS } from './sqlserver/fields.ts'

/** dbt-sqlserver reads `access_token` of it whenever it opens a connection. */
const CREDENTIALS = 'dbt.adapters.sqlserver.sqlserver_credentials.SQLServerCredentials'

/** SQL Server and Azure SQL: the login is a token of Entra. */
export default warehouse<Connection>({
  type: 'sqlserver',
  title: 'SQL Server / Azure SQL',
  connection,
  fields: FIELDS,
  credentialFields: [
    'PWD',
    'pass',
    'password',
    'access_token',
    'access_token_expires_on',
    'client_id',
    'client_secret',
    'app_id',
    'app_secret',
    'tenant_id',
    'auth',
    'authentication',
  ],
  accepts: {
    entra: {
      kind: 'bearer',
      trades: 'action',
      keepAlive: { by: 'plugin-field', credentials: CREDENTIALS, field: 'access_token' },
      dbt2: 'release candidate 196 has no adapter of this type',
      want: (c) => ({ scope: 'https://database.windows.net/.default', host: hostOf(c), port: c.port }),
      faults: (c) => {
        const host = hostOf(c)
        return [
          ...(isVendors(host) || isLoopbackHost(host)
            ? []
            : [
                {
                  field: c.host === undefined ? 'server' : 'host',
                  problem: `\`${host}\` is not one of Microsoft's: a token of Entra opens every database that knows its holder, so it goes to Azure alone. Write NAME.database.windows.net.`,
                },
              ]),
          ...tlsFaults(c, host),
          ...(c.backend === undefined || c.backend === 'pyodbc'
            ? []
            : [
                {
                  field: 'backend',
                  problem:
                    'dbt-sqlserver takes an access token with `backend: pyodbc` only: leave `backend` out.',
                },
              ]),
        ]
      },
    },
  },
  adapter: { package: 'dbt-sqlserver', bad: [] },
  carry({ credential }) {
    if (credential.kind !== 'bearer')
      throw new Error(`sqlserver cannot carry a ${credential.kind} credential`)
    return {
      fields: {
        authentication: { kind: 'text', text: 'ActiveDirectoryAccessToken' },
        access_token: { kind: 'secret', name: 'ACCESS_TOKEN' },
        // dbt demands a number and compares it with nothing; the token that the plugin answers with ends later.
        access_token_expires_on: { kind: 'plain', source: String(secondsOf(credential.expiresAt)) },
      },
      secrets: { ACCESS_TOKEN: credential.token },
      files: {},
      env: {},
    }
  },
  describe: (c) => `${c.database}.${c.schema} on ${hostOf(c)}`,
  allowsHost: isVendors,
  hosts: (c) => [hostOf(c)],
  trust: async (c, request) => (await import('./sqlserver/trust.ts')).trust(c, request),
  diagnose,
  errors: [
    "Login failed for user '<token-identified principal>'",
    "Can't open lib 'ODBC Driver 18 for SQL Server'",
  ],
  notes: [
    'The driver of Microsoft (`msodbcsql18`) has to be on the runner; it is on those that GitHub hosts.',
    'dbt-sqlserver takes an access token with `backend: pyodbc`, which is its default.',
    'dbt 2.x has no SQL Server (rc196: unknown variant).',
  ],
  proof: { entra: 'shape only' },
  example: {
    type: 'sqlserver',
    driver: 'ODBC Driver 18 for SQL Server',
    host: 'acme-prod.database.windows.net',
    port: 1433,
    database: 'shop',
    schema: 'analytics',
    threads: 4,
  },
})

function secondsOf(end: Date | null): number {
  return end === null ? 0 : Math.floor(end.getTime() / 1000)
}

function diagnose(error: string, c: Connection): Diagnosis | undefined {
  if (/Login failed for user '<token-identified principal>'/i.test(error))
    return {
      problem: `${hostOf(c)} took the token, and the database ${c.database} has no user for it.`,
      remedy:
        'Run what `dbt-oidc trust` prints in that very database; a user of another database does not count.',
    }
  if (/Can't open lib '(?:ODBC Driver|[^']*msodbcsql)/i.test(error))
    return {
      problem: 'The ODBC driver of SQL Server is not on this runner.',
      remedy:
        'Install the package `msodbcsql18` before this step, or write the name of the driver that is there as `driver`.',
    }
  return undefined
}
