import * as z from 'zod/mini'
import { isLoopbackHost } from '../../rehearsal.ts'

/** What libpq never gives up TLS for; anything else, an empty text above all, could let the token travel in clear. */
const WITH_TLS = ['require', 'verify-ca', 'verify-full']

const shape = z.looseObject({
  host: z.string().check(z.minLength(1)),
  port: z._default(z.int().check(z.minimum(1), z.maximum(65_535)), 5432),
  /** Empty: whoever makes the password makes the user, too. */
  user: z._default(z.string(), ''),
  dbname: z.optional(z.string()),
  database: z.optional(z.string()),
  schema: z.string().check(z.minLength(1)),
  sslmode: z.optional(z.string()),
  sslrootcert: z.optional(z.string()),
})

export type Connection = z.infer<typeof shape>

/** An output of dbt-postgres. */
export const connection = shape.check((payload) => {
  const { host, sslmode, dbname, database } = payload.value
  const issue = (field: string, message: string): void =>
    void payload.issues.push({ code: 'custom', path: [field], message, input: payload.value })
  if (sslmode !== undefined && !WITH_TLS.includes(sslmode) && !isLoopbackHost(host))
    issue(
      'sslmode',
      `is ${JSON.stringify(sslmode)}, and the password could cross the network in clear: leave it out, or write \`require\`, \`verify-ca\` or \`verify-full\``,
    )
  if ((dbname ?? database) === undefined) issue('dbname', 'must name the database')
})

/** dbt takes both names for it. */
export function databaseOf({ dbname, database }: Connection): string {
  return dbname ?? database ?? ''
}

/** The region in the name of an endpoint of RDS or Aurora. */
export function regionOf(host: string): string | undefined {
  return /\.([a-z]{2,}(?:-[a-z]+)+-\d)\.rds\.amazonaws\.com(?:\.cn)?$/.exec(host)?.[1]
}
