import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { OpenStream } from '../http.ts'
import { codeOf } from '../retry.ts'
import { LARGEST_LOGIN, readLogin, unpacked } from './login-proxy/login.ts'
import { pass, type Passing } from './login-proxy/pass.ts'
import { makePlaceholder } from './login-proxy/placeholder.ts'
import { openSessions } from './login-proxy/sessions.ts'

/** A Snowflake account on 127.0.0.1: its logins get a fresh token, all else goes to the account as it is. */
export interface LoginProxy {
  readonly port: number
  /** What a login has to bring in place of a token. */
  readonly placeholder: string
  /** Ends it with every connection. Idempotent. */
  close(): Promise<void>
}

export interface LoginProxyOptions {
  /** Where the account is: the one address that anything is sent to. */
  readonly origin: string
  readonly open: OpenStream
  /** A token for one login. Throws where there is none. */
  readonly token: () => Promise<string>
  /** Hides a text before the driver can print it. */
  readonly mask: (secret: string) => void
  /** Told, once for each reason, why the account does not answer. */
  readonly unreachable: (host: string, reason: string) => void
}

const LOGIN = '/session/v1/login-request'
const RENEWAL = '/session/token-request'

/** Longer than the driver keeps a connection that it does not use. */
const IDLE = 10 * 60_000

/** What is answered in place of the account. */
interface Refusal {
  readonly status: 400 | 403 | 413 | 503
  readonly why: string
}

/** Starts the proxy on a port that the system chooses. It keeps no process alive by itself. */
export async function startLoginProxy(options: LoginProxyOptions): Promise<LoginProxy> {
  const placeholder = makePlaceholder()
  const sessions = openSessions()
  const upstream = passingTo(options)
  const server = createServer((req, res) => {
    if (req.headers.host !== `127.0.0.1:${portOf(server)}` || !req.url?.startsWith('/'))
      return refuse(res, { status: 403, why: 'This address is for the driver of this run.' })
    const [pathname] = req.url.split('?')
    if (req.method === 'POST' && pathname === LOGIN) return void login(req, res)
    if (!sessions.admits(req.headers.authorization))
      return refuse(res, { status: 403, why: 'No session of this run was opened here with that token.' })
    pass({ req, res, ...upstream, ...(pathname === RENEWAL && { reading: learn }) })
  })
  const learn = (answer: Buffer, encoding: string | undefined): void => {
    const text = unpacked(answer, encoding)
    if (text !== undefined) for (const secret of sessions.learn(text)) options.mask(secret)
  }
  const login = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const body = await readAtMost(req, LARGEST_LOGIN)
    if (!body) return refuse(res, { status: 413, why: 'This is too large for a login.' })
    const asked = readLogin(body, req.headers['content-encoding'])
    if (!asked) return refuse(res, { status: 400, why: 'This is no login by workload identity.' })
    if (!placeholder.matches(asked.token))
      return refuse(res, { status: 403, why: 'This is not the placeholder of this run.' })
    const token = await options.token().catch(() => undefined)
    // 503: the driver tries again, and whoever could not give a token has said why.
    if (token === undefined)
      return refuse(res, { status: 503, why: 'There is no fresh token; the log of the step says why.' })
    if (!res.destroyed) pass({ req, res, ...upstream, body: asked.with(token), reading: learn })
  }
  guard(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  let closed: Promise<void> | undefined
  return {
    port: portOf(server),
    placeholder: placeholder.text,
    close: () => (closed ??= end(server)),
  }
}

/** What is the same for every request that passes. */
function passingTo({
  origin,
  open,
  unreachable,
}: LoginProxyOptions): Pick<Passing, 'open' | 'host' | 'unreachable'> {
  const { host } = new URL(origin)
  const told = new Set<string>()
  return {
    open,
    host,
    unreachable(cause) {
      const reason = cause.message || codeOf(cause) || 'the connection failed'
      if (told.has(reason)) return
      told.add(reason)
      unreachable(host, reason)
    },
  }
}

/** No tunnel, no other protocol; and a large load may take its time. */
function guard(server: Server): void {
  server.requestTimeout = 0
  server.keepAliveTimeout = IDLE
  server.on('connect', hangUp)
  server.on('upgrade', hangUp)
  server.on('clientError', (_error, socket: Duplex) => void socket.destroy())
}

function hangUp(_req: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => undefined) // whoever was refused may be gone already
  socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n')
}

/** The whole body, or undefined where it is larger. */
async function readAtMost(req: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    const body: AsyncIterable<Buffer> = req.iterator({ destroyOnReturn: false })
    for await (const chunk of body) {
      size += chunk.length
      if (size > most) return undefined
      chunks.push(chunk)
    }
  } catch {
    return undefined // the driver has hung up
  }
  return Buffer.concat(chunks)
}

function refuse(res: ServerResponse, { status, why }: Refusal): void {
  if (res.destroyed) return
  // What is left of the request is nothing that anybody wants to read.
  res.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(`dbt-oidc: ${why}\n`)
}

async function end(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}
