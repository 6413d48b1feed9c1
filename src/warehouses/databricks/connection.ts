import * as z from 'zod/mini'
import { isExpression } from '../../profile.ts'
import type { Fault } from '../../warehouse.ts'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** One Databricks output of a profile, as far as the credential needs it. */
export const connection = z.looseObject({
  host: z.string().check(
    z.minLength(1),
    z.refine((text) => !text.includes('/'), {
      error: 'is the bare host name: leave `https://` and any path away',
    }),
  ),
  http_path: z.string().check(z.minLength(1)),
  catalog: z.optional(z.string()),
  schema: z.string().check(z.minLength(1)),
  /** Application id of the service principal that the federation policy belongs to. */
  client_id: z.string().check(
    z.refine((text) => UUID.test(text) || /[{]/.test(text), {
      error: 'must be the application id of the service principal, a UUID, and not its name',
    }),
  ),
  use_kernel: z.optional(z.unknown()),
  connection_parameters: z.optional(
    z
      .unknown()
      .check(
        z.refine(
          isHarmless,
          'may lead the connection elsewhere: of the parameters with an underscore only `_socket_timeout` and `_retry_…` are taken',
        ),
      ),
  ),
})

/**
 * dbt hands these to the driver as they are: `_connection_uri` and `_port` go before the host, `_tls_no_verify` ends
 * the check of its certificate. The driver's own names begin with an underscore, and new ones may come.
 */
function isHarmless(parameters: unknown): boolean {
  if (typeof parameters !== 'object' || parameters === null || isExpression(parameters)) return false
  return Object.keys(parameters).every(
    (name) => !name.startsWith('_') || /^_(?:socket_timeout$|retry_)/.test(name),
  )
}

export type Connection = z.infer<typeof connection>

/** Workspaces on AWS, Azure and Google, and those of the government and China clouds. */
const SUFFIXES = [
  'cloud.databricks.com',
  'azuredatabricks.net',
  'gcp.databricks.com',
  'cloud.databricks.us',
  'databricks.azure.us',
  'databricks.azure.cn',
]

/** Whether a host is a workspace of Databricks. */
export function isWorkspace(host: string): boolean {
  return SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`))
}

/** Where a workspace trades a federated token (OAuth token federation, RFC 8693). */
export function tokenUrl(c: Connection): string {
  return `https://${c.host}/oidc/v1/token`
}

/** dbt-databricks 1.12.8 refuses every form of OIDC beside the kernel (handle.py). */
export function needsNoKernel(c: Connection): readonly Fault[] {
  if (c.use_kernel === undefined || c.use_kernel === null || c.use_kernel === false) return []
  return [
    { field: 'use_kernel', problem: 'the kernel takes no OIDC token: leave it out, or use `via: oauth`.' },
  ]
}
