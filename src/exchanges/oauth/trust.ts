import { fail } from '../../errors.ts'
import type { Want } from '../../exchange.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { comment, json } from '../../trust/quote.ts'
import { nameOf } from '../../trust/naming.ts'
import { heldBy, type Held } from '../../trust/held.ts'
import { subjectsOf, type TrustRule } from '../../trust/rules.ts'
import { clientIsAsserted, type Settings } from './settings.ts'

/** Name of the identity provider in what is written for Keycloak. */
export const PROVIDER = 'github-actions'

/** What an authorization server must be told, in words for any and as a partial import for Keycloak. */
export function serverSettings(s: Settings, want: Want, request: TrustRequest): readonly TrustDocument[] {
  const { words, held, bound } = toldInWords(s, request)
  if ('why' in bound) return [words]
  const text = `${json(partialImport(s, want, request, bound))}\n`
  return [words, { title: 'Keycloak 26: partial import', language: 'json', text, ...held }]
}

/** What any server must be told, and what a Keycloak can be given beside it. Throws where a grant has a pattern. */
export function toldInWords(
  s: Settings,
  request: TrustRequest,
): {
  readonly words: TrustDocument
  readonly held: Pick<TrustDocument, 'heldThere' | 'checkedHere'>
  readonly bound: ReturnType<typeof boundTo>
} {
  refusePatterns(request)
  const told = heldBy(request.rules, (rule) => rule.heldBySubject)
  const held = { heldThere: told.heldThere, checkedHere: told.checkedHere }
  const bound = boundTo(s, request)
  const text = inWords(s, request, told, 'why' in bound ? [bound.why] : aboutImport(request))
  return {
    words: { title: 'Authorization server: what to trust', language: 'sh', text, ...held },
    held,
    bound,
  }
}

function inWords(s: Settings, request: TrustRequest, held: Held, notes: readonly string[]): string {
  const by =
    s.grant === 'client-credentials'
      ? 'as the proof of who the client is (client_assertion, RFC 7523 2.2)'
      : s.grant === 'jwt-bearer'
        ? 'as an authorization grant (assertion, RFC 7523 2.1)'
        : 'as the token to exchange (subject_token, RFC 8693)'
  return `${comment('#', [
    `What the authorization server of ${s['token-url']} must be told for the target ${request.target}.`,
    `It takes GitHub's ID token ${by}.`,
    '',
    `Trusted issuer:   ${request.issuer}`,
    `Its keys:         ${request.issuer}/.well-known/jwks (RS256 only)`,
    ...request.audiences.map((audience) => `Audience:         ${audience}`),
    ...(s['client-id'] === undefined ? [] : [`Client:           ${s['client-id']}`]),
    ...(clientIsAsserted(s) && s.grant !== 'client-credentials'
      ? ['Client proof:     a further ID token (client_assertion, RFC 7523 2.2)']
      : []),
    ...subjectsOf(request.rules).map((subject) => `Trusted subject:  ${subject}`),
    '',
    'Compare the subject as a whole: any repository on GitHub gets a token for this audience.',
    'Refuse a token whose jti was seen before. Give the client no refresh token: it is not used.',
    `Held there by the subject: ${held.heldThere.join(', ') || 'nothing but the repository'}.`,
    `Checked by this action only: ${held.checkedHere.join(', ') || 'nothing'}.`,
    ...held.byGrant,
    ...notes,
  ])}\n`
}

/**
 * Partial import of Keycloak 26 (realm settings, action): features `client-auth-federated` for client assertions and
 * `jwt-authorization-grant` for jwt-bearer. A federated client has one subject, a user one link to a provider.
 */
function partialImport(
  s: Settings,
  want: Want,
  request: TrustRequest,
  { subject, clientId }: Bound,
): unknown {
  const jwtBearer = s.grant === 'jwt-bearer'
  return {
    ifResourceExists: 'FAIL',
    identityProviders: [provider(s, request)],
    clients: [client(s, { subject, clientId }, want.host)],
    users: [jwtBearer ? user(request, subject) : serviceAccount(clientId)],
  }
}

function provider(s: Settings, { issuer }: TrustRequest): unknown {
  return {
    alias: PROVIDER,
    providerId: 'oidc',
    enabled: true,
    // Nobody logs in through it: it is there for its keys.
    hideOnLogin: true,
    config: {
      issuer,
      jwksUrl: `${issuer}/.well-known/jwks`,
      useJwksUrl: 'true',
      validateSignature: 'true',
      clientId: 'unused',
      clientSecret: 'unused',
      authorizationUrl: `${issuer}/unused`,
      tokenUrl: `${issuer}/unused`,
      supportsClientAssertions: String(clientIsAsserted(s)),
      ...(s.grant === 'jwt-bearer'
        ? {
            jwtAuthorizationGrantEnabled: 'true',
            jwtAuthorizationGrantMaxAllowedAssertionExpiration: '600',
            jwtAuthorizationGrantLimitAccessTokenExp: 'false',
          }
        : {}),
    },
  }
}

function client(s: Settings, { subject, clientId }: Bound, host: string | undefined): unknown {
  const asserted = clientIsAsserted(s)
  const jwtBearer = s.grant === 'jwt-bearer'
  return {
    clientId,
    enabled: true,
    publicClient: !asserted,
    standardFlowEnabled: false,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: s.grant === 'client-credentials',
    ...(asserted ? { clientAuthenticatorType: 'federated-jwt' } : {}),
    attributes: {
      ...(asserted ? { 'jwt.credential.issuer': PROVIDER, 'jwt.credential.sub': subject } : {}),
      ...(jwtBearer
        ? {
            'oauth2.jwt.authorization.grant.enabled': 'true',
            'oauth2.jwt.authorization.grant.idp': PROVIDER,
          }
        : {}),
    },
    ...(host === undefined ? {} : { protocolMappers: [audienceMapper(host)] }),
  }
}

/** A warehouse takes a token that is meant for it and no other. */
function audienceMapper(host: string): unknown {
  return {
    name: 'warehouse',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.custom.audience': `https://${host}`, 'access.token.claim': 'true' },
  }
}

