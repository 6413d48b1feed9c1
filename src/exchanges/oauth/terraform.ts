import type { Want } from '../../exchange.ts'
import { block, hclDocument, reference, resource } from '../../trust/hcl.ts'
import { labelFor } from '../../trust/label.ts'
import { nameOf } from '../../trust/naming.ts'
import { comment } from '../../trust/quote.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { clientIsAsserted, type Settings } from './settings.ts'
import { PROVIDER, toldInWords, type Bound } from './trust.ts'

/** The words of `serverSettings`, and what the provider keycloak/keycloak makes of them. */
export function serverResources(s: Settings, want: Want, request: TrustRequest): readonly TrustDocument[] {
  const { words, held, bound } = toldInWords(s, request)
  if ('why' in bound) return [words]
  const label = labelFor(request.target)
  const blocks = [
    client(s, bound, label),
    ...(want.host === undefined ? [] : [audienceMapper(realmOf(s), label, want.host)]),
    ...(s.grant === 'jwt-bearer' ? [user(s, request, bound.subject)] : []),
  ]
  return [
    words,
    {
      title: `Keycloak 26: GitHub as an identity provider of the realm ${realmOf(s)}`,
      language: 'hcl',
      text: hclDocument(comment('#', ['One for the realm, whatever clients it has.']), [
        provider(s, request),
      ]),
      heldThere: [],
      checkedHere: [],
    },
    {
      title: `Keycloak 26: the client of ${request.target}`,
      language: 'hcl',
      text: hclDocument('', blocks),
      ...held,
    },
  ]
}

/** Keycloak's token endpoints are `…/realms/NAME/protocol/openid-connect/token`. */
function realmOf(s: Settings): string {
  return /\/realms\/([^/]+)\//.exec(s['token-url'])?.[1] ?? 'REALM'
}

function provider(s: Settings, { issuer }: TrustRequest): string {
  return resource('keycloak_oidc_identity_provider', PROVIDER, {
    realm: realmOf(s),
    alias: PROVIDER,
    issuer,
    jwks_url: `${issuer}/.well-known/jwks`,
    validate_signature: true,
    hide_on_login_page: true,
    client_id: 'unused',
    client_secret: 'unused',
    authorization_url: `${issuer}/unused`,
    token_url: `${issuer}/unused`,
    extra_config: {
      useJwksUrl: 'true',
      supportsClientAssertions: String(clientIsAsserted(s)),
      ...(s.grant === 'jwt-bearer'
        ? {
            jwtAuthorizationGrantEnabled: 'true',
            jwtAuthorizationGrantMaxAllowedAssertionExpiration: '600',
            jwtAuthorizationGrantLimitAccessTokenExp: 'false',
          }
        : {}),
    },
  })
}

function client(s: Settings, { clientId, subject }: Bound, label: string): string {
  const asserted = clientIsAsserted(s)
  return resource('keycloak_openid_client', label, {
    realm_id: realmOf(s),
    client_id: clientId,
    access_type: asserted ? 'CONFIDENTIAL' : 'PUBLIC',
    client_authenticator_type: asserted ? 'federated-jwt' : undefined,
    standard_flow_enabled: false,
    direct_access_grants_enabled: false,
    service_accounts_enabled: s.grant === 'client-credentials',
    extra_config: {
      ...(asserted ? { 'jwt.credential.issuer': PROVIDER, 'jwt.credential.sub': subject } : {}),
      ...(s.grant === 'jwt-bearer'
        ? {
            'oauth2.jwt.authorization.grant.enabled': 'true',
            'oauth2.jwt.authorization.grant.idp': PROVIDER,
          }
        : {}),
    },
    depends_on: [reference(`keycloak_oidc_identity_provider.${PROVIDER}`)],
  })
}

function audienceMapper(realm: string, label: string, host: string): string {
  return resource('keycloak_openid_audience_protocol_mapper', label, {
    realm_id: realm,
    client_id: reference(`keycloak_openid_client.${label}.id`),
    name: 'warehouse',
    included_custom_audience: `https://${host}`,
    add_to_id_token: false,
    add_to_access_token: true,
  })
}

function user(s: Settings, request: TrustRequest, subject: string): string {
  const name = nameOf(request, { prefix: 'dbt', separator: '-' })
  return resource('keycloak_user', labelFor(request.target), {
    realm_id: realmOf(s),
    username: name,
    enabled: true,
    federated_identity: block({ identity_provider: PROVIDER, user_id: subject, user_name: name }),
    depends_on: [reference(`keycloak_oidc_identity_provider.${PROVIDER}`)],
  })
}
