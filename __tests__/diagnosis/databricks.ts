import type { Table } from './row.ts'

const CLIENT = '6ff2e6fd-1c6b-4e0e-9b8b-1f2d0a3c4e5f'

/** Databricks, whose own texts for a federation policy are in no public document. */
export const DATABRICKS: readonly Table[] = [
  {
    title: 'Databricks',
    connection: `type: databricks\nhost: adb-1234567890123456.7.azuredatabricks.net\nhttp_path: /sql/1.0/warehouses/abc\ncatalog: main\nschema: analytics\nclient_id: ${CLIENT}\n`,
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
]
