import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { githubClaims, type ClaimSet, type SubForm } from './github-claims.ts'
import {
  answer,
  issuerOf,
  mint,
  payload,
  type Endpoint,
  type Handler,
  type LoggedRequest,
  type OriginHandler,
  type State,
} from './issuer-server.ts'
import { newKey, signJwt, type SigningKey, type SignOptions } from './jwt.ts'

/** What an issuer starts with. */
export interface IssuerOptions {
  readonly claims?: ClaimSet
  readonly subForm?: SubForm
  /** Lifetime of a token in seconds. */
  readonly ttl?: number
}

/** GitHub in a rehearsal: its token service, the runner's token endpoint, and every vendor's origin below `/_at/`. */
export interface Issuer extends AsyncDisposable {
  /** What `GITHUB_SERVER_URL` is. */
  readonly serverUrl: string
  /** The `iss` of its tokens. */
  readonly issuer: string
  /** What `ACTIONS_ID_TOKEN_REQUEST_URL` is. */
  readonly requestUrl: string
  /** What `ACTIONS_ID_TOKEN_REQUEST_TOKEN` is. */
  readonly requestToken: string
  readonly requests: readonly LoggedRequest[]
  /** Every token that left the endpoint or {@link Issuer.mint}, in order. */
  readonly minted: readonly string[]
  /** The key that signs now. */
  key(): SigningKey
  /** Sets claims of further tokens over those set before (undefined removes one) and returns all of them. */
  claims(overrides?: ClaimSet, options?: { readonly subForm?: SubForm }): Readonly<Record<string, unknown>>
  /** The payload that the endpoint would sign now. */
  payload(audience: string, overrides?: ClaimSet): Record<string, unknown>
  /** A token as the endpoint would give it, without a request. */
  mint(audience: string, overrides?: ClaimSet): string
  /** A token of any content, signed by the current key unless told otherwise. */
  sign(payload: unknown, options?: SignOptions): string
  /** Signs with a new key from now on; the old one leaves the JWKS unless kept. */
  rotate(options?: { readonly keepOld?: boolean }): Promise<SigningKey>
  ttl(seconds: number): void
  /** Sets the issuer's clock off by so many seconds, its Date header too. */
  skew(seconds: number): void
  /** Queues one-shot answers; the usual answer follows when they are used up. */
  next(endpoint: Endpoint, ...handlers: readonly Handler[]): void
  /** Answers so until told otherwise. */
  always(endpoint: Endpoint, handler: Handler | undefined): void
  /** Stands in for `https://HOST`; returns the origin to use, `<serverUrl>/_at/HOST`. */
  at(host: string, handler: OriginHandler): string
  /** Answers below a path prefix of the server itself, e.g. `/api/v3`. */
  route(prefix: string, handler: OriginHandler): string
  /** Ends all connections; throws what a handler threw, so that a broken stand-in cannot pass for a refusal. */
  close(): Promise<void>
}

// Key generation is the slow part of a start; a test that needs another key rotates.
let firstKey: Promise<SigningKey> | undefined

/** Starts an issuer on a free port of 127.0.0.1. */
export async function startIssuer(options: IssuerOptions = {}): Promise<Issuer> {
  const signer = await (firstKey ??= newKey())
  const state: State = {
    requestToken: randomBytes(32).toString('hex'),
    requests: [],
    minted: [],
    queues: { idtoken: [], jwks: [], discovery: [] },
    standing: {},
    routes: new Map(),
    faults: [],
    given: options.claims ?? {},
    subForm: options.subForm ?? 'name',
    keys: [signer],
    signer,
    ttl: options.ttl ?? 300,
    skew: 0,
    serverUrl: '',
  }
  const server = createServer((req, res) => {
    // A rejected handler must not hang its client, and must not pass unseen either.
    void answer(state, req, res).catch((error: unknown) => {
      state.faults.push(error)
      res.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the issuer has no port')
  state.serverUrl = `http://127.0.0.1:${address.port}`
  return face(state, server)
}

function face(state: State, server: Server): Issuer {
  const close = (): Promise<void> => stop(state, server)
  return {
    serverUrl: state.serverUrl,
    issuer: issuerOf(state),
    requestUrl: `${state.serverUrl}/idtoken?api-version=2.0`,
    requestToken: state.requestToken,
    requests: state.requests,
    minted: state.minted,
    key: () => state.signer,
    claims(overrides = {}, { subForm } = {}) {
      state.given = { ...state.given, ...overrides }
      state.subForm = subForm ?? state.subForm
      return githubClaims(state.given, state.subForm)
    },
    payload: (audience, overrides) => payload(state, audience, overrides),
    mint: (audience, overrides) => mint(state, audience, overrides),
    sign: (content, options) => signJwt(content, state.signer, options),
    async rotate({ keepOld = false } = {}) {
      state.signer = await newKey()
      state.keys = keepOld ? [state.signer, ...state.keys] : [state.signer]
      return state.signer
    },
    ttl: (seconds) => void (state.ttl = seconds),
    skew: (seconds) => void (state.skew = seconds),
    next: (endpoint, ...handlers) => void state.queues[endpoint].push(...handlers),
    always(endpoint, handler) {
      if (handler) state.standing[endpoint] = handler
      else delete state.standing[endpoint]
    },
    at: (host, handler) => route(state, `/_at/${host}`, handler),
    route: (prefix, handler) => route(state, prefix, handler),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function route(state: State, prefix: string, handler: OriginHandler): string {
  state.routes.set(prefix, handler)
  return state.serverUrl + prefix
}

async function stop(state: State, server: Server): Promise<void> {
  if (server.listening) {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  const fault = state.faults.shift()
  if (fault !== undefined) throw new Error('a handler of the issuer failed', { cause: fault })
}
