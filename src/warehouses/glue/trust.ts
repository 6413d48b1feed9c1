import { mayUse, placesIn } from '../../exchanges/aws/objects.ts'
import { checkedRole } from '../../exchanges/aws/place.ts'
import { rolePolicy } from '../../trust/role-policy.ts'
import type { TrustDocument, TrustFormat, TrustRequest } from '../../trust.ts'
import { inCatalog } from './catalog.ts'
import type { Connection } from './connection.ts'

/** What dbt-glue asks of interactive sessions. */
const SESSION = [
  'glue:CreateSession',
  'glue:GetSession',
  'glue:StopSession',
  'glue:DeleteSession',
  'glue:RunStatement',
  'glue:GetStatement',
  'glue:ListStatements',
  'glue:CancelStatement',
  'glue:TagResource',
]

/** What it does in the catalog by itself; the rest does the role of the session. */
const CATALOG = [
  'glue:GetDatabase',
  'glue:GetDatabases',
  'glue:CreateDatabase',
  'glue:GetTable',
  'glue:GetTables',
  'glue:CreateTable',
  'glue:UpdateTable',
  'glue:DeleteTable',
  'glue:BatchDeleteTable',
  'glue:GetTableVersions',
  'glue:DeleteTableVersion',
  'glue:GetPartitions',
]

/** What the role may do: open sessions that run as one other role, and see the catalog of one schema. */
export function trust(
  c: Connection,
  { identity }: TrustRequest,
  format: TrustFormat = 'commands',
): readonly TrustDocument[] {
  const { partition, account, name: role } = checkedRole(identity)
  const glue = `arn:${partition}:glue:${c.region}:${account}`
  const policy = {
    Version: '2012-10-17',
    Statement: [
      // dbt-glue makes a new session of a random name for each run, so no name can be given here.
      { Effect: 'Allow', Action: SESSION, Resource: `${glue}:session/*` },
      {
        Effect: 'Allow',
        Action: 'iam:PassRole',
        Resource: c.role_arn,
        Condition: { StringEquals: { 'iam:PassedToService': 'glue.amazonaws.com' } },
      },
      {
        Effect: 'Allow',
        Action: CATALOG,
        Resource: inCatalog(glue, c.schema),
      },
      ...mayUse(placesIn([c.location]), partition),
    ],
  }
  const lines = [
    `AWS account ${account}: ${identity} may open sessions of Glue that run as ${c.role_arn}, and see the schema ${c.schema}.`,
    `What a session may read and write is a matter of ${c.role_arn}, which has to trust glue.amazonaws.com and no workflow.`,
    `Of a schema that is not there yet dbt-glue also asks Lake Formation to grant it to ${c.role_arn}. The role of the workflow has no right to that here (lakeformation:BatchGrantPermissions): dbt says so in a line and goes on. Where Lake Formation rules, make the schema and the grant beforehand.`,
  ]
  return [
    rolePolicy(
      { title: `The role ${role} may open sessions of Glue`, arn: identity, name: 'dbt-glue', policy, lines },
      format,
    ),
  ]
}
