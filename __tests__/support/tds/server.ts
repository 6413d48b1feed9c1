import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { createRemoteJWKSet, jwtVerify, type JWTPayload } from 'jose'
import type { Certificate } from '../certificate.ts'
import { loginOf } from './login.ts'
import { messages, send, TYPE, type Message } from './packets.ts'
import { secured } from './tls.ts'
import { done, letIn, oneNumber, refused } from './tokens.ts'

/** A SQL Server as far as a login by a token of Entra goes, and `select 1`. */
export interface SqlServer extends AsyncDisposable {
  /** The tokens of all logins, in order, and whether they were let in. */
  readonly logins: readonly { readonly token: string | undefined; readonly accepted: boolean }[]
  /** What was asked for, in order. */
  readonly statements: readonly string[]
}

interface Rules {
  readonly tls: Certificate
  readonly port: number
  readonly tenant: string
  /** Address of the keys of the tenant. */
  readonly keys: string
  /** Whether the database has a user for whoever holds such a token. */
  readonly knows: (claims: JWTPayload) => boolean
}

/** Both forms of the resource are in use: Microsoft's own tools write either. */
const AUDIENCES = ['https://database.windows.net', 'https://database.windows.net/']
const UNKNOWN = 18_456

/** Listens where drivers look without being told: those of dbt-fabric and dbt-synapse take no port. */
export async function startSqlServer({ tls, port, tenant, keys, knows }: Rules): Promise<SqlServer> {
  const logins: SqlServer['logins'][number][] = []
  const statements: string[] = []
  const sockets = new Set<Socket>()
  const verifies = verifierOf(tenant, keys)
  const answer = async ({ type, data }: Message): Promise<Buffer | undefined> => {
    switch (type) {
      case TYPE.login: {
        const { token, password, database } = loginOf(data)
        const claims = token === undefined || password ? undefined : await verifies(token)
        const accepted = claims !== undefined && knows(claims)
        logins.push({ token, accepted })
        return accepted
          ? letIn(database)
          : refused(UNKNOWN, "Login failed for user '<token-identified principal>'.")
      }
      case TYPE.batch: {
        const text = data.toString('utf16le', data.readUInt32LE(0))
        statements.push(text)
        return /\bselect 1 as id\b/.test(text) ? oneNumber('id', 1) : done()
      }
      case TYPE.attention:
        return done({ attention: true })
      default:
        return done()
    }
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    const gather = messages()
    socket.once('data', (chunk: Buffer) => {
      const [first] = gather(chunk)
      if (first?.type !== TYPE.prelogin) return void socket.destroy()
      send(socket, TYPE.reply, PRELOGIN)
      talk(secured(socket, tls), answer)
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    logins,
    statements,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function talk(secure: TLSSocket, answer: (message: Message) => Promise<Buffer | undefined>): void {
  const gather = messages()
  // One after the other: the answer to a login comes before that to what follows it.
  let last = Promise.resolve()
  secure.on('error', () => undefined)
  secure.on('data', (chunk: Buffer) => {
    for (const message of gather(chunk))
      last = last
        .then(async () => {
          const reply = await answer(message)
          if (reply) send(secure, TYPE.reply, reply)
        })
        .catch(() => void secure.destroy())
  })
}

function verifierOf(tenant: string, keys: string): (token: string) => Promise<JWTPayload | undefined> {
  const set = createRemoteJWKSet(new URL(keys))
  return async (token) => {
    try {
      const rules = {
        algorithms: ['RS256'],
        audience: AUDIENCES,
        issuer: `https://sts.windows.net/${tenant}/`,
        requiredClaims: ['exp', 'appid'],
      }
      return (await jwtVerify(token, set, rules)).payload
    } catch {
      return undefined
    }
  }
}

/** What the server says first (2.2.6.5): its version, that everything is to be encrypted, and that a token is welcome. */
const PRELOGIN = preloginOf([
  [0, Buffer.from([16, 0, 0, 0, 0, 0])],
  [1, Buffer.from([1])],
  [4, Buffer.from([0])],
  [6, Buffer.from([1])],
])

function preloginOf(options: readonly (readonly [number, Buffer])[]): Buffer {
  let offset = 5 * options.length + 1
  const heads = options.map(([id, { length }]) => {
    const head = Buffer.from([id, offset >> 8, offset & 0xff, length >> 8, length & 0xff])
    offset += length
    return head
  })
  return Buffer.concat([...heads, Buffer.from([0xff]), ...options.map(([, value]) => value)])
}
