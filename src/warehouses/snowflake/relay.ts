import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { DbtOidcError } from '../../errors.ts'
import type { Io } from '../../exchange.ts'
import type { HttpResponse } from '../../http.ts'

/** One request of the SDK, in milliseconds. */
const DEADLINE = 20_000
/** What the SDK itself sends, unpacked: a login and one query. */
const LARGEST = 1024 * 1024

/** A way to one origin for a client that has its own: whatever it asks for goes out by `io.http`, or nowhere. */
export interface Relay extends AsyncDisposable {
  readonly url: string
  /** For the client: every connection of it, whatever the address says, ends here. */
  readonly agent: (options: { readonly protocol: string }) => Agent
  /** Rejects with the first request that could not be answered, in our words; never resolves. */
  readonly failed: Promise<never>
}

/** Opens a relay to `origin` on this machine. No redirect gets through it, no endless answer and no large one. */
export async function openRelay(origin: string, io: Pick<Io, 'http'>): Promise<Relay> {
  const failure = Promise.withResolvers<never>()
  // Whoever does not look at it has an answer of another kind.
  failure.promise.catch(() => undefined)
  const server = createServer((req, res) => {
    relay(origin, req, io).then(
      (answer) => reply(res, answer),
      (error: unknown) => {
        failure.reject(error)
        res.writeHead(502).end()
      },
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    agent: ({ protocol }) => agentTo(port, protocol),
    failed: failure.promise,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Even an address of another host, as a result that lies elsewhere would name, leads to the relay, which refuses it. */
function agentTo(port: number, protocol: string): Agent {
  const agent = Object.assign(new Agent(), { protocol })
  agent.createConnection = (): Socket => connect(port, '127.0.0.1')
  return agent
}

async function relay(
  origin: string,
  req: IncomingMessage,
  { http }: Pick<Io, 'http'>,
): Promise<HttpResponse> {
  const { method, url = '' } = req
  if (method !== 'GET' && method !== 'POST') throw new Error(`${method ?? ''} is no method of a login`)
  if (!url.startsWith('/') || req.headers.host !== `127.0.0.1:${req.socket.localPort ?? 0}`)
    throw elsewhere(origin, 'sends the login on to another host, where it does not go')
  const body = await unpacked(req)
  const answer = await http({
    url: `${origin}${url}`,
    method,
    headers: kept(req),
    ...(body === '' ? {} : { body }),
    deadline: DEADLINE,
  })
  if (answer.status >= 300 && answer.status < 400)
    throw elsewhere(origin, `answered the login with a redirect (${answer.status}), which is not followed`)
  return answer
}

async function unpacked(req: IncomingMessage): Promise<string> {
  const body = await buffer(req)
  if (req.headers['content-encoding'] !== 'gzip') return body.toString('utf8')
  return (await promisify(gunzip)(body, { maxOutputLength: LARGEST })).toString('utf8')
}

/** Those that mean something to Snowflake: framing and packing are for each of the two connections to settle. */
function kept({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const names = Object.keys(headers).filter((name) =>
    /^(?:accept|authorization|content-type|user-agent|x-snowflake-.*|client_.*)$/.test(name),
  )
  return Object.fromEntries(names.map((name) => [name, [headers[name] ?? ''].flat().join(', ')]))
}

function reply(res: ServerResponse, { status, headers, body }: HttpResponse): void {
  res.writeHead(status, { 'content-type': headers['content-type'] ?? 'application/json' }).end(body)
}

function elsewhere(origin: string, what: string): DbtOidcError {
  return new DbtOidcError({
    code: 'exchange',
    problem: `${new URL(origin).host} ${what}.`,
    remedy: 'Write the account as Snowflake names it, ORGANISATION-ACCOUNT, and leave `host` out.',
  })
}
