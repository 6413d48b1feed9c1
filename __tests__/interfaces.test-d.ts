// The two interfaces on paper: six pairs that differ in who trades, what dbt gets and how it is kept fresh. This file
// only has to compile; if one of the pairs cannot be said, the interface is wrong.
import * as z from 'zod/mini'
import { exchange, type Want } from '../src/exchange.ts'
import { warehouse } from '../src/warehouse.ts'
import { fail } from '../src/errors.ts'

/** Google: one token is traded for a service account's access token. */
export const google = exchange({
  name: 'google',
  summary: 'workload identity federation',
  settings: z.strictObject({ provider: z.string(), 'service-account': z.optional(z.string()) }),
  audience: (s, want) => want.audience ?? `https://iam.googleapis.com/${s.provider}`,
  async trade(s, want, mint, io) {
    const token = await mint(want.audience ?? `https://iam.googleapis.com/${s.provider}`)
    const answer = await io.http({
      url: 'https://sts.googleapis.com/v1/token',
      method: 'POST',
      body: token.text,
      deadline: 10_000,
    })
    return { kind: 'bearer', token: answer.body, expiresAt: null }
  },
  recipe: (s, want) => ({
    type: 'external_account',
    audience: `//iam.googleapis.com/${s.provider}`,
    scopes: [want.scope],
  }),
  identity: (s, _want, claims) => s['service-account'] ?? claims.sub,
  hosts: () => ['sts.googleapis.com', 'iamcredentials.googleapis.com'],
  proof: 'shape only',
  example: { provider: 'projects/1/locations/global/workloadIdentityPools/github/providers/dbt' },
})

/** AWS: role credentials; the database password is made from them. */
export const aws = exchange({
  name: 'aws',
  summary: 'AssumeRoleWithWebIdentity',
  settings: z.strictObject({ role: z.string(), region: z.optional(z.string()) }),
  audience: (_s, want) => want.audience ?? 'sts.amazonaws.com',
  async trade(s, want, mint, io) {
    await mint(want.audience ?? 'sts.amazonaws.com')
    const soon = new Date(io.now().getTime() + 3_600_000)
    if (want.user) return { kind: 'password', user: want.user, password: 'presigned', expiresAt: soon }
    const region =
      s.region ?? want.region ?? fail({ code: 'configuration', problem: 'No region.', remedy: 'Name one.' })
    return {
      kind: 'aws',
      accessKeyId: 'AKIA',
      secretAccessKey: 's',
      sessionToken: 't',
      region,
      expiresAt: soon,
    }
  },
  identity: (s) => s.role,
  hosts: (s) => [`sts.${s.region ?? 'us-east-1'}.amazonaws.com`],
  proof: 'shape only',
  example: { role: 'arn:aws:iam::123456789012:role/dbt' },
})

/** Okta over aws: an exchange that calls another one in order to sign. */
export const okta = exchange({
  name: 'okta',
  summary: 'private_key_jwt with a key in AWS KMS',
  settings: z.strictObject({
    issuer: z.string(),
    'client-id': z.string(),
    aws: aws.settings,
    key: z.string(),
  }),
  audience: (_s, want) => want.audience ?? 'sts.amazonaws.com',
  async trade(s, _want, mint, io) {
    const session = await aws.bind(s.aws).trade({}, mint, io)
    const answer = await io.http({
      url: `${s.issuer}/v1/token`,
      method: 'POST',
      body: session.kind,
      deadline: 10_000,
    })
    return { kind: 'bearer', token: answer.body, expiresAt: io.now() }
  },
  revoke: async (s, credential, io) => {
    if (credential.kind === 'bearer')
      await io.http({ url: `${s.issuer}/v1/revoke`, method: 'POST', body: credential.token, deadline: 5000 })
  },
  identity: (s) => s['client-id'],
  hosts: (s) => [new URL(s.issuer).host],
  proof: 'shape only',
  example: {
    issuer: 'https://acme.okta.com/oauth2/default',
    'client-id': '0oa',
    aws: aws.example,
    key: 'arn:aws:kms:eu-west-1:123456789012:key/1',
  },
})

/** IAM Identity Center for Redshift: the driver posts to a token endpoint at each connect. */
export const identityCenter = exchange({
  name: 'aws-identity-center',
  summary: 'trusted token issuer',
  settings: z.strictObject({ application: z.string() }),
  audience: (s, want) => want.audience ?? s.application,
  trade: async (s, want, mint) => {
    const token = await mint(want.audience ?? s.application)
    return { kind: 'id-token', token: token.text, expiresAt: new Date(token.claims.exp * 1000) }
  },
  identity: (_s, _want, claims) => claims.sub,
  hosts: () => [],
  proof: 'shape only',
  example: { application: 'arn:aws:sso::123456789012:application/ssoins-1/apl-1' },
})

const named = z.looseObject({
  host: z.string(),
  port: z._default(z.number(), 5432),
  user: z.string(),
  dbname: z.string(),
})
const nothing = { fields: {}, secrets: {}, files: {}, env: {} }

