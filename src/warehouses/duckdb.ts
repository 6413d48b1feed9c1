import type { TrustDocument, TrustFormat, TrustRequest } from '../trust.ts'
import { warehouse } from '../warehouse.ts'
import { connection, type Connection } from './duckdb/connection.ts'
import { ownCredentials } from './duckdb/faults.ts'
import { FIELDS } from './duckdb/fields.ts'
import { carryToken, isMotherDuck, MOTHERDUCK, motherDuckFaults } from './duckdb/motherduck.ts'
import { carryS3, regionOf, s3Faults } from './duckdb/s3.ts'

/** DuckDB in the dbt process, and MotherDuck behind it: a grant decides which database a run may write, and as whom it is in S3. */
export default warehouse<Connection>({
  type: 'duckdb',
  title: 'DuckDB',
  connection,
  fields: FIELDS,
  credentialFields: [
    'motherduck_token',
    'secrets.key_id',
    'secrets.secret',
    'secrets.session_token',
    'secrets.token',
    'settings.motherduck_token',
    'settings.s3_access_key_id',
    'settings.s3_secret_access_key',
    'settings.s3_session_token',
  ],
  accepts: {
    none: { kind: 'none', trades: 'action', keepAlive: { by: 'static' }, want: () => ({}) },
    aws: {
      kind: 'aws',
      trades: 'action',
      keepAlive: { by: 'aws-container', file: 'aws-credentials' },
      dbt2: 'a private file is renewed; DuckDB reads it again where S3 refuses a read, and a late write fails (not run)',
      want: (c) => {
        const region = regionOf(c)
        return region === undefined ? {} : { region }
      },
      faults: s3Faults,
    },
    vault: {
      kind: 'bearer',
      trades: 'action',
      // DuckDB takes the token when it opens the database, and keeps both.
      keepAlive: { by: 'static' },
      want: () => ({}),
      faults: motherDuckFaults,
    },
  },
  adapter: { package: 'dbt-duckdb', bad: [] },
  carry: ({ connection: c, credential, directory, hook }) =>
    credential.kind === 'aws'
      ? carryS3(c, credential, directory, hook)
      : {
          fields: {},
          secrets: {},
          files: {},
          env: {},
          ...(credential.kind === 'bearer' && carryToken(credential)),
        },
  describe,
  hosts: (c) => (isMotherDuck(c) ? [MOTHERDUCK] : []),
  faults: ownCredentials,
  // Without an exchange there is nobody to ask.
  preflight: async ({ credential }, { io, identity }) =>
    credential.kind === 'aws'
      ? (await import('../exchanges/aws/caller.ts')).callerIdentity(credential, identity, io)
      : undefined,
  trust: (c, request) => (request.via === 'aws' ? s3Trust(c, request, 'commands') : []),
  terraform: (c, request) => (request.via === 'aws' ? s3Trust(c, request, 'terraform') : []),
  notes: [
    'SQL of DuckDB runs within dbt, on the runner: a model can read files and the environment of this action (`read_text`), as Python can. [SECURITY.md](../../SECURITY.md) says what follows from that.',
    'For S3, DuckDB loads its extensions `httpfs` and `aws`, which it downloads from extensions.duckdb.org at first use: let the runner reach it, or bring them along.',
    'DuckDB gets the keys for S3 by the credential chain. In run mode dbt 1.x asks this action for them, on 127.0.0.1, as in a container of AWS (tried with DuckDB 1.5.5); with `keep-alive: off`, dbt 2.x or in prepared mode they go by private files.',
    'DuckDB 1.5 looks the keys up again where S3 refuses a read, and not where it refuses a write. So a plugin of ours, which dbt-duckdb loads by `plugins` and `module_paths` of the profile, makes the S3 secrets anew before a node when there are other keys; dbt 2.x has no such plugins, and a write after the end of the keys fails there.',
    'MotherDuck takes no token of anybody else: one of its own has to be kept somewhere, and Vault gives it to the runs that the policy grants, and to nobody else. It stays valid until it is revoked there, so rotate it. The service itself has not been tried, and nothing can stand in for it: what DuckDB installs as `motherduck` (seen with 1.5.5) is a loader, which asks `http://api.motherduck.com/extension_version` before it takes any token, past every proxy that is named to it, and loads from there what speaks to the service. Let port 80 of that host be reached, too.',
    'The connection may have S3 secrets of its own for scope, region or endpoint; their keys come from the role.',
  ],
  proof: { none: 'nothing to verify', aws: 'our verifier', vault: 'shape only' },
  example: { type: 'duckdb', path: 'prod.duckdb', schema: 'analytics', threads: 4 },
  examples: {
    none: {
      about: [
        'The database file lies in the workspace and is gone with the runner: let a later step keep it (`actions/upload-artifact`), or write to S3.',
      ],
    },
    vault: {
      connection: { path: 'md:shop' },
      identity: {
        database: undefined,
        secret: { mount: 'secret', path: 'motherduck/dbt', version: 2, field: 'token' },
      },
      about: [
        'The path names the database in MotherDuck; `field` is the one of the secret that holds its token.',
      ],
    },
    aws: {
      connection: { path: ':memory:', external_root: 's3://acme-lake/dbt' },
      about: [
        'Models of `materialized: external` are written below `external_root`. The database itself is in memory here: a file as `path` would be gone with the runner.',
      ],
    },
  },
})

function describe(c: Connection): string {
  if (c.path === ':memory:') return 'a database in memory'
  return isMotherDuck(c) ? `MotherDuck, ${c.path}` : `the database file ${c.path}`
}

/** Only S3 has anybody to tell. */
async function s3Trust(
  c: Connection,
  request: TrustRequest,
  format: TrustFormat,
): Promise<readonly TrustDocument[]> {
  const { s3Trust: trust } = await import('./duckdb/trust.ts')
  return trust(c, request, format)
}
