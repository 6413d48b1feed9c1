import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ClientRequest, type IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { codeOf } from '../retry.ts'
import { isObject } from './json.ts'

/** What could be seen of a request that somebody else made. */
export interface Sight {
  readonly status?: number
  readonly headers?: IncomingHttpHeaders
  /** The body so far; undefined when nobody has begun to read it. */
  readonly body?: readonly Buffer[]
  /** Error code of the connection, as node names it. */
  readonly error?: string
  /** Status of a proxy that did not let us through. */
  readonly proxy?: number
}

/** Why we ended the call: the status said enough, the body is too large, or the connection ended before the body did. */
type Stop = 'headers' | 'large' | 'cut'

type End = { readonly by: 'value'; readonly value: unknown } | { readonly by: 'error' | 'late' | Stop }

/** How a call ended (by itself, late, or by a rule), and what was seen of it. */
export type Ending = End & { readonly sight: Sight }

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** The rules of {@link watch}. */
export interface WatchRules {
  /** Milliseconds for the whole call. */
  readonly deadline: number
  /** Largest body in bytes. */
  readonly limit: number
  readonly signal?: AbortSignal | undefined
  /** Throws for an address that must not be asked. */
  readonly address: (url: string) => void
  /** Whether this status ends the call, whatever the body says. */
  readonly isFinal: (status: number) => boolean
}

/** Tells the requests of one call from all others of the process, whatever their addresses. */
const calls = new AsyncLocalStorage<object>()

/**
 * Calls `ask` and watches the requests that it makes over `node:http(s)`: none outlives the deadline, a status that is
 * final, an answer that is too large or cut off, or the call itself. It always settles, and its timer keeps the process
 * alive until then: the toolkit's promise may never settle, and an empty loop would end the process with exit code 0.
 */
export async function watch(ask: () => Promise<unknown>, rules: WatchRules): Promise<Ending> {
  rules.signal?.throwIfAborted()
  const ended = Promise.withResolvers<End>()
  const timer = setTimeout(() => ended.resolve({ by: 'late' }), rules.deadline)
  const onAbort = (): void => ended.reject(rules.signal?.reason)
  rules.signal?.addEventListener('abort', onAbort, { once: true })
  const call = {}
  const observer = observe(call, rules, ended)
  try {
    calls
      .run(call, async () => ask())
      .then(
        (value) => ended.resolve({ by: 'value', value }),
        () => ended.resolve({ by: 'error' }), // its text may hold the body; the sight has what is needed
      )
    return { ...(await ended.promise), sight: observer.sight }
  } finally {
    clearTimeout(timer)
    rules.signal?.removeEventListener('abort', onAbort)
    observer.stop()
  }
}

interface Observer {
  readonly sight: Sight
  readonly stop: () => void
}

function observe(call: object, rules: WatchRules, ended: PromiseWithResolvers<End>): Observer {
  const sight: Writable<Sight> = {}
  const open = new Set<ClientRequest>()

  const onStart = (message: unknown): void => {
    const request = isObject(message) ? message['request'] : undefined
    if (calls.getStore() !== call || !(request instanceof ClientRequest)) return
    open.add(request)
    try {
      watchRequest(request, sight, rules)
    } catch (error) {
      ended.reject(error)
      request.destroy()
    }
  }

  const onResponse = (message: unknown): void => {
    const { request, response } = isObject(message) ? message : {}
    if (!(request instanceof ClientRequest) || !open.has(request)) return
    if (!(response instanceof IncomingMessage)) return
    watchResponse(response, sight, rules, (by) => {
      ended.resolve({ by })
      // Then neither comes to its own end, and the toolkit does not go on to a try or a redirect of its own.
      request.destroy()
      response.destroy()
    })
  }

  subscribe('http.client.request.start', onStart)
  subscribe('http.client.response.finish', onResponse)
  const stop = (): void => {
    unsubscribe('http.client.request.start', onStart)
    unsubscribe('http.client.response.finish', onResponse)
    for (const request of open) request.destroy()
  }
  return { sight, stop }
}

/** Throws for an address that must not be asked; nothing has been sent yet. */
function watchRequest(request: ClientRequest, sight: Writable<Sight>, rules: WatchRules): void {
  request.on('error', (error) => (sight.error = codeOf(error)))
  if (request.method !== 'CONNECT') return rules.address(`${request.protocol}//${request.host}/`)
  // The way to a proxy is the toolkit's own affair, but its answer explains a failure.
  request.once('connect', ({ statusCode = 0 }) => {
    if (statusCode !== 200) sight.proxy = statusCode
  })
}

function watchResponse(
  response: IncomingMessage,
  sight: Writable<Sight>,
  rules: WatchRules,
  end: (by: Stop) => void,
): void {
  const { statusCode = 0, headers } = response
  sight.status = statusCode
  sight.headers = headers
  if (rules.isFinal(statusCode)) return end('headers')
  if (Number(headers['content-length'] ?? 0) > rules.limit) return end('large')
  response.on('close', () => {
    if (!response.complete) end('cut')
  })
  readAlong(response, (chunks, size) => {
    if (size > rules.limit) end('large')
    else sight.body = chunks
  })
}

/**
 * Reads along. A `data` listener of ours would start the stream and eat the body before its owner listens, so it is
 * only added when the owner adds its own.
 */
function readAlong(
  response: IncomingMessage,
  onData: (chunks: readonly Buffer[], size: number) => void,
): void {
  const chunks: Buffer[] = []
  let size = 0
  const onListener = (event: string | symbol): void => {
    if (event !== 'data') return
    response.off('newListener', onListener)
    onData(chunks, size)
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      onData(chunks, size)
    })
  }
  response.on('newListener', onListener)
}
