import type { Claims } from '../../claims.ts'
import type { Diagnosis } from '../../exchange.ts'
import type { Connection } from './connection.ts'

const CAUSES: readonly (readonly [RegExp, (c: Connection, claims: Claims) => Diagnosis])[] = [
  [
    /auth_type` must be one of|auth_type must be one of/,
    () => ({
      problem:
        "This `auth_type` is none of dbt's: the SDK knows more of them, such as `github-oidc`, and an old dbt-databricks fewer.",
      remedy:
        'Leave `auth_type` out, since this action writes `file-oidc`; use dbt-databricks 1.12.6 or later, which knows it.',
    }),
  ],
  [
    /No matching federation policy|federation policy|invalid_grant|token exchange/i,
    (c, claims) => ({
      problem: `Databricks has no federation policy of ${c.client_id} that fits this token.`,
      remedy: `Compare issuer, audience and subject (${claims.sub}) with \`databricks account service-principal-federation-policy list\`; a policy without audiences takes the account id only.`,
    }),
  ],
  [
    /invalid_client/i,
    (c) => ({
      problem: `Databricks knows no service principal with the application id ${c.client_id} in this account.`,
      remedy: 'Write its application id (a UUID) as `client_id`, and add it to the workspace.',
    }),
  ],
  [
    /PERMISSION_DENIED|INSUFFICIENT_PERMISSIONS/,
    () => ({
      problem: 'The service principal may not do this.',
      remedy: 'Give it CAN USE on the SQL warehouse and the rights of the trust document in Unity Catalog.',
    }),
  ],
]

/** Texts as the driver and the token endpoint give them; the token endpoint's own words are unverified. */
export const ERRORS = [
  'auth_type must be one of oauth',
  'invalid_grant',
  'invalid_client',
  'PERMISSION_DENIED',
] as const

/** What an error text of Databricks or its driver means. */
export function diagnose(error: string, c: Connection, claims: Claims): Diagnosis | undefined {
  return CAUSES.find(([text]) => text.test(error))?.[1](c, claims)
}
