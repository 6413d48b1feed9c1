import { sha256, type Flaw, type Identify, type User } from './identity.ts'
import { isRecord, parseRecord } from '../shape.ts'

/** A login that succeeded, as LOGIN_HISTORY and QUERY_HISTORY would show it. */
export interface Login {
  readonly user: string
  readonly role: string
  readonly queryTag: string | undefined
  readonly warehouse: string | undefined
  readonly database: string | undefined
  /** As the client names it; the account that a host belongs to is the front's own. */
  readonly account: string | undefined
  /** `PythonConnector`, `JavaScript` ... */
  readonly client: string
  readonly tokenSha256: string
}

/** A login that was refused. */
export interface Refusal {
  readonly code: string
  readonly reason: Flaw | 'authenticator' | 'login-name' | 'role'
  readonly detail: string
  readonly tokenSha256: string | undefined
}

/** What a client wants to be: the body of a login request together with its address. */
export interface LoginRequest {
  readonly data: Readonly<Record<string, unknown>>
  readonly query: URLSearchParams
}

// No public source states Snowflake's codes for a subject or an audience that does not fit; these three are documented.
const CODES = { token: '390303', user: '390309', role: '390189' } as const

/** Parses the (already unpacked) body of a login request. */
export function parseLogin(body: string, query: URLSearchParams): LoginRequest {
  const { data } = parseRecord(body)
  return { data: isRecord(data) ? data : {}, query }
}

/** Decides on a login as the trust of the users says. */
export async function decideLogin(request: LoginRequest, identify: Identify): Promise<Login | Refusal> {
  const { data } = request
  const method = `${text(data.AUTHENTICATOR) ?? 'none'} ${text(data.PROVIDER) ?? ''}`.trim()
  const token = text(data.TOKEN)
  const tokenSha256 = token === undefined ? undefined : sha256(token)
  if (method !== 'WORKLOAD_IDENTITY OIDC' || token === undefined)
    return { code: CODES.token, reason: 'authenticator', detail: method, tokenSha256 }
  const identity = await identify(token)
  if ('flaw' in identity)
    return { code: CODES.token, reason: identity.flaw, detail: identity.detail, tokenSha256 }
  return authorize(request, identity.user, sha256(token))
}

function authorize({ data, query }: LoginRequest, user: User, tokenSha256: string): Login | Refusal {
  const name = text(data.LOGIN_NAME)
  if (name && name.toUpperCase() !== user.user.toUpperCase())
    return { code: CODES.user, reason: 'login-name', detail: name, tokenSha256 }
  const role = query.get('roleName') || user.defaultRole
  if (role.toUpperCase() !== user.defaultRole.toUpperCase())
    return { code: CODES.role, reason: 'role', detail: role, tokenSha256 }
  const session = isRecord(data.SESSION_PARAMETERS) ? data.SESSION_PARAMETERS : {}
  return {
    user: user.user,
    role: user.defaultRole,
    queryTag: text(session.QUERY_TAG),
    warehouse: query.get('warehouse') ?? undefined,
    database: query.get('databaseName') ?? undefined,
    account: text(data.ACCOUNT_NAME),
    client: text(data.CLIENT_APP_ID) ?? '',
    tokenSha256,
  }
}

/** The refusal on the wire: HTTP 200 all the same. */
export function refusalBody({ code, reason }: Refusal): unknown {
  return {
    data: { nextAction: 'RETRY_LOGIN', authnMethod: 'WORKLOAD_IDENTITY' },
    code,
    message: `The workload identity is not accepted (${reason}).`,
    success: false,
    headers: null,
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
