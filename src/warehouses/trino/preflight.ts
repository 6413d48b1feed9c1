import * as z from 'zod/mini'
import type { Finding, PreflightTools, Source } from '../../warehouse.ts'
import { catalogOf, type Connection } from '../trino.ts'

/** The driver of dbt-trino; the token comes on standard input. */
const SCRIPT = `
import json, sys
import trino
given = json.load(sys.stdin)
connection = trino.dbapi.connect(
    host=given["host"], port=given["port"], http_scheme="https", user=given["user"], verify=given["verify"],
    catalog=given["catalog"], auth=trino.auth.JWTAuthentication(given["token"]), request_timeout=20, max_attempts=1,
)
cursor = connection.cursor()
cursor.execute("select current_user, current_catalog")
user, catalog = cursor.fetchone()
print(json.dumps({"user": user, "catalog": catalog}))
`

const answer = z.object({ user: z.string(), catalog: z.nullish(z.string()) })

/** One statement with the token that dbt will have. */
export async function preflight(
  { connection: c, credential }: Source<Connection>,
  { python }: PreflightTools,
): Promise<readonly Finding[]> {
  if (credential.kind !== 'id-token' && credential.kind !== 'bearer')
    throw new Error(`trino cannot ask with a ${credential.kind} credential`)
  const told = answer.parse(
    await python(SCRIPT, {
      host: c.host,
      port: c.port,
      user: c.user ?? null,
      verify: c.cert ?? true,
      catalog: catalogOf(c),
      token: credential.token,
    }),
  )
  return [
    { what: 'user', expected: c.user, actual: told.user },
    { what: 'catalog', expected: catalogOf(c), actual: told.catalog ?? undefined },
  ]
}
