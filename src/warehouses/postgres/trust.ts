import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { comment, folded, jsonWord, sh, sql } from '../../trust/quote.ts'
import { iamLiteral } from '../../trust/iam.ts'
import { databaseOf, regionOf, type Connection } from './connection.ts'

/** What the user may do in the database, and how the cloud lets it log in. */
export function trust(connection: Connection, request: TrustRequest): readonly TrustDocument[] {
  const user = userDocument(connection, request)
  return request.via === 'aws' ? [mayConnect(connection, request), user] : [user]
}

function mayConnect({ host, user }: Connection, { identity }: TrustRequest): TrustDocument {
  const [, partition = 'aws', , , account = '', resource = ''] = identity.split(':')
  const region = regionOf(host) ?? '*'
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'rds-db:connect',
        Resource: `arn:${partition}:rds-db:${region}:${account}:dbuser:*/${iamLiteral(user)}`,
      },
    ],
  }
  return {
    title: `The role may log in to the database as ${user}`,
    language: 'sh',
    text: [
      comment('#', [
        `AWS account ${account}: ${identity} may log in as ${user}, and nothing else.`,
        `The star stands for the resource id of the database at ${host}, which its address does not tell. Put it there:`,
        'aws rds describe-db-instances (DbiResourceId), for Aurora aws rds describe-db-clusters (DbClusterResourceId).',
      ]),
      sh`aws iam put-role-policy --role-name ${resource.split('/').at(-1) ?? ''} --policy-name ${`rds-connect-${user}`.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, 128)} --policy-document ${jsonWord(policy)}`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
}

function userDocument(connection: Connection, request: TrustRequest): TrustDocument {
  const { user, schema } = connection
  const database = databaseOf(connection)
  // A schema with a placeholder has another name in each run, so that dbt must be able to make it.
  const named = !schema.includes('{')
  const rights = named
    ? [
        sql`CREATE SCHEMA IF NOT EXISTS ${folded(schema)};`,
        sql`GRANT USAGE, CREATE ON SCHEMA ${folded(schema)} TO ${folded(user)};`,
      ]
    : [sql`GRANT CREATE ON DATABASE ${folded(database)} TO ${folded(user)};`]
  return {
    title: `The user ${user} in the database ${database}`,
    language: 'sql',
    text: [
      comment('--', [
        `In ${database} on ${connection.host}, as its administrator.`,
        ...(named
          ? [
              'Schemas that models name beside this one need the same two statements, and so do sources USAGE and SELECT.',
            ]
          : []),
      ]),
      ...loginOf(user, request),
      sql`GRANT CONNECT ON DATABASE ${folded(database)} TO ${folded(user)};`,
      ...rights,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
}

function loginOf(user: string, { via, identity }: TrustRequest): readonly string[] {
  if (via === 'entra') return [sql`SELECT * FROM pgaadauth_create_principal(${user}, false, false);`]
  if (via === 'google')
    return [
      comment('--', [
        `First, outside: gcloud sql users create ${user} --instance=INSTANCE --type=cloud_iam_service_account,`,
        `and the role roles/cloudsql.instanceUser for ${identity}.`,
      ]),
    ]
  return [sql`CREATE USER ${folded(user)};`, sql`GRANT rds_iam TO ${folded(user)};`]
}
