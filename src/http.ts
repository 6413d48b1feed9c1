import http from 'node:http'
import { fail } from './errors.ts'
import { allowedAddress } from './http/address.ts'
import { type Env, proxyFor } from './http/proxy.ts'
import type { Rehearsal } from './rehearsal.ts'
import { codeOf } from './retry.ts'

export { checkTlsEnv, proxySecrets } from './http/proxy.ts'

/** One request of ours. The body is text; headers are lower-case. */
export interface HttpRequest {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Milliseconds for the whole exchange of bytes, connection included. */
  readonly deadline: number
  /** Largest body in bytes that is read; more is an error. 256 KiB unless told. */
  readonly limit?: number
  /** Ends the request before its time, e.g. when the job is cancelled. */
  readonly signal?: AbortSignal
}

/** An answer with its whole body. A redirect is an answer like any other: nothing follows it. */
export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * The one way out. Throws `DbtOidcError` with `blocked-host` where the rehearsal rule forbids the address and
 * `exchange-unavailable` where no whole answer arrived in time, and `host-unreachable` where there was no way to ask.
 */
export type Http = (request: HttpRequest) => Promise<HttpResponse>

/** What the way out depends on: where requests may go, and the proxy variables. */
export interface HttpOptions {
  readonly rehearsal: Rehearsal | undefined
  readonly env: Env
}

/** Begins one request whose bytes are the caller's to stream, to the host for which it was opened. */
export type OpenStream = (options: http.RequestOptions) => http.ClientRequest

/** A way to one host by the rules of {@link Http}, for what is too large to hold. Throws `blocked-host`. */
export type Streams = (address: string) => Promise<OpenStream>

const defaultLimit = 256 * 1024
/** Long enough for discovery and keys to share a connection, short enough that none is found dead at a refresh. */
const idleSocket = 1000

/** Makes the one way out over `node:http(s)`, with proxies as the environment names them and certificates always checked. */
export function createHttp({ rehearsal, env }: HttpOptions): Http {
  const connect = createConnector(env)
  return async (request) => {
    const url = allowedAddress(request.url, rehearsal)
    const open = await connect(url)
    return exchange(request, url, open)
  }
}

/** Makes the way out for streams. */
export function createStreams({ rehearsal, env }: HttpOptions): Streams {
  const connect = createConnector(env)
  return async (address) => {
    const url = allowedAddress(address, rehearsal)
    const open = await connect(url)
    return (options) => open(url, options)
  }
}

type Open = (url: URL, options: http.RequestOptions) => http.ClientRequest

function createConnector(env: Env): (url: URL) => Promise<Open> {
  const agents = new Map<string, http.Agent>()
  return async (url) => {
    const secure = url.protocol === 'https:'
    // Reading node:https costs milliseconds that a rehearsal does not need.
    const module = secure ? (await import('node:https')).default : http
    const proxy = proxyFor(url, env)
    const key = `${url.protocol}${proxy ?? ''}`
    let agent = agents.get(key)
    if (!agent) {
      const options = { keepAlive: true, timeout: idleSocket, ...(proxy && { proxyEnv: proxyEnv(proxy) }) }
      // Said outright, so that no variable of the environment can switch the check of certificates off.
      agent = new module.Agent(secure ? { ...options, rejectUnauthorized: true } : options)
      agents.set(key, agent)
    }
    const chosen = agent
    return (url, options) => module.request(url, { ...options, agent: chosen })
  }
}

/** NO_PROXY has been applied by us, the way the toolkit does; node is only told which proxy to take. */
function proxyEnv(proxy: string): Record<string, string> {
  return { HTTP_PROXY: proxy, HTTPS_PROXY: proxy }
}

async function exchange(request: HttpRequest, url: URL, open: Open): Promise<HttpResponse> {
  const ended = new AbortController()
  const timer = setTimeout(
    () => ended.abort(new Error(`no whole answer within ${request.deadline / 1000} s`)),
    request.deadline,
  )
  const onAbort = (): void => ended.abort(request.signal?.reason)
  if (request.signal?.aborted) onAbort()
  request.signal?.addEventListener('abort', onAbort, { once: true })
  try {
    const message = await send(request, url, open, ended.signal)
    const body = await readBody(message, request.limit ?? defaultLimit)
    return { status: message.statusCode ?? 0, headers: flatten(message.headers), body }
  } catch (cause) {
    request.signal?.throwIfAborted() // whoever ends a run knows why
    return unavailable(url, ended.signal.aborted ? ended.signal.reason : cause)
  } finally {
    clearTimeout(timer)
    request.signal?.removeEventListener('abort', onAbort)
  }
}

function send(
  request: HttpRequest,
  url: URL,
  open: Open,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { 'user-agent': 'dbt-oidc', ...request.headers }
    const sent = open(url, { method: request.method ?? 'GET', headers, signal })
    sent.once('response', resolve)
    sent.on('error', reject)
    sent.end(request.body)
  })
}

function readBody(message: http.IncomingMessage, limit: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    message.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > limit) message.destroy(new Error(`the answer is larger than ${limit} bytes`))
      else chunks.push(chunk)
    })
    message.on('error', reject)
    // `close` comes after every body; only `complete` tells a whole one from one that was cut off.
    message.on('close', () => {
      if (message.complete && size <= limit) resolve(Buffer.concat(chunks).toString('utf8'))
      else reject(new Error('the answer was cut off'))
    })
  })
}

function flatten(headers: http.IncomingHttpHeaders): Record<string, string> {
  const entries = Object.entries(headers).map(
    ([name, value]) => [name, [value ?? ''].flat().join(', ')] as const,
  )
  return Object.fromEntries(entries)
}

/** What node says where no connection came about: by the name, by the net, by a proxy. */
const NO_WAY =
  /^(?:ENOTFOUND|EAI_AGAIN|EAI_FAIL|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ERR_PROXY_TUNNEL)$/

function unavailable(url: URL, cause: unknown): never {
  // Where several addresses were tried, node's message is empty and the code says it.
  const reason = (cause instanceof Error && cause.message) || codeOf(cause) || 'the connection failed'
  return fail({
    code: NO_WAY.test(codeOf(cause)) ? 'host-unreachable' : 'exchange-unavailable',
    // Only the host is named: path and query may hold what must not be printed.
    problem: `${url.host} could not be reached: ${reason}.`,
    remedy: `Check that the runner can reach https://${url.host} (firewall, proxy, DNS), then run the job again.`,
    cause,
  })
}
