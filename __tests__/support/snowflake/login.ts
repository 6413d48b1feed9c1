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

/** Further ways in, by the authenticator that a client names. */
export type Ways = Readonly<Record<string, Identify>>

/** What was granted; names are in capitals. */
export interface Rights {
  readonly roles: readonly { readonly role: string; readonly user: string }[]
  readonly usage: readonly {
    readonly kind: 'WAREHOUSE' | 'DATABASE'
    readonly name: string
    readonly role: string
  }[]
}

/** A login that was refused. */
export interface Refusal {
  readonly code: string
  readonly reason: Flaw | 'authenticator' | 'login-name' | 'role' | 'warehouse' | 'database'
  readonly detail: string
  readonly tokenSha256: string | undefined
}

/** What a client wants to be: the body of a login request together with its address. */
export interface LoginRequest {
  readonly data: Readonly<Record<string, unknown>>
  readonly query: URLSearchParams
}

// No public source states Snowflake's codes for a subject or an audience that does not fit; these are documented.
const CODES = { token: '390303', jwt: '390144', user: '390309', role: '390189', object: '390201' } as const

/** Parses the (already unpacked) body of a login request. */
export function parseLogin(body: string, query: URLSearchParams): LoginRequest {
  const { data } = parseRecord(body)
  return { data: isRecord(data) ? data : {}, query }
}

/** Decides on a login as the trust of the users says. */
export async function decideLogin(
  request: LoginRequest,
  identify: Identify,
  rights?: Rights,
  ways: Ways = {},
): Promise<Login | Refusal> {
  const { data } = request
  const method = `${text(data.AUTHENTICATOR) ?? 'none'} ${text(data.PROVIDER) ?? ''}`.trim()
  const token = text(data.TOKEN)
  const tokenSha256 = token === undefined ? undefined : sha256(token)
  const way = ways[method]
  if (way && token !== undefined) {
    const identity = await way(token)
    const code = method === 'SNOWFLAKE_JWT' ? CODES.jwt : CODES.token
    if ('flaw' in identity) return { code, reason: identity.flaw, detail: identity.detail, tokenSha256 }
    return authorize(request, identity.user, sha256(token), rights)
  }
  if (method !== 'WORKLOAD_IDENTITY OIDC' || token === undefined)
    return { code: CODES.token, reason: 'authenticator', detail: method, tokenSha256 }
  const identity = await identify(token)
  if ('flaw' in identity)
    return { code: CODES.token, reason: identity.flaw, detail: identity.detail, tokenSha256 }
  const decided = authorize(request, identity.user, sha256(token), rights)
  return 'reason' in decided || !rights ? decided : (missing(decided, rights) ?? decided)
}

function authorize(
  { data, query }: LoginRequest,
  user: Pick<User, 'user' | 'defaultRole'>,
  tokenSha256: string,
  rights: Rights | undefined,
): Login | Refusal {
  const login = text(data.LOGIN_NAME)
  if (login && login.toUpperCase() !== user.user.toUpperCase())
    return { code: CODES.user, reason: 'login-name', detail: login, tokenSha256 }
  const role = query.get('roleName') || user.defaultRole
  const name = role.toUpperCase()
  const granted = rights
    ? rights.roles.some((one) => one.user === user.user.toUpperCase() && one.role === name)
    : name === user.defaultRole.toUpperCase()
  if (!granted) return { code: CODES.role, reason: 'role', detail: role, tokenSha256 }
  const session = isRecord(data.SESSION_PARAMETERS) ? data.SESSION_PARAMETERS : {}
  return {
    user: user.user,
    role: rights ? role : user.defaultRole,
    queryTag: text(session.QUERY_TAG),
    warehouse: query.get('warehouse') ?? undefined,
    database: query.get('databaseName') ?? undefined,
    account: text(data.ACCOUNT_NAME),
    client: text(data.CLIENT_APP_ID) ?? '',
    tokenSha256,
  }
}

/**
 * What the role may not use of what the session asks for. Snowflake itself says it at login only to clients that validate
 * their parameters, and to others with the first statement; here it is said at once.
 */
function missing({ role, warehouse, database, tokenSha256 }: Login, { usage }: Rights): Refusal | undefined {
  const asked = [
    { kind: 'WAREHOUSE', name: warehouse },
    { kind: 'DATABASE', name: database },
  ] as const
  const none = asked.find(
    ({ kind, name }) =>
      name !== undefined &&
      !usage.some(
        (one) => one.kind === kind && one.name === name.toUpperCase() && one.role === role.toUpperCase(),
      ),
  )
  return (
    none && {
      code: CODES.object,
      reason: none.kind === 'WAREHOUSE' ? 'warehouse' : 'database',
      detail: `${none.name} for the role ${role}`,
      tokenSha256,
    }
  )
}

/** The refusal on the wire: HTTP 200 all the same. */
export function refusalBody({ code, reason }: Refusal): unknown {
  return {
    data: { nextAction: 'RETRY_LOGIN', authnMethod: 'WORKLOAD_IDENTITY' },
    code,
    message:
      code === CODES.object
        ? `The requested ${reason} does not exist or not authorized.`
        : `The workload identity is not accepted (${reason}).`,
    success: false,
    headers: null,
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
