import { fail } from '../../errors.ts'
import { creations, type Part } from '../../trust/parts.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { heading } from '../../trust/heading.ts'
import { nameOf, nameOfSubject } from '../../trust/naming.ts'
import { heldBy } from '../../trust/held.ts'
import { backticked, comment, inert, sh, sql, verbatim } from '../../trust/quote.ts'
import { subjectsOf, wholeSubject } from '../../trust/rules.ts'
import type { Connection } from './connection.ts'

/** What `databricks account service-principal-federation-policy list` shows at most for one principal. */
const MOST = 20

/**
 * A federation policy for each subject (databricks/cli, service-principal-federation-policy; docs.databricks.com, "OAuth
 * token federation"): issuer, subject and one of the audiences are compared as whole values. And the rights in Unity
 * Catalog.
 */
export function trustOf(c: Connection, request: TrustRequest): readonly TrustDocument[] {
  return [policies(c, request), access(c, request), rights(c, request)]
}

function policies(c: Connection, request: TrustRequest): TrustDocument {
  const held = heldBy(request.rules, (rule) => rule.heldBySubject)
  const { heldThere, checkedHere } = held
  const all = exactSubjects(request).map((subject) => {
    for (const text of [request.issuer, ...request.audiences, subject]) inert(text)
    return { oidc_policy: { issuer: request.issuer, audiences: request.audiences, subject } }
  })
  const parts = all.map((policy): Part => {
    const id = policyId(request, policy.oidc_policy.subject)
    const body = verbatim(sh`${JSON.stringify(policy)}`)
    return {
      what: `the federation policy ${id} of the service principal ${c.client_id}`,
      state: JSON.stringify(policy),
      create: sh`databricks account service-principal-federation-policy create "$SP" --policy-id ${id} --json ${body}`,
      update: sh`databricks account service-principal-federation-policy update "$SP" ${id} --json ${body}`,
      remove: sh`databricks account service-principal-federation-policy delete "$SP" ${id}`,
    }
  })
  const head = [
    ...heading(request, held),
    `SP is the numeric id of the service principal whose application id is ${c.client_id}; the policy is the account's,`,
    'so log in at the account console (`databricks auth login --host https://accounts…`). Where there is none yet:',
    sh`databricks account service-principals create --display-name ${nameOf(request, { prefix: 'dbt', separator: '-' })}`,
    'Its applicationId is then the client_id to write into the connection.',
  ]
  const find = sh`SP=$(databricks account service-principals list --filter ${`applicationId eq "${c.client_id}"`} --output json | jq -r '.[0].id // empty')`
  const guard = ': "${SP:?there is no such service principal}"'
  return {
    title: `Databricks: federation policies of ${request.target}`,
    language: 'sh',
    text: [comment('#', head), find, guard, ...creations(parts)].join('\n'),
    before: [find, guard],
    parts,
    heldThere,
    checkedHere,
    prints: all,
  }
}

/** Lower-case letters, digits and hyphens, and the same each time: a second run of the command tells that it is there. */
function policyId(request: TrustRequest, subject: string): string {
  return nameOfSubject(request, subject).toLowerCase().replaceAll('_', '-')
}

/** What is told apart by number; undefined where the connection does not tell. */
export function placesOf(c: Connection) {
  return {
    // It stands in the workspace's address on Azure and Google, and nowhere on AWS.
    workspace: /^adb-(\d+)\./.exec(c.host)?.[1] ?? /^(\d+)\.\d+\.gcp\./.exec(c.host)?.[1],
    warehouse: /\/warehouses\/(\w+)$/.exec(c.http_path)?.[1],
  }
}

/** Entitlements that a principal needs beside its policy (databricks/cli, workspace-assignment and permissions). */
function access(c: Connection, { target }: TrustRequest): TrustDocument {
  const { workspace, warehouse } = placesOf(c)
  const use = { access_control_list: [{ service_principal_name: c.client_id, permission_level: 'CAN_USE' }] }
  const login = sh`databricks auth login --host ${`https://${c.host}`}`
  return {
    title: `Databricks: the workspace and the SQL warehouse of ${target}`,
    language: 'sh',
    text: [
      comment('#', [
        'SP is that of the commands before. This one is the account’s again:',
        ...(workspace === undefined
          ? ['WORKSPACE_ID is the number that `databricks account workspaces list` shows.']
          : []),
      ]),
      ': "${SP:?make the federation policies first}"',
      sh`databricks account workspace-assignment update ${workspace ?? 'WORKSPACE_ID'} "$SP" --json ${JSON.stringify({ permissions: ['USER'] })}`,
      comment('#', [
        'The next one is the workspace’s, so log in there first:',
        login,
        ...(warehouse === undefined
          ? [
              'WAREHOUSE_ID is the last part of the path of a SQL warehouse; a cluster has permissions of its own.',
            ]
          : []),
      ]),
      sh`databricks permissions update warehouses ${warehouse ?? 'WAREHOUSE_ID'} --json ${JSON.stringify(use)}`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
}

export function exactSubjects({ rules, target }: TrustRequest): readonly string[] {
  const open = rules.find(({ exact }) => !exact)
  if (open)
    fail({
      code: 'configuration',
      problem: `The grant ${open.grant} fits more than one subject, and Databricks compares the subject as a whole.`,
      remedy: wholeSubject(
        open,
        'Give the grant a literal `environment`, `ref` or `event_name: pull_request`.',
      ),
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
export function rights(c: Connection, request: TrustRequest): TrustDocument {
  return {
    title: `Databricks: rights of ${request.target}`,
    language: 'sql',
    text: [
      comment('--', ['Rights of the service principal.']),
      sql`GRANT USE CATALOG, CREATE SCHEMA ON CATALOG ${backticked(c.catalog ?? 'hive_metastore')} TO ${backticked(c.client_id)};`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
}
