import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer, text } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { isRecord, parseRecord } from '../shape.ts'
import { startEmulator } from './emulator.ts'
import { identifyBy, type Identify, type User } from './identity.ts'
import {
  decideLogin,
  parseLogin,
  refusalBody,
  type Login,
  type Refusal,
  type Rights,
  type Ways,
} from './login.ts'

export type { User } from './identity.ts'
export type { Login, Refusal } from './login.ts'

export interface SnowflakeOptions {
  /** The users of the account, as the trust holds them. */
  readonly users: readonly User[]
  /** What the users and their roles were granted; absent: the default role of each, and whatever it asks for. */
  readonly rights?: Rights
  /** Ways in beside workload identity: key pairs, External OAuth. */
  readonly ways?: Ways
  /** A Python that has fakesnow. */
  readonly python: string
  /** Of each of these, the first query that holds the text takes so many milliseconds longer. */
  readonly slow?: readonly Slow[]
}

/** A query that takes its time. */
export interface Slow {
  readonly text: string
  readonly by: number
}

/** When it happened, in milliseconds since the epoch. */
interface Timed {
  readonly at: number
}

/** A Snowflake account on 127.0.0.1: logins by workload identity are verified, SQL is run by fakesnow. */
export interface Snowflake extends AsyncDisposable {
  readonly port: number
  readonly logins: readonly (Login & Timed)[]
  readonly refusals: readonly (Refusal & Timed)[]
}

interface State {
  readonly upstream: number
  readonly identify: Identify
  readonly rights: Rights | undefined
  readonly ways: Ways
  readonly logins: (Login & Timed)[]
  readonly refusals: (Refusal & Timed)[]
  /** Logins of clients that cannot read Arrow, by session token. */
  readonly sessions: Map<string, Login>
  readonly slow: Slow[]
}

const QUERY = '/queries/v1/query-request'
const LOGIN = '/session/v1/login-request'
const SESSION_SECONDS = 3600
const MASTER_SECONDS = 14_400

/** Starts fakesnow and the front that verifies whoever wants in. */
export async function startSnowflake({
  users,
  rights,
  ways = {},
  python,
  slow,
}: SnowflakeOptions): Promise<Snowflake> {
  const emulator = await startEmulator(python)
  const state: State = {
    upstream: emulator.port,
    identify: identifyBy(users),
    rights,
    ways,
    logins: [],
    refusals: [],
    sessions: new Map(),
    slow: [...(slow ?? [])],
  }
  const server = createServer((req, res) => {
    // A client of a broken front must not wait for ever.
    answer(state, req, res).catch((error: unknown) => {
      send(res, { data: null, code: '370001', message: `The front failed: ${String(error)}`, success: false })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    logins: state.logins,
    refusals: state.refusals,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await emulator[Symbol.asyncDispose]()
    },
  }
}

async function answer(state: State, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://front')
  const body = await buffer(req)
  if (pathname === LOGIN) return login(state, req, res, { body, query: searchParams })
  if (pathname === '/telemetry/send') return send(res, { data: {}, code: null, message: null, success: true })
  const session = state.sessions.get(/Token="([^"]+)"/.exec(req.headers.authorization ?? '')?.[1] ?? '')
  if (pathname === QUERY && session) return send(res, whoAmI(session))
  if (pathname === QUERY && state.slow.length > 0) {
    const sql = sqlOf(req, body)
    const found = state.slow.findIndex((one) => sql.includes(one.text))
    if (found >= 0) await setTimeout(state.slow.splice(found, 1)[0]?.by)
  }
  const reply = await forward(state, req, body)
  // fakesnow speaks JSON throughout and is read whole, so its own framing headers no longer hold.
  const { 'content-length': _length, 'transfer-encoding': _framing, ...headers } = reply.headers
  res.writeHead(reply.statusCode ?? 502, headers).end(await buffer(reply))
}

function sqlOf(req: IncomingMessage, body: Buffer): string {
  return (req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()
}

interface Received {
  readonly body: Buffer
  readonly query: URLSearchParams
}

async function login(
  state: State,
  req: IncomingMessage,
  res: ServerResponse,
  { body, query }: Received,
): Promise<void> {
  const gzipped = req.headers['content-encoding'] === 'gzip'
  const asked = parseLogin((gzipped ? gunzipSync(body) : body).toString(), query)
  const decided = await decideLogin(asked, state.identify, state.rights, state.ways)
  const at = Date.now()
  if ('reason' in decided) {
    state.refusals.push({ ...decided, at })
    return send(res, refusalBody(decided))
  }
  // The token ends here: fakesnow needs none and must not see one.
  const { TOKEN: _token, ...data } = asked.data
  delete req.headers['content-encoding']
  const reply = await forward(state, req, Buffer.from(JSON.stringify({ data })))
  const opened = parseRecord(await text(reply))
  state.logins.push({ ...decided, at })
  const { token } = isRecord(opened.data) ? opened.data : {}
  if (decided.client === 'JavaScript' && typeof token === 'string') state.sessions.set(token, decided)
  send(res, { code: null, message: null, ...opened, data: sessionOf(opened.data, decided) })
}

/**
 * The one row that a client in JavaScript asks for: fakesnow answers in Arrow, which snowflake-sdk does not take without
 * its native part. Of the verified login, and nothing else; the shape is that of snowflake-sdk 3.3.0's wiremock mappings.
 */
function whoAmI({ account, user, role, warehouse, database }: Login): unknown {
  const columns = { account, user, role, warehouse, database }
  const rowtype = Object.keys(columns).map((name) => ({
    name,
    type: 'text',
    nullable: true,
    length: 255,
    byteLength: 1020,
    scale: null,
    precision: null,
    database: '',
    schema: '',
    table: '',
    collation: null,
  }))
  const row = Object.values(columns).map((value) => value ?? null)
  const result = {
    queryId: '01b2c3d4-0000-0000-0000-000000000001',
    queryResultFormat: 'json',
    statementTypeId: 4096,
  }
  const data = { parameters: [], rowtype, rowset: [row], total: 1, returned: 1, ...result, version: 1 }
  return { data, code: null, message: null, success: true }
}

/** What Snowflake says of a new session and fakesnow leaves out. */
function sessionOf(opened: unknown, { user, role, warehouse }: Login): unknown {
  const session = isRecord(opened) ? opened : {}
  const info = isRecord(session.sessionInfo) ? session.sessionInfo : {}
  return {
    ...session,
    masterToken: session.token,
    validityInSeconds: SESSION_SECONDS,
    masterValidityInSeconds: MASTER_SECONDS,
    displayUserName: user,
    sessionInfo: { ...info, roleName: role, warehouseName: warehouse ?? null },
  }
}

async function forward(state: State, req: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
  const {
    'content-length': _length,
    'transfer-encoding': _framing,
    connection: _connection,
    ...kept
  } = req.headers
  return new Promise((resolve, reject) => {
    const upstream = request(
      {
        host: '127.0.0.1',
        port: state.upstream,
        method: req.method,
        path: req.url,
        headers: { ...kept, 'content-length': body.length },
      },
      resolve,
    )
    upstream.on('error', reject).end(body)
  })
}

function send(res: ServerResponse, body: unknown): void {
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
