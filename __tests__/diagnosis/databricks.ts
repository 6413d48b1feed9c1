import type { Table } from './row.ts'

const CLIENT = '6ff2e6fd-1c6b-4e0e-9b8b-1f2d0a3c4e5f'

const CONNECTION = `type: databricks\nhost: adb-1234567890123456.7.azuredatabricks.net\nhttp_path: /sql/1.0/warehouses/abc\ncatalog: main\nschema: analytics\nclient_id: ${CLIENT}\n`

/** Databricks, whose own texts for a federation policy are in no public document. */
export const DATABRICKS: readonly Table[] = [
  {
    title: 'Databricks',
    connection: CONNECTION,
    from: 'dbt',
    rows: [
      {
        text: "invalid_grant: No matching federation policy found for subject 'repo:o/r:environment:production'",
        cause: `no federation policy of ${CLIENT} that fits this token`,
        remedy: 'Compare issuer, audience and subject (repo:o/r:environment:production)',
        shows: ['service-principal-federation-policy'],
      },
      {
        text: 'invalid_client: Client authentication failed',
        cause: `no service principal with the application id ${CLIENT}`,
        remedy: 'as `client_id`',
      },
      {
        text: 'The `auth_type` must be one of oauth, env-oidc, or file-oidc',
        cause: "none of dbt's",
        remedy: 'this action writes `file-oidc`',
      },
      {
        text: 'auth_type must be one of oauth, env-oidc, or file-oidc',
        cause: '`github-oidc`',
        remedy: 'Leave `auth_type` out',
      },
    ],
  },
  {
    title: 'Databricks by its own token endpoint',
    connection: CONNECTION,
    identity: 'via: oauth\n',
    from: 'exchange',
    rows: [
      {
        text: 'adb-1234567890123456.7.azuredatabricks.net refused the request: invalid_client (status 401).',
        cause: `no service principal with the application id ${CLIENT}`,
        remedy: 'as `client_id`',
      },
    ],
  },
]
