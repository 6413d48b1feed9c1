import * as z from 'zod/mini'
import { warehouse } from '../warehouse.ts'

/** DuckDB in the dbt process: no exchange, but a grant decides which database file a run may write. */
export default warehouse({
  type: 'duckdb',
  title: 'DuckDB',
  connection: z.looseObject({
    path: z._default(z.string().check(z.minLength(1)), ':memory:'),
    schema: z.optional(z.string()),
    threads: z.optional(z.number()),
  }),
  credentialFields: [
    'motherduck_token',
    'secrets',
    'settings.motherduck_token',
    'settings.s3_access_key_id',
    'settings.s3_secret_access_key',
    'settings.s3_session_token',
  ],
  accepts: {
    none: { kind: 'none', trades: 'action', keepAlive: { by: 'static' }, want: () => ({}) },
  },
  adapter: { package: 'dbt-duckdb', bad: [] },
  carry: () => ({ fields: {}, secrets: {}, files: {}, env: {} }),
  describe: (connection) =>
    connection.path === ':memory:' ? 'a database in memory' : `the database file ${connection.path}`,
  hosts: () => [],
  faults: ({ path }) =>
    /[?&]motherduck_token=/i.test(path)
      ? [
          {
            field: 'path',
            problem:
              'it carries `motherduck_token`, a credential: take the parameter out of the path, and revoke the token, since the file has held it.',
          },
        ]
      : [],
  proof: { none: 'third-party server' },
  example: { type: 'duckdb', path: 'prod.duckdb', schema: 'analytics', threads: 4 },
})
