import * as z from 'zod/mini'
import { namesHost } from '../sqlserver/host.ts'

const shape = z.looseObject({
  driver: z.string().check(z.minLength(1)),
  host: z.optional(z.string()),
  server: z.optional(z.string()),
  database: z.string().check(z.minLength(1)),
  schema: z.string().check(z.minLength(1)),
  login_timeout: z.optional(z.unknown()),
})

export type Connection = z.infer<typeof shape>

/** An output of dbt-synapse, whose driver trades GitHub's token at Entra by itself. */
export const connection = shape.check(
  namesHost('must name the dedicated SQL endpoint of the workspace, as NAME.sql.azuresynapse.net'),
)
