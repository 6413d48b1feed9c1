import * as z from 'zod/mini'
import { roleFlaw } from '../../exchanges/aws/arn.ts'
import { partitionOf } from '../../exchanges/aws/partition.ts'

const shape = z.looseObject({
  role_arn: z.string(),
  region: z.string(),
  schema: z.string().check(z.minLength(1)),
  location: z.optional(z.string()),
})

export type Connection = z.infer<typeof shape>

/** An output of dbt-glue. `role_arn` is whom the session runs as, and not whom the workflow is. */
export const connection = shape.check((payload) => {
  const { role_arn: role, region } = payload.value
  const flaws = [
    ['role_arn', roleFlaw(role)],
    [
      'region',
      partitionOf(region) ? undefined : `is \`${region}\`, which is no region of AWS: write one as eu-west-1`,
    ],
  ] as const
  for (const [field, message] of flaws)
    if (message !== undefined)
      payload.issues.push({ code: 'custom', path: [field], message, input: payload.value })
})
