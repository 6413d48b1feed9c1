import * as z from 'zod/mini'
import { nameOf, type Named } from '../../trust/naming.ts'

const account = z.string().check(
  z.minLength(1),
  z.refine((text) => !/:\/\/|\.snowflakecomputing\./i.test(text), {
    error:
      'is the identifier alone, ORGANISATION-ACCOUNT: leave `https://` and `.snowflakecomputing.com` away',
  }),
  z.refine((text) => !text.includes('_'), {
    error:
      'holds an underscore, which no host name can: write hyphens in its place, as Snowflake does in its URLs',
  }),
)

/** One Snowflake output of a profile, as far as the credential needs it. */
export const connection = z.looseObject({
  account,
  user: z.optional(z.string()),
  role: z.optional(z.string()),
  warehouse: z.optional(z.string()),
  database: z.string().check(z.minLength(1)),
  schema: z.string().check(z.minLength(1)),
  host: z.optional(z.string()),
  /** Judged like a host: over plain http it sees the token. */
  proxy_host: z.optional(z.string()),
  /** Where the driver takes data of a stage. */
  s3_stage_vpce_dns_name: z.optional(
    z
      .string()
      .check(z.regex(/^[A-Za-z0-9.*-]+\.vpce\.amazonaws\.com(?:\.cn)?$/, 'name an endpoint of Amazon')),
  ),
  protocol: z.optional(z.unknown()),
  insecure_mode: z.optional(z.unknown()),
})

export type Connection = z.infer<typeof connection>

/** Hosts to which the driver itself consents to send an attestation (connector 4.x, error 251021 otherwise). */
const SUFFIXES = ['snowflakecomputing.com', 'snowflakecomputing.cn', 'snowflakecomputing.mil']

/** Whether a host is Snowflake's own. */
export function isSnowflakes(host: string): boolean {
  return SUFFIXES.some((suffix) => host === suffix || host.endsWith(`.${suffix}`))
}

/** Where the driver logs in. */
export function hostOf(c: Connection): string {
  return c.host ?? `${c.account.toLowerCase()}.snowflakecomputing.com`
}

/** The same as an origin; only a rehearsal lets plain http through the configuration. */
export function originOf(c: Connection): string {
  const port = z.catch(z.coerce.number().check(z.int(), z.gte(1), z.lte(65_535)), 443).parse(c['port'] ?? 443)
  return new URL(`${c.protocol === 'http' ? 'http' : 'https'}://${hostOf(c)}:${port}`).origin
}

/** The user that the trust is written for: named by the connection, else after repository and target. */
export function userOf(c: Connection, request: Named): string {
  return c.user ?? nameOf(request, { prefix: 'GH', separator: '_', upper: true })
}

/** The role that the trust is written for. */
export function roleOf(c: Connection, request: Named): string {
  return c.role ?? nameOf(request, { prefix: 'DBT', separator: '_', upper: true })
}
