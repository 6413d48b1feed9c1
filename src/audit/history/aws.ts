import { sql, verbatim } from '../../trust/quote.ts'
import type { HistoryQuery, HistoryRequest } from '../history.ts'

/** Every role that was assumed with a token of GitHub's, with the run that its session is named after. */
export function awsHistory({ since, until, identities }: HistoryRequest): readonly HistoryQuery[] {
  const session = verbatim("json_extract_scalar(requestparameters, '$.roleSessionName')")
  const role = verbatim("json_extract_scalar(requestparameters, '$.roleArn')")
  const part = (at: number) =>
    verbatim(sql`regexp_extract(${session}, '^dbt-([0-9]+)-([0-9]+)-([0-9]+)$', ${at})`)
  const whom = verbatim(
    identities.length > 0 ? sql`${role} IN (${identities})` : sql`${session} LIKE 'dbt-%'`,
  )
  return [
    {
      title: 'AWS: every role that was assumed by a token, with the run that its session is named after',
      notes: [
        'For Athena, over the table of a trail as AWS’s own guide makes it (`cloudtrail_logs`); name your own.',
        'The session’s name is set by the run, and held to the repository by the trust that `dbt-oidc trust` writes;',
        'the principal (provider, audience, subject), time and address are AWS’s own.',
      ],
      text: sql`SELECT
  eventtime, ${role} AS role, ${session} AS session,
  ${part(1)} AS repository_id, ${part(2)} AS run, ${part(3)} AS attempt,
  useridentity.principalid AS principal, useridentity.username AS subject,
  sourceipaddress, errorcode, errormessage
FROM cloudtrail_logs
WHERE eventsource = 'sts.amazonaws.com'
  AND eventname IN ('AssumeRoleWithWebIdentity', 'AssumeRole')
  AND eventtime >= ${seconds(since)}
  AND eventtime < ${seconds(until)}
  AND ${whom}
ORDER BY eventtime;`,
    },
  ]
}

/** As CloudTrail writes a time, so that texts compare. */
function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z')
}
