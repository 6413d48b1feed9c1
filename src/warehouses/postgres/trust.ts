import type { TrustDocument, TrustFormat, TrustRequest } from '../../trust.ts'
import { rolePolicy } from '../../trust/role-policy.ts'
import { comment, folded, sh, sql, verbatim } from '../../trust/quote.ts'
import { databaseRole, databaseRoleResource, type DatabaseRole } from '../../exchanges/vault/database-role.ts'
import { iamLiteral } from '../../trust/iam.ts'
import { databaseOf, regionOf, type Connection } from './connection.ts'
import { cloudSqlResources, ownerResources, userResources } from './terraform.ts'

/** What the user may do in the database, and how the cloud lets it log in. */
export function trust(connection: Connection, request: TrustRequest): readonly TrustDocument[] {
  if (request.via === 'vault') return [owner(connection), ...usersOfVault(connection, request)]
  const user = userDocument(connection, request)
  if (request.via === 'aws') return [mayConnect(connection, request, 'commands'), user]
  return [request.via === 'entra' ? entraUser(connection) : cloudSqlUser(connection, request), user]
}

/** The same for hashicorp/aws, hashicorp/google and cyrilgdn/postgresql; users of Entra are made by a statement all the same. */
export function terraform(connection: Connection, request: TrustRequest): readonly TrustDocument[] {
  if (request.via === 'vault')
    return [ownerResources(connection, request), ...usersOfVault(connection, request, databaseRoleResource)]
  const user = userResources(connection, request)
  if (request.via === 'aws') return [mayConnect(connection, request, 'terraform'), user]
  return [request.via === 'entra' ? entraUser(connection) : cloudSqlResources(connection, request), user]
}

function mayConnect(
  { host, user }: Connection,
  { identity }: TrustRequest,
  format: TrustFormat,
): TrustDocument {
  const [, partition = 'aws', , , account = ''] = identity.split(':')
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
  return rolePolicy(
    {
      title: `The role may log in to the database as ${user}`,
      arn: identity,
      name: `rds-connect-${user}`.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, 128),
      policy,
      lines: [
        `AWS account ${account}: ${identity} may log in as ${user}, and nothing else.`,
        `The star stands for the resource id of the database at ${host}, which its address does not tell. Put it there:`,
        'aws rds describe-db-instances (DbiResourceId), for Aurora aws rds describe-db-clusters (DbClusterResourceId).',
        format === 'commands'
          ? 'The second command switches IAM authentication on.'
          : 'In its aws_db_instance or aws_rds_cluster write iam_database_authentication_enabled = true.',
      ],
      after: [switchOn(host)],
    },
    format,
  )
}

/** Endpoints are NAME.ID… of an instance, NAME.cluster-ID… and NAME.cluster-ro-ID… of an Aurora cluster; a custom one names neither. */
function switchOn(host: string): string {
  const [, name = 'NAME', cluster, custom] =
    /^([a-z][a-z0-9-]*)\.(cluster-(custom-)?)?/.exec(host.toLowerCase()) ?? []
  const on = verbatim('--enable-iam-database-authentication --apply-immediately')
  return cluster === undefined
    ? sh`aws rds modify-db-instance --db-instance-identifier ${name} ${on}`
    : sh`aws rds modify-db-cluster --db-cluster-identifier ${custom === undefined ? name : 'NAME'} ${on}`
}

