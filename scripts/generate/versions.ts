/** What the pages tell people to install: versions that the tests of this project run, by the adapter's package. */
export const TRIED: Readonly<
  Record<string, { readonly core: string; readonly adapter: string; readonly extra?: string }>
> = {
  'dbt-athena': { core: '1.12.6', adapter: '1.11.1' },
  'dbt-clickhouse': { core: '1.12.6', adapter: '1.10.3' },
  'dbt-bigquery': { core: '1.12.6', adapter: '1.12.1' },
  // It asks for an older dbt-core than the others.
  'dbt-databricks': { core: '1.12.5', adapter: '1.12.7' },
  'dbt-duckdb': { core: '1.12.6', adapter: '1.11.1' },
  'dbt-fabric': { core: '1.12.6', adapter: '1.12.0' },
  'dbt-glue': { core: '1.12.6', adapter: '1.12.4' },
  'dbt-postgres': { core: '1.12.6', adapter: '1.11.0' },
  'dbt-redshift': { core: '1.12.6', adapter: '1.11.1' },
  'dbt-snowflake': { core: '1.12.6', adapter: '1.12.3' },
  'dbt-spark': { core: '1.12.6', adapter: '1.11.0', extra: '[PyHive]' },
  'dbt-sqlserver': { core: '1.12.6', adapter: '1.12.1' },
  // It asks for an older dbt-core than the others.
  'dbt-synapse': { core: '1.8.10', adapter: '1.8.5' },
  'dbt-trino': { core: '1.12.6', adapter: '1.11.0' },
}

/** The line for `install`. */
export function pinned(adapter: string): string {
  const tried = TRIED[adapter]
  if (!tried) throw new Error(`scripts/generate/versions.ts does not say which ${adapter} the tests run`)
  return `dbt-core==${tried.core} ${adapter}${tried.extra ?? ''}==${tried.adapter}`
}