/** What `serviceAccountsEnabled` alone does not make in a partial import. */
function serviceAccount(clientId: string): unknown {
  const username = `service-account-${clientId.toLowerCase()}`
  return { username, enabled: true, serviceAccountClientId: clientId }
}

function user(request: TrustRequest, subject: string): unknown {
  const name = nameOf(request, { prefix: 'dbt', separator: '-' })
  return {
    username: name,
    enabled: true,
    federatedIdentities: [{ identityProvider: PROVIDER, userId: subject, userName: name }],
  }
}

/** The client and the one subject that a Keycloak binds it (or its user) to. */
export interface Bound {
  readonly clientId: string
  readonly subject: string
}

/** Where a repository may have either form of `sub`, the one with ids is the one to trust; the words list both. */
function boundTo(s: Settings, request: TrustRequest): Bound | { readonly why: string } {
  const clientId = s['client-id']
  if (s.grant === 'token-exchange')
    return {
      why: 'Keycloak exchanges no tokens of GitHub: use `grant: client-credentials` or `jwt-bearer` there.',
    }
  if (clientId === undefined) return { why: 'For Keycloak, name a client: `client-id:` under `identity:`.' }
  // Of each grant for itself: one that has no form with ids must not be lost beside one that has.
  const [subject, ...others] = new Set(request.rules.flatMap(oneForm))
  if (subject !== undefined && others.length === 0) return { clientId, subject }
  return {
    why: `Keycloak binds a client or user to one subject, and these are ${others.length + 1}: use a target and a client for each.`,
  }
}

const WITH_IDS = /^repo:[^:/]+@\d+\//

/** The subjects of a grant in the form with ids, where there is one. */
function oneForm({ subjects }: TrustRule): readonly string[] {
  const withIds = subjects.filter((subject) => WITH_IDS.test(subject))
  return withIds.length > 0 ? withIds : subjects
}

/** What a person must know who takes the import: the words list more than it can hold. */
function aboutImport({ rules }: TrustRequest): readonly string[] {
  if (rules.every((rule) => oneForm(rule).length === rule.subjects.length)) return []
  return [
    'The import for Keycloak trusts the `sub` with ids and refuses the one without; `trust --github` asks which one the repository has.',
  ]
}

function refusePatterns({ rules, target }: TrustRequest): void {
  const vague = rules.find(({ exact }) => !exact)
  if (vague)
    fail({
      code: 'configuration',
      problem: `An authorization server compares subjects as a whole, and the grant ${vague.grant} of ${target} has a pattern.`,
      remedy: 'Let the grant name one `environment` (or one `ref`) in full, without `*`.',
    })
}
