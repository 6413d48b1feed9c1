import type { TrustFormat } from '../../../src/trust.ts'
import { FORMATS, GRANT, WAYS, type Asked } from './ways.ts'

const { environment: _environment, ...byRef } = GRANT

/** What the examples do not show. */
const MORE: readonly (readonly [string, string, Asked])[] = [
  [
    'snowflake-direct',
    'two environments, runners of anybody',
    {
      grants: ['production', 'staging'].map((environment) => ({
        repository: 'acme/dbt',
        environment,
      })),
    },
  ],
  [
    'snowflake-entra',
    'flexible',
    {
      grants: [
        {
          ...byRef,
          ref: ['refs/heads/main', 'refs/heads/release/**'],
          job_workflow_ref: 'acme/shared/.github/workflows/dbt.yml@refs/heads/main',
        },
      ],
      identity: { flexible: true },
    },
  ],
  [
    'redshift-aws',
    'chain',
    {
      identity: {
        chain: [
          {
            role: 'arn:aws:iam::210987654321:role/dbt-data',
            'external-id': 'acme-1',
            'session-tags': ['repository'],
          },
        ],
      },
    },
  ],
  [
    'snowflake-okta',
    'key of Google',
    {
      identity: {
        'key-id': 'dbt-2026',
        signer: {
          key: 'projects/acme-prod/locations/eu/keyRings/dbt/cryptoKeys/okta/cryptoKeyVersions/2',
          google: {
            provider:
              'projects/123456789012/locations/global/workloadIdentityPools/github/providers/dbt-prod',
            'service-account': 'dbt-okta@acme-prod.iam.gserviceaccount.com',
          },
        },
      },
    },
  ],
  [
    'snowflake-okta',
    'key of Vault',
    {
      identity: {
        signer: { key: 'okta', vault: { url: 'https://vault.acme.example:8200', role: 'dbt-okta' } },
      },
    },
  ],
  ['snowflake-okta', 'stored key', { identity: { signer: { variable: 'OKTA_PRIVATE_KEY' } } }],
  ['bigquery-google', 'delegates', { identity: { delegates: ['one@acme-prod.iam.gserviceaccount.com'] } }],
]

/** A trust that is written in the tests: a way, and what is asked of it. */
export interface Case {
  readonly title: string
  readonly name: string
  readonly asked: Asked
  readonly format: TrustFormat
}

/** Every way by its examples, and what these do not show, in every format. */
export const CASES: readonly Case[] = FORMATS.flatMap((format) => [
  ...WAYS.map(({ name }) => ({ title: name, name, asked: {}, format })),
  ...MORE.map(([name, what, asked]) => ({ title: `${name} ${what}`, name, asked, format })),
])
