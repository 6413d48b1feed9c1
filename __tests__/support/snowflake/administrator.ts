import { createHash, randomBytes, type KeyObject } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { compactVerify, errors } from 'jose'
import { sendJson, type OriginHandler } from '../issuer-server.ts'
import { isRecord, parseRecord } from '../shape.ts'
import type { User } from './identity.ts'

/** Who may log in to look: by the public key of a pair, or by a programmatic access token. */
export interface Administrator {
  readonly account: string
  readonly user: string
  readonly publicKey: KeyObject
  readonly token: string
}

/** What such a login has been answered. */
export interface Asked {
  readonly logins: string[]
  readonly statements: string[]
}

/**
 * A Snowflake account that one administrator asks for the identities of its service users: key-pair logins as documented
 * (docs.snowflake.com, "Key-pair authentication": RS256, issuer ACCOUNT.USER.SHA256:FINGERPRINT), and
 * `SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER …` as its reference describes it.
 */
export function accountOf(
  admin: Administrator,
  users: () => readonly User[],
): { readonly handler: OriginHandler; readonly asked: Asked } {
  const asked: Asked = { logins: [], statements: [] }
  const sessions = new Set<string>()
  const handler: OriginHandler = async (req, res, path) => {
    const { pathname } = new URL(path, 'https://account')
    const body = parseRecord(await unpacked(req))
    const fail = (code: string, message: string): void =>
      sendJson(res, { data: null, code, message, success: false })
    if (pathname === '/session/v1/login-request') {
      const data = isRecord(body['data']) ? body['data'] : {}
      const flaw = await flawOf(data, admin)
      asked.logins.push(`${String(data['AUTHENTICATOR'])} ${flaw ?? 'ok'}`)
      if (flaw !== undefined) return fail('390144', `JWT token is invalid. [${flaw}]`)
      const token = randomBytes(24).toString('base64')
      sessions.add(token)
      return sendJson(res, { data: session(token, admin.user), code: null, message: null, success: true })
    }
    const token = /Token="([^"]+)"/.exec(req.headers.authorization ?? '')?.[1] ?? ''
    if (!sessions.has(token)) return fail('390104', 'Session token is invalid.')
    if (pathname !== '/queries/v1/query-request') return sendJson(res, { data: null, success: true })
    const statement = String(body['sqlText'])
    asked.statements.push(statement)
    const name = /^SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER "?([^"]+)"?$/.exec(
      statement,
    )?.[1]
    const mine = users().filter(({ user }) => user.replaceAll('"', '') === name)
    if (mine.length === 0)
      return fail('002003', `SQL compilation error:\nUser '${name ?? ''}' does not exist or not authorized.`)
    return sendJson(res, rows(mine))
  }
  return { handler, asked }
}

async function unpacked(req: IncomingMessage): Promise<string> {
  const bytes = await buffer(req)
  const text = (req.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString()
  return text === '' ? '{}' : text
}

async function flawOf(
  data: Readonly<Record<string, unknown>>,
  admin: Administrator,
): Promise<string | undefined> {
  const { AUTHENTICATOR: method, LOGIN_NAME: login, TOKEN: token } = data
  if (String(login).toUpperCase() !== admin.user) return 'user'
  if (method === 'PROGRAMMATIC_ACCESS_TOKEN') return token === admin.token ? undefined : 'token'
  if (method !== 'SNOWFLAKE_JWT') return 'authenticator'
  try {
    const { payload } = await compactVerify(String(token), admin.publicKey, { algorithms: ['RS256'] })
    const { iss, exp } = parseRecord(Buffer.from(payload).toString())
    const der = admin.publicKey.export({ format: 'der', type: 'spki' })
    const print = createHash('sha256').update(der).digest('base64')
    if (iss !== `${admin.account.toUpperCase()}.${admin.user}.SHA256:${print}`) return 'issuer'
    return Number(exp) * 1000 > Date.now() ? undefined : 'expired'
  } catch (error) {
    if (error instanceof errors.JOSEError) return 'signature'
    throw error
  }
}

function session(token: string, user: string): unknown {
  return {
    token,
    masterToken: token,
    validityInSeconds: 3600,
    masterValidityInSeconds: 14_400,
    displayUserName: user,
    serverVersion: '9.33.0',
    firstLogin: false,
    sessionId: 1,
    parameters: [],
    sessionInfo: { databaseName: null, schemaName: null, warehouseName: null, roleName: 'SECURITYADMIN' },
  }
}

const COLUMNS = ['name', 'type', 'comment', 'last_used', 'created_on', 'additional_info']

/** The shape is that of snowflake-sdk 3.3.0's wiremock mappings. */
function rows(users: readonly User[]): unknown {
  const rowtype = COLUMNS.map((name) => ({
    name,
    type: 'text',
    nullable: true,
    length: 16_777_216,
    byteLength: 16_777_216,
    scale: null,
    precision: null,
    database: '',
    schema: '',
    table: '',
    collation: null,
  }))
  const rowset = users.map(({ issuer, subject, audiences }, at) => [
    at === 0 ? 'DEFAULT' : `NAMED_${at}`,
    'OIDC',
    '',
    null,
    '2026-11-01 08:15:00.000 -0700',
    JSON.stringify({ issuer, subject, audienceList: audiences }),
  ])
  const data = {
    parameters: [],
    rowtype,
    rowset,
    total: rowset.length,
    returned: rowset.length,
    queryId: '01b2c3d4-0000-0000-0000-000000000002',
    queryResultFormat: 'json',
    statementTypeId: 12_288,
    version: 1,
  }
  return { data, code: null, message: null, success: true }
}
