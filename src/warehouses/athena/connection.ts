import * as z from 'zod/mini'
import { isEndpoint, suffixOf } from '../../exchanges/aws/partition.ts'
import { isLoopbackHost } from '../../rehearsal.ts'

const shape = z.looseObject({
  region_name: z.string().check(z.minLength(1)),
  schema: z.string().check(z.minLength(1)),
  database: z.optional(z.string()),
  catalog: z.optional(z.string()),
  work_group: z.optional(z.string()),
  s3_staging_dir: z.optional(z.string()),
  s3_data_dir: z.optional(z.string()),
  s3_tmp_table_dir: z.optional(z.string()),
  endpoint_url: z.optional(z.string()),
  assume_role_arn: z.optional(z.string()),
})

export type Connection = z.infer<typeof shape>

/** An output of dbt-athena. */
export const connection = shape.check((payload) => {
  for (const { field, message } of flaws(payload.value))
    payload.issues.push({ code: 'custom', path: [field], message, input: payload.value })
})

/** The data catalog; dbt takes both names for it, and Athena's own is the default of most accounts. */
export function catalogOf({ database, catalog }: Connection): string {
  return database ?? catalog ?? 'awsdatacatalog'
}

/** Athena's own name of the workgroup of those who name none. */
export function workGroupOf({ work_group: named }: Connection): string {
  return named ?? 'primary'
}

interface Flaw {
  readonly field: string
  readonly message: string
}

function flaws(c: Connection): readonly Flaw[] {
  const found: (Flaw | false)[] = [
    suffixOf(c.region_name) === undefined && {
      field: 'region_name',
      message: `is \`${c.region_name}\`, which is no region of AWS: write one as eu-west-1`,
    },
    c.s3_staging_dir === undefined &&
      c.work_group === undefined && {
        field: 's3_staging_dir',
        message:
          'must say where results go, unless `work_group` names a workgroup that says so: write `s3_staging_dir: s3://BUCKET/PREFIX/`',
      },
    ...(['s3_staging_dir', 's3_data_dir', 's3_tmp_table_dir'] as const).map((field): Flaw | false => {
      const value = c[field]
      return (
        value !== undefined &&
        !/^s3:\/\/[^/]/.test(value) && { field, message: `must begin with s3://BUCKET` }
      )
    }),
    strangersEndpoint(c.endpoint_url),
  ]
  return found.filter((one) => one !== false)
}

/** Whoever answers there learns what is asked, though not the keys. */
function strangersEndpoint(url: string | undefined): Flaw | false {
  if (url === undefined) return false
  const host = URL.canParse(url) ? new URL(url).hostname : ''
  return (
    !isEndpoint(host) &&
    !isLoopbackHost(host) && {
      field: 'endpoint_url',
      message: 'is no endpoint of AWS: leave it out, or write https://athena.REGION.amazonaws.com',
    }
  )
}
