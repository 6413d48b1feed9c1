import { isLoopbackHost } from '../rehearsal.ts'
import { warehouse, type Carried } from '../warehouse.ts'
import { connection, hostOf, isSnowflakes, originOf, type Connection } from './snowflake/connection.ts'
import { diagnose, ERRORS } from './snowflake/diagnose.ts'
import { needsUser, weakened } from './snowflake/faults.ts'
import { FIELDS } from './snowflake/fields.ts'
import { history } from './snowflake/history.ts'
import { queryTag } from './snowflake/query-tag.ts'

/** dbt-snowflake reads `token` of it whenever it opens a connection. */
const CREDENTIALS = 'dbt.adapters.snowflake.connections.SnowflakeCredentials'

/** Snowflake through workload identity federation (OIDC, dbt-snowflake 1.12 and later), External OAuth, or a key pair of Vault's. */
export default warehouse<Connection>({
  type: 'snowflake',
  title: 'Snowflake',
  connection,
  fields: FIELDS,
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
      keepAlive: { by: 'plugin-field', credentials: CREDENTIALS, field: 'token' },
      dbt2: 'release candidate 196 knows no workload identity; since August 2026 it stays as it was, and a warning comes before its end',
      loginOrigin: originOf,
      // The list is the service user's: a token for one account or target must be worth nothing at another.
      ownAudience: true,
      // What Snowflake expects where the user's OIDC_AUDIENCE_LIST is empty.
      want: (c) => ({
        audience: 'snowflakecomputing.com',
        host: hostOf(c),
        ...(c.user ? { user: c.user } : {}),
      }),
    },
    entra: {
      kind: 'bearer',
      trades: 'action',
      keepAlive: { by: 'plugin-field', credentials: CREDENTIALS, field: 'token' },
      want: (c) => ({ host: hostOf(c) }),
      faults: needsUser,
    },
    oauth: {
      kind: 'bearer',
      trades: 'action',
      keepAlive: { by: 'plugin-field', credentials: CREDENTIALS, field: 'token' },
      want: (c) => ({ host: hostOf(c), ...(c.role ? { scope: `session:role:${c.role}` } : {}) }),
      faults: needsUser,
    },
    okta: {
      kind: 'bearer',
      trades: 'action',
      keepAlive: { by: 'plugin-field', credentials: CREDENTIALS, field: 'token' },
      want: (c) => ({ host: hostOf(c), ...(c.role ? { scope: `session:role:${c.role}` } : {}) }),
      faults: needsUser,
    },
    vault: {
      kind: 'key-pair',
      trades: 'action',
      // Another purchase would be another user, and dbt has read the name of the first. Sessions are kept, so a key is needed early.
      keepAlive: { by: 'static' },
      want: (c) => ({ host: hostOf(c), ...(c.user ? { user: c.user } : {}) }),
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
    const carried = (fields: Carried['fields'], token: string): Carried => ({
      fields: { ...fields, token: { kind: 'secret', name: 'TOKEN' } },
      secrets: { TOKEN: token },
      files: {},
      // Only a rehearsal lets a loopback host through the configuration.
      env: c.host && isLoopbackHost(c.host) ? { SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES: c.host } : {},
    })
    if (credential.kind === 'id-token')
      return carried(
        {
          authenticator: { kind: 'text', text: 'workload_identity' },
          workload_identity_provider: { kind: 'text', text: 'OIDC' },
        },
        credential.token,
      )
    // `jwt` is the name that dbt 1.x and 2.x share for an access token of External OAuth.
    if (credential.kind === 'bearer')
      return carried({ authenticator: { kind: 'text', text: 'jwt' } }, credential.token)
    // No `authenticator`: the driver goes by the key, and dbt 2.x knows no name for it that 1.x does.
    if (credential.kind === 'key-pair')
      return {
        fields: {
          user: { kind: 'text', text: credential.user },
          private_key: { kind: 'secret', name: 'PRIVATE_KEY' },
        },
        secrets: { PRIVATE_KEY: credential.privateKey },
        files: {},
        env: {},
      }
    throw new Error(`snowflake cannot carry a ${credential.kind} credential`)
  },
  attribute: (run) => ({ query_tag: { kind: 'text', text: queryTag(run) } }),
  describe: (c) => `${c.database}.${c.schema} on ${c.account}${c.role ? ` as ${c.role}` : ''}`,
  history,
  preflight: async (source, tools) => (await import('./snowflake/preflight.ts')).preflight(source, tools),
  trust: async (c, request) => (await import('./snowflake/trust.ts')).trustOf(c, request),
  reader: async () => (await import('./snowflake/read.ts')).reader,
  // Of the command line alone: no run reads it.
  standing: (c, request, tools) =>
    request.via === 'direct'
      ? import('./snowflake/standing.ts').then(({ standing }) => standing(c, request, tools))
      : undefined,
  terraform: async (c, request) => (await import('./snowflake/terraform.ts')).terraformOf(c, request),
  diagnose,
  errors: ERRORS,
  notes: [
    '`keep-alive: proxy` (via `direct`, run mode, opt-in until a real account has proved it): dbt holds no token at all. It logs in at 127.0.0.1 with a placeholder that is worth nothing elsewhere; this step puts a token of its own into each login and passes everything else on, unread, over TLS to the one host of the connection. Session tokens then cross the loopback address in clear; large results still come from the stage directly.',
    'dbt 2.x: workload identity is in its source (August 2026) with `authenticator: workload_identity` and a static token; the release candidate 196 does not know it. An access token goes by `authenticator: jwt` in both.',
    'Named identities (`ADD WORKLOAD IDENTITY`) came with the release of 2026-10-12; a user has at most ten beside the default one.',
    'Via `direct` a token has an audience of its own, `https://HOST/TARGET`, which `trust` writes into OIDC_AUDIENCE_LIST. A user whose list is empty takes `audience: snowflakecomputing.com` only.',
    'Unverified: with which code Snowflake refuses a subject or an audience that does not fit. The code is shown as it comes, beside the claims.',
  ],
  allowsHost: isSnowflakes,
  hosts: (c) => [hostOf(c), ...(c.proxy_host === undefined ? [] : [c.proxy_host])],
  faults: weakened,
  proof: {
    direct: 'our verifier',
    entra: 'our verifier',
    oauth: 'our verifier',
    okta: 'our verifier',
    vault: 'our verifier',
  },
  example: {
    type: 'snowflake',
    account: 'acme-prod',
    role: 'TRANSFORMER',
    warehouse: 'TRANSFORMING',
    database: 'ANALYTICS',
    schema: 'DBT',
    threads: 4,
  },
  examples: {
    entra: { connection: { user: 'DBT_PROD' }, identity: { scope: 'api://snowflake-prod/.default' } },
    oauth: { connection: { user: 'DBT_PROD' } },
    okta: { connection: { user: 'DBT_PROD' } },
    vault: {
      about: [
        'Vault makes a user with a key pair for each run, and drops it at the end. A key that it keeps goes by `secret` in place of `database`, with `user` in the connection.',
      ],
    },
  },
})
