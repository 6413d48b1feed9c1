import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import type { Certificate } from '../certificate.ts'
import { sha256 } from '../snowflake/identity.ts'

/** One statement as it came: Trino looks at the token with each of them, and with nothing else of a query. */
export interface Statement {
  readonly tokenSha256: string
  readonly status: number
  /** When it was answered, in milliseconds since the epoch. */
  readonly at: number
}

/** What stands before a Trino and sees what it says of each token. */
export interface TrinoFront extends AsyncDisposable {
  readonly port: number
  readonly statements: readonly Statement[]
}

interface Behind {
  readonly port: number
  readonly tls: Certificate
  /** Of each of these, the first statement that holds the text is answered so many milliseconds later. */
  readonly slow?: readonly { readonly text: string; readonly by: number }[]
}

/** Starts the front; it changes nothing. */
export async function startTrinoFront({ port, tls, slow = [] }: Behind): Promise<TrinoFront> {
  const statements: Statement[] = []
  const waiting = [...slow]
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const body = await buffer(req)
    const reply = await pass(req, body, { port, tls })
    const said = await buffer(reply)
    const { statusCode: status = 502 } = reply
    if (req.method === 'POST' && req.url === '/v1/statement') {
      const [, token = ''] = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '') ?? []
      statements.push({ tokenSha256: sha256(token), status, at: Date.now() })
      const found = waiting.findIndex((one) => body.includes(one.text))
      if (found >= 0) await setTimeout(waiting.splice(found, 1)[0]?.by)
    }
    const { 'transfer-encoding': _framing, 'content-length': _length, ...headers } = reply.headers
    res.writeHead(status, headers).end(said)
  }
  const server = createServer(tls, (req, res) => void serve(req, res).catch(() => res.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    statements,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The `Host` stays, so that Trino leads the client back to the front. */
function pass(req: IncomingMessage, body: Buffer, { port, tls }: Behind): Promise<IncomingMessage> {
  const { 'content-length': _length, 'transfer-encoding': _framing, ...headers } = req.headers
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        servername: 'localhost',
        port,
        method: req.method,
        path: req.url,
        headers: { ...headers, 'content-length': body.length },
        ca: tls.cert,
      },
      resolve,
    )
    sent.on('error', reject).end(body)
  })
}
