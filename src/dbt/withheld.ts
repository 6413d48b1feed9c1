import { OURS } from '../secret-names.ts'

interface Rule {
  readonly names: RegExp
  readonly because: string
}

// Without them somebody's run would break, and none of them grants anything.
const HARMLESS =
  /^(?:AWS_(?:REGION|DEFAULT_REGION|CA_BUNDLE|RETRY_MODE|MAX_ATTEMPTS)|GOOGLE_CLOUD_PROJECT|CLOUDSDK_CORE_PROJECT|PGTZ|PGAPPNAME|PGCONNECT_TIMEOUT|PGSSLROOTCERT)$/i

const RULES: readonly Rule[] = [
  {
    names: /^(?:ACTIONS_|INPUT_|STATE_)|^GITHUB_(?:TOKEN|ENV|OUTPUT|STATE|PATH|STEP_SUMMARY)$/i,
    because: 'it would give the code of the project a hold on the job itself',
  },
  {
    names: new RegExp(
      [
        '^(?:AWS|AMAZON|GOOGLE|GCLOUD|CLOUDSDK|GCE_METADATA|AZURE|ARM|MSI|IDENTITY|IMDS|SNOWFLAKE|DATABRICKS)_',
        '^(?:REDSHIFT|MOTHERDUCK|VAULT|OKTA|ECS_CONTAINER|BOTO)_|^NO_GCE_CHECK$|^PG[A-Z]+$',
      ].join('|'),
      'i',
    ),
    because: 'it names credentials, or where to get them, and dbt gets those of its grant only',
  },
  {
    names:
      /^(?:LD_(?:PRELOAD|AUDIT)|DYLD_INSERT_LIBRARIES|NODE_OPTIONS|PYTHON(?:HOME|STARTUP|_DOTENV_DISABLED))$/i,
    because: 'it changes what every program does before its first line',
  },
  {
    names: new RegExp(`^${OURS}`, 'i'),
    because: 'this action itself hands its secrets to dbt by such names',
  },
]

/** Why a variable never reaches dbt, not even by the input `env`; undefined where it may. */
export function withheld(name: string): string | undefined {
  if (HARMLESS.test(name)) return undefined
  return RULES.find((rule) => rule.names.test(name))?.because
}

/** What stands in for the cloud credentials of the machine: empty places, and no instance metadata. */
export function cutOff(
  nowhere: string,
  join: (...parts: string[]) => string,
): Readonly<Record<string, string>> {
  const file = (name: string): string => join(nowhere, name)
  return {
    AWS_CONFIG_FILE: file('aws-config'),
    AWS_SHARED_CREDENTIALS_FILE: file('aws-credentials'),
    BOTO_CONFIG: file('boto'),
    AWS_EC2_METADATA_DISABLED: 'true',
    CLOUDSDK_CONFIG: nowhere,
    NO_GCE_CHECK: 'true',
    AZURE_CONFIG_DIR: nowhere,
    // azure-identity has no switch for instance metadata, but this moves it to a port where nobody answers.
    AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://127.0.0.1:9',
    SNOWFLAKE_HOME: nowhere,
    DATABRICKS_CONFIG_FILE: file('databrickscfg'),
    PGPASSFILE: file('pgpass'),
    PGSERVICEFILE: file('pg_service.conf'),
    PGSYSCONFDIR: nowhere,
  }
}
