import { databaseRole, type DatabaseRole } from '../../exchanges/vault/database-role.ts'
import { comment, identifier, sql } from '../../trust/quote.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { roleOf, type Connection } from './connection.ts'
import { creations } from '../../trust/parts.ts'
import { rights } from './rights.ts'

/**
 * Users that Vault makes and drops (developer.hashicorp.com, "Snowflake database secrets engine", key pair credentials):
 * first the role that they all act as, then how Vault makes them. Who may ask for one is compared in Vault.
 */
export function keyPairByVault(
  c: Connection,
  request: TrustRequest,
  write: typeof databaseRole = databaseRole,
): readonly TrustDocument[] {
  const role = identifier(roleOf(c, request))
  const made: DatabaseRole = {
    db_name: 'snowflake',
    creation_statements: [
      sql`CREATE USER "{{name}}" TYPE = SERVICE RSA_PUBLIC_KEY = '{{public_key}}' DAYS_TO_EXPIRY = {{expiration}} DEFAULT_ROLE = ${role} DEFAULT_SECONDARY_ROLES = ();`,
      sql`GRANT ROLE ${role} TO USER "{{name}}";`,
    ],
    credential_type: 'rsa_private_key',
    credential_config: { key_bits: 2048 },
    default_ttl: '1h',
    max_ttl: '6h',
  }
  return [
    {
      title: `Snowflake: the role of ${request.target}`,
      language: 'sql',
      text: [
        comment('--', ['Each user that Vault makes acts as this role, and owns nothing itself.']),
        ...creations(rights(c, role, roleOf(c, request))),
      ].join('\n'),
      heldThere: [],
      checkedHere: [],
    },
    ...(request.makes
      ? [
          write(request.makes, made, {
            title: `Vault: how it makes a user of Snowflake for a run of ${request.target}`,
            lines: [
              'database/config/snowflake must be there: plugin_name=snowflake-database-plugin, a user of Snowflake that may make users and grant the role, and this role among its allowed_roles.',
            ],
          }),
        ]
      : []),
  ]
}
