import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfSigned } from './certificate.ts'

/** A TLS server on loopback, and a proxy that leads every CONNECT to it. */
export interface Secure extends AsyncDisposable {
  readonly port: number
  /** Path of the certificate, for `NODE_EXTRA_CA_CERTS`. */
  readonly ca: string
  /** Port of the proxy. */
  readonly proxy: number
  /** What the proxy was asked for, and with which login. */
  readonly asked: readonly string[]
}

export interface SecureOptions {
  /** Lifetime of the certificate in days from yesterday. */
  readonly days?: number
  readonly answer?: (res: ServerResponse, req: IncomingMessage) => unknown
  /** The status with which the proxy refuses a CONNECT to this `host:port`; undefined lets it through. */
  readonly refused?: (place: string) => number | undefined
}

/** Starts a TLS server under these names, with a proxy in front of it. */
export async function secure(names: readonly string[], options: SecureOptions = {}): Promise<Secure> {
  const pair = selfSigned(names, options.days)
  const answer = options.answer ?? ((res: ServerResponse): unknown => res.end('whole'))
  const server = createSecureServer(pair, (req, res) => void answer(res, req))
  const port = await listen(server)
  const asked: string[] = []
  const proxy = createServer()
  proxy.on('connect', (req: IncomingMessage, client: Socket) => {
    asked.push(`${req.url} ${req.headers['proxy-authorization'] ?? ''}`)
    const refused = options.refused?.(req.url ?? '')
    if (refused !== undefined) return void client.end(`HTTP/1.1 ${refused} No\r\n\r\n`)
    const onward = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.pipe(client).pipe(onward)
    })
    // A pipe does not pass an abrupt end on, and a server does not close while either side is open.
    for (const [one, other] of [
      [onward, client],
      [client, onward],
    ] as const) {
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
    }
  })
  const directory = mkdtempSync(join(tmpdir(), 'ca-'))
  const ca = join(directory, 'ca.pem')
  writeFileSync(ca, pair.cert)
  return {
    port,
    ca,
    proxy: await listen(proxy),
    asked,
    async [Symbol.asyncDispose]() {
      await Promise.all([end(server), end(proxy)])
      rmSync(directory, { recursive: true })
    },
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  return address.port
}

async function end(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
