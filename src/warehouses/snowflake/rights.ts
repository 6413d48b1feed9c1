import type { Part } from '../../trust/parts.ts'
import { comment, identifier, sql, type Fragment } from '../../trust/quote.ts'
import type { Connection } from './connection.ts'

/** What a role may do that dbt works with. A role owns what dbt makes with it, so that it stays with its rights until somebody has given that away. */
export function rights(c: Connection, role: Fragment, name: string): readonly Part[] {
  const database = identifier(c.database)
  const statements = [
    ...(c.warehouse === undefined
      ? []
      : [sql`GRANT USAGE ON WAREHOUSE ${identifier(c.warehouse)} TO ROLE ${role};`]),
    [
      comment('--', ['And USAGE and SELECT on the databases that the sources are in.']),
      sql`GRANT USAGE, CREATE SCHEMA ON DATABASE ${database} TO ROLE ${role};`,
    ].join('\n'),
  ]
  return [
    {
      what: `the role ${name} of ${c.account.toLowerCase()}, which owns what dbt has made with it`,
      state: '',
      create: sql`CREATE ROLE IF NOT EXISTS ${role};`,
      byHand: true,
    },
    ...statements.map((create) => ({
      what: `in ${c.account.toLowerCase()}: ${create}`,
      state: '',
      create,
    })),
  ]
}
