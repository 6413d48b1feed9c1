/** A test, by the file and the words with which it stands there. */
export interface Named {
  /** Below `__tests__/`. */
  readonly file: string
  /** Of the group that it is in, if any, and of the test. */
  readonly titles: readonly string[]
  /** Of a table: by what its row begins. */
  readonly row?: string
}

/** What a row of the README's table stands on. */
export interface Evidence {
  /** The test in which the right identity is let in. */
  readonly letsIn: Named
  /** The test in which the one is refused who should not be let in, or whom the broken trust does not name. */
  readonly refuses: Named
}

const SNOWFLAKE_WAYS = 'process-snowflake-ways.test.ts'
const SNOWFLAKE_OAUTH = 'process-snowflake-oauth.test.ts'
const POSTGRES_CLOUDS = 'servers/postgres-clouds.spec.ts'
const NAMED = 'a broken trust is named'

/** Of the rows that have no test of their own: one table of all of them. */
export const OF_PLAIN: Evidence = {
  letsIn: of('process-rows.test.ts', [
    '$row',
    'dbt holds what was bought for the run that the trust names, and nobody else does',
  ]),
  refuses: of('process-rows.test.ts', [
    '$row',
    'a trust for another branch refuses the run, by name, and leaves nothing',
  ]),
}

/** Of one of Microsoft's servers, whose drivers take their tokens alike. */
function atMicrosoft(adapter: string): Evidence {
  const group = 'dbt-%s with the driver of Microsoft'
  const file = 'servers/microsoft.spec.ts'
  return {
    letsIn: of(
      file,
      [group, 'is let in by a token of Entra that its server verifies, and asks it something'],
      adapter,
    ),
    refuses: of(
      file,
      [group, 'is refused by Entra where that trusts another subject, and the log says which'],
      adapter,
    ),
  }
}

/** Of an adapter of which nothing is known here, with what each exchange buys. */
function atClickHouse(via: string): Evidence {
  const group = 'dbt-clickhouse with what `via: %s` buys'
  const file = 'servers/clickhouse-bought.spec.ts'
  return {
    letsIn: of(file, [group, 'is let in by who verifies that, and builds'], via),
    refuses: of(file, [group, 'is not started where the trust names another repository'], via),
  }
}

