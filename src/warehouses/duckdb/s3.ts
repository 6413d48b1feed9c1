import type { Aws } from '../../credential.ts'
import { keysFile } from '../../keepalive/aws-keys.ts'
import { byContainer } from '../../keepalive/container.ts'
import { asJinja, isExpression, type Value } from '../../profile.ts'
import type { Carried, Fault, Hook } from '../../warehouse.ts'
import type { Connection } from './connection.ts'
import { S3_PLUGIN } from './plugin.ts'

/** Where dbt cannot ask us, DuckDB reads the keys from here by AWS's own credential chain. */
const CREDENTIALS = 'aws-credentials'
/** Its extension takes no profile that AWS's other file does not name. */
const CONFIG = 'aws-config'
const PROFILE = 'dbt-oidc'
/** The module that makes the secrets anew, and how dbt-duckdb is told of it. */
const MODULE = 'oidc_s3'

type Secret = Readonly<Record<string, unknown>>

/** The S3 secrets of a connection, which get their keys from us; one for all of S3 where there is none. */
function secretsOf({ secrets = [] }: Connection): readonly Secret[] {
  return secrets.some(isS3) ? secrets : [...secrets, { type: 's3' }]
}

/** Whether a secret is one for S3. */
export function isS3({ type }: Secret): boolean {
  return type === 's3'
}

/** The region that an S3 secret or setting of the connection names. */
export function regionOf({ secrets = [], settings }: Connection): string | undefined {
  const named = [...secrets.filter(isS3).map(({ region }) => region), settings?.['s3_region']]
  return named.find((region) => typeof region === 'string')
}

/** Keys of one's own beside the role's, or the role's where they outlive the job. */
export function s3Faults({ secrets = [] }: Connection): readonly Fault[] {
  const own = secrets
    .filter(isS3)
    .flatMap((secret) => ['provider', 'chain', 'profile', 'persistent'].filter((key) => key in secret))
  return own.length === 0
    ? []
    : [
        {
          field: 'secrets',
          problem: `An S3 secret has \`${own.join('`, `')}\` of its own, but its keys come from the role: leave that out; scope, region and endpoint may stay.`,
        },
      ]
}

/**
 * Each S3 secret resolved by DuckDB itself, so that the profile holds no key. By `container` there is none in a file
 * either: the SDK in DuckDB asks us, but only where no chain is named, since DuckDB 1.5 has no name for that link of it.
 */
export function carryS3(connection: Connection, credential: Aws, directory: string, hook?: Hook): Carried {
  const chain = hook ? {} : { chain: 'config', profile: PROFILE }
  const secrets = secretsOf(connection).map((secret) =>
    isS3(secret)
      ? { region: credential.region, ...secret, provider: 'credential_chain', ...chain, refresh: 'auto' }
      : secret,
  )
  const { files, env } = hook ? byContainer(directory, hook) : byFile(credential, directory)
  return {
    fields: {
      secrets: valueOf(secrets),
      plugins: valueOf([...(connection.plugins ?? []), { module: MODULE }]),
      module_paths: valueOf([...(connection.module_paths ?? []), directory]),
    },
    secrets: {},
    files: { ...files, [`${MODULE}.py`]: S3_PLUGIN },
    env,
  }
}

function byFile(credential: Aws, directory: string): Pick<Carried, 'files' | 'env'> {
  return {
    files: {
      [CONFIG]: `[profile ${PROFILE}]\nregion = ${credential.region}\n`,
      [CREDENTIALS]: keysFile(PROFILE, credential),
    },
    env: {
      AWS_CONFIG_FILE: `${directory}/${CONFIG}`,
      AWS_SHARED_CREDENTIALS_FILE: `${directory}/${CREDENTIALS}`,
    },
  }
}

function valueOf(value: unknown): Value {
  if (isExpression(value)) return asJinja(value)
  if (Array.isArray(value)) return { kind: 'list', items: value.map(valueOf) }
  if (typeof value === 'object' && value !== null)
    return { kind: 'map', fields: new Map(Object.entries(value).map(([key, one]) => [key, valueOf(one)])) }
  return typeof value === 'string' ? { kind: 'text', text: value } : { kind: 'plain', source: String(value) }
}
