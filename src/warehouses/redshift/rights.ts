import { folded, sql, type Fragment } from '../../trust/quote.ts'
import { databaseOf, type Connection } from './connection.ts'

/** Whether the schema is known before the run. */
function isNamed({ schema }: Connection): boolean {
  return !schema.includes('{')
}

/** What dbt needs in the database, for a user or a role as SQL names it. */
export function rightsOf(c: Connection, grantee: Fragment): readonly string[] {
  const database = folded(databaseOf(c))
  return [
    sql`GRANT TEMPORARY ON DATABASE ${database} TO ${grantee};`,
    ...(isNamed(c)
      ? [
          sql`CREATE SCHEMA IF NOT EXISTS ${folded(c.schema)};`,
          sql`GRANT USAGE, CREATE ON SCHEMA ${folded(c.schema)} TO ${grantee};`,
        ]
      : [sql`GRANT CREATE ON DATABASE ${database} TO ${grantee};`]),
  ]
}

/** What has to be known of them. */
export function remarksOn(c: Connection): readonly string[] {
  return isNamed(c)
    ? [
        'Schemas that models name beside this one need the same two statements, and so do sources USAGE and SELECT.',
      ]
    : []
}
