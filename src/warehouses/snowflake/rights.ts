import { comment, identifier, sql, type Fragment } from '../../trust/quote.ts'
import type { Connection } from './connection.ts'

/** What a role may do that dbt works with. */
export function rights(c: Connection, role: Fragment): readonly string[] {
  const database = identifier(c.database)
  return [
    sql`CREATE ROLE IF NOT EXISTS ${role};`,
    ...(c.warehouse === undefined
      ? []
      : [sql`GRANT USAGE ON WAREHOUSE ${identifier(c.warehouse)} TO ROLE ${role};`]),
    comment('--', ['And USAGE and SELECT on the databases that the sources are in.']),
    sql`GRANT USAGE, CREATE SCHEMA ON DATABASE ${database} TO ROLE ${role};`,
  ]
}
