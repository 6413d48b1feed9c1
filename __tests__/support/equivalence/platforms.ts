import { aws } from '../models/aws.ts'
import { databricks } from '../models/databricks.ts'
import { entra } from '../models/entra.ts'
import { google } from '../models/google.ts'
import { identityCenter, redshiftCenter } from '../models/identity-center.ts'
import { keycloak } from '../models/keycloak.ts'
import { oauth } from '../models/oauth.ts'
import { okta } from '../models/okta.ts'
import type { Accepts, Pasted } from '../models/presented.ts'
import { snowflake } from '../models/snowflake.ts'
import { trino } from '../models/trino.ts'
import { vault } from '../models/vault.ts'
import type { Limits } from './policies.ts'

/** A platform, how a policy names it, and the model of how it matches. */
export interface Platform {
  readonly name: string
  readonly limits: Limits
  readonly serverUrl?: string
  /** Whether it cannot be set up by these documents, as they say themselves. */
  readonly mayLack?: (documents: readonly Pasted[]) => boolean
  /** What it compares: all claims, or the subject, if need be beside others. */
  readonly compares: 'claims' | 'subject'
  readonly target: (name: string) => object
  readonly model: (documents: readonly Pasted[], audience: string) => Accepts
}

const WHOLE: Limits = { exact: true, ids: false, most: 3 }
const PATTERNS: Limits = { exact: false, ids: false, most: 3 }
const SP = '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10'

const POSTGRES = { type: 'postgres', user: 'u', dbname: 'd', schema: 's', port: 5432 }

const trinoAt = (name: string): object => ({
  type: 'trino',
  host: `${name}.acme.example`,
  database: 'lake',
  schema: 's',
})

const role = (name: string): object => ({
  connection: { ...POSTGRES, host: 'db.c1.eu-west-1.rds.amazonaws.com' },
  identity: { via: 'aws', role: `arn:aws:iam::123456789012:role/dbt-${name}` },
})

const server =
  (grant: string) =>
  (name: string): object => ({
    connection: trinoAt(name),
    identity: {
      via: 'oauth',
      'token-url': `https://as.example/realms/${name}/protocol/openid-connect/token`,
      'client-id': `dbt-${name}`,
      grant,
      ...(grant === 'jwt-bearer' && { 'client-authentication': 'assertion' }),
    },
  })

/** More subjects than the one that a client or user of Keycloak has: the words say so, and there is no import. */
function withoutImport(documents: readonly Pasted[]): boolean {
  return documents.some(({ text }) => text.includes('Keycloak binds a client or user to one subject'))
}

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd'

const center = (connection: object, identity: object): object => ({
  connection,
  identity: {
    via: 'aws-identity-center',
    instance: 'arn:aws:sso:::instance/ssoins-1234567890abcdef',
    region: 'eu-west-1',
    group: 'dbt',
    ...identity,
  },
})

/** Every platform whose matching is modelled. */
export const PLATFORMS: readonly Platform[] = [
  {
    name: 'Snowflake',
    limits: WHOLE,
    compares: 'subject',
    target: (name) => ({
      connection: {
        type: 'snowflake',
        account: 'acme',
        role: name.toUpperCase(),
        database: 'D',
        schema: 'S',
      },
    }),
    model: snowflake,
  },
  {
    name: 'Google',
    limits: { ...PATTERNS, ids: true },
    compares: 'claims',
    target: (name) => ({
      connection: { type: 'bigquery', project: 'acme', dataset: name },
      identity: {
        provider: `projects/123/locations/global/workloadIdentityPools/github/providers/dbt-${name}`,
        'service-account': `dbt-${name}@acme.iam.gserviceaccount.com`,
      },
    }),
    model: google,
  },
  { name: 'AWS', limits: PATTERNS, compares: 'subject', target: role, model: (documents) => aws(documents) },
  {
    name: 'AWS, for an enterprise server',
    limits: PATTERNS,
    serverUrl: 'https://github.acme.example',
    compares: 'subject',
    target: role,
    model: (documents) => aws(documents),
  },
  {
    name: 'Microsoft Entra ID',
    limits: WHOLE,
    compares: 'subject',
    target: (name) => ({
      connection: { ...POSTGRES, host: 'acme.postgres.database.azure.com' },
      identity: {
        via: 'entra',
        tenant: '72f988bf-86f1-41af-91ab-2d7cd011db47',
        'client-id': name === 'prod' ? SP : SP.replace('8', '9'),
      },
    }),
    model: entra,
  },
  {
    name: 'Databricks',
    limits: WHOLE,
    compares: 'subject',
    target: (name) => ({
      connection: {
        type: 'databricks',
        host: 'adb-1.1.azuredatabricks.net',
        http_path: '/sql/1.0/warehouses/abc',
        catalog: 'c',
        schema: name,
        client_id: SP,
      },
    }),
    model: databricks,
  },
  {
    name: 'Trino',
    limits: PATTERNS,
    compares: 'subject',
    target: (name) => ({ connection: trinoAt(name) }),
    model: trino,
  },
  {
    name: 'Vault',
    limits: PATTERNS,
    compares: 'claims',
    target: (name) => ({
      connection: { ...POSTGRES, host: 'db.acme.example' },
      identity: {
        via: 'vault',
        url: 'https://vault.acme.example:8200',
        role: `dbt-${name}`,
        database: { role: `dbt-${name}` },
      },
    }),
    model: vault,
  },
  {
    name: 'an authorization server',
    limits: WHOLE,
    compares: 'subject',
    target: server('token-exchange'),
    model: oauth,
  },
  {
    name: 'Keycloak, client assertion',
    limits: WHOLE,
    mayLack: withoutImport,
    compares: 'subject',
    target: server('client-credentials'),
    model: keycloak,
  },
  {
    name: 'Keycloak, authorization grant',
    limits: WHOLE,
    mayLack: withoutImport,
    compares: 'subject',
    target: server('jwt-bearer'),
    model: keycloak,
  },
  {
    name: 'Okta, by a key of AWS',
    limits: PATTERNS,
    compares: 'subject',
    target: (name) => ({
      connection: {
        type: 'snowflake',
        account: 'acme',
        user: 'DBT',
        role: 'R',
        warehouse: 'W',
        database: 'D',
        schema: 'S',
      },
      identity: {
        via: 'okta',
        url: `https://acme.okta.com/oauth2/${name}`,
        'client-id': name === 'prod' ? '0oa1a2b3c4' : '0oa1a2b3c5',
        signer: { key: KEY, aws: { role: `arn:aws:iam::123456789012:role/okta-${name}` } },
      },
    }),
    model: okta,
  },
  {
    name: 'IAM Identity Center',
    limits: WHOLE,
    compares: 'subject',
    target: (name) =>
      center(
        {
          type: 'athena',
          region_name: 'eu-west-1',
          s3_staging_dir: 's3://b/r/',
          database: 'awsdatacatalog',
          schema: 's',
        },
        {
          role: `arn:aws:iam::123456789012:role/dbt-${name}`,
          application: 'arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef',
          'session-role': `arn:aws:iam::123456789012:role/athena-${name}`,
        },
      ),
    model: identityCenter,
  },
  {
    name: 'IAM Identity Center, by Redshift',
    limits: WHOLE,
    compares: 'subject',
    target: () =>
      center(
        {
          type: 'redshift',
          method: 'oauth_token_identity_center',
          host: 'w.123456789012.eu-west-1.redshift-serverless.amazonaws.com',
          dbname: 'd',
          schema: 's',
        },
        {},
      ),
    model: redshiftCenter,
  },
]
