import { fail } from '../../errors.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { heading } from '../../trust/heading.ts'
import { heldBy } from '../../trust/held.ts'
import { backticked, comment, inert, sh, sql, verbatim } from '../../trust/quote.ts'
import { subjectsOf } from '../../trust/rules.ts'
import type { Connection } from './connection.ts'

/** What `databricks account service-principal-federation-policy list` shows at most for one principal. */
const MOST = 20

/**
 * A federation policy for each subject (databricks/cli, service-principal-federation-policy; docs.databricks.com, "OAuth
 * token federation"): issuer, subject and one of the audiences are compared as whole values. And the rights in Unity
 * Catalog.
 */
export function trustOf(c: Connection, request: TrustRequest): readonly TrustDocument[] {
  return [policies(c, request), rights(c, request)]
}

function policies(c: Connection, request: TrustRequest): TrustDocument {
  const held = heldBy(request.rules, (rule) => rule.heldBySubject)
  const { heldThere, checkedHere } = held
  const commands = exactSubjects(request).map((subject) => {
    const policy = { issuer: request.issuer, audiences: [request.audience], subject }
    for (const text of [request.issuer, request.audience, subject]) inert(text)
    return sh`databricks account service-principal-federation-policy create "$SP" --json ${verbatim(sh`${JSON.stringify({ oidc_policy: policy })}`)}`
  })
  const head = [
    ...heading(request, held),
    `SP is the numeric id of the service principal whose application id is ${c.client_id}; the policy is the account's,`,
    'so log in at the account console (`databricks auth login --host https://accounts…`).',
  ]
  const find = sh`SP=$(databricks account service-principals list --filter ${`applicationId eq "${c.client_id}"`} --output json | jq -r '.[0].id')`
  return {
    title: `Databricks: federation policies of ${request.target}`,
    language: 'sh',
    text: [comment('#', head), find, ...commands].join('\n'),
    heldThere,
    checkedHere,
  }
}

function exactSubjects({ rules, target }: TrustRequest): readonly string[] {
  const open = rules.find(({ exact }) => !exact)
  if (open)
    fail({
      code: 'configuration',
      problem: `The grant ${open.grant} fits more than one subject, and Databricks compares the subject as a whole.`,
      remedy: 'Give the grant a literal `environment`, `ref` or `event_name: pull_request`.',
    })
  const subjects = subjectsOf(rules)
  if (subjects.length > MOST)
    fail({
      code: 'configuration',
      problem: `The target ${target} has ${subjects.length} subjects; a service principal can have ${MOST} policies.`,
      remedy: 'Use one environment for what is granted alike, or split the target.',
    })
  return subjects
}

/** Unity Catalog grants (docs.databricks.com, "Manage privileges"): least that a `dbt build` needs. */
function rights(c: Connection, request: TrustRequest): TrustDocument {
  return {
    title: `Databricks: rights of ${request.target}`,
    language: 'sql',
    text: [
      comment('--', ['Rights of the service principal; it also needs CAN USE on the SQL warehouse.']),
      sql`GRANT USE CATALOG, CREATE SCHEMA ON CATALOG ${backticked(c.catalog ?? 'hive_metastore')} TO ${backticked(c.client_id)};`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
}
