import { nameOf } from '../../trust/naming.ts'
import type { TrustRequest } from '../../trust.ts'
import { originOf, roleOf, type Connection } from './connection.ts'

/** What an integration for External OAuth is made of, in whatever language. */
export interface Integration {
  readonly name: string
  readonly type: 'AZURE' | 'CUSTOM' | 'OKTA'
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

interface Kind extends Pick<Integration, 'type' | 'scopes'> {
  readonly audience: string
  /** What stands in its access tokens as subject, as far as nobody can tell beforehand. */
  readonly login: string
}

const UNTOLD = { audience: '<aud of the access token>', login: '<sub of the access token>' }

/** What the type of an integration implies; Okta's documents of Snowflake make the account's URL the audience of the server. */
function kindOf(via: string, c: Connection): Kind {
  if (via === 'entra')
    return {
      ...UNTOLD,
      type: 'AZURE',
      scopes: undefined,
      login: '<sub of the access token: the object id of the service principal>',
    }
  if (via === 'okta') return { ...UNTOLD, type: 'OKTA', scopes: 'scp', audience: originOf(c) }
  return { ...UNTOLD, type: 'CUSTOM', scopes: 'scope' }
}

function issuerOf({ other }: TrustRequest): string {
  return other?.name ?? 'GitHub'
}

/** External OAuth (docs.snowflake.com, "CREATE SECURITY INTEGRATION (External OAuth)"): the issuer is the server that trades. */
export function integrationOf(c: Connection, request: TrustRequest): Integration {
  const { issued, via } = request
  const kind = kindOf(via, c)
  const from = issuerOf(request)
  const known = issued !== undefined && issued.subject !== undefined && via === 'okta'
  return {
    ...kind,
    name: nameOf(request, { prefix: 'DBT_OIDC', separator: '_', upper: true }),
    issuer: issued?.issuer ?? '<iss of the access token, exactly>',
    keys: issued?.keys ?? '<jwks_uri of that issuer>',
    role: roleOf(c, request),
    login: issued?.subject ?? kind.login,
    claims: [...new Set(request.rules.flatMap(({ when }) => [...when.keys()]))],
    lines: [
      `Trust of the target ${request.target}: Snowflake takes the access token that ${via} gives for that of ${from}.`,
      known
        ? `The authorization server must write ${kind.audience} as audience: that is a setting of the server itself.`
        : 'What stands in <…> is the authorization server’s own: read it off an access token or its discovery document.',
      ...(via === 'entra' ? aboutEntra(roleOf(c, request)) : []),
      `Nothing of the grants is compared here: the token of ${from} is judged where it is traded, and by this action.`,
    ],
  }
}

/** Which tokens Entra makes is a setting of the resource app, and so is the role (docs.snowflake.com, "Configure Microsoft Entra ID for External OAuth"). */
function aboutEntra(role: string): readonly string[] {
  return [
    `The resource app needs an app role for applications with the value session:role:${role}, assigned to our app: it comes as \`roles\`.`,
    'The issuer is that of v1.0 tokens; of a resource app with requestedAccessTokenVersion 2 it is https://login.microsoftonline.com/TENANT/v2.0.',
  ]
}
