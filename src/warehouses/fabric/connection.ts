import * as z from 'zod/mini'
import { namesHost } from '../sqlserver/host.ts'

const shape = z.looseObject({
  host: z.optional(z.string()),
  server: z.optional(z.string()),
  database: z.string().check(z.minLength(1)),
  schema: z.string().check(z.minLength(1)),
  workspace_id: z.optional(z.string()),
})

export type Connection = z.infer<typeof shape>

/** An output of dbt-fabric whose login is by an app of Entra. */
export const connection = shape.check(
  namesHost('must name the SQL endpoint of the warehouse, as ID.datawarehouse.fabric.microsoft.com'),
)
