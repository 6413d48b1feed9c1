import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { refusalOf } from './refusal.ts'

/** What a path serves, as JSON; a rejection is a 503 without a word. */
export type Answer = () => Promise<unknown>

/** A loopback server for the driver of one run: whoever has the nonce gets fresh credentials for the one target. */
export interface Broker extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string
  /** What the driver sends as `Authorization`; a secret. */
  readonly authorization: string
}

/** How a driver comes: by which method, and with which scheme before the nonce. */
export interface Door {
  readonly method: 'GET' | 'POST'
  readonly scheme: 'Bearer' | 'Basic'
}

const USUAL: Door = { method: 'GET', scheme: 'Bearer' }

/** A driver sends a line, a host and the nonce: far less than what Node would take. */
const LONGEST_HEADERS = 8192
/** Milliseconds for a request to arrive: it comes from this machine. */
const ARRIVING = 5000

/**
 * Listens on a free port of 127.0.0.1 until it is disposed of. It prints nothing and knows neither audiences nor roles:
 * nothing in a request decides what is served but its path.
 */
export async function openBroker(
  answers: ReadonlyMap<string, Answer>,
  { method, scheme } = USUAL,
): Promise<Broker> {
  const authorization = `${scheme} ${randomBytes(32).toString('base64url')}`
  const server = createServer({
    maxHeaderSize: LONGEST_HEADERS,
    headersTimeout: ARRIVING,
    requestTimeout: ARRIVING,
    connectionsCheckingInterval: ARRIVING,
    // A request without one is refused with the others, and as wordlessly.
    requireHostHeader: false,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${portOf(server)}`
  const paths = new Set(answers.keys())
  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    const refused = refusalOf(req, { host, authorization, method, paths })
    const answer = answers.get(req.url ?? '')
    if (refused !== undefined || !answer) return refuse(res, refused ?? 404)
    void reply(answer, res)
  }
  // Without listeners of their own Node would invite the body of an `Expect` before anybody has looked at the nonce.
  for (const event of ['request', 'checkContinue', 'checkExpectation'] as const) server.on(event, handle)
  server.on('connect', (_req, socket: Duplex) => hangUp(socket, '405 Method Not Allowed'))
  server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
    hangUp(
      socket,
      error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request',
    ),
  )
  // Whoever is done with the run must not be kept by an idle listener.
  server.unref()
  return {
    origin: `http://${host}`,
    authorization,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function reply(answer: Answer, res: ServerResponse): Promise<void> {
  try {
    const body = JSON.stringify(await answer())
    res
      .writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'cache-control': 'no-store',
        // A kept connection may end at the very moment at which a driver uses it again; a new one costs nothing here.
        connection: 'close',
      })
      .end(body)
  } catch {
    // Whoever buys has told why; a driver needs no more than that there is nothing now.
    refuse(res, 503)
  }
}

/** The rest of the connection is not worth reading: it may be a body. */
function refuse(res: ServerResponse, status: number): void {
  res.writeHead(status, { 'content-length': 0, connection: 'close' }).end()
}

function hangUp(socket: Duplex, status: string): void {
  // Node has taken its own listener off a tunnel's: whoever hangs up in the midst of this must not end the run.
  socket.on('error', () => undefined)
  if (!socket.writable) return void socket.destroy()
  socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}
