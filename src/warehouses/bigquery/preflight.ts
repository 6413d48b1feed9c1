import * as z from 'zod/mini'
import { fail } from '../../errors.ts'
import type { HttpResponse } from '../../http.ts'
import { withRetries } from '../../retry.ts'
import type { Finding, PreflightTools, Source } from '../../warehouse.ts'
import { datasetOf, projectOf, type Connection } from './connection.ts'

/** Milliseconds for one request. */
const DEADLINE = 20_000

const job = z.object({
  jobReference: z.object({ projectId: z.optional(z.string()) }),
  user_email: z.optional(z.string()),
})
const dataset = z.object({ location: z.optional(z.string()) })
const refusal = z.object({ error: z.object({ message: z.string() }) })

/** A dry run, which costs nothing, in the project that pays, and a look at where the dataset lies. */
export async function preflight(
  { connection: c, credential }: Source<Connection>,
  { io }: PreflightTools,
): Promise<readonly Finding[]> {
  if (credential.kind !== 'bearer')
    throw new Error(`bigquery cannot ask with a ${credential.kind} credential`)
  const endpoint = c.api_endpoint?.replace(/\/+$/, '') ?? io.at('https://bigquery.googleapis.com')
  const http = withRetries(io.http)
  const headers = { authorization: `Bearer ${credential.token}`, 'content-type': 'application/json' }
  const project = c.execution_project ?? projectOf(c)
  const ask = (path: string, body?: object): Promise<HttpResponse> =>
    http({
      url: `${endpoint}/bigquery/v2/projects/${path}`,
      headers,
      deadline: DEADLINE,
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    })

  const tried = await ask(`${encodeURIComponent(project)}/jobs`, {
    configuration: { dryRun: true, query: { query: 'select 1', useLegacySql: false } },
    jobReference: { projectId: project, ...(c.location === undefined ? {} : { location: c.location }) },
  })
  const { jobReference, user_email: user } = read(job, tried)
  const found = await ask(`${encodeURIComponent(projectOf(c))}/datasets/${encodeURIComponent(datasetOf(c))}`)
  // A dataset that dbt has yet to make lies nowhere.
  const { location } = found.status === 404 ? {} : read(dataset, found)
  return [
    { what: 'project', expected: project, actual: jobReference.projectId },
    // Whom the exchange was to become is known to it alone; the table shows what came of it.
    { what: 'user', expected: undefined, actual: user },
    { what: 'location', expected: c.location, actual: location },
  ]
}

function read<T>(schema: z.ZodMiniType<T>, { status, body }: HttpResponse): T {
  const answer = parsed(body)
  const found = schema.safeParse(answer)
  if (status < 300 && found.success) return found.data
  const said = refusal.safeParse(answer).data?.error.message ?? `status ${status}`
  return fail({
    code: 'exchange',
    problem: `BigQuery refused the login before dbt: ${said}`,
    remedy: 'Compare the roles of the identity with what `dbt-oidc trust` prints.',
  })
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
