import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import type { Admission } from './front.ts'
import type { PostgresServer } from './server.ts'

export const RESOURCE = 'https://ossrdbms-aad.database.windows.net'

/** An Azure Database with the tenant that it belongs to. */
export interface AzureDatabase {
  readonly server: PostgresServer
  readonly tenant: string
  /** Where the keys of the tenant are. */
  readonly keys: string
}

/**
 * Makes a PostgreSQL know `pgaadauth_create_principal` as Azure documents it (learn.microsoft.com, "Manage Microsoft Entra roles
 * in Azure Database for PostgreSQL"): the role gets a label with the object id of the principal that has this display name.
 */
export function knowPrincipals(server: PostgresServer, directory: ReadonlyMap<string, string>): void {
  const rows = [...directory].map(([name, id]) => `('${name}', '${id}')`).join(', ')
  server.psql(`
    CREATE TABLE tenant (name text PRIMARY KEY, id text);
    INSERT INTO tenant VALUES ${rows};
    CREATE FUNCTION pgaadauth_create_principal(role_name text, is_admin boolean, is_mfa boolean) RETURNS text
    LANGUAGE plpgsql AS $$
    DECLARE found text := (SELECT id FROM tenant WHERE name = role_name);
    BEGIN
      IF found IS NULL THEN
        RAISE 'Could not validate AAD user % because its name is not found in the tenant.', role_name;
      END IF;
      EXECUTE format('CREATE ROLE %I LOGIN', role_name);
      EXECUTE format('COMMENT ON ROLE %I IS %L', role_name, 'aadauth,oid=' || found || ',type=service');
      RETURN format('Created role for "%s"', role_name);
    END $$;`)
}

/**
 * Who logs in by a token of Entra: it is of the tenant, for databases, it lives, and its `oid` is that of the role's label
 * (learn.microsoft.com, "Microsoft Entra authentication with Azure Database for PostgreSQL"). The texts are those that people
 * have reported; Azure's for another holder is known to nobody here.
 */
export async function admitByEntra(
  { server, tenant, keys }: AzureDatabase,
  user: string,
  token: string,
): Promise<Admission> {
  const label = server.psql(
    `SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = '${user.replaceAll("'", "''")}'`,
  )
  const [, id] = /^aadauth,oid=([0-9a-f-]{36}),type=service$/.exec(label) ?? []
  if (id === undefined)
    return { refusal: `password authentication failed for user "${user}"`, detail: 'no such role' }
  const refusal = 'An error occurred while validating the access token. Please acquire a new token and retry.'
  try {
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(keys)), {
      algorithms: ['RS256'],
      issuer: `https://sts.windows.net/${tenant}/`,
      audience: RESOURCE,
      requiredClaims: ['exp', 'oid', 'tid'],
    })
    return payload['oid'] === id ? { role: user } : { refusal, detail: 'the token is of somebody else' }
  } catch (error) {
    if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud')
      return {
        refusal: `The access token does not have a valid audience claim. Please acquire a new token for the resource "${RESOURCE}".`,
        detail: 'aud',
      }
    if (error instanceof errors.JOSEError) return { refusal, detail: error.code }
    throw error
  }
}
