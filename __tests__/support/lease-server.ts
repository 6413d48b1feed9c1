import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { readBody, sendJson } from './issuer-server.ts'
import type { Issuer } from './issuer.ts'
import { parseRecord } from './shape.ts'

/** A password that was lent. */
export interface Lease {
  readonly user: string
  readonly password: string
  /** `jti` of the token that it was given for. */
  readonly jti: string
  /** Milliseconds since the epoch. */
  readonly grantedAt: number
}

/** Answers in place of the service. */
export type LeaseHandler = (res: ServerResponse, body: Record<string, unknown>) => unknown

/** A service that lends a password for a token whose every word it has checked. */
export interface LeaseServer extends AsyncDisposable {
  readonly url: string
  readonly leases: readonly Lease[]
  /** What happened in order: `lease 1`, `revoke 1`, `refuse`. */
  readonly events: readonly string[]
  /** Leases that nobody has given back. */
  open(): readonly Lease[]
  /** Whom it expects; a token for anybody else is refused. */
  expect(expected: { readonly audience?: string; readonly subject?: string }): void
  /** Life of a lease in seconds. */
  lasting(seconds: number): void
  /** Lends this password from now on. */
  lend(password: string): void
  /** Answers so until told otherwise. */
  always(path: '/lease' | '/revoke', handler: LeaseHandler): void
  /** Answers again as it should. */
  usual(path: '/lease' | '/revoke'): void
}

/** Starts the service on a free port of 127.0.0.1; it trusts the issuer's keys as they are at each request. */
export async function startLeaseServer(issuer: Issuer): Promise<LeaseServer> {
  const leases: Lease[] = []
  const events: string[] = []
  const open = new Map<string, number>()
  const handlers = new Map<string, LeaseHandler>()
  let expected = { audience: 'lease', subject: 'repo:o/r:ref:refs/heads/main' }
  let seconds = 3600
  let fixed: string | undefined

  async function answerLease(res: ServerResponse, { token }: Record<string, unknown>): Promise<void> {
    const keys = await fetch(`${issuer.issuer}/.well-known/jwks`)
    const set = createLocalJWKSet((await keys.json()) as JSONWebKeySet)
    const checks = {
      ...expected,
      issuer: issuer.issuer,
      algorithms: ['RS256'],
      requiredClaims: ['exp', 'jti'],
    }
    const verified = await jwtVerify(String(token), set, checks).catch(String)
    if (typeof verified === 'string') {
      events.push('refuse')
      return sendJson(res, { error: 'invalid_grant', error_description: verified }, 400)
    }
    const { jti = '' } = verified.payload
    const password = fixed ?? freshPassword()
    leases.push({ user: 'lessee', password, jti, grantedAt: Date.now() })
    open.set(password, leases.length)
    events.push(`lease ${leases.length}`)
    sendJson(res, { user: 'lessee', password, expires_in: seconds })
  }

  function takeBack(res: ServerResponse, { password }: Record<string, unknown>): void {
    const number = open.get(String(password))
    open.delete(String(password))
    events.push(`revoke ${number ?? 'what was never lent'}`)
    sendJson(res, {}, number === undefined ? 404 : 200)
  }

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<unknown> {
    res.setHeader('connection', 'close')
    const body = parseRecord(await readBody(req))
    const handler = handlers.get(req.url ?? '')
    if (handler) return handler(res, body)
    return req.url === '/lease' ? answerLease(res, body) : takeBack(res, body)
  }

  const server = createServer((req, res) => void answer(req, res).catch(() => res.destroy()))
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the lease service has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    leases,
    events,
    open: () => leases.filter(({ password }) => open.has(password)),
    expect: (other) => void (expected = { ...expected, ...other }),
    lend: (password) => void (fixed = password),
    lasting: (other) => void (seconds = other),
    usual: (path) => void handlers.delete(path),
    always: (path, handler) => void handlers.set(path, handler),
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

/** With characters that each encoding writes in another way. */
function freshPassword(): string {
  return `"+/&é ${randomBytes(24).toString('base64')}`
}
