import { fail } from '../../errors.ts'
import { visible } from '../../policy/visible.ts'
import { inert, sql, verbatim } from '../../trust/quote.ts'
import type { HistoryQuery, HistoryRequest } from '../history.ts'

const UNKNOWN = { project: 'PROJECT', location: 'us' }

/** The tokens that Google gave to runs, and the jobs that ran by them. */
export function bigqueryHistory(request: HistoryRequest): readonly HistoryQuery[] {
  const places = request.places.length > 0 ? request.places : [UNKNOWN]
  return places.map(checked).flatMap((place) => [logins(place, request), jobs(place, request)])
}

type Place = HistoryRequest['places'][number]

/** A name goes into backticks, in which GoogleSQL has escapes: nothing that a project or location may hold needs one. */
function checked(place: Place): Place {
  if (/^[\w.:-]+$/.test(place.project) && /^[\w-]+$/.test(place.location)) return place
  return fail({
    code: 'configuration',
    problem: `${visible(place.project)} in ${visible(place.location)} is no project with a location.`,
    remedy:
      'Name them as Google prints them; with a placeholder in them, give --identity and fill in the project by hand.',
  })
}

/** The subject is the one that `trust` maps: github:REPOSITORY_ID:RUN_ID:RUN_ATTEMPT. */
function logins({ project }: Place, { since, until }: HistoryRequest): HistoryQuery {
  const log = verbatim(`\`${project}.audit.cloudaudit_googleapis_com_data_access\``)
  const subject = verbatim('protopayload_auditlog.authenticationInfo.principalSubject')
  const part = (at: number) => verbatim(sql`REGEXP_EXTRACT(${subject}, ${RUN[at] ?? ''})`)
  return {
    title: `Google: the tokens of service accounts that runs were given (${project})`,
    notes: [
      'It reads a log sink into the data set `audit`: name your own.',
      'Data Access logs (ADMIN_READ) of the IAM API must be on; without them Google keeps nothing of this.',
    ],
    text: sql`SELECT
  timestamp, protopayload_auditlog.methodName AS method, ${subject} AS subject,
  ${part(0)} AS repository_id, ${part(1)} AS run, ${part(2)} AS attempt,
  resource.labels.email_id AS service_account,
  protopayload_auditlog.requestMetadata.callerIp AS caller_ip,
  protopayload_auditlog.status.message AS refusal
FROM ${log}
WHERE timestamp >= TIMESTAMP ${since.toISOString()}
  AND timestamp < TIMESTAMP ${until.toISOString()}
  AND protopayload_auditlog.serviceName = 'iamcredentials.googleapis.com'
  AND ${subject} LIKE '%/subject/github:%'
ORDER BY timestamp;`,
  }
}

const RUN = ['/subject/github:([0-9]+):', '/subject/github:[0-9]+:([0-9]+):', ':([0-9]+)$'] as const

/** Google keeps a job for 180 days; its label joins it with the record of the run. */
function jobs({ project, location }: Place, { since, until, identities }: HistoryRequest): HistoryQuery {
  const view = verbatim(`\`${project}.region-${location.toLowerCase()}.INFORMATION_SCHEMA.JOBS\``)
  const whom = verbatim(
    identities.length > 0
      ? sql`user_email IN (${verbatim(identities.map(literal).join(', '))})`
      : "EXISTS (SELECT 1 FROM UNNEST(labels) AS label WHERE label.key = 'dbt_invocation_id')",
  )
  return {
    title: `BigQuery: the jobs of dbt (${project}, ${location})`,
    notes: [
      'invocation_id is the one that the record of the run holds: `dbt-oidc audit --json` shows it beside who and when.',
      'The view goes back 180 days and takes bigquery.jobs.listAll.',
    ],
    text: sql`SELECT
  creation_time, user_email, job_id, statement_type, state, error_result.reason AS refusal,
  (SELECT label.value FROM UNNEST(labels) AS label WHERE label.key = 'dbt_invocation_id') AS invocation_id,
  total_bytes_billed
FROM ${view}
WHERE creation_time >= TIMESTAMP ${since.toISOString()}
  AND creation_time < TIMESTAMP ${until.toISOString()}
  AND ${whom}
ORDER BY creation_time;`,
  }
}

/** GoogleSQL knows no doubled quotes ("Lexical structure", string literals); what holds a backslash is refused. */
function literal(text: string): string {
  return `'${inert(text).replaceAll("'", "\\'")}'`
}
