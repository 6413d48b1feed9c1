import * as z from 'zod/mini'
import type { Credential, Kind } from '../credential.ts'
import type { Value } from '../profile.ts'
import { warehouse, type Acceptance, type Warehouse } from '../warehouse.ts'
import { CREDENTIAL, marked, USER } from './other/marks.ts'

const connection = z.looseObject({
  type: z.string(),
  host: z.optional(z.string()),
  schema: z.optional(z.string()),
})

type Connection = z.infer<typeof connection>

/**
 * An adapter that nothing here knows more of: the user marks the field that takes the credential. What dbt 1.x keeps in a
 * field of its credentials, the plugin keeps fresh; what the adapter does with it is its own affair.
 */
export function further(type: string, output: Readonly<Record<string, unknown>>): Warehouse {
  const { credential: fields, user } = marked(output)
  const [field = ''] = fields
  const accepted = (kind: Kind): Acceptance<Connection> => ({
    kind,
    trades: 'action',
    // The package of an adapter names its credentials, as dbt itself finds them.
    keepAlive:
      fields.length === 1
        ? { by: 'plugin-field', credentials: `dbt.adapters.${type}.Plugin`, field }
        : { by: 'static' },
    want: ({ host }) => (host === undefined ? {} : { host }),
  })
  return warehouse<Connection>({
    type,
    title: type === OTHER ? 'Any other adapter' : type,
    connection,
    credentialFields: [],
    accepts: {
      // Another purchase would be another user, and dbt has read the name of the first.
      vault:
        user.length === 0 ? accepted('bearer') : { ...accepted('password'), keepAlive: { by: 'static' } },
      oauth: accepted('bearer'),
      entra: accepted('bearer'),
      direct: {
        ...accepted('id-token'),
        want: ({ host }) => (host === undefined ? {} : { host, audience: `https://${host}` }),
      },
    },
    adapter: { package: `dbt-${type.replaceAll('_', '-')}`, bad: [] },
    carry: ({ credential }) => ({
      fields: Object.fromEntries([
        ...fields.map((name) => [name, { kind: 'secret', name: 'CREDENTIAL' }] satisfies [string, Value]),
        ...user.map((name) => [name, { kind: 'text', text: userOf(credential) }] satisfies [string, Value]),
      ]),
      secrets: fields.length === 0 ? {} : { CREDENTIAL: secretOf(credential) },
      files: {},
      env: {},
    }),
    describe: ({ schema, host }) => [schema ?? type, ...(host === undefined ? [] : [`on ${host}`])].join(' '),
    hosts: ({ host }) => (host === undefined ? [] : [host]),
    trust: async (_connection, request) => (await import('./other/trust.ts')).trust(request),
    notes: [
      `Any dbt adapter: write \`"${CREDENTIAL}"\` for the value of the field that takes the credential, and \`"${USER}"\` for that of the user, where Vault makes one.`,
      'What is promised: the credential is bought by the policy, written safely, masked, and kept fresh by the plugin where dbt 1.x keeps it in one field of the adapter. What the adapter does with it nobody here has looked at: whether it sends it over TLS, and to whom, is for you to know.',
      '`direct` is proven with dbt-clickhouse: the engine of ClickHouse (chdb) behind a verifier of ours that takes the token for the password, which is what an HTTP authenticator of ClickHouse can do (`IDENTIFIED WITH http SERVER … SCHEME BASIC`). Its connections keep the password that they were opened with; with `reuse_connections: false` each node has the present one. `oauth`, `entra` and `vault` are proven with it likewise: a verifier of ours takes the access token, or the user and the password that a real OpenBao keeps.',
      'The package is taken to be `dbt-TYPE`, and its module `dbt.adapters.TYPE`.',
      'Its connection stands in `connection` or in the policy; an existing profiles.yml is no place for it.',
    ],
    proof: {
      vault: 'our verifier',
      oauth: 'our verifier',
      entra: 'our verifier',
      direct: 'our verifier',
    },
    example: {
      type: 'clickhouse',
      host: 'ch.acme.example',
      port: 8443,
      secure: true,
      user: USER,
      password: CREDENTIAL,
      schema: 'analytics',
    },
    examples: {
      oauth: SPARK,
      entra: { ...SPARK, identity: { scope: 'api://spark-prod/.default' } },
      direct: SPARK,
    },
  })
}

const OTHER = 'other'

const SPARK = {
  connection: {
    type: 'spark',
    method: 'http',
    host: 'spark.acme.example',
    port: 443,
    secure: undefined,
    user: undefined,
    password: undefined,
    token: CREDENTIAL,
  },
} as const

function secretOf(credential: Credential): string {
  switch (credential.kind) {
    case 'id-token':
    case 'bearer':
      return credential.token
    case 'password':
      return credential.password
    case 'key-pair':
      return credential.privateKey
    case 'aws':
    case 'none':
      throw new Error(`no single field can carry a ${credential.kind} credential`)
  }
}

function userOf(credential: Credential): string {
  return credential.kind === 'password' || credential.kind === 'key-pair' ? credential.user : ''
}

export default further(OTHER, { password: CREDENTIAL, user: USER })
