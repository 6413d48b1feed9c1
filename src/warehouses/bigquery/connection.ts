import * as z from 'zod/mini'
import { isLoopback } from '../../rehearsal.ts'

/** A project, by id; with a domain in front in old organisations. */
const project = z.string().check(
  z.regex(/^(?:[a-z0-9.-]+:)?[a-z{][a-z0-9_{}-]{2,60}$/, {
    error: 'write the id of the project, such as `acme-prod`, and not its name or number',
  }),
)

const dataset = z.string().check(
  z.regex(/^[\w{}-]{1,1024}$/, {
    error: 'write the dataset alone, without its project: letters, digits and `_`',
  }),
)

/** It becomes part of a host name, to which the token is sent with a Python model. */
const region = z
  .string()
  .check(z.regex(/^[a-z0-9-]{1,40}$/, { error: 'write a region, such as `europe-west1`' }))

const shape = z.looseObject({
  project: z.optional(project),
  database: z.optional(project),
  dataset: z.optional(dataset),
  schema: z.optional(dataset),
  location: z.optional(z.string()),
  execution_project: z.optional(project),
  compute_region: z.optional(region),
  dataproc_region: z.optional(region),
  scopes: z.optional(z.array(z.string().check(z.regex(/^[\x21-\x7e]+$/)))),
  impersonate_service_account: z.optional(z.string()),
  api_endpoint: z.optional(
    z.string().check(
      z.refine((text) => isEndpoint(text), {
        error:
          'must be the https address of Google’s API: write `https://bigquery.googleapis.com`, or leave it out',
      }),
    ),
  ),
})

/** What of a connection this action reads. */
export type Connection = z.infer<typeof shape>

/** Loose: what else dbt-bigquery knows passes through. */
export const connection: z.ZodMiniType<Connection> = shape.check(
  needsOne('project', 'database', 'acme-prod'),
  needsOne('dataset', 'schema', 'analytics'),
)

/** dbt has two names for it. */
export function projectOf(c: Connection): string {
  return c.project ?? c.database ?? ''
}

/** dbt has two names for it. */
export function datasetOf(c: Connection): string {
  return c.dataset ?? c.schema ?? ''
}

/** What dbt needs; Python models on Dataproc and tables over Google Drive ask for more with `scopes`. */
const SCOPE = 'https://www.googleapis.com/auth/bigquery'

/** What the token may be used for. dbt's own default would be all of Google Cloud, and Drive. */
export function scopesOf(c: Connection): readonly string[] {
  return c.scopes ?? [SCOPE]
}

/** dbt itself would ask the runner's surroundings for a project that is missing, and they are none of its business. */
function needsOne(
  name: 'project' | 'dataset',
  other: 'database' | 'schema',
  like: string,
): z.core.$ZodCheck<Connection> {
  return z.check(({ value, issues }) => {
    if (value[name] !== undefined || value[other] !== undefined) return
    issues.push({
      code: 'custom',
      message: `is missing: write \`${name}: ${like}\``,
      input: value,
      path: [name],
    })
  })
}

/** Credentials go over TLS; this machine itself is let through here and judged by the rule for rehearsals. */
function isEndpoint(text: string): boolean {
  const url = URL.parse(text)
  return (
    url !== null &&
    (isLoopback(text) || (url.protocol === 'https:' && !url.username && !url.password && !url.port))
  )
}
