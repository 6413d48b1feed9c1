/** A repository as it is found, and what is to come of it. */
export interface Pair {
  readonly name: string
  readonly profiles: string
  readonly workflow: string
  /** Secrets that are needed no more. */
  readonly unneeded: readonly string[]
  readonly needed?: readonly string[]
  /** Ends of the paths that are to be filled in. */
  readonly fillIn: readonly string[]
  /** Parts of the policy, of the workflow, and of what is said. */
  readonly policy: readonly string[]
  readonly after: readonly string[]
  readonly said?: readonly string[]
  /** Targets that keep their secret. */
  readonly kept?: readonly string[]
}

/** A profiles.yml of one profile. */
const profile = (outputs: string, target = 'prod'): string =>
  `shop:\n  target: ${target}\n  outputs:\n${outputs.replaceAll(/^/gm, '    ')}\n`

const job = (steps: string, more = '', on = 'push:\n    branches: [main]'): string =>
  `name: dbt\non:\n  ${on}\njobs:\n  build:\n    runs-on: ubuntu-latest\n${more.replaceAll(/^(?=.)/gm, '    ')}    steps:\n      - uses: actions/checkout@v4\n${steps.replaceAll(/^(?=.)/gm, '      ')}`

const SNOWFLAKE = `prod:
  type: snowflake
  account: acme-prod
  user: DBT_PROD
  password: "{{ env_var('SNOWFLAKE_PASSWORD') }}"
  role: TRANSFORMER
  warehouse: WH
  database: PROD
  schema: ANALYTICS
  threads: "{{ env_var('DBT_THREADS', '8') | int }}"`

