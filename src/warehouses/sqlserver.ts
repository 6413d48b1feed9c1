import type { Diagnosis } from '../exchange.ts'
import { warehouse } from '../warehouse.ts'
import { connection, isVendors, type Connection } from './sqlserver/connection.ts'
import {
  CREDENTIALS,
  exposes,
  isUnknownUser,
  NO_DRIVER,
  UNKNOWN_USER,
  withoutDriver,
} from './sqlserver/faults.ts'
import { hostOf } from './sqlserver/host.ts'
import { FIELDS } from './sqlserver/fields.ts'

/** dbt-sqlserver reads `access_token` of it whenever it opens a connection. */
const CLASS = 'dbt.adapters.sqlserver.sqlserver_credentials.SQLServerCredentials'

/** SQL Server and Azure SQL: the login is a token of Entra. */
export default warehouse<Connection>({
  type: 'sqlserver',
  title: 'SQL Server / Azure SQL',
  connection,
  fields: FIELDS,
  credentialFields: [...CREDENTIALS, 'access_token_expires_on'],
  accepts: {
    entra: {
      kind: 'bearer',
      trades: 'action',
      keepAlive: { by: 'plugin-field', credentials: CLASS, field: 'access_token' },
      dbt2: 'release candidate 196 has no adapter of this type',
      want: (c) => ({ scope: 'https://database.windows.net/.default', host: hostOf(c), port: c.port }),
      faults: (c) => [
        ...exposes(c, 'Azure', 'NAME.database.windows.net'),
        ...(c.backend === undefined || c.backend === 'pyodbc'
          ? []
          : [
              {
                field: 'backend',
                problem:
                  'dbt-sqlserver takes an access token with `backend: pyodbc` only: leave `backend` out.',
              },
            ]),
      ],
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
  errors: [UNKNOWN_USER, NO_DRIVER],
  notes: [
    'The driver of Microsoft (`msodbcsql18`) has to be on the runner; it is on those that GitHub hosts.',
    'dbt-sqlserver takes an access token with `backend: pyodbc`, which is its default.',
    'Proven with dbt-sqlserver 1.12 and the ODBC driver 18 of Microsoft: a server of ours takes the token over TLS, verifies it, and knows the user that the trust makes. Azure SQL itself has not been tried.',
    'dbt 2.x has no SQL Server (rc196: unknown variant).',
  ],
  proof: { entra: 'our verifier' },
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
  if (isUnknownUser(error))
    return {
      problem: `${hostOf(c)} took the token, and the database ${c.database} has no user for it.`,
      remedy:
        'Run what `dbt-oidc trust` prints in that very database; a user of another database does not count.',
    }
  return withoutDriver(error)
}
