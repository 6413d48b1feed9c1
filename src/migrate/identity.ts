import type { Connection } from './connection.ts'
import type { Placeholder } from './placeholder.ts'
import { evaluated, type Scope } from './value.ts'
import type { Step } from './workflow.ts'

/** Steps of others that log the whole job in. */
export const LOGINS = {
  google: /^google-github-actions\/auth@/i,
  aws: /^aws-actions\/configure-aws-credentials@/i,
  azure: /^azure\/login@/i,
} as const

/** By the names of {@link LOGINS}. */
export const CLOUDS = ['google', 'aws', 'azure'] as const

/** How a target comes by its credential from now on, as it stands under `identity:`. */
export interface Identity {
  readonly fields: Readonly<Record<string, unknown>>
  readonly notes: readonly string[]
}

interface Asked {
  readonly type: string
  readonly target: string
  readonly connection: Connection
  readonly steps: readonly Step[]
}

/** The identity of a target; undefined where the warehouse needs none, and a sentence where there is no way. */
export function identityOf(asked: Asked): Identity | string | undefined {
  switch (asked.type) {
    case 'bigquery':
      return google(asked)
    case 'redshift':
    case 'athena':
    case 'glue':
      return aws(asked)
    case 'fabric':
    case 'sqlserver':
      return entra(asked)
    case 'postgres':
      return postgres(asked)
    case 'duckdb':
      return duckdb(asked)
    case 'snowflake':
      return { fields: {}, notes: SNOWFLAKE }
    case 'databricks':
    case 'trino':
      return undefined
    default:
      return `dbt's adapter \`${asked.type}\` is none that this command knows: docs/warehouses/other.md has the way by hand.`
  }
}

const SNOWFLAKE = [
  'Snowflake logs the workflow in as a service user (TYPE = SERVICE), which has no password: `dbt-oidc trust` makes it where there is none, and `user` names it.',
]

function google({ target, connection, steps }: Asked): Identity {
  const login = steps.find(({ uses }) => LOGINS.google.test(uses))
  const project =
    typeof connection.fields['project'] === 'string' ? connection.fields['project'] : 'replace-me'
  return {
    fields: {
      provider: given(login, 'workload_identity_provider', {
        placeholder: 'projects/000000000000/locations/global/workloadIdentityPools/github/providers/dbt-oidc',
        source:
          'the provider of a workload identity pool, with the number of its project; `dbt-oidc trust` makes it',
      }),
      'service-account': given(login, 'service_account', {
        placeholder: `dbt-${plain(target)}@${plain(project)}.iam.gserviceaccount.com`,
        source: 'the service account whose key was stored, or a new one',
      }),
    },
    notes: [],
  }
}

function aws({ target, steps, connection }: Asked): Identity {
  const login = steps.find(({ uses }) => LOGINS.aws.test(uses))
  const region = connection.fields['region'] ?? connection.fields['region_name']
  const stated = given(login, 'aws-region', undefined)
  return {
    fields: {
      role: given(login, 'role-to-assume', {
        placeholder: `arn:aws:iam::000000000000:role/dbt-${plain(target)}`,
        source: 'a role with the rights of the user whose keys were stored; `dbt-oidc trust` makes it',
      }),
      ...(region === undefined && typeof stated === 'string' ? { region: stated } : {}),
    },
    notes: [],
  }
}

const NOBODY = '00000000-0000-0000-0000-000000000000'

function entra({ steps, type }: Asked): Identity {
  const login = steps.find(({ uses }) => LOGINS.azure.test(uses))
  return {
    fields: {
      ...(type === 'postgres' ? { via: 'entra' } : {}),
      tenant: given(login, 'tenant-id', { placeholder: NOBODY, source: 'the directory (tenant) id' }),
      'client-id': given(login, 'client-id', {
        placeholder: NOBODY,
        source: 'the application (client) id of the app whose secret was stored',
      }),
    },
    notes: [],
  }
}

/** A server of one's own takes no token of GitHub's: what stands before it decides. */
function postgres(asked: Asked): Identity {
  const host = String(asked.connection.fields['host'])
  if (/\.rds\.amazonaws\.com(?:\.cn)?$/.test(host)) return aws(asked)
  if (host.endsWith('.postgres.database.azure.com')) return entra(asked)
  return {
    fields: {
      via: 'vault',
      url: {
        placeholder: 'https://vault.replace-me.example',
        source: 'a Vault or OpenBao that makes users of this database',
      },
      role: `dbt-${plain(asked.target)}`,
      database: { role: `dbt-${plain(asked.target)}` },
    },
    notes: [
      `A PostgreSQL server takes no token by itself, and ${host} does not tell whose it is: for one of RDS, Azure or Cloud SQL take \`via: aws\`, \`entra\` or \`google\` (docs/warehouses/postgres.md); \`vault\` is proposed.`,
    ],
  }
}

function duckdb(asked: Asked): Identity | string | undefined {
  const { dropped } = asked.connection
  if (dropped.some((field) => field.endsWith('motherduck_token')))
    return 'MotherDuck takes no token of GitHub’s: its secret stays where it is.'
  const s3 = dropped.length > 0 || asked.steps.some(({ uses }) => LOGINS.aws.test(uses))
  if (!s3) return undefined
  const { fields, notes } = aws(asked)
  return { fields: { via: 'aws', ...fields }, notes }
}

/** What a login step says, where it says it outright. */
function given(
  step: Step | undefined,
  name: string,
  otherwise: Placeholder | undefined,
): string | Placeholder | undefined {
  const written = step?.with[name]
  if (step === undefined || written === undefined) return otherwise
  const told = evaluated(written, step.env satisfies Scope)
  if ('text' in told) return told.text
  return otherwise && { placeholder: otherwise.placeholder, source: told.unknown.source }
}

/** As a part of a name that every platform takes. */
function plain(text: string): string {
  return (
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '') || 'x'
  )
}
