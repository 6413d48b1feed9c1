import { warehouse, type Attribution } from '../warehouse.ts'
import { reported } from '../warehouse/reported.ts'
import { connection, isWorkspace, needsNoKernel, tokenUrl, type Connection } from './databricks/connection.ts'
import { diagnose, ERRORS } from './databricks/diagnose.ts'
import { FIELDS } from './databricks/fields.ts'

/** The driver reads the token from here whenever it exchanges; it is replaced while dbt runs. */
const TOKEN_FILE = 'databricks-oidc-token'

/** Databricks through its own federation policies: the driver exchanges GitHub's token itself, or the action does. */
export default warehouse<Connection>({
  type: 'databricks',
  title: 'Databricks',
  connection,
  fields: FIELDS,
  credentialFields: [
    'token',
    'client_secret',
    'azure_client_id',
    'azure_client_secret',
    'auth_type',
    'oidc_token_filepath',
  ],
  accepts: {
    direct: {
      kind: 'id-token',
      trades: 'driver',
      keepAlive: { by: 'file', name: TOKEN_FILE },
      dbt2: 'it knows `token` only: use `via: oauth`',
      // A policy without audiences takes the account id, which is the same for every workspace: this one is not.
      want: (c) => ({ audience: tokenUrl(c), host: c.host }),
      faults: needsNoKernel,
    },
    oauth: {
      kind: 'bearer',
      trades: 'action',
      keepAlive: {
        by: 'plugin-field',
        // DatabricksCredentials hands its `token` to this one when the profile is read, and asks no more.
        credentials: 'dbt.adapters.databricks.credentials.DatabricksCredentialManager',
        field: 'token',
        // The SDK would make them of the first token alone.
        headers: 'header_factory',
      },
      wholeTrust: true,
      want: (c) => ({ audience: tokenUrl(c), host: c.host, scope: 'all-apis' }),
      defaults: (c) => ({ 'token-url': tokenUrl(c), grant: 'token-exchange', 'client-id': c.client_id }),
    },
  },
  adapter: {
    package: 'dbt-databricks',
    bad: [{ below: '1.12.6', via: ['direct'], reason: 'it does not know `auth_type: file-oidc`' }],
  },
  carry({ credential, directory }) {
    switch (credential.kind) {
      case 'id-token':
        return {
          fields: {
            auth_type: { kind: 'text', text: 'file-oidc' },
            oidc_token_filepath: { kind: 'text', text: `${directory}/${TOKEN_FILE}` },
          },
          secrets: {},
          files: { [TOKEN_FILE]: credential.token },
          env: {},
        }
      case 'bearer':
        return {
          fields: { token: { kind: 'secret', name: 'TOKEN' } },
          secrets: { TOKEN: credential.token },
          files: {},
          env: {},
        }
      case 'aws':
      case 'password':
      case 'key-pair':
      case 'none':
        throw new Error(`databricks cannot carry a ${credential.kind} credential`)
    }
  },
  attribute: (run) => ({ query_tags: { kind: 'text', text: JSON.stringify(tags(run)) } }),
  describe: (c) => `${c.catalog ?? 'hive_metastore'}.${c.schema} on ${c.host}`,
  history: (c, query) => {
    const id = query && reported(query, 'query_id')
    if (query && id === undefined) return undefined
    return `https://${c.host}/sql/history${id === undefined ? '' : `?queryId=${id}`}`
  },
  preflight: async (source, tools) =>
    (await import('./databricks/preflight.ts')).preflight(source, TOKEN_FILE, tools),
  trust: async (c, request) => (await import('./databricks/trust.ts')).trustOf(c, request),
  reader: async () => (await import('./databricks/read.ts')).reader,
  terraform: async (c, request) => (await import('./databricks/terraform.ts')).terraformOf(c, request),
  diagnose,
  errors: ERRORS,
  notes: [
    'dbt 2.x knows `token` only (release candidate 196 and its source of August 2026): use `via: oauth` there.',
    'The token file is replaced about every three minutes, so a connection that the driver opens late finds a fresh token. An access token of `via: oauth` lives about an hour and is bought anew: our dbt plugin puts the present one into each request of a connection. What dbt does by the REST API, as for Python models, keeps the first one.',
    'Unverified: the texts with which Databricks refuses a federated token. They are shown as they come, beside the claims.',
  ],
  allowsHost: isWorkspace,
  hosts: (c) => [c.host],
  proof: { direct: 'our verifier', oauth: 'our verifier' },
  example: {
    type: 'databricks',
    host: 'adb-7405605181234567.7.azuredatabricks.net',
    http_path: '/sql/1.0/warehouses/1a2b3c4d5e6f7890',
    catalog: 'analytics',
    schema: 'dbt',
    client_id: '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10',
    threads: 4,
  },
  examples: {
    oauth: {
      // Databricks has no such endpoint.
      identity: { 'revocation-url': undefined },
      about: [
        'The token endpoint is the workspace’s own, `https://<workspace>/oidc/v1/token`, with `grant: token-exchange` and the `client_id` of the connection: all of it is implied, and `via: oauth` is all there is to write.',
      ],
    },
  },
})

/** dbt-databricks ends the run over a value of more than 128 characters and warns of what has to be escaped. */
function tags({
  repository,
  run,
  attempt,
  sha,
  actor,
  grant,
}: Attribution): Readonly<Record<string, string>> {
  const all = { app: 'dbt-oidc', repository, run, attempt, sha, actor, grant }
  const kept = Object.entries(all).map(
    ([name, value]) => [name, value.replaceAll(/[\\,:]/g, '-').slice(0, 128)] as const,
  )
  return Object.fromEntries(kept)
}
