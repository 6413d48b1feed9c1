import type { Diagnosis } from '../exchange.ts'
import type { Value } from '../profile.ts'
import { warehouse } from '../warehouse.ts'
import { isVendors } from './sqlserver/connection.ts'
import {
  CREDENTIALS,
  exposes,
  isUnknownUser,
  NO_DRIVER,
  UNKNOWN_USER,
  withoutDriver,
} from './sqlserver/faults.ts'
import { hostOf } from './sqlserver/host.ts'
import { connection, type Connection } from './synapse/connection.ts'
import { FIELDS } from './synapse/fields.ts'

/** azure-identity reads the token from here whenever dbt-synapse needs one of Entra; it is replaced while dbt runs. */
const TOKEN_FILE = 'azure-federated-token'

/** Where azure-identity trades it. The variable is set, too, so that no other can lead it elsewhere. */
const AUTHORITY = 'login.microsoftonline.com'

/** A dedicated SQL pool of Azure Synapse: dbt-synapse takes no token, but has azure-identity trade one that it finds in a file. */
export default warehouse<Connection>({
  type: 'synapse',
  title: 'Azure Synapse',
  connection,
  fields: FIELDS,
  credentialFields: [...CREDENTIALS, 'access_token_expires_on'],
  accepts: {
    entra: {
      kind: 'id-token',
      trades: 'driver',
      keepAlive: { by: 'file', name: TOKEN_FILE },
      dbt2: 'it has no adapter of this type',
      want: (c) => ({ scope: 'https://database.windows.net/.default', host: hostOf(c) }),
      faults: (c) => exposes(c, 'Synapse', 'NAME.sql.azuresynapse.net'),
    },
  },
  adapter: { package: 'dbt-synapse', bad: [] },
  carry({ connection: c, credential, directory }) {
    if (credential.kind !== 'id-token' || credential.recipe === undefined)
      throw new Error(`synapse cannot carry a ${credential.kind} credential`)
    return {
      fields: { authentication: { kind: 'text', text: 'auto' }, ...patience(c) },
      secrets: {},
      files: { [TOKEN_FILE]: credential.token },
      env: {
        AZURE_AUTHORITY_HOST: `https://${AUTHORITY}`,
        AZURE_TENANT_ID: credential.recipe['tenant'] ?? '',
        AZURE_CLIENT_ID: credential.recipe['client-id'] ?? '',
        AZURE_FEDERATED_TOKEN_FILE: `${directory}/${TOKEN_FILE}`,
        // Else a token that is refused would be followed by whatever the machine is: a hosted runner is one of Azure.
        AZURE_TOKEN_CREDENTIALS: 'WorkloadIdentityCredential',
      },
    }
  },
  describe: (c) => `${c.database}.${c.schema} on ${hostOf(c)}`,
  allowsHost: (host) => isVendors(host) || host === AUTHORITY,
  hosts: (c) => [hostOf(c), AUTHORITY],
  trust: async (c, request) => (await import('./synapse/trust.ts')).trust(c, request),
  diagnose,
  errors: [UNKNOWN_USER, NO_DRIVER],
  notes: [
    'dbt-synapse takes no access token: by `authentication: auto` azure-identity trades the ID token that it finds in a private file, which is replaced about every three minutes, so a run of hours has a fresh one at each trade.',
    'The driver of Microsoft (`msodbcsql18`) has to be on the runner; it is on those that GitHub hosts.',
    '`login_timeout: 60` is set unless you write another: by its default of 0 dbt-synapse 1.8.5 gives azure-identity no time at all to answer.',
    'Proven with dbt-synapse 1.8.5, azure-identity and the ODBC driver 18 of Microsoft: stand-ins of ours take the ID token as Entra would and verify the access token at the login. A dedicated SQL pool itself has not been tried.',
    'dbt-synapse knows the public cloud of Microsoft only, and dbt 1.8.',
    'A later step of prepared mode finds the variables of azure-identity (`AZURE_CLIENT_ID` and four more) set to this app.',
  ],
  proof: { entra: 'our verifier' },
  example: {
    type: 'synapse',
    driver: 'ODBC Driver 18 for SQL Server',
    host: 'acme-prod.sql.azuresynapse.net',
    database: 'dwh',
    schema: 'analytics',
    threads: 4,
  },
})

/** Seconds; of 0, its default, azure-identity makes "not one moment". */
function patience({ login_timeout: given }: Connection): Readonly<Record<string, Value>> {
  return given === undefined || given === 0 ? { login_timeout: { kind: 'plain', source: '60' } } : {}
}

function diagnose(error: string, c: Connection): Diagnosis | undefined {
  if (isUnknownUser(error))
    return {
      problem: `${hostOf(c)} took the token, and the pool ${c.database} has no user for it.`,
      remedy:
        'Run what `dbt-oidc trust` prints in that very pool; a user of another one, or of `master`, does not count.',
    }
  return withoutDriver(error)
}