/** By warehouse and exchange, as `WAREHOUSE via EXCHANGE`. */
export const EVIDENCE: Readonly<Record<string, Evidence>> = {
  'athena via aws': {
    letsIn: of('servers/athena.spec.ts', [
      'dbt-athena builds the demo project with keys of the role alone, which may do what our documents print',
    ]),
    refuses: of('servers/athena.spec.ts', [NAMED, '%s'], 'another repository'),
  },
  'athena via aws-identity-center': {
    letsIn: of('servers/athena-identity-center.spec.ts', [
      'dbt-athena makes and tests a view with keys that carry the user of the directory',
    ]),
    refuses: of('servers/athena-identity-center.spec.ts', [
      'a directory without the user of this subject lets nobody in, and the log says whom it lacks',
    ]),
  },
  'bigquery via google': {
    letsIn: of(
      'servers/bigquery.spec.ts',
      ['dbt builds the demo project in BigQuery', '%s'],
      'as a service account',
    ),
    refuses: of(
      'servers/bigquery.spec.ts',
      ['dbt is not let in where the trust is broken, and the cause is named', '%s'],
      'an issuer that the provider does not trust',
    ),
  },
  'databricks via direct': {
    letsIn: of(
      'servers/outlives-databricks.spec.ts',
      [
        'the credentials of dbt-databricks by `via: %s`',
        'live with it for three lives, in the connection that was opened first as in the last',
      ],
      'direct',
    ),
    refuses: of('servers/databricks.spec.ts', [
      'a workspace',
      'lets nobody in by the SDK whose subject is another',
    ]),
  },
  'databricks via oauth': {
    letsIn: of('databricks.test.ts', [
      'a workspace that trusts the branch gives an access token, which dbt finds in its environment alone',
    ]),
    refuses: of(
      'databricks.test.ts',
      ['a workspace that trusts %s refuses, and the log says why and what would repair it'],
      'another branch',
    ),
  },
  'duckdb via none': {
    letsIn: of('process-real-dbt.test.ts', [
      'dbt in a run',
      'succeeds with the workflow for DuckDB of its page as it is written',
    ]),
    refuses: of('process-denied.test.ts', [
      'a run is denied because of',
      'its signed ref, whatever an earlier step made of GITHUB_REF (event-10)',
    ]),
  },
  'duckdb via aws': {
    letsIn: of('servers/duckdb-s3.spec.ts', [
      'dbt writes to and reads from the bucket that the connection names, with the keys of the role',
    ]),
    refuses: of('servers/duckdb-s3.spec.ts', ['a trust for another branch ends the run before dbt']),
  },
  'fabric via entra': atMicrosoft('fabric'),
  'glue via aws': {
    letsIn: of('servers/glue.spec.ts', [
      'dbt-glue builds in a session that runs as the other role, opened with keys of the role of the workflow alone',
    ]),
    refuses: of('servers/glue.spec.ts', [
      'a trust for another repository refuses the run, by name, before dbt',
    ]),
  },
  'other via oauth': atClickHouse('oauth'),
  'other via entra': atClickHouse('entra'),
  'other via vault': atClickHouse('vault'),
  'other via direct': {
    letsIn: of('servers/clickhouse.spec.ts', [
      'dbt-clickhouse at a ClickHouse that takes a verified token for the password',
      'builds the demo project with the token of this run',
    ]),
    refuses: of(
      'servers/clickhouse.spec.ts',
      [
        'dbt-clickhouse at a ClickHouse that takes a verified token for the password',
        'refuses it where that trusts %s, and nothing is left',
      ],
      'another subject',
    ),
  },
  'postgres via aws': {
    letsIn: of('servers/postgres.spec.ts', [
      'dbt-postgres at an RDS that takes signed tokens',
      'builds the demo project as the user that our own documents have made',
    ]),
    refuses: of('servers/postgres.spec.ts', [NAMED, '%s'], 'another branch'),
  },
  'postgres via entra': {
    letsIn: of(
      POSTGRES_CLOUDS,
      ['dbt-postgres at %s', 'builds the demo project as the user that our own documents have made'],
      'Azure Database',
    ),
    refuses: of(
      POSTGRES_CLOUDS,
      ['dbt-postgres at %s', 'is not started where the trust names another branch'],
      'Azure Database',
    ),
  },
  'postgres via google': {
    letsIn: of(
      POSTGRES_CLOUDS,
      ['dbt-postgres at %s', 'builds the demo project as the user that our own documents have made'],
      'Cloud SQL',
    ),
    refuses: of(
      POSTGRES_CLOUDS,
      ['dbt-postgres at %s', 'is not started where the trust names another branch'],
      'Cloud SQL',
    ),
  },
  'postgres via vault': {
    letsIn: of('servers/openbao.spec.ts', [
      'a user that is made for the run',
      'builds with dbt, owns nothing in the end, and is gone',
    ]),
    refuses: of(
      'servers/openbao.spec.ts',
      ['a trust', '%s ends the run before dbt, and says why'],
      'for another branch',
    ),
  },
  'redshift via aws': {
    letsIn: of('servers/redshift.spec.ts', [
      'dbt-redshift at a front that takes only what GetClusterCredentialsWithIAM has handed out',
      'builds the demo project as the user of the role',
    ]),
    refuses: of('servers/redshift.spec.ts', [NAMED, '%s'], 'another branch'),
  },
  'redshift via aws-identity-center': {
    letsIn: of('servers/redshift-identity-center.spec.ts', [
      'dbt-redshift at a front that asks Identity Center about each token',
      'builds the demo project as the role of its group, each connection with a token of its own',
    ]),
    refuses: of('servers/redshift-identity-center.spec.ts', [NAMED, '%s'], 'no user of this subject'),
  },
  'snowflake via direct': {
    letsIn: of('snowflake-front.test.ts', [
      'real dbt-snowflake at the front',
      'a build of the demo project logs in by workload identity alone',
    ]),
    refuses: of('snowflake-front.test.ts', [
      'real dbt-snowflake at the front',
      'a token for another subject is refused with the code that Snowflake gives, in dbt’s own output',
    ]),
  },
  'snowflake via entra': {
    letsIn: of(
      SNOWFLAKE_OAUTH,
      ['by an access token of %s', 'dbt builds as the user and the role that the integration leads to'],
      'Entra',
    ),
    refuses: of(
      SNOWFLAKE_OAUTH,
      ['by an access token of %s', 'an integration for another audience refuses the login, and dbt says so'],
      'Entra',
    ),
  },
  'snowflake via oauth': {
    letsIn: of(
      SNOWFLAKE_OAUTH,
      ['by an access token of %s', 'dbt builds as the user and the role that the integration leads to'],
      'an authorization server',
    ),
    refuses: of(
      SNOWFLAKE_OAUTH,
      ['by an access token of %s', 'an integration for another audience refuses the login, and dbt says so'],
      'an authorization server',
    ),
  },
  'snowflake via okta': {
    letsIn: of(
      SNOWFLAKE_WAYS,
      ['by %s', 'dbt builds, as the preflight said, and everything is given back'],
      'an access token of Okta',
    ),
    refuses: of(
      SNOWFLAKE_WAYS,
      ['by %s', 'an account that trusts somebody else refuses the login, in words that are explained'],
      'an access token of Okta',
    ),
  },
  'snowflake via vault': {
    letsIn: of(
      SNOWFLAKE_WAYS,
      ['by %s', 'dbt builds, as the preflight said, and everything is given back'],
      'a key pair of a user that Vault makes',
    ),
    refuses: of(
      SNOWFLAKE_WAYS,
      ['by %s', 'an account that trusts somebody else refuses the login, in words that are explained'],
      'a key pair of a user that Vault makes',
    ),
  },
  'sqlserver via entra': atMicrosoft('sqlserver'),
  'synapse via entra': atMicrosoft('synapse'),
  'trino via direct': {
    letsIn: of('servers/trino.spec.ts', [
      'the built action',
      'builds the demo project on a Trino that verifies the token by our own documents',
    ]),
    refuses: of(
      'servers/trino.spec.ts',
      ['the built action', 'fails on a token with %s, and the log says what Trino says'],
      'another subject',
    ),
  },
  'trino via entra': {
    letsIn: of('servers/trino-entra.spec.ts', [
      'a build on Trino with a token that Entra has given for that of GitHub',
    ]),
    refuses: of('servers/trino-entra.spec.ts', ['a token %s is refused by Trino'], 'of another app'),
  },
  'trino via oauth': {
    letsIn: of('servers/trino-keycloak.spec.ts', [
      'a build on Trino with a token of Keycloak, bought with the token of GitHub, longer-lived than that, and revoked',
    ]),
    refuses: of('servers/trino-keycloak.spec.ts', [
      'a token of Keycloak for another client is refused by Trino',
    ]),
  },
}

function of(file: string, titles: readonly string[], row?: string): Named {
  return { file, titles, ...(row === undefined ? {} : { row }) }
}
