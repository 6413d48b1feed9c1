import * as z from 'zod/mini'
import { isLoopbackHost } from '../rehearsal.ts'
import { warehouse, type Attribution } from '../warehouse.ts'
import { reported } from '../warehouse/reported.ts'
import { diagnose, ERRORS } from './trino/diagnosis.ts'
import { FIELDS } from './trino/fields.ts'

const connection = z.looseObject({
  host: z.string().check(
    z.minLength(1),
    z.refine((text) => !/[/@]/.test(text), {
      error: 'is the bare host name: leave `https://` and any path away',
    }),
  ),
  port: z._default(z.number(), 443),
  /** Catalog and schema; dbt-trino also takes `catalog`. */
  database: z.optional(z.string()),
  catalog: z.optional(z.string()),
  schema: z.string().check(z.minLength(1)),
  /** The Trino user; the one that the server maps the token to unless given. */
  user: z.optional(z.string()),
  http_scheme: z.optional(
    z
      .string()
      .check(
        z.refine(
          (scheme) => scheme === 'https',
          'must be `https` (or left out): Trino takes a JWT over TLS only',
        ),
      ),
  ),
  // To Python nothing, a zero and an empty text all say "do not check", and an expression may come to any of them.
  cert: z.optional(
    z
      .unknown()
      .check(
        z.refine(
          (cert) => typeof cert === 'boolean' || (typeof cert === 'string' && cert !== ''),
          'must be the PEM file of your certificate authority, as text, or left out',
        ),
      ),
  ),
})

export type Connection = z.infer<typeof connection>

/** dbt-trino reads `jwt_token` of it whenever it opens a connection. */
const CREDENTIALS = 'dbt.adapters.trino.connections.TrinoJwtCredentials'

const KEPT = {
  keepAlive: { by: 'plugin-field', credentials: CREDENTIALS, field: 'jwt_token' },
  dbt2: 'its adapter is experimental; stays as it was; a warning comes before its end',
} as const

/** Trino and Starburst: the server verifies a JWT itself, GitHub's own or that of an identity provider. */
export default warehouse<Connection>({
  type: 'trino',
  title: 'Trino/Starburst',
  connection,
  fields: FIELDS,
  credentialFields: ['password', 'jwt_token', 'method', 'client_private_key', 'starburst_secret_key'],
  accepts: {
    direct: {
      kind: 'id-token',
      trades: 'driver',
      ...KEPT,
      want: (c) => ({ audience: `https://${c.host}`, host: c.host, ...userOf(c) }),
    },
    entra: {
      kind: 'bearer',
      trades: 'action',
      ...KEPT,
      // The resource is an app of the user's own; nothing of the connection tells which.
      want: (c) => ({ host: c.host, ...userOf(c) }),
    },
    oauth: {
      kind: 'bearer',
      trades: 'action',
      ...KEPT,
      want: (c) => ({ host: c.host, ...userOf(c) }),
    },
  },
  adapter: { package: 'dbt-trino', bad: [] },
  carry({ connection: c, credential }) {
    if (credential.kind !== 'id-token' && credential.kind !== 'bearer')
      throw new Error(`trino cannot carry a ${credential.kind} credential`)
    return {
      fields: {
        method: { kind: 'text', text: 'jwt' },
        jwt_token: { kind: 'secret', name: 'TOKEN' },
        ...(c.port === 443 ? { port: { kind: 'plain', source: '443' } } : {}),
        // dbt-trino checks no certificate unless told to, and the token would go to whoever answers.
        ...(c.cert === undefined ? { cert: { kind: 'plain', source: 'true' } } : {}),
      },
      secrets: { TOKEN: credential.token },
      files: {},
      env: {},
    }
  },
  attribute: (run) => ({
    client_tags: { kind: 'list', items: tagsOf(run).map((text) => ({ kind: 'text', text })) },
  }),
  describe: (c) => `${catalogOf(c)}.${c.schema} on ${c.host}${c.user ? ` as ${c.user}` : ''}`,
  history: ({ host, port }, query) => {
    const id = query && reported(query, 'query_id')
    if (query && id === undefined) return undefined
    return `https://${host}:${port}/ui/${id === undefined ? '' : `query.html?${id}`}`
  },
  preflight: async (source, tools) => (await import('./trino/preflight.ts')).preflight(source, tools),
  trust: async (c, request) => (await import('./trino/trust.ts')).serverConfiguration(c, request),
  diagnose,
  errors: ERRORS,
  notes: [
    'dbt 2.x knows `trino` behind `DBT_ALLOW_EXPERIMENTAL_ADAPTERS=true` only (release candidate 196); not tried.',
    'Trino checks the token with every statement: a query that runs goes on after its expiry, the next statement is refused. GitHub’s own token lives five minutes.',
    'Where REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE is set, Python takes that file and not `cert:`.',
    'Via `entra` the resource app has to make tokens of version 2 (`"requestedAccessTokenVersion": 2` in its manifest): those of version 1.0 have another issuer and name the client otherwise.',
    'Via `entra` a real Trino has verified the tokens; the Entra that signed them is a stand-in of ours.',
    'Unverified: Starburst’s own products beside Trino.',
  ],
  faults: faultsOf,
  hosts: (c) => [c.host],
  proof: { direct: 'third-party server', entra: 'third-party server', oauth: 'third-party server' },
  example: {
    type: 'trino',
    host: 'trino.acme.example',
    port: 443,
    database: 'lake',
    schema: 'analytics',
    threads: 4,
  },
  examples: {
    direct: {
      about: [
        'GitHub’s token, and so the token of a connection, ends after five minutes; in run mode the plugin of this action gives each new connection a fresh one, which dbt opens for every node. A statement that is running goes on past the end; the next statement of the same node is refused, so a node that takes longer should be one statement, or take a longer token `via: oauth` or `via: entra`.',
      ],
    },
    entra: { identity: { scope: 'api://trino-prod/.default' } },
  },
})

/** The catalog, by either name that dbt-trino takes. */
export function catalogOf(c: Connection): string {
  return c.database ?? c.catalog ?? ''
}

function userOf(c: Connection): { readonly user?: string } {
  return c.user ? { user: c.user } : {}
}

function faultsOf(c: Connection): { readonly field: string; readonly problem: string }[] {
  const faults = []
  if (catalogOf(c) === '')
    faults.push({ field: 'database', problem: 'add it: it names the catalog to write to.' })
  if (c.cert === false && !isLoopbackHost(c.host))
    faults.push({
      field: 'cert',
      problem:
        '`false` would send the credential to whoever answers: leave it out, or name the PEM file of your certificate authority.',
    })
  return faults
}

/** The web interface and `system.runtime.queries` show them; a resource group can select by them. */
function tagsOf(run: Attribution): readonly string[] {
  const tags = {
    repository: run.repository,
    run: run.run,
    attempt: run.attempt,
    sha: run.sha,
    actor: run.actor,
    grant: run.grant,
  }
  return ['dbt-oidc', ...Object.entries(tags).map(([name, value]) => `${name}=${printable(value)}`)]
}

/** Trino reads the tags from a header, in which a comma parts them. */
function printable(value: string): string {
  return value.replaceAll(/[^\u0021-\u007e]|,/g, '-')
}
