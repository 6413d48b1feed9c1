import { sql, verbatim } from '../../trust/quote.ts'
import type { HistoryQuery, HistoryRequest } from '../history.ts'

/** Every login of the users as whom the action logs in, each with the run that its session belongs to. */
export function snowflakeHistory({ since, until, identities }: HistoryRequest): readonly HistoryQuery[] {
  const users = verbatim(
    identities.length > 0 ? sql`${identities.map((one) => one.toUpperCase())}` : 'SELECT user_name FROM runs',
  )
  const text = sql`WITH runs AS (
  SELECT session_id, user_name, ANY_VALUE(TRY_PARSE_JSON(query_tag)) AS tag, COUNT(*) AS queries
  FROM snowflake.account_usage.query_history
  WHERE start_time >= ${since.toISOString()}::timestamp_tz
    AND start_time < ${until.toISOString()}::timestamp_tz
    AND TRY_PARSE_JSON(query_tag):app::string = 'dbt-oidc'
  GROUP BY session_id, user_name
)
SELECT
  logins.event_timestamp, logins.user_name, logins.is_success, logins.error_message,
  logins.client_ip, logins.first_authentication_factor, sessions.session_id,
  runs.tag:repository::string AS repository, runs.tag:run::string AS run, runs.tag:attempt::string AS attempt,
  runs.tag:actor::string AS actor, runs.tag:grant::string AS granted_by, runs.queries
FROM snowflake.account_usage.login_history AS logins
LEFT JOIN snowflake.account_usage.sessions AS sessions ON sessions.login_event_id = logins.event_id
LEFT JOIN runs ON runs.session_id = sessions.session_id
WHERE logins.event_timestamp >= ${since.toISOString()}::timestamp_tz
  AND logins.event_timestamp < ${until.toISOString()}::timestamp_tz
  AND logins.user_name IN (${users})
ORDER BY logins.event_timestamp;`
  return [
    {
      title: 'Snowflake: every login of the service users, with the run of its session',
      notes: [
        'A login without a run is one that dbt-oidc did not make, or whose session ran no query.',
        'The tag was set by the run itself; time, user, address and factor are Snowflake’s own.',
        'ACCOUNT_USAGE lags by up to two hours and goes back a year; it takes a role with rights on SNOWFLAKE.',
      ],
      text,
    },
  ]
}
