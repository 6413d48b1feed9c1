import * as z from 'zod/mini'

const shape = z.looseObject({
  host: z.optional(z.string()),
  server: z.optional(z.string()),
  database: z.string().check(z.minLength(1)),
  schema: z.string().check(z.minLength(1)),
  workspace_id: z.optional(z.string()),
})

export type Connection = z.infer<typeof shape>

/** An output of dbt-fabric whose login is by an app of Entra. */
export const connection = shape.check((payload) => {
  const { host, server } = payload.value
  if (host === undefined && server === undefined)
    payload.issues.push({
      code: 'custom',
      path: ['host'],
      message: 'must name the SQL endpoint of the warehouse, as ID.datawarehouse.fabric.microsoft.com',
      input: payload.value,
    })
})

/** dbt takes both names for it. */
export function hostOf({ host, server }: Connection): string {
  return host ?? server ?? ''
}
