import type { Claims } from '../../claims.ts'
import type { Diagnosis } from '../../exchange.ts'
import type { Settings } from './settings.ts'

interface Row {
  readonly text: RegExp
  /** As Vault writes it. */
  readonly example: string
  readonly means: (found: RegExpExecArray, s: Settings, claims: Claims) => Diagnosis
}

/** vault-plugin-auth-jwt v0.25.0 (path_login.go, claims.go), and Vault 1.21.4 itself for those of paths and tokens. */
const ROWS: readonly Row[] = [
  {
    text: /invalid audience \(aud\) claim|audience claim does not match any expected audience/i,
    example:
      'error validating token: invalid audience (aud) claim: audience claim does not match any expected audience',
    means: (_found, s, claims) => ({
      problem: `The role ${s.role} of Vault expects another audience than \`${claims.aud}\`.`,
      remedy: `Let \`bound_audiences\` of the role have the audience of the target, or write the role's as \`audience:\` of the target.`,
    }),
  },
  {
    text: /audience claim found in JWT but no audiences bound to the role/i,
    example: 'audience claim found in JWT but no audiences bound to the role',
    means: (_found, s) => ({
      problem: `The role ${s.role} of Vault names no audience.`,
      remedy: 'Write `bound_audiences` into the role, as `dbt-oidc trust` prints it.',
    }),
  },
  {
    text: /claim "([^"]+)" does not match any associated bound claim values/i,
    example: 'error validating claims: claim "environment" does not match any associated bound claim values',
    means: ([, claim = ''], s, claims) => ({
      problem: `The role ${s.role} of Vault does not let in ${claim} \`${claims.all.get(claim) ?? '(absent)'}\`.`,
      remedy: `Compare \`bound_claims\` of the role with the claim; \`dbt-oidc trust\` prints what belongs there.`,
    }),
  },
  {
    text: /claim "([^"]+)" (?:is missing|not found in token)/i,
    example: 'error validating claims: claim "environment" is missing',
    means: ([, claim = ''], s) => ({
      problem: `The role ${s.role} of Vault asks for the claim ${claim}, which this token does not have.`,
      remedy:
        claim === 'environment'
          ? 'The job names no environment: write `environment:` into it, or take the claim out of `bound_claims`.'
          : 'Take the claim out of `bound_claims`, or run where the token has it.',
    }),
  },
  {
    text: /role "([^"]+)" could not be found/i,
    example: 'role "dbt-prod" could not be found',
    means: ([, role = ''], s) => ({
      problem: `There is no role ${role} at auth/${s.mount}.`,
      remedy:
        'Correct `role` or `mount` of the identity, or `namespace`; or make the role, as `dbt-oidc trust` prints it.',
    }),
  },
  {
    text: /missing role/i,
    example: 'missing role',
    means: (_found, s) => ({
      problem: `Vault was told no role for auth/${s.mount}, and that has no default one.`,
      remedy: 'Write `role` under `identity:`, with the name that the role has there.',
    }),
  },
  {
    text: /role with oidc role_type is not allowed/i,
    example: 'role with oidc role_type is not allowed',
    means: (_found, s) => ({
      problem: `The role ${s.role} is for people who log in with a browser.`,
      remedy: 'Make a role with `role_type=jwt`.',
    }),
  },
  {
    text: /invalid issuer \(iss\) claim/i,
    example: 'error validating token: invalid issuer (iss) claim',
    means: (_found, s, claims) => ({
      problem: `auth/${s.mount} of Vault takes tokens of another issuer than \`${claims.iss}\`.`,
      remedy: `Set \`bound_issuer\` and \`oidc_discovery_url\` of auth/${s.mount}/config to ${claims.iss}, letter by letter, without a slash at the end.`,
    }),
  },
  {
    text: /invalid subject \(sub\) claim/i,
    example: 'error validating token: invalid subject (sub) claim',
    means: (_found, s, claims) => ({
      problem: `The role ${s.role} of Vault is bound to another subject than \`${claims.sub}\`.`,
      remedy:
        'Take `bound_subject` out of the role (write it as an empty text: what is only left out stays), and let `bound_claims` compare the claims one by one, as `dbt-oidc trust` prints it.',
    }),
  },
  {
    text: /could not load configuration/i,
    example: 'could not load configuration',
    means: (_found, s, claims) => ({
      problem: `auth/${s.mount} of Vault is enabled, and nobody has told it whose tokens to take.`,
      remedy: `Write \`oidc_discovery_url\` and \`bound_issuer\` to auth/${s.mount}/config: ${claims.iss}.`,
    }),
  },
  {
    text: /token not yet valid|token issued in the future/i,
    example: 'error validating token: invalid not before (nbf) claim: token not yet valid',
    means: () => ({
      problem: 'To Vault the token is from the future.',
      remedy: 'Its clock is behind: let the server set it by NTP.',
    }),
  },
  {
    text: /namespace not found/i,
    example: 'namespace not found',
    means: (_found, s) => ({
      problem: `Vault has no namespace ${s.namespace ?? ''}.`,
      remedy: 'Correct `namespace` of the identity, with all namespaces above it: `team/data`.',
    }),
  },
  {
    text: /token is expired|invalid expiration time \(exp\)/i,
    example: 'error validating token: invalid expiration time (exp) claim: token is expired',
    means: () => ({
      problem: 'To Vault the token has expired already.',
      remedy: 'Compare its clock with that of the runner: the token was seconds old.',
    }),
  },
  {
    text: /error verifying token signature|failed to verify (?:id )?token signature|no known key successfully validated/i,
    example:
      'error validating token: error verifying token signature: no known key successfully validated the token signature',
    means: (_found, s, claims) => ({
      problem: `auth/${s.mount} of Vault does not have the keys of ${claims.iss}.`,
      remedy: `Set \`oidc_discovery_url\` of auth/${s.mount}/config to ${claims.iss}, and let Vault reach it.`,
    }),
  },
  {
    text: /permission denied/i,
    example: 'permission denied',
    means: (_found, s) => ({
      problem: `Nothing is mounted at that path of Vault, or its policies do not allow what was asked.`,
      remedy: `Give the role ${s.role} the policy that \`dbt-oidc trust\` prints; a wrong \`mount\` and \`token_bound_cidrs\` of the role are answered in the same words.`,
    }),
  },
  {
    text: /unknown role: (\S+)/i,
    example: 'unknown role: dbt',
    means: ([, role = ''], s) => ({
      problem: `The database engine at ${s.database?.mount ?? ''} has no role ${role}.`,
      remedy: 'Correct `database.role`, or `database.static: true` for a static role.',
    }),
  },
  {
    text: /failed to find entry for connection with name: "?([\w.-]+)/i,
    example: 'failed to find entry for connection with name: "postgres"',
    means: ([, name = ''], s) => ({
      problem: `The role ${s.database?.role ?? ''} of Vault makes users in the connection ${name}, and there is none.`,
      remedy: `Write ${s.database?.mount ?? 'database'}/config/${name}, or correct \`db_name\` of the role.`,
    }),
  },
  {
    // Only where a word begins: dbt may have printed one of 64 KiB, and each of its letters could begin the name.
    text: /(?<![\w.-])([\w.-]+)"? is not an allowed role/i,
    example: '"dbt" is not an allowed role',
    means: ([, role = ''], s) => ({
      problem: `The connection to the database does not let the role ${role} make users.`,
      remedy: `Add ${role} to \`allowed_roles\` of the connection (${s.database?.mount ?? 'database'}/config/…).`,
    }),
  },
  {
    text: /no handler for route "?([^".]+)/i,
    example: 'no handler for route "database/creds/dbt". route entry not found.',
    means: ([, path = '']) => ({
      problem: `Nothing is mounted at ${path} of Vault.`,
      remedy: 'Correct `mount` of `database` or `secret`, or `namespace`; or enable the engine.',
    }),
  },
]

/** As Vault writes them. */
export const ERRORS: readonly string[] = ROWS.map(({ example }) => example)

/** What an error of Vault means for this run. */
export function diagnose(error: string, s: Settings, claims: Claims): Diagnosis | undefined {
  for (const { text, means } of ROWS) {
    const found = text.exec(error)
    if (found) return means(found, s, claims)
  }
  return undefined
}
