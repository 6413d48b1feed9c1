import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import { entriesOf, trustedIn } from '../models/oauth.ts'
import { identifyBy, sha256 } from '../snowflake/identity.ts'

/** One statement as it came, with the token that it came with. */
export interface Statement {
  readonly tokenSha256: string
  readonly accepted: boolean
  /** In milliseconds since the epoch. */
  readonly at: number
}

/** Whether somebody is let in by this name and password. */
export type Admit = (user: string, password: string) => Promise<boolean> | boolean

/** What lets nobody through to a ClickHouse who is not let in. */
export interface ClickHouseFront extends AsyncDisposable {
  readonly port: number
  readonly statements: readonly Statement[]
}

interface Behind {
  /** Of the engine, which believes everybody. */
  readonly port: number
  readonly admit: Admit
  /** Of each of these, the first statement that holds the text is passed on so many milliseconds later. */
  readonly slow?: readonly { readonly text: string; readonly by: number }[]
}

/** As the server words it (src/Access/Authentication.cpp): it does not tell why. */
const REFUSED =
  'Code: 516. DB::Exception: dbt: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)'

/** Takes a token for the password, by signature, issuer, subject, audience and times, as our own document says it. */
export function trusting(document: string): Admit {
  const identify = identifyBy(
    entriesOf(trustedIn(document)).map((entry) => ({ ...entry, user: 'dbt', defaultRole: '' })),
  )
  return async (_user, token) => 'user' in (await identify(token))
}

/** What an access token has to be. */
export interface AccessToken {
  readonly issuer: string
  /** Where that publishes its keys. */
  readonly keys: string
  readonly audience: string
  readonly subject: string
}

/** Takes the access token of a server for the password. */
export function accessToken({ keys, ...demanded }: AccessToken): Admit {
  const published = createRemoteJWKSet(new URL(keys))
  return async (_user, token) => {
    try {
      await jwtVerify(token, published, { ...demanded, algorithms: ['RS256'], requiredClaims: ['exp'] })
      return true
    } catch (error) {
      if (error instanceof errors.JOSEError) return false
      throw error
    }
  }
}

/** Starts the front, which asks at each statement. */
export async function startClickHouseFront({ port, admit, slow = [] }: Behind): Promise<ClickHouseFront> {
  const statements: Statement[] = []
  const waiting = [...slow]
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const body = await buffer(req)
    const [user, token] = loginOf(req.headers.authorization)
    const accepted = await admit(user, token)
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
function loginOf(authorization = ''): readonly [user: string, password: string] {
  const [, encoded = ''] = /^Basic (\S+)$/.exec(authorization) ?? []
  const decoded = Buffer.from(encoded, 'base64').toString('utf8')
  const at = decoded.indexOf(':')
  return [decoded.slice(0, at), decoded.slice(at + 1)]
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