/** learn.microsoft.com, "Manage Microsoft Entra roles in Azure Database for PostgreSQL". */
function entraUser({ host, user }: Connection): TrustDocument {
  return {
    title: `The user ${user} of Entra, in the database postgres`,
    language: 'sql',
    text: [
      comment('--', [
        `In the database postgres on ${host}, logged in as the Entra administrator of the server: its own administrator may not.`,
        'The name is the display name of the app, letter by letter.',
      ]),
      sql`SELECT * FROM pgaadauth_create_principal(${user}, false, false);`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
}

/** cloud.google.com/sql/docs/postgres/add-manage-iam-users. */
function cloudSqlUser({ user }: Connection, { identity }: TrustRequest): TrustDocument {
  const project = /@([^.]+)\.iam\.gserviceaccount\.com$/.exec(identity)?.[1] ?? 'PROJECT'
  return {
    title: `Cloud SQL: the user ${user}`,
    language: 'sh',
    text: [
      comment('#', [
        `INSTANCE is the Cloud SQL instance. Where it is not in the project ${project}, write its own in place of that.`,
        'Flags that the instance has already must be listed in the second command as well, or it takes them away.',
      ]),
      sh`gcloud services enable sqladmin.googleapis.com --project=${project}`,
      sh`gcloud sql instances patch INSTANCE --project=${project} --database-flags=cloudsql.iam_authentication=on`,
      sh`gcloud sql users create ${user} --instance=INSTANCE --project=${project} --type=cloud_iam_service_account`,
      sh`gcloud projects add-iam-policy-binding ${project} --role=roles/cloudsql.instanceUser --member=${`serviceAccount:${identity}`} --condition=None`,
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

/** Users come and go; what they make belongs to one that stays. */
function owner(c: Connection): TrustDocument {
  const database = databaseOf(c)
  const schema = folded(c.schema)
  return {
    title: `The owner of what dbt makes in the database ${database}`,
    language: 'sql',
    text: [
      comment('--', [
        `In ${database} on ${c.host}, as its administrator. Nobody logs in as dbt_owner: each user that Vault makes acts as it.`,
        'The user of Vault itself needs CREATEROLE, and the right to give this role away, and what is left over back to it:',
        '  GRANT dbt_owner TO <user of Vault> WITH ADMIN OPTION;',
      ]),
      sql`CREATE ROLE dbt_owner NOLOGIN;`,
      sql`GRANT CONNECT ON DATABASE ${folded(database)} TO dbt_owner;`,
      ...(c.schema.includes('{')
        ? [sql`GRANT CREATE ON DATABASE ${folded(database)} TO dbt_owner;`]
        : [sql`CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION dbt_owner;`]),
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
}

/** Where Vault only keeps a password there is nothing to be made. */
function usersOfVault(
  c: Connection,
  { target, makes }: TrustRequest,
  write: typeof databaseRole = databaseRole,
): readonly TrustDocument[] {
  if (!makes) return []
  const role: DatabaseRole = {
    db_name: 'postgres',
    creation_statements: [
      `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE dbt_owner;`,
      'ALTER ROLE "{{name}}" SET ROLE dbt_owner;',
    ],
    revocation_statements: [
      // Since PostgreSQL 16 who has made a role is no member of it, and only members may reassign.
      'GRANT "{{name}}" TO CURRENT_USER;',
      'REASSIGN OWNED BY "{{name}}" TO dbt_owner;',
      'DROP OWNED BY "{{name}}";',
      'DROP ROLE IF EXISTS "{{name}}";',
    ],
    default_ttl: '1h',
    max_ttl: '6h',
  }
  return [
    write(makes, role, {
      title: `Vault: how it makes a user of the database ${databaseOf(c)} for a run of ${target}`,
      lines: [
        `database/config/postgres must be there: plugin_name=postgresql-database-plugin, a connection_url to ${databaseOf(c)} (what a user owns in another database cannot be given back from there), and this role among its allowed_roles.`,
        'default_ttl is what a lease lives until it is extended, which the action does while dbt runs, and max_ttl the end of that.',
      ],
    }),
  ]
}

/** Who logs in by Entra or Google is made by commands of the cloud's own. */
function loginOf(user: string, { via }: TrustRequest): readonly string[] {
  return via === 'aws' ? [sql`CREATE USER ${folded(user)};`, sql`GRANT rds_iam TO ${folded(user)};`] : []
}
