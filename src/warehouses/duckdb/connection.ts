import * as z from 'zod/mini'

const entries = z.array(z.record(z.string(), z.unknown()))

/** An output of dbt-duckdb. */
export const connection = z.looseObject({
  path: z._default(z.string().check(z.minLength(1)), ':memory:'),
  schema: z.optional(z.string()),
  threads: z.optional(z.number()),
  external_root: z.optional(z.string()),
  attach: z.optional(entries),
  secrets: z.optional(entries),
  plugins: z.optional(entries),
  module_paths: z.optional(z.array(z.string())),
  settings: z.optional(z.record(z.string(), z.unknown())),
})

export type Connection = z.infer<typeof connection>
