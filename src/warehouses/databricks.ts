import * as z from 'zod/mini'
import { isExpression } from '../profile.ts'
import { warehouse } from '../warehouse.ts'

const connection = z.looseObject({
  host: z.string().check(z.minLength(1)),
  http_path: z.string().check(z.minLength(1)),
  catalog: z.optional(z.string()),
  schema: z.string().check(z.minLength(1)),
  /** Application id of the service principal that the federation policy belongs to. */
  client_id: z.string().check(z.minLength(1)),
  connection_parameters: z.optional(
    z
      .unknown()
      .check(
        z.refine(
          isHarmless,
          'may lead the connection elsewhere: of the parameters with an underscore only `_socket_timeout` and `_retry_…` are taken',
        ),
      ),
  ),
})

/**
 * dbt hands these to the driver as they are: `_connection_uri` and `_port` go before the host, `_tls_no_verify` ends
 * the check of its certificate. The driver's own names begin with an underscore, and new ones may come.
 */
function isHarmless(parameters: unknown): boolean {
  if (typeof parameters !== 'object' || parameters === null || isExpression(parameters)) return false
  return Object.keys(parameters).every(
    (name) => !name.startsWith('_') || /^_(?:socket_timeout$|retry_)/.test(name),
  )
}

type Connection = z.infer<typeof connection>

/** Workspaces on AWS, Azure and Google, and those of the government and China clouds. */
const SUFFIXES = [
  'cloud.databricks.com',
  'azuredatabricks.net',
  'gcp.databricks.com',
  'cloud.databricks.us',
  'databricks.azure.us',
  'databricks.azure.cn',
]

/** The driver reads the token from here whenever it exchanges; it is replaced while dbt runs. */
const TOKEN_FILE = 'databricks-oidc-token'

/** Databricks through its own federation policies: the driver exchanges GitHub's token itself (`file-oidc`). */
export default warehouse<Connection>({
  type: 'databricks',
  title: 'Databricks',
  connection,
  credentialFields: ['token', 'client_secret', 'azure_client_secret', 'auth_type', 'oidc_token_filepath'],
  accepts: {
    direct: {
      kind: 'id-token',
      trades: 'driver',
      keepAlive: { by: 'file', name: TOKEN_FILE },
      // A policy without audiences takes the account id, which is the same for every workspace: this one is not.
      want: (c) => ({ audience: `https://${c.host}/oidc/v1/token`, host: c.host }),
    },
  },
  adapter: {
    package: 'dbt-databricks',
    bad: [{ below: '1.12.6', via: ['direct'], reason: 'it does not know `auth_type: file-oidc`' }],
  },
  carry({ credential, directory }) {
    if (credential.kind !== 'id-token')
      throw new Error(`databricks cannot carry a ${credential.kind} credential`)
    return {
      fields: {
        auth_type: { kind: 'text', text: 'file-oidc' },
        oidc_token_filepath: { kind: 'text', text: `${directory}/${TOKEN_FILE}` },
      },
      secrets: {},
      files: { [TOKEN_FILE]: credential.token },
      env: {},
    }
  },
  describe: (c) => `${c.catalog ?? 'hive_metastore'}.${c.schema} on ${c.host}`,
  allowsHost: (host) => SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`)),
  hosts: (c) => [c.host],
  proof: { direct: 'shape only' },
  example: {
    type: 'databricks',
    host: 'adb-7405605181234567.7.azuredatabricks.net',
    http_path: '/sql/1.0/warehouses/1a2b3c4d5e6f7890',
    catalog: 'analytics',
    schema: 'dbt',
    client_id: '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10',
    threads: 4,
  },
})
