import * as z from 'zod/mini'
import { isLoopbackHost } from '../../rehearsal.ts'

/** What libpq does without TLS, or gives up TLS for: no token may travel so. */
const WITHOUT_TLS = ['disable', 'allow', 'prefer']

const shape = z.looseObject({
  host: z.string().check(z.minLength(1)),
  port: z._default(z.int().check(z.minimum(1), z.maximum(65_535)), 5432),
  user: z.string().check(z.minLength(1)),
  dbname: z.optional(z.string()),
  database: z.optional(z.string()),
  schema: z.string().check(z.minLength(1)),
  sslmode: z.optional(z.string()),
  sslrootcert: z.optional(z.string()),
})

export type Connection = z.infer<typeof shape>

/** An output of dbt-postgres. The user is never implied: the database knows its users by names of their own. */
export const connection = shape.check((payload) => {
  const { host, sslmode, dbname, database } = payload.value
  const issue = (field: string, message: string): void =>
    void payload.issues.push({ code: 'custom', path: [field], message, input: payload.value })
  if (sslmode !== undefined && WITHOUT_TLS.includes(sslmode) && !isLoopbackHost(host))
    issue(
      'sslmode',
      `is \`${sslmode}\`, and the password could cross the network in clear: leave it out, or write \`require\` or \`verify-full\``,
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
