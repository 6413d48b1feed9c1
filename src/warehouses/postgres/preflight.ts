import * as z from 'zod/mini'
import type { Finding, PreflightTools } from '../../warehouse.ts'
import { databaseOf, type Connection } from './connection.ts'

/** psycopg2 is the driver of dbt-postgres; the password comes on standard input. */
const SCRIPT = `
import json, sys
import psycopg2
given = json.load(sys.stdin)
with psycopg2.connect(connect_timeout=20, application_name="dbt-oidc preflight", **given) as connection:
    with connection.cursor() as cursor:
        cursor.execute("select session_user, current_database()")
        user, database = cursor.fetchone()
print(json.dumps({"user": user, "database": database}))
`

const answer = z.object({ user: z.string(), database: z.string() })

/** One login as dbt makes it. */
export async function preflight(
  c: Connection,
  password: string,
  { python }: PreflightTools,
): Promise<readonly Finding[]> {
  const told = answer.parse(
    await python(SCRIPT, {
      host: c.host,
      port: c.port,
      user: c.user,
      password,
      dbname: databaseOf(c),
      sslmode: c.sslmode ?? (c.sslrootcert ? 'verify-full' : 'require'),
      ...(c.sslrootcert === undefined ? {} : { sslrootcert: c.sslrootcert }),
    }),
  )
  return [
    { what: 'user', expected: c.user, actual: told.user },
    { what: 'database', expected: databaseOf(c), actual: told.database },
  ]
}
