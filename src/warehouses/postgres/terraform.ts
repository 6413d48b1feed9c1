import { hclDocument, reference, resource } from '../../trust/hcl.ts'
import { labelFor } from '../../trust/label.ts'
import { comment } from '../../trust/quote.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { databaseOf, type Connection } from './connection.ts'

const NONE = { heldThere: [], checkedHere: [] }

/** The user and its rights, for the provider cyrilgdn/postgresql. */
export function userResources(connection: Connection, { target, via }: TrustRequest): TrustDocument {
  const { user, schema, host } = connection
  const database = databaseOf(connection)
  const label = labelFor(target)
  const named = !schema.includes('{')
  // Who logs in by Entra or Google is made by the cloud.
  const made = via === 'aws'
  const role = made ? reference(`postgresql_role.${label}.name`) : user
  const onDatabase = named ? ['CONNECT'] : ['CONNECT', 'CREATE']
  return {
    title: `The user ${user} in the database ${database}`,
    language: 'hcl',
    text: hclDocument(
      comment('#', [
        `In ${database} on ${host}, by a provider "postgresql" that is its administrator.`,
        ...(named
          ? [
              'Schemas that models name beside this one need the same grant, and so do sources USAGE and SELECT.',
            ]
          : []),
      ]),
      [
        ...(made
          ? [resource('postgresql_role', label, { name: user, login: true, roles: ['rds_iam'] })]
          : []),
        resource('postgresql_grant', labelFor(`${target}_database`), {
          database,
          role,
          object_type: 'database',
          privileges: onDatabase,
        }),
        ...(named
          ? [
              resource('postgresql_schema', label, { database, name: schema, if_not_exists: true }),
              resource('postgresql_grant', labelFor(`${target}_schema`), {
                database,
                role,
                schema: reference(`postgresql_schema.${label}.name`),
                object_type: 'schema',
                privileges: ['USAGE', 'CREATE'],
              }),
            ]
          : []),
      ],
    ),
    ...NONE,
  }
}

/** The user of Cloud SQL, for the provider hashicorp/google. */
export function cloudSqlResources({ user }: Connection, { identity, target }: TrustRequest): TrustDocument {
  const project = /@([^.]+)\.iam\.gserviceaccount\.com$/.exec(identity)?.[1] ?? 'PROJECT'
  const label = labelFor(target)
  return {
    title: `Cloud SQL: the user ${user}`,
    language: 'hcl',
    text: hclDocument(
      comment('#', [
        `INSTANCE is the Cloud SQL instance, with the flag cloudsql.iam_authentication = on in its settings. Where it is not in the`,
        `project ${project}, write its own in place of that. The API sqladmin is needed.`,
      ]),
      [
        resource('google_sql_user', label, {
          name: user,
          instance: 'INSTANCE',
          project,
          type: 'CLOUD_IAM_SERVICE_ACCOUNT',
        }),
        resource('google_project_iam_member', labelFor(`${target}_cloudsql`), {
          project,
          role: 'roles/cloudsql.instanceUser',
          member: `serviceAccount:${identity}`,
        }),
      ],
    ),
    ...NONE,
  }
}

/** The lasting owner of what users of Vault make, for the provider cyrilgdn/postgresql. */
export function ownerResources(connection: Connection, { target }: TrustRequest): TrustDocument {
  const { schema, host } = connection
  const database = databaseOf(connection)
  const named = !schema.includes('{')
  const [owner, role] = [
    labelFor(`${target}_owner`),
    reference(`postgresql_role.${labelFor(`${target}_owner`)}.name`),
  ]
  return {
    title: `The owner of what dbt makes in the database ${database}`,
    language: 'hcl',
    text: hclDocument(
      comment('#', [
        `In ${database} on ${host}, by a provider "postgresql" that is its administrator. Nobody logs in as dbt_owner: each user that`,
        'Vault makes acts as it. The user of Vault itself needs CREATEROLE, and in its own postgresql_grant_role this role with',
        'with_admin_option = true: it gives the role away, and what is left over back to it.',
      ]),
      [
        resource('postgresql_role', owner, { name: 'dbt_owner', login: false }),
        resource('postgresql_grant', labelFor(`${target}_database`), {
          database,
          role,
          object_type: 'database',
          privileges: named ? ['CONNECT'] : ['CONNECT', 'CREATE'],
        }),
        ...(named
          ? [
              resource('postgresql_schema', labelFor(target), {
                database,
                name: schema,
                owner: role,
                if_not_exists: true,
              }),
            ]
          : []),
      ],
    ),
    ...NONE,
  }
}
