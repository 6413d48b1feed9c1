import { nameOf } from '../../trust/naming.ts'
import type { TrustRequest } from '../../trust.ts'
import { roleOf, type Connection } from './connection.ts'

/** What an integration for External OAuth is made of, in whatever language. */
export interface Integration {
  readonly name: string
  readonly type: 'AZURE' | 'CUSTOM'
  readonly issuer: string
  readonly keys: string
  readonly audience: string
  /** Undefined: what the type implies. */
  readonly scopes: string | undefined
  readonly role: string
  /** What the server calls us. */
  readonly login: string
  readonly claims: readonly string[]
  readonly lines: readonly string[]
}

/** External OAuth (docs.snowflake.com, "CREATE SECURITY INTEGRATION (External OAuth)"): the issuer is the server that trades. */
export function integrationOf(c: Connection, request: TrustRequest): Integration {
  const entra = request.via === 'entra'
  return {
    name: nameOf(request, { prefix: 'DBT_OIDC', separator: '_', upper: true }),
    type: entra ? 'AZURE' : 'CUSTOM',
    issuer: entra ? 'https://sts.windows.net/<tenant>/' : '<iss of the access token, exactly>',
    keys: entra
      ? 'https://login.microsoftonline.com/<tenant>/discovery/v2.0/keys'
      : '<jwks_uri of that issuer>',
    audience: '<aud of the access token>',
    scopes: entra ? undefined : 'scope',
    role: roleOf(c, request),
    login: '<sub of the access token>',
    claims: [...new Set(request.rules.flatMap(({ when }) => [...when.keys()]))],
    lines: [
      `Trust of the target ${request.target}: Snowflake takes the access token that ${request.via} gives for GitHub's.`,
      'What stands in <…> is the authorization server’s own: read it off an access token or its discovery document.',
      'Nothing of the grants is compared here: GitHub’s token is judged where it is traded, and by this action.',
    ],
  }
}
