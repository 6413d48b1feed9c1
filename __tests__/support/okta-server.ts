import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { decodeProtectedHeader, errors, exportJWK, jwtVerify, SignJWT } from 'jose'
import { readBody, sendJson } from './issuer-server.ts'
import type { Issuer } from './issuer.ts'

/** An app of the type API service, with the public halves of its keys. */
export interface OktaApp {
  readonly clientId: string
  /** Its only one, whatever it is called. */
  readonly publicKey?: KeyObject
  /** Active ones, by their `kid`. */
  readonly keys?: ReadonlyMap<string, KeyObject>
  /** Scopes that a rule of an access policy gives it. */
  readonly scopes: readonly string[]
}

/** A custom authorization server of Okta at `<server>/okta/oauth2/aus1`. */
export interface Okta {
  readonly url: string
  readonly bodies: readonly string[]
  /** Access tokens that live, each once. */
  readonly living: ReadonlySet<string>
  /** What the server writes as `aud` of its access tokens. */
  audience(audience: string): void
  register(app: OktaApp): void
}

/**
 * Plays Okta by its reference (developer.okta.com/docs/reference/api/oidc, "JWT with private key"): `iss` and `sub` are the
 * client id, `aud` is the very endpoint, `exp` is within an hour, and no `jti` comes twice; then the scopes of the server
 * and its access policy.
 */
export function playOkta(issuer: Issuer): Okta {
  const bodies: string[] = []
  const apps = new Map<string, OktaApp>()
  const seen = new Set<string>()
  const living = new Set<string>()
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 })
  let audience = 'api://default'

  async function appOf(form: URLSearchParams, endpoint: string): Promise<OktaApp | string> {
    if (form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
      return 'Client authentication failed. Either the client or the client credentials are invalid.'
    const text = form.get('client_assertion') ?? ''
    const [, middle = ''] = text.split('.')
    const { iss } = JSON.parse(Buffer.from(middle, 'base64url').toString() || '{}') as { iss?: string }
    const app = apps.get(iss ?? '')
    if (!app) return "Invalid value for 'client_id' parameter."
    const key = keyOf(app, text)
    if (!key) return 'The client_assertion JWT kid is invalid.'
    try {
      const { payload } = await jwtVerify(text, key, {
        algorithms: ['RS256'],
        issuer: app.clientId,
        subject: app.clientId,
        audience: endpoint,
        requiredClaims: ['exp', 'jti'],
        clockTolerance: 5,
      })
      if ((payload.exp ?? 0) > Date.now() / 1000 + 3600)
        return 'The client_assertion token has an expiration too far into the future.'
      if (seen.has(payload.jti ?? '')) return 'The client_assertion token has already been used.'
      seen.add(payload.jti ?? '')
      return app
    } catch (error) {
      return flawOf(error)
    }
  }

  const url = issuer.route('/okta/oauth2/aus1', async (req, res, path) => {
    if (path === '/v1/keys') {
      const jwk = { ...(await exportJWK(own.publicKey)), kid: 'okta-1', alg: 'RS256', use: 'sig' }
      return sendJson(res, { keys: [jwk] })
    }
    const body = await readBody(req)
    bodies.push(body)
    const form = new URLSearchParams(body)
    const app = await appOf(form, `${issuer.serverUrl}/okta/oauth2/aus1${path}`)
    if (typeof app === 'string') return refuse(res, 401, 'invalid_client', app)
    if (path === '/v1/revoke') {
      living.delete(form.get('token') ?? '')
      return void res.writeHead(200).end()
    }
    if (path !== '/v1/token' || form.get('grant_type') !== 'client_credentials')
      return refuse(res, 400, 'unsupported_grant_type', 'The authorization grant type is not supported.')
    const scopes = (form.get('scope') ?? '').split(' ').filter((one) => one !== '')
    if (scopes.length === 0) return refuse(res, 400, 'invalid_scope', "The 'scope' parameter is missing.")
    if (scopes.some((one) => !app.scopes.includes(one)))
      return refuse(
        res,
        400,
        'access_denied',
        'Policy evaluation failed for this request, please check the policy configurations.',
      )
    // developer.okta.com, "Access token claims": `scp` is a list, `sub` of client credentials is the client.
    const access_token = await new SignJWT({ ver: 1, cid: app.clientId, scp: scopes })
      .setProtectedHeader({ alg: 'RS256', kid: 'okta-1' })
      .setIssuer(url)
      .setSubject(app.clientId)
      .setAudience(audience)
      .setJti(`AT.${randomUUID()}`)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(own.privateKey)
    living.add(access_token)
    return sendJson(res, { token_type: 'Bearer', expires_in: 3600, access_token, scope: scopes.join(' ') })
  })
  return {
    url,
    bodies,
    living,
    audience: (told) => void (audience = told),
    register: (app) => void apps.set(app.clientId, app),
  }
}

/** The key that an assertion names; where it names none, the only one that there is. */
function keyOf({ publicKey, keys = new Map() }: OktaApp, assertion: string): KeyObject | undefined {
  if (publicKey) return publicKey
  const { kid } = decodeProtectedHeader(assertion)
  if (kid !== undefined) return keys.get(kid)
  return keys.size === 1 ? [...keys.values()][0] : undefined
}

function refuse(res: ServerResponse, status: number, error: string, error_description: string): void {
  sendJson(res, { error, error_description }, status)
}

/** In Okta's words, as far as reports have them. */
function flawOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'The client_assertion token is expired.'
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud')
    return 'The audience claim for client_assertion must be the endpoint invoked for the request.'
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return 'The client_assertion signature is invalid.'
  return 'The parameter client_assertion is invalid.'
}
