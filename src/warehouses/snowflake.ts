import * as z from 'zod/mini'
import { isLoopbackHost } from '../rehearsal.ts'
import { warehouse, type Attribution } from '../warehouse.ts'

const connection = z.looseObject({
  account: z.string().check(z.minLength(1)),
  user: z.optional(z.string()),
  role: z.optional(z.string()),
  warehouse: z.optional(z.string()),
  database: z.string().check(z.minLength(1)),
  schema: z.string().check(z.minLength(1)),
  host: z.optional(z.string()),
  /** Judged like a host: over plain http it sees the token. */
  proxy_host: z.optional(z.string()),
  /** Where the driver takes data of a stage. */
  s3_stage_vpce_dns_name: z.optional(
    z
      .string()
      .check(z.regex(/^[A-Za-z0-9.*-]+\.vpce\.amazonaws\.com(?:\.cn)?$/, 'name an endpoint of Amazon')),
  ),
})

type Connection = z.infer<typeof connection>

/** Hosts to which the driver itself consents to send an attestation (connector 4.x, error 251021 otherwise). */
const SUFFIXES = ['snowflakecomputing.com', 'snowflakecomputing.cn', 'snowflakecomputing.mil']

/** Snowflake through workload identity federation (OIDC), dbt-snowflake 1.12 and later. */
export default warehouse<Connection>({
  type: 'snowflake',
  title: 'Snowflake',
  connection,
  credentialFields: [
    'password',
    'token',
    'private_key',
    'private_key_path',
    'private_key_passphrase',
    'oauth_client_id',
    'oauth_client_secret',
    'authenticator',
    'workload_identity_provider',
  ],
  accepts: {
    direct: {
      kind: 'id-token',
      trades: 'driver',
      keepAlive: { by: 'static' },
      // What Snowflake expects where the user's OIDC_AUDIENCE_LIST is empty.
      want: (c) => ({
        audience: 'snowflakecomputing.com',
        host: hostOf(c),
        ...(c.user ? { user: c.user } : {}),
      }),
    },
  },
  adapter: {
    package: 'dbt-snowflake',
    bad: [
      {
        below: '1.12.0',
        via: ['direct'],
        reason: 'it does not know `workload_identity_provider`, so the login fails with 251017 or 251018',
      },
    ],
  },
  carry({ connection: c, credential }) {
    if (credential.kind !== 'id-token')
      throw new Error(`snowflake cannot carry a ${credential.kind} credential`)
    return {
      fields: {
        authenticator: { kind: 'text', text: 'workload_identity' },
        workload_identity_provider: { kind: 'text', text: 'OIDC' },
        token: { kind: 'secret', name: 'TOKEN' },
      },
      secrets: { TOKEN: credential.token },
      files: {},
      // Only a rehearsal lets a loopback host through the configuration.
      env: c.host && isLoopbackHost(c.host) ? { SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES: c.host } : {},
    }
  },
  attribute: (run) => ({ query_tag: { kind: 'text', text: queryTag(run) } }),
  describe: (c) => `${c.database}.${c.schema} on ${c.account}${c.role ? ` as ${c.role}` : ''}`,
  allowsHost: (host) => SUFFIXES.some((suffix) => host === suffix || host.endsWith(`.${suffix}`)),
  hosts: (c) => [hostOf(c), ...(c.proxy_host === undefined ? [] : [c.proxy_host])],
  proof: { direct: 'our verifier' },
  example: {
    type: 'snowflake',
    account: 'acme-prod',
    role: 'TRANSFORMER',
    warehouse: 'TRANSFORMING',
    database: 'ANALYTICS',
    schema: 'DBT',
    threads: 4,
  },
})

function hostOf(c: Connection): string {
  return c.host ?? `${c.account.toLowerCase()}.snowflakecomputing.com`
}

/** QUERY_TAG holds at most 2000 characters; JSON, so that QUERY_HISTORY can be asked by `parse_json(query_tag):run`. */
function queryTag(run: Attribution): string {
  const tag = {
    app: 'dbt-oidc',
    repository: run.repository,
    run: run.run,
    attempt: run.attempt,
    sha: run.sha,
    actor: run.actor,
    grant: run.grant,
    ref: run.ref,
  }
  const text = JSON.stringify(tag)
  return text.length <= 2000 ? text : JSON.stringify({ ...tag, ref: '', grant: '' }).slice(0, 2000)
}
