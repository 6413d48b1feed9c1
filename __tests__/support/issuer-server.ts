import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { githubClaims, type ClaimSet, type SubForm } from './github-claims.ts'
import { signJwt, type SigningKey } from './jwt.ts'

/** The three addresses of the token service that can be told to fail. */
export type Endpoint = 'idtoken' | 'jwks' | 'discovery'

/** Answers in place of an endpoint; `proceed` lets the usual answer through after all. */
export type Handler = (req: IncomingMessage, res: ServerResponse, proceed: () => void) => unknown

/** Answers for another origin; `path` is path and query as that origin would see them. */
export type OriginHandler = (req: IncomingMessage, res: ServerResponse, path: string) => unknown

/** One request as the issuer saw it. `authorization` compares with the request token, on every path. */
export interface LoggedRequest {
  readonly method: string
  readonly path: string
  readonly audience?: string
  readonly authorization: 'none' | 'right' | 'wrong'
}

/** What an issuer knows and may change while it runs. */
export interface State {
  readonly requestToken: string
  readonly requests: LoggedRequest[]
  readonly minted: string[]
  readonly queues: Record<Endpoint, Handler[]>
  readonly standing: Partial<Record<Endpoint, Handler>>
  readonly routes: Map<string, OriginHandler>
  readonly faults: unknown[]
  given: ClaimSet
  subForm: SubForm
  keys: readonly SigningKey[]
  signer: SigningKey
  ttl: number
  skew: number
  serverUrl: string
}

/** The `iss` of its tokens, as on an enterprise server. */
export function issuerOf(state: State): string {
  return `${state.serverUrl}/_services/token`
}

/** What the endpoint would sign now. */
export function payload(state: State, audience: string, overrides: ClaimSet = {}): Record<string, unknown> {
  const iat = Math.floor(Date.now() / 1000) + state.skew
  const frame = {
    iss: issuerOf(state),
    aud: audience,
    jti: randomUUID(),
    iat,
    nbf: iat - 300,
    exp: iat + state.ttl,
  }
  const given = { ...frame, ...state.given, ...overrides }
  return githubClaims(given, state.subForm)
}

/** A token as the endpoint gives it. */
export function mint(state: State, audience: string, overrides?: ClaimSet): string {
  const token = signJwt(payload(state, audience, overrides), state.signer)
  state.minted.push(token)
  return token
}

/** Answers one request: a queued answer, a standing one, or the usual one. */
export async function answer(state: State, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? '/', state.serverUrl)
  // No connection outlives its answer, so that neither side waits for the other at the end of a test.
  res.setHeader('connection', 'close')
  res.sendDate = false
  res.setHeader('date', new Date(Date.now() + state.skew * 1000).toUTCString())
  log(state, req, url)
  const endpoint = endpointOf(url.pathname)
  if (endpoint === undefined) return routed(state, req, res, url)
  const usual = (): void => usually(state, endpoint, req, res, url)
  const handler = state.queues[endpoint].shift() ?? state.standing[endpoint]
  if (handler) await handler(req, res, usual)
  else usual()
}

function log(state: State, req: IncomingMessage, url: URL): void {
  const audience = url.searchParams.get('audience')
  const token = url.pathname === '/idtoken'
  state.requests.push({
    method: req.method ?? '',
    path: token ? url.pathname : url.pathname + url.search,
    ...(token && audience !== null ? { audience } : {}),
    authorization: authorizationOf(state, req),
  })
}

function authorizationOf(state: State, req: IncomingMessage): LoggedRequest['authorization'] {
  const given = req.headers.authorization
  if (given === undefined) return 'none'
  return given === `Bearer ${state.requestToken}` ? 'right' : 'wrong'
}

function endpointOf(path: string): Endpoint | undefined {
  if (path === '/idtoken') return 'idtoken'
  if (path === '/_services/token/.well-known/jwks') return 'jwks'
  if (path === '/_services/token/.well-known/openid-configuration') return 'discovery'
  return undefined
}

function usually(
  state: State,
  endpoint: Endpoint,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
): void {
  if (endpoint === 'jwks') return sendJson(res, { keys: state.keys.map(({ jwk }) => jwk) })
  if (endpoint === 'discovery') return sendJson(res, discovery(issuerOf(state)))
  if (authorizationOf(state, req) !== 'right') return sendJson(res, { message: 'Unauthorized' }, 401)
  const { repository_owner: owner } = githubClaims(state.given)
  const audience = url.searchParams.get('audience') ?? `https://github.com/${String(owner)}`
  const value = mint(state, audience)
  return sendJson(res, { count: value.length, value })
}

async function routed(state: State, req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
  const found = [...state.routes]
    .filter(([prefix]) => url.pathname === prefix || url.pathname.startsWith(`${prefix}/`))
    .toSorted(([a], [b]) => b.length - a.length)[0]
  if (!found) return sendJson(res, { message: `nothing stands at ${url.pathname}` }, 404)
  const [prefix, handler] = found
  await handler(req, res, (url.pathname + url.search).slice(prefix.length) || '/')
}

function discovery(issuer: string): Record<string, unknown> {
  return {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks`,
    subject_types_supported: ['public', 'pairwise'],
    response_types_supported: ['id_token'],
    claims_supported: [
      'sub',
      'aud',
      'exp',
      'iat',
      'iss',
      'jti',
      'nbf',
      ...Object.keys(githubClaims({})).toSorted(),
    ],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid'],
  }
}

/** Answers with JSON. */
export function sendJson(res: ServerResponse, body: unknown, status = 200): void {
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
}

/** The whole body of a request as text. */
export async function readBody(req: IncomingMessage): Promise<string> {
  let text = ''
  req.setEncoding('utf8')
  for await (const chunk of req) text += String(chunk)
  return text
}