export const PAIRS: readonly Pair[] = [
  {
    name: 'Snowflake with a password in the environment of the job',
    profiles: profile(SNOWFLAKE),
    workflow: job(
      '- run: pip install dbt-snowflake==1.10.0\n- name: Build\n  run: |\n    dbt deps\n    dbt build --profiles-dir .\n- run: curl "$HOOK"\n  env:\n    HOOK: ${{ secrets.SLACK }}\n',
      'environment: production\nenv:\n  SNOWFLAKE_PASSWORD: ${{ secrets.SNOWFLAKE_PASSWORD }}\n',
    ),
    unneeded: ['SNOWFLAKE_PASSWORD'],
    needed: ['SLACK'],
    fillIn: [],
    policy: ['account: acme-prod', 'threads: 8', 'environment: production', 'ref: refs/heads/main'],
    after: ['run: |\n            deps\n            build\n          target: prod', 'id-token: write'],
    said: ['dbt-snowflake==1.10.0 is below 1.12.0', '`repository-id` and `repository-owner-id`'],
  },
  {
    name: 'Snowflake with a key that a step writes, and an account in a variable',
    profiles: profile(
      SNOWFLAKE.replace('acme-prod', '"{{ env_var(\'SNOWFLAKE_ACCOUNT\') }}"').replace(
        /password: .*/,
        'private_key_path: /tmp/key.p8\n  private_key_passphrase: "{{ env_var(\'SNOWFLAKE_PASSPHRASE\') }}"',
      ),
    ),
    workflow: job(
      '- run: echo "$KEY" > /tmp/key.p8\n  env:\n    KEY: ${{ secrets.SNOWFLAKE_KEY }}\n- run: dbt build\n  env:\n    SNOWFLAKE_ACCOUNT: ${{ vars.SNOWFLAKE_ACCOUNT }}\n    SNOWFLAKE_PASSPHRASE: ${{ secrets.SNOWFLAKE_PASSPHRASE }}\n',
    ),
    unneeded: ['SNOWFLAKE_PASSPHRASE'],
    needed: ['SNOWFLAKE_KEY'],
    fillIn: ['connection.account'],
    policy: ['replace-me-account # FILL IN: the variable SNOWFLAKE_ACCOUNT'],
    after: ['SNOWFLAKE_ACCOUNT: ${{ vars.SNOWFLAKE_ACCOUNT }}'],
    said: ['writes a file from the secret SNOWFLAKE_KEY'],
  },
  {
    name: 'BigQuery with a stored key, by google-github-actions/auth',
    profiles: profile(
      'prod:\n  type: bigquery\n  method: service-account\n  project: acme-prod\n  dataset: analytics\n  location: EU\n  keyfile: "{{ env_var(\'GOOGLE_APPLICATION_CREDENTIALS\') }}"\n  threads: 4',
    ),
    workflow: job(
      '- uses: google-github-actions/auth@v2\n  with:\n    credentials_json: ${{ secrets.GCP_KEY }}\n- run: dbt build\n',
    ),
    unneeded: ['GCP_KEY'],
    fillIn: ['identity.provider', 'identity.service-account'],
    policy: ['project: acme-prod', 'dbt-prod@acme-prod.iam.gserviceaccount.com'],
    after: ['run: build\n          target: prod'],
  },
  {
    name: 'BigQuery that logs the job in without a key already',
    profiles: profile(
      'prod: { type: bigquery, method: oauth, project: acme-prod, dataset: analytics, threads: 4 }',
    ),
    workflow: job(
      '- uses: google-github-actions/auth@v2\n  with:\n    workload_identity_provider: projects/123456789/locations/global/workloadIdentityPools/github/providers/dbt-prod\n    service_account: dbt@acme-prod.iam.gserviceaccount.com\n- run: gsutil cp target/manifest.json gs://acme-docs/\n- run: dbt build\n',
      'permissions:\n  contents: read\n  id-token: write\n',
    ),
    unneeded: [],
    fillIn: [],
    policy: ['service-account: dbt@acme-prod.iam.gserviceaccount.com', 'providers/dbt-prod'],
    after: ['google-github-actions/auth@v2'],
    said: ['the login of google stays, since another step uses it'],
  },
  {
    name: 'Redshift with the keys of a user, by configure-aws-credentials',
    profiles: profile(
      'prod:\n  type: redshift\n  method: iam\n  host: acme.123456789012.eu-west-1.redshift-serverless.amazonaws.com\n  user: dbt\n  dbname: dev\n  schema: analytics\n  port: 5439',
    ),
    workflow: job(
      '- uses: aws-actions/configure-aws-credentials@v4\n  with:\n    aws-access-key-id: ${{ secrets.AWS_ACCESS_KEY_ID }}\n    aws-secret-access-key: ${{ secrets.AWS_SECRET_ACCESS_KEY }}\n    aws-region: eu-west-1\n- run: dbt run --target prod && dbt test --target prod\n',
    ),
    unneeded: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
    fillIn: ['identity.role'],
    policy: ['arn:aws:iam::000000000000:role/dbt-prod'],
    after: ['run: |\n            run\n            test\n          target: prod'],
  },
  {
    name: 'Redshift with a password, in a directory of its own',
    profiles: profile(
      'prod:\n  type: redshift\n  host: "{{ env_var(\'DBT_HOST\') }}"\n  user: dbt\n  password: "{{ env_var(\'DBT_ENV_SECRET_PASSWORD\') }}"\n  dbname: dev\n  schema: analytics\n  port: "{{ env_var(\'DBT_PORT\') | as_number }}"',
    ),
    workflow: job(
      '- run: dbt build --target prod\n  working-directory: transform\n  env:\n    DBT_HOST: ${{ secrets.REDSHIFT_HOST }}\n    DBT_PORT: 5439\n    DBT_ENV_SECRET_PASSWORD: ${{ secrets.REDSHIFT_PASSWORD }}\n',
    ),
    unneeded: ['REDSHIFT_HOST', 'REDSHIFT_PASSWORD'],
    fillIn: ['connection.host', 'identity.role'],
    policy: ['FILL IN: the secret REDSHIFT_HOST', 'port: 5439'],
    after: ['project-dir: transform', 'DBT_PORT: 5439'],
  },
  {
    name: 'Athena by a role that is assumed already',
    profiles: profile(
      'prod: { type: athena, s3_staging_dir: "s3://acme-athena/", region_name: eu-west-1, database: awsdatacatalog, schema: analytics }',
    ),
    workflow: job(
      '- uses: aws-actions/configure-aws-credentials@v4\n  with:\n    role-to-assume: arn:aws:iam::123456789012:role/dbt-prod\n    aws-region: eu-west-1\n- run: dbt build\n',
    ),
    unneeded: [],
    fillIn: [],
    policy: ['role: arn:aws:iam::123456789012:role/dbt-prod'],
    after: ['run: build'],
  },
  {
    name: 'Databricks with the token of a person',
    profiles: profile(
      'prod:\n  type: databricks\n  host: dbc-a1b2c3d4-e5f6.cloud.databricks.com\n  http_path: /sql/1.0/warehouses/abc123\n  catalog: main\n  schema: analytics\n  token: "{{ env_var(\'DATABRICKS_TOKEN\') }}"',
    ),
    workflow: job(
      '- run: dbt build\n  env: { DATABRICKS_TOKEN: "${{ secrets.DATABRICKS_TOKEN }}", TZ: UTC }\n',
    ),
    unneeded: ['DATABRICKS_TOKEN'],
    fillIn: ['connection.client_id'],
    policy: ['catalog: main'],
    after: ['TZ: UTC'],
  },
  {
    name: 'PostgreSQL of RDS with a password',
    profiles: profile(
      'prod:\n  type: postgres\n  host: shop.abcdefgh.eu-west-1.rds.amazonaws.com\n  user: dbt\n  password: "{{ env_var(\'PGPASSWORD\') }}"\n  port: 5432\n  dbname: shop\n  schema: analytics\n  sslmode: require',
    ),
    workflow: job('- run: dbt build\n  env:\n    PGPASSWORD: ${{ secrets.PGPASSWORD }}\n'),
    unneeded: ['PGPASSWORD'],
    fillIn: ['identity.role'],
    policy: ['arn:aws:iam::000000000000:role/dbt-prod'],
    after: ['run: build'],
  },
  {
    name: 'PostgreSQL of which nobody can tell whose it is',
    profiles: profile(
      'prod:\n  type: postgres\n  host: db.acme.example\n  user: dbt\n  password: "{{ env_var(\'PGPASSWORD\') }}"\n  port: 5432\n  dbname: shop\n  schema: analytics',
    ),
    workflow: job('- run: dbt build\n  env:\n    PGPASSWORD: ${{ secrets.PGPASSWORD }}\n'),
    unneeded: ['PGPASSWORD'],
    fillIn: ['identity.url'],
    policy: ['via: vault'],
    after: ['run: build'],
    said: ['A PostgreSQL server takes no token by itself'],
  },
  {
    name: 'Microsoft Fabric by azure/login with a secret',
    profiles: profile(
      'prod:\n  type: fabric\n  driver: ODBC Driver 18 for SQL Server\n  server: acme.datawarehouse.fabric.microsoft.com\n  database: shop\n  schema: dbo\n  authentication: ServicePrincipal\n  tenant_id: "{{ env_var(\'AZURE_TENANT_ID\') }}"\n  client_id: "{{ env_var(\'AZURE_CLIENT_ID\') }}"\n  client_secret: "{{ env_var(\'AZURE_CLIENT_SECRET\') }}"',
    ),
    workflow: job(
      '- run: dbt build\n  env:\n    AZURE_TENANT_ID: ${{ secrets.AZURE_TENANT_ID }}\n    AZURE_CLIENT_ID: ${{ secrets.AZURE_CLIENT_ID }}\n    AZURE_CLIENT_SECRET: ${{ secrets.AZURE_CLIENT_SECRET }}\n',
    ),
    unneeded: ['AZURE_CLIENT_ID', 'AZURE_CLIENT_SECRET', 'AZURE_TENANT_ID'],
    fillIn: ['identity.tenant', 'identity.client-id'],
    policy: ['server: acme.datawarehouse.fabric.microsoft.com'],
    after: ['run: build'],
  },
  {
    name: 'a schema for each pull request beside the nightly run, in one job',
    profiles: profile(
      `${SNOWFLAKE}\nci:\n  type: snowflake\n  account: acme-ci\n  user: DBT_CI\n  password: "{{ env_var('SNOWFLAKE_PASSWORD') }}"\n  database: CI\n  schema: "{{ env_var('CI_SCHEMA') }}"`,
    ),
    workflow: job(
      "- run: dbt build --target ci\n  if: github.event_name == 'pull_request'\n  env:\n    CI_SCHEMA: pr_${{ github.event.number }}\n- run: dbt build --target prod\n  if: github.event_name != 'pull_request'\n",
      'env:\n  SNOWFLAKE_PASSWORD: ${{ secrets.SNOWFLAKE_PASSWORD }}\n',
      'push:\n    branches: [main, "release/**"]\n  pull_request:\n    branches: [main]',
    ),
    unneeded: ['SNOWFLAKE_PASSWORD'],
    fillIn: [],
    policy: ['schema: pr_{pull_request}', 'event_name: pull_request', '- refs/heads/release/**'],
    after: ["if: github.event_name == 'pull_request'", 'target: ci', 'target: prod'],
  },
  {
    name: 'a matrix over targets',
    profiles: profile(
      `${SNOWFLAKE}\n${SNOWFLAKE.replace('prod:', 'emea:').replace('acme-prod', 'acme-emea')}`,
    ),
    workflow: job(
      '- run: dbt build --target ${{ matrix.target }}\n  env:\n    SNOWFLAKE_PASSWORD: ${{ secrets.SNOWFLAKE_PASSWORD }}\n',
      'strategy:\n  matrix:\n    target: [prod, emea]\n',
    ),
    unneeded: ['SNOWFLAKE_PASSWORD'],
    fillIn: [],
    policy: ['account: acme-emea', 'target: emea'],
    after: ['target: ${{ matrix.target }}'],
  },
  {
    name: 'a script that does more than call dbt, by poetry',
    profiles: profile(SNOWFLAKE),
    workflow: job(
      '- run: |\n    poetry install\n    poetry run dbt build --target prod --profiles-dir profiles | tee log.txt\n  env:\n    SNOWFLAKE_PASSWORD: ${{ secrets.SNOWFLAKE_PASSWORD }}\n',
    ),
    unneeded: ['SNOWFLAKE_PASSWORD'],
    fillIn: [],
    policy: ['account: acme-prod'],
    after: [
      'poetry run dbt build --target prod | tee log.txt',
      '      - uses: OWNER/dbt-oidc@v1\n        with:\n          target: prod\n      - run: |',
    ],
    said: ['the action prepares the job and the script stays'],
  },
  {
    name: 'DuckDB over files of S3',
    profiles: profile(
      'prod:\n  type: duckdb\n  path: shop.duckdb\n  extensions: [httpfs]\n  settings:\n    s3_region: eu-west-1\n    s3_access_key_id: "{{ env_var(\'S3_ID\') }}"\n    s3_secret_access_key: "{{ env_var(\'S3_KEY\') }}"',
    ),
    workflow: job(
      '- run: dbt build\n  env:\n    S3_ID: ${{ secrets.S3_ID }}\n    S3_KEY: ${{ secrets.S3_KEY }}\n',
    ),
    unneeded: ['S3_ID', 'S3_KEY'],
    fillIn: ['identity.role'],
    policy: ['via: aws', 's3_region: eu-west-1'],
    after: ['run: build'],
  },
  {
    name: 'MotherDuck, which keeps its secret, beside a Trino that does not',
    profiles: profile(
      'duck:\n  type: duckdb\n  path: md:shop\n  motherduck_token: "{{ env_var(\'MOTHERDUCK_TOKEN\') }}"\nlake:\n  type: trino\n  method: ldap\n  host: trino.acme.example\n  port: 443\n  user: dbt\n  password: "{{ env_var(\'TRINO_PASSWORD\') }}"\n  database: lake\n  schema: analytics',
      'lake',
    ),
    workflow: job(
      '- run: dbt build --target duck\n  env:\n    MOTHERDUCK_TOKEN: ${{ secrets.MOTHERDUCK_TOKEN }}\n- run: dbt build --target lake\n  env:\n    TRINO_PASSWORD: ${{ secrets.TRINO_PASSWORD }}\n',
    ),
    unneeded: ['TRINO_PASSWORD'],
    needed: ['MOTHERDUCK_TOKEN'],
    fillIn: [],
    policy: ['host: trino.acme.example'],
    after: ['run: dbt build --target duck', 'target: lake'],
    kept: ['duck: MotherDuck takes no token of GitHub’s: its secret stays where it is.'],
  },
]
