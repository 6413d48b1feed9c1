import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from 'jose'
import { readBody, sendJson } from './issuer-server.ts'
import type { Issuer } from './issuer.ts'
import { newKey, signJwt } from './jwt.ts'
import { entriesOf, type Trusted } from './models/oauth.ts'
import { fitting } from './models/whole.ts'

/** An authorization server at `<server>/as/token` and `<server>/as/revoke`. */
export interface OAuthServer {
  /** `iss` of its access tokens. */
  readonly issuer: string
  readonly keysUrl: string
  readonly tokenUrl: string
  readonly revocationUrl: string
  readonly bodies: readonly string[]
  /** The access tokens that were given out, in order. */
  readonly issued: readonly string[]
  readonly revoked: readonly string[]
  /** Answers that are given before any other. */
  readonly next: ((res: ServerResponse, body: string) => unknown)[]
  trust(trusted: Trusted): void
  /** For whom its access tokens are; for nobody unless told. */
  audience(audience: string): void
}

/** Seconds that an access token lives. */
const LIFE = 600

/**
 * Plays an authorization server: RFC 7523 3 for every assertion (issuer, subject, audience, exp, and a `jti` only once),
 * RFC 8693 2.1 for the exchange, RFC 7009 2.1 for the revocation. Its access tokens are those of RFC 9068 2.2: whoever asks
 * for itself is `sub` by its client id, and by the subject of its assertion otherwise.
 */
export function playOAuth(issuer: Issuer): OAuthServer {
  const bodies: string[] = []
  const issued: string[] = []
  const revoked: string[] = []
  const key = newKey()
  const next: OAuthServer['next'] = []
  const seen = new Set<string>()
  let trusted: Trusted | undefined
  let audience = 'nobody'

  async function flaw(token: string | null): Promise<string | undefined> {
    if (token === null) return undefined
    if (!trusted) return 'nothing is trusted yet'
    const keys = (await (await fetch(trusted.keys)).json()) as JSONWebKeySet
    const checks = { issuer: trusted.issuer, audience: trusted.audience, algorithms: ['RS256'] }
    const verified = await jwtVerify(token, createLocalJWKSet(keys), {
      ...checks,
      requiredClaims: ['exp', 'jti', 'sub'],
    }).catch(String)
    if (typeof verified === 'string') return verified
    const { sub = '', jti = '' } = verified.payload
    if (!('entry' in fitting(entriesOf(trusted), verified.payload))) return `no such subject: ${sub}`
    if (seen.has(jti)) return 'Token reuse detected'
    seen.add(jti)
    return undefined
  }

  async function accessToken(form: URLSearchParams): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const asserted = form.get('assertion') ?? form.get('subject_token')
    const content = {
      iss: root,
      aud: audience,
      sub: asserted === null ? form.get('client_id') : decodeJwt(asserted).sub,
      client_id: form.get('client_id') ?? undefined,
      scope: form.get('scope') ?? undefined,
      iat: now,
      exp: now + LIFE,
      jti: randomUUID(),
    }
    const token = signJwt(content, await key, { header: { typ: 'at+jwt' } })
    issued.push(token)
    return token
  }

  const root: string = issuer.route('/as', async (req, res, path) => {
    if (path === '/keys') return sendJson(res, { keys: [(await key).jwk] })
    const body = await readBody(req)
    bodies.push(body)
    const queued = next.shift()
    if (queued) return queued(res, body)
    const form = new URLSearchParams(body)
    const client = await flaw(form.get('client_assertion'))
    if (client !== undefined) return deny(res, 'invalid_client', client, 401)
    if (path === '/revoke') {
      revoked.push(form.get('token') ?? '')
      return res.writeHead(200).end()
    }
    const grant = await flaw(form.get('assertion') ?? form.get('subject_token'))
    if (grant !== undefined) return deny(res, 'invalid_grant', grant)
    const issued_token_type = 'urn:ietf:params:oauth:token-type:access_token'
    const refresh_token = 'never-to-be-read'
    return sendJson(res, {
      access_token: await accessToken(form),
      token_type: 'Bearer',
      expires_in: String(LIFE),
      issued_token_type,
      refresh_token,
    })
  })
  return {
    issuer: root,
    keysUrl: `${root}/keys`,
    tokenUrl: `${root}/token`,
    revocationUrl: `${root}/revoke`,
    bodies,
    issued,
    revoked,
    next,
    trust: (told) => void (trusted = told),
    audience: (told) => void (audience = told),
  }
}

function deny(res: ServerResponse, error: string, error_description: string, status = 400): void {
  sendJson(res, { error, error_description }, status)
}
