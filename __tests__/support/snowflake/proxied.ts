import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type RequestOptions } from 'node:http'
import { connect } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { createStreams, type HttpOptions } from '../../../src/http.ts'
import { startLoginProxy, type LoginProxy } from '../../../src/keepalive/login-proxy.ts'
import type { Handler } from '../issuer-server.ts'

/** What reached the account, in order; bodies of logins and of small requests. */
export interface Arrived {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** A login proxy before an account that a test plays, and what became known of both. */
export interface Proxied extends AsyncDisposable {
  readonly proxy: LoginProxy
  readonly account: string
  readonly arrived: readonly Arrived[]
  readonly given: readonly string[]
  readonly masked: readonly string[]
  readonly unreachable: readonly string[]
  readonly ask: (path: string, options?: Asking) => Promise<Answer>
  /** Begins a request that the test streams itself. */
  readonly begin: (path: string, options?: RequestOptions) => ReturnType<typeof request>
  /** Writes bytes as they are and reads until the end. */
  readonly raw: (bytes: string) => Promise<string>
}

export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export const LOGIN = '/session/v1/login-request?request_id=1&roleName=R'
export const SESSION = { authorization: 'Snowflake Token="session-1"' }

/** The answer to a login as Snowflake gives it. */
export const OPENED = {
  data: { token: 'session-1', masterToken: 'master-1', validityInSeconds: 3600, parameters: [] },
  code: null,
  message: null,
  success: true,
}

/** The body of a login as snowflake-connector-python sends it. */
export const loginBody = (token: string, more: object = {}): string =>
  JSON.stringify({
    data: {
      ACCOUNT_NAME: 'acme',
      AUTHENTICATOR: 'WORKLOAD_IDENTITY',
      PROVIDER: 'OIDC',
      TOKEN: token,
      SESSION_PARAMETERS: { QUERY_TAG: `the placeholder is ${token}` },
      ...more,
    },
  })

export interface ProxiedOptions {
  /** Plays the account beyond the login. */
  readonly handler?: Handler
  /** Answers logins otherwise than by opening a session. */
  readonly logins?: Handler
  readonly token?: () => Promise<string>
  /** Where the account is, if not here. */
  readonly origin?: string
  readonly out?: HttpOptions
}

/** Starts both. */
export async function startProxied(options: ProxiedOptions = {}): Promise<Proxied> {
  const arrived: Arrived[] = []
  const given: string[] = []
  const masked: string[] = []
  const unreachable: string[] = []
  const server = createServer((req, res) => {
    const note = (body: Buffer): unknown =>
      arrived.push({ method: req.method ?? '', url: req.url ?? '', headers: req.headers, body })
    const isLogin = req.url?.startsWith('/session/v1/login-request')
    if (options.handler && !isLogin) {
      note(Buffer.alloc(0))
      return void options.handler(req, res, () => undefined)
    }
    void buffer(req).then((body) => {
      note(body)
      if (options.logins) return void options.logins(req, res, () => undefined)
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(OPENED))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const account = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const origin = options.origin ?? account
  const out = options.out ?? { rehearsal: { server: account }, env: {} }
  const proxy = await startLoginProxy({
    origin,
    open: await createStreams(out)(origin),
    token: async () => {
      const token = await (options.token?.() ?? `fresh-${given.length + 1}`)
      given.push(token)
      return token
    },
    mask: (secret) => void masked.push(secret),
    unreachable: (host, reason) => void unreachable.push(`${host}: ${reason}`),
  })
  const begin: Proxied['begin'] = (path, more) =>
    request({ host: '127.0.0.1', port: proxy.port, path, agent: false, ...more })
  return {
    proxy,
    account,
    arrived,
    given,
    masked,
    unreachable,
    begin,
    async ask(path, { method = 'POST', headers = {}, body = '' } = {}) {
      const sent = begin(path, { method, headers: { ...headers } })
      sent.on('error', () => undefined) // after an answer that began, the reader hears of it
      sent.end(body)
      const [answer] = (await once(sent, 'response')) as [IncomingMessage]
      return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) }
    },
    async raw(bytes) {
      const socket = connect(proxy.port, '127.0.0.1')
      socket.end(bytes)
      return await text(socket)
    },
    async [Symbol.asyncDispose]() {
      await proxy.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** With the session of a first login. */
export async function startLoggedIn(handler: Handler): Promise<Proxied> {
  const proxied = await startProxied({ handler })
  const { status } = await proxied.ask(LOGIN, { body: loginBody(proxied.proxy.placeholder) })
  if (status !== 200) throw new Error(`the login was answered by ${status}`)
  return proxied
}
