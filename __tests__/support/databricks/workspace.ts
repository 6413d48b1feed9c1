import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { TLSSocket } from 'node:tls'
import type { Use } from '../lives.ts'
import type { Whole } from '../models/whole.ts'
import { identifyBy, sha256, type User } from '../snowflake/identity.ts'

/** What came in at the token endpoint. */
export interface TokenRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly form: Readonly<Record<string, string>>
  readonly accepted: boolean
  /** In milliseconds since the epoch. */
  readonly at: number
}

/** A workspace on 127.0.0.1 whose token endpoint knows one service principal and its policies. */
export interface Workspace extends AsyncDisposable {
  readonly url: string
  readonly host: string
  readonly requests: readonly TokenRequest[]
  /** Access tokens that it gave out. */
  readonly issued: readonly string[]
  /** Each time that one of them was shown to the API, and whether it lived. */
  readonly uses: readonly Use[]
  /** Answers a request as the token endpoint does, for a front at another address. */
  readonly answer: (req: IncomingMessage, res: ServerResponse) => Promise<void>
  /** Answers any request, for a front with TLS. */
  readonly handle: (req: IncomingMessage, res: ServerResponse) => void
}

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const JWT = 'urn:ietf:params:oauth:token-type:jwt'

/**
 * docs.databricks.com, "Authenticate access with OAuth token federation": the token endpoint takes RFC 8693 with a JWT as
 * subject token; signature by the issuer's published keys, and issuer, subject and one of the audiences as whole values.
 */
export async function startWorkspace(
  clientId: string,
  policies: readonly Whole[],
  /** Seconds that an access token lives. */
  life = 3600,
): Promise<Workspace> {
  const users: User[] = policies.map(({ issuer, audiences, subject }) => ({
    user: clientId,
    issuer,
    subject,
    audiences,
    defaultRole: '',
  }))
  const identify = identifyBy(users)
  const requests: TokenRequest[] = []
  const issued: string[] = []
  const born = new Map<string, number>()
  const uses: Use[] = []
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const form = Object.fromEntries(new URLSearchParams(await text(req)))
    const at = Date.now()
    const note = (accepted: boolean): void => void requests.push({ headers: req.headers, form, accepted, at })
    const refuse = (error: string, description: string): void => {
      note(false)
      send(res, 400, { error, error_description: description })
    }
    if (form['grant_type'] !== EXCHANGE || form['subject_token_type'] !== JWT)
      return refuse('unsupported_grant_type', 'Only token exchange with a JWT is known here.')
    if (form['client_id'] !== clientId) return refuse('invalid_client', 'There is no such service principal.')
    if (form['scope'] !== 'all-apis') return refuse('invalid_scope', 'The scope is not known.')
    const identity = await identify(form['subject_token'] ?? '')
    if ('flaw' in identity)
      return refuse('invalid_grant', `No matching federation policy (${identity.flaw}).`)
    const token = `dapi-${issued.length + 1}-${at}`
    issued.push(token)
    born.set(token, at)
    note(true)
    send(res, 200, { access_token: token, token_type: 'Bearer', expires_in: life, scope: 'all-apis' })
  }
  const accepts = (authorization: string | undefined): boolean => {
    const [, token = ''] = /^Bearer (\S+)$/.exec(authorization ?? '') ?? []
    const bornAt = born.get(token)
    if (bornAt === undefined) return false
    const at = Date.now()
    const endsAt = bornAt + life * 1000
    uses.push({ id: sha256(token), bornAt, endsAt, at, accepted: at < endsAt })
    return at < endsAt
  }
  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    const url = `${req.socket instanceof TLSSocket ? 'https' : 'http'}://${req.headers.host ?? ''}`
    const configuration = { oidc_endpoint: `${url}/oidc`, token_endpoint: `${url}/oidc/v1/token` }
    if (req.url?.startsWith('/.well-known/') || req.url?.startsWith('/oidc/.well-known/'))
      return send(res, 200, {
        ...configuration,
        authorization_endpoint: `${url}/oidc/v1/authorize`,
        account_id: 'a',
      })
    if (req.url === '/oidc/v1/token') return void answer(req, res).catch(() => res.destroy())
    const known = accepts(req.headers.authorization)
    return send(res, known ? 200 : 401, known ? { userName: clientId } : { error_code: 'UNAUTHENTICATED' })
  }
  const server = createServer(handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const host = `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  return {
    url: `http://${host}`,
    host,
    requests,
    issued,
    uses,
    answer,
    handle,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function send(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