/** DuckDB/none. */
export const duckdb = warehouse({
  type: 'duckdb',
  title: 'DuckDB',
  connection: z.looseObject({ path: z.string() }),
  credentialFields: [],
  accepts: { none: { kind: 'none', trades: 'action', keepAlive: { by: 'static' }, want: (): Want => ({}) } },
  adapter: { package: 'dbt-duckdb', bad: [] },
  carry: () => nothing,
  describe: (c) => c.path,
  hosts: () => [],
  proof: { none: 'our verifier' },
  example: { type: 'duckdb', path: 'prod.duckdb' },
})

/** Snowflake/direct, and Snowflake/okta over aws. */
export const snowflake = warehouse({
  type: 'snowflake',
  title: 'Snowflake',
  connection: z.looseObject({ account: z.string(), role: z.string() }),
  credentialFields: ['token'],
  accepts: {
    direct: {
      kind: 'id-token',
      trades: 'driver',
      keepAlive: { by: 'plugin-field', credentials: 'SnowflakeCredentials', field: 'token' },
      want: () => ({ audience: 'snowflakecomputing.com' }),
    },
    okta: {
      kind: 'bearer',
      trades: 'action',
      keepAlive: { by: 'login-proxy' },
      want: (c) => ({ scope: `session:role:${c.role}` }),
    },
  },
  adapter: {
    package: 'dbt-snowflake',
    bad: [{ below: '1.12.0', via: ['direct'], reason: 'it does not know the field' }],
  },
  carry: ({ credential }) =>
    credential.kind === 'id-token' || credential.kind === 'bearer'
      ? {
          ...nothing,
          fields: { token: { kind: 'secret', name: 'TOKEN' } },
          secrets: { TOKEN: credential.token },
        }
      : nothing,
  describe: (c) => c.account,
  hosts: (c) => [`${c.account}.snowflakecomputing.com`],
  proof: { direct: 'our verifier', okta: 'shape only' },
  example: { type: 'snowflake', account: 'acme', role: 'R' },
})

/** BigQuery/google: a file tells the driver where to ask; the driver trades. */
export const bigquery = warehouse({
  type: 'bigquery',
  title: 'BigQuery',
  connection: z.looseObject({ project: z.string(), dataset: z.string() }),
  credentialFields: ['keyfile', 'keyfile_json'],
  accepts: {
    google: {
      kind: 'bearer',
      trades: 'driver',
      keepAlive: { by: 'token-url' },
      want: () => ({ scope: 'https://www.googleapis.com/auth/bigquery' }),
    },
  },
  adapter: { package: 'dbt-bigquery', bad: [] },
  carry: ({ directory }) => ({
    ...nothing,
    files: { 'adc.json': '{}' },
    env: { GOOGLE_APPLICATION_CREDENTIALS: `${directory}/adc.json` },
  }),
  describe: (c) => `${c.project}.${c.dataset}`,
  hosts: () => ['bigquery.googleapis.com'],
  proof: { google: 'shape only' },
  example: { type: 'bigquery', project: 'acme', dataset: 'analytics' },
})

/** PostgreSQL/aws: a password that libpq reads from a file at each connect. */
export const postgres = warehouse({
  type: 'postgres',
  title: 'PostgreSQL',
  connection: named,
  credentialFields: ['password'],
  accepts: {
    aws: {
      kind: 'password',
      trades: 'action',
      keepAlive: { by: 'file', name: 'pgpass' },
      want: (c) => ({ host: c.host, port: c.port, user: c.user }),
    },
  },
  adapter: { package: 'dbt-postgres', bad: [] },
  carry: ({ credential, directory }) => ({
    ...nothing,
    fields: { password: { kind: 'text', text: '' } },
    files: credential.kind === 'password' ? { pgpass: `*:*:*:*:${credential.password}` } : {},
    env: { PGPASSFILE: `${directory}/pgpass` },
  }),
  describe: (c) => c.dbname,
  hosts: (c) => [c.host],
  proof: { aws: 'shape only' },
  example: { type: 'postgres', host: 'h', user: 'u', dbname: 'd' },
})

/** Redshift/aws-identity-center. */
export const redshift = warehouse({
  type: 'redshift',
  title: 'Redshift',
  connection: named,
  credentialFields: ['password'],
  accepts: {
    'aws-identity-center': {
      kind: 'id-token',
      trades: 'driver',
      keepAlive: { by: 'token-endpoint', field: 'token_endpoint' },
      want: () => ({}),
    },
  },
  adapter: { package: 'dbt-redshift', bad: [] },
  carry: () => ({ ...nothing, fields: { method: { kind: 'text', text: 'oauth_token_identity_center' } } }),
  describe: (c) => c.dbname,
  hosts: (c) => [c.host],
  proof: { 'aws-identity-center': 'shape only' },
  example: { type: 'redshift', host: 'h', user: 'u', dbname: 'd' },
})
