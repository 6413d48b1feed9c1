import * as z from 'zod/mini'
import { isLoopbackHost } from '../../rehearsal.ts'
import type { Fault } from '../../warehouse.ts'
import { namesHost } from './host.ts'

const shape = z.looseObject({
  host: z.optional(z.string()),
  server: z.optional(z.string()),
  port: z._default(z.int().check(z.minimum(1), z.maximum(65_535)), 1433),
  database: z.string().check(z.minLength(1)),
  schema: z.string().check(z.minLength(1)),
  driver: z.optional(z.string()),
  backend: z.optional(z.string()),
  encrypt: z.optional(z.unknown()),
  trust_cert: z.optional(z.unknown()),
  TrustServerCertificate: z.optional(z.unknown()),
})

export type Connection = z.infer<typeof shape>

/** An output of dbt-sqlserver whose login is by a token of Entra. */
export const connection = shape.check(namesHost('must name the server, as NAME.database.windows.net'))

/** Hosts of Azure SQL, of managed instances, and of the SQL endpoints of Synapse and Fabric, in every cloud of Microsoft. */
const VENDORS =
  /\.(?:database\.(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)|sql\.azuresynapse\.(?:net|usgovcloudapi\.net|azure\.cn)|(?:datawarehouse|database)\.fabric\.microsoft\.com)$/i

/** Whether a host is one of Microsoft's own: a token of Entra opens every database that knows its holder. */
export function isVendors(host: string): boolean {
  return VENDORS.test(host)
}

/** What would send the token elsewhere, or in clear. */
export function tlsFaults(c: Readonly<Record<string, unknown>>, host: string): readonly Fault[] {
  const off = (field: string, wrong: (value: unknown) => boolean, problem: string): readonly Fault[] =>
    field in c && wrong(c[field]) && !isLoopbackHost(host) ? [{ field, problem }] : []
  return [
    ...off(
      'encrypt',
      (on) => on !== true,
      'Without TLS the token crosses the network in clear: leave `encrypt` out.',
    ),
    ...['trust_cert', 'TrustServerCertificate'].flatMap((field) =>
      off(
        field,
        (on) => on !== false,
        `With \`${field}\` anybody in between could take the token: leave it out.`,
      ),
    ),
    ...['windows_login', 'trusted_connection'].flatMap((field) =>
      off(
        field,
        (on) => on !== false,
        `\`${field}\` logs in as the runner's own user, and not by a token: leave it out.`,
      ),
    ),
  ]
}
