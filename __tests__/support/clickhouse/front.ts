import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { entriesOf, trustedIn } from '../models/oauth.ts'
import { identifyBy, sha256 } from '../snowflake/identity.ts'

/** One statement as it came, with the token that it came with. */
export interface Statement {
  readonly tokenSha256: string
  readonly accepted: boolean
  /** In milliseconds since the epoch. */
  readonly at: number
}

/** What lets nobody through to a ClickHouse whose password is not a token that the documents trust. */
export interface ClickHouseFront extends AsyncDisposable {
  readonly port: number
  readonly statements: readonly Statement[]
}

interface Behind {
  /** Of the engine, which believes everybody. */
  readonly port: number
  /** What the server has to compare, as our own document says it. */
  readonly document: string
  /** Of each of these, the first statement that holds the text is passed on so many milliseconds later. */
  readonly slow?: readonly { readonly text: string; readonly by: number }[]
}

/** As the server words it (src/Access/Authentication.cpp): it does not tell why. */
const REFUSED =
  'Code: 516. DB::Exception: dbt: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)'

/** Starts the front: signature, issuer, subject, audience and times of the token are verified at each statement. */
export async function startClickHouseFront({ port, document, slow = [] }: Behind): Promise<ClickHouseFront> {
  const statements: Statement[] = []
  const identify = identifyBy(
    entriesOf(trustedIn(document)).map((entry) => ({ ...entry, user: 'dbt', defaultRole: '' })),
  )
  const waiting = [...slow]
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const body = await buffer(req)
    const token = passwordOf(req.headers.authorization)
    const accepted = 'user' in (await identify(token))
    statements.push({ tokenSha256: sha256(token), accepted, at: Date.now() })
    if (!accepted)
      return void res.writeHead(403, { 'x-clickhouse-exception-code': '516' }).end(`${REFUSED}\n`)
    const found = waiting.findIndex(({ text }) => body.includes(text))
    if (found >= 0) await setTimeout(waiting.splice(found, 1)[0]?.by)
    const reply = await pass(req, body, port)
    const said = await buffer(reply)
    res.writeHead(reply.statusCode ?? 502, reply.headers).end(said)
  }
  const server = createServer((req, res) => void serve(req, res).catch(() => res.destroy()))
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

/** RFC 7617: all behind the first colon. */
function passwordOf(authorization = ''): string {
  const [, encoded = ''] = /^Basic (\S+)$/.exec(authorization) ?? []
  const decoded = Buffer.from(encoded, 'base64').toString('utf8')
  return decoded.slice(decoded.indexOf(':') + 1)
}

async function pass({ method, url, headers }: IncomingMessage, body: Buffer, port: number) {
  const { authorization: _checked, 'transfer-encoding': _framing, ...rest } = headers
  const passed = request({
    host: '127.0.0.1',
    port,
    method,
    path: url,
    headers: { ...rest, 'content-length': body.length },
    agent: false,
  })
  passed.end(body)
  const [reply] = (await once(passed, 'response')) as [IncomingMessage]
  return reply
}
