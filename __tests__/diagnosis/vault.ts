import type { Table } from './row.ts'

/** Vault and OpenBao: the JWT login, and the database engine behind it. */
export const VAULT: readonly Table[] = [
  {
    title: 'Vault',
    connection:
      'type: postgres\nhost: db.acme.example\nport: 5432\nuser: dbt\ndbname: shop\nschema: analytics\n',
    identity:
      'via: vault\nurl: https://vault.acme.example:8200\nmount: jwt\nrole: dbt-prod\ndatabase: { mount: database, role: dbt }\n',
    from: 'exchange',
    rows: [
      {
        text: 'error validating token: invalid audience (aud) claim: audience claim does not match any expected audience',
        cause: 'The role dbt-prod of Vault expects another audience than `dbt-oidc`',
        remedy: '`bound_audiences`',
        shows: ['✓ aud'],
      },
      {
        text: 'audience claim found in JWT but no audiences bound to the role',
        cause: 'The role dbt-prod of Vault names no audience',
        remedy: 'Write `bound_audiences` into the role',
      },
      {
        text: 'error validating token: invalid expiration time (exp) claim: token is expired',
        cause: 'To Vault the token has expired already',
        remedy: 'Compare its clock',
      },
      {
        text: 'role "dbt-prd" could not be found',
        cause: 'no role dbt-prd at auth/jwt',
        remedy: '`role` or `mount` of the identity, or `namespace`',
      },
      { text: 'missing role', cause: 'was told no role for auth/jwt', remedy: 'Write `role`' },
      {
        text: 'role with oidc role_type is not allowed',
        cause: 'The role dbt-prod is for people',
        remedy: '`role_type=jwt`',
      },
      {
        text: 'error validating claims: claim "environment" does not match any associated bound claim values',
        cause: 'does not let in environment `production`',
        remedy: 'Compare `bound_claims`',
        shows: ['✓ environment  "production"'],
      },
      {
        text: 'error validating claims: claim "team" is missing',
        cause: 'asks for the claim team, which this token does not have',
        remedy: 'out of `bound_claims`',
      },
      {
        text: 'claim "team" not found in token',
        cause: 'asks for the claim team, which this token does not have',
        remedy: 'out of `bound_claims`',
      },
      {
        text: 'error validating token: invalid issuer (iss) claim',
        cause: 'takes tokens of another issuer than',
        remedy: '`bound_issuer`',
      },
      {
        text: 'error validating token: invalid subject (sub) claim',
        cause: 'The role dbt-prod of Vault is bound to another subject than',
        remedy: 'Take `bound_subject` out of the role',
      },
      {
        text: 'could not load configuration',
        cause: 'auth/jwt of Vault is enabled, and nobody has told it whose tokens to take',
        remedy: '`oidc_discovery_url`',
      },
      {
        text: 'error validating token: invalid not before (nbf) claim: token not yet valid',
        cause: 'To Vault the token is from the future',
        remedy: 'Its clock is behind',
      },
      {
        text: 'error validating token: error verifying token signature: failed to verify id token signature',
        cause: 'auth/jwt of Vault does not have the keys of',
        remedy: 'let Vault reach it',
      },
      { text: 'namespace not found', cause: 'Vault has no namespace', remedy: 'Correct `namespace`' },
      {
        text: 'unknown role: dbt',
        cause: 'The database engine at database has no role dbt',
        remedy: 'Correct `database.role`',
      },
      {
        text: '1 error occurred: * failed to find entry for connection with name: "postgres"',
        cause: 'makes users in the connection postgres, and there is none',
        remedy: 'database/config/postgres',
      },
      {
        text: '"dbt" is not an allowed role',
        cause: 'does not let the role dbt make users',
        remedy: '`allowed_roles`',
      },
      {
        text: 'no handler for route "database/creds/dbt". route entry not found.',
        cause: 'Nothing is mounted at database/creds/dbt',
        remedy: 'Correct `mount`',
      },
      {
        text: '1 error occurred: * permission denied',
        cause: 'its policies do not allow what was asked',
        remedy: 'Give the role dbt-prod the policy',
      },
    ],
  },
]
