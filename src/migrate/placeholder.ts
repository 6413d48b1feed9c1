/** A value that nobody can read in the files, with one in its place that is plainly none but passes the checks. */
export interface Placeholder {
  readonly placeholder: string
  /** What is to be put there, or where its value is. */
  readonly source: string
}

/** Whether a value is one to fill in. */
export function isPlaceholder(value: unknown): value is Placeholder {
  return typeof value === 'object' && value !== null && 'placeholder' in value && 'source' in value
}

/** By adapter and field, where a schema takes no other text. */
const FORMS: Readonly<Record<string, string>> = {
  'databricks.host': 'dbc-00000000-0000.cloud.databricks.com',
  'databricks.http_path': '/sql/1.0/warehouses/0000000000000000',
  'databricks.client_id': '00000000-0000-0000-0000-000000000000',
  'redshift.host': 'replace-me.000000000000.eu-west-1.redshift-serverless.amazonaws.com',
  'postgres.host': 'replace-me.example',
  'trino.host': 'replace-me.example',
  'fabric.server': 'replace-me.datawarehouse.fabric.microsoft.com',
  'fabric.host': 'replace-me.datawarehouse.fabric.microsoft.com',
  'sqlserver.server': 'replace-me.database.windows.net',
  'sqlserver.host': 'replace-me.database.windows.net',
  'athena.s3_staging_dir': 's3://replace-me/',
  'athena.region_name': 'eu-west-1',
  'glue.role_arn': 'arn:aws:iam::000000000000:role/replace-me',
  'glue.region': 'eu-west-1',
}

const PORTS: Readonly<Record<string, string>> = { postgres: '5432', redshift: '5439', trino: '443' }

/** What stands in the place of a field whose value is not known. */
export function placeholderFor(type: string, field: string, source: string): Placeholder {
  if (field === 'port') return { placeholder: PORTS[type] ?? '1', source }
  if (field === 'threads') return { placeholder: '4', source }
  return {
    placeholder: FORMS[`${type}.${field}`] ?? `replace-me-${field.replaceAll(/[^a-z0-9]+/gi, '-')}`,
    source,
  }
}
