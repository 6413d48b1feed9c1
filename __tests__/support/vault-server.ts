import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { commandsOf } from './aws/shell.ts'
import { readBody, sendJson } from './issuer-server.ts'
import type { Issuer } from './issuer.ts'

/** A role of the JWT auth method, as `vault write` was given it. */
interface Role {
  readonly bound_audiences: readonly string[]
  readonly bound_claims_type: 'string' | 'glob'
  readonly bound_claims: Readonly<Record<string, string | readonly string[]>>
  readonly token_policies: readonly string[]
}

/** A client token with what was leased by it. */
interface Session {
  readonly policies: readonly string[]
  readonly users: { readonly user: string; readonly password: string }[]
  readonly until: number
}

export interface VaultOptions {
  /** Seconds that a database user lives. */
  readonly life?: () => number | undefined
  /** Makes a database user; a name of its own each time. */
  readonly make?: (user: string, password: string, until: Date) => void
  readonly drop?: (user: string) => void
}

/** Vault at `<server>/vault`: JWT auth, policies, the database engine and key/value secrets. */
export interface Vault {
  readonly url: string
  /** `METHOD path status` of each request. */
  readonly calls: readonly string[]
  readonly secrets: Map<string, Readonly<Record<string, unknown>>>
  /** Database users that live. */
  users(): readonly { readonly user: string; readonly password: string }[]
  /** Client tokens that live. */
  tokens(): readonly string[]
  /** Answers that are given before any other. */
  readonly next: ((res: ServerResponse) => unknown)[]
  /** Runs the commands of a document. */
  apply(document: string): void
  forget(): void
}

/**
 * Plays Vault by its API documentation and the source of its JWT plugin 0.25 (path_login.go, claims.go): signature, issuer,
 * audience, expiry, every bound claim, then the policies of the role for each path.
 */
export function playVault(issuer: Issuer, { life, make, drop }: VaultOptions = {}): Vault {
  const calls: string[] = []
  const secrets: Vault['secrets'] = new Map()
  const next: Vault['next'] = []
  const configs = new Map<string, { readonly issuer: string; readonly discovery: string }>()
  const roles = new Map<string, Role>()
  const policies = new Map<string, string>()
  const sessions = new Map<string, Session>()

  function apply(document: string): void {
    const lines = document.replaceAll(
      /^(vault .*) <<'VAULT_END'\n([\s\S]*?)\nVAULT_END$/gm,
      (_all, command: string, text: string) => `${command} '${text.replaceAll("'", `'\\''`)}'`,
    )
    for (const [program, ...words] of commandsOf(lines)) {
      if (program !== 'vault') throw new Error(`no command of Vault: ${program}`)
      const [verb, ...rest] = words.filter((word) => !word.startsWith('-') || word === '-')
      if (verb === 'auth') continue
      const [path = '', ...values] = rest
      const [, mount, kind, name = ''] = /^auth\/(.+?)\/(config|role)(?:\/(.+))?$/.exec(path) ?? []
      if (verb === 'policy') policies.set(values[0] ?? '', values[2] ?? '')
      else if (kind === 'config') {
        const given = new Map(values.map((value) => [value.split('=')[0], value.replace(/^[^=]*=/, '')]))
        configs.set(mount ?? '', {
          issuer: given.get('bound_issuer') ?? '',
          discovery: given.get('oidc_discovery_url') ?? '',
        })
      } else if (kind === 'role') roles.set(`${mount}/${name}`, JSON.parse(values[1] ?? '') as Role)
      else throw new Error(`what would ${words.join(' ')} do?`)
    }
  }

  const url = issuer.route('/vault', async (req, res, target) => {
    const body = await readBody(req)
    const path = target.replace(/^\/v1\//, '')
    const queued = next.shift()
    if (queued) await queued(res)
    else await answer(req, res, path, body)
    calls.push(`${req.method} ${path} ${res.statusCode}`)
  })

  async function answer(
    req: IncomingMessage,
    res: ServerResponse,
    path: string,
    body: string,
  ): Promise<void> {
    const [, mount] = /^auth\/(.+)\/login$/.exec(path) ?? []
    if (mount !== undefined) return logIn(res, mount, JSON.parse(body) as { role: string; jwt: string })
    const token = String(req.headers['x-vault-token'])
    const session = sessions.get(token)
    if (!session || session.until < Date.now()) return refuse(res, 403, 'permission denied')
    if (path === 'auth/token/revoke-self' && req.method === 'POST') {
      sessions.delete(token)
      for (const { user } of session.users) drop?.(user)
      return void res.writeHead(204).end()
    }
    const allowed = session.policies.some((name) => policies.get(name)?.includes(`path "${path}" {`))
    if (!allowed || req.method !== 'GET')
      return refuse(res, 403, '1 error occurred:\n\t* permission denied\n\n')
    const [, engine, role] = /^(.+)\/creds\/(.+)$/.exec(path) ?? []
    if (engine !== undefined && role !== undefined) return lease(res, engine, role, session)
    const kept = secrets.get(path)
    if (!kept) return refuse(res, 404)
    sendJson(res, { data: path.includes('/data/') ? { data: kept, metadata: { version: 1 } } : kept })
  }

  async function logIn(
    res: ServerResponse,
    mount: string,
    { role: name, jwt }: { role: string; jwt: string },
  ) {
    const config = configs.get(mount)
    const role = roles.get(`${mount}/${name}`)
    if (!config || !role) return refuse(res, 400, `role "${name}" could not be found`)
    const flaw = await flawOf(jwt, config, role)
    if (flaw !== undefined) return refuse(res, 400, flaw)
    const token = `hvs.${randomBytes(24).toString('base64url')}`
    sessions.set(token, { policies: role.token_policies, users: [], until: Date.now() + 3600_000 })
    sendJson(res, {
      auth: { client_token: token, lease_duration: 3600, renewable: true, token_type: 'service' },
    })
  }

  function lease(res: ServerResponse, engine: string, role: string, session: Session): void {
    const user = `v-jwt-7654-${role}-${randomBytes(8).toString('hex')}`
    const password = randomBytes(18).toString('base64url')
    const seconds = life?.() ?? 600
    make?.(user, password, new Date(Date.now() + seconds * 1000))
    session.users.push({ user, password })
    const lease_id = `${engine}/creds/${role}/${randomBytes(12).toString('hex')}`
    sendJson(res, { lease_id, lease_duration: seconds, renewable: true, data: { username: user, password } })
  }

  return {
    url,
    calls,
    secrets,
    users: () => [...sessions.values()].flatMap(({ users }) => users),
    tokens: () => [...sessions.keys()],
    next,
    apply,
    forget() {
      configs.clear()
      roles.clear()
      policies.clear()
    },
  }
}

async function flawOf(
  jwt: string,
  { issuer, discovery }: { readonly issuer: string; readonly discovery: string },
  role: Role,
): Promise<string | undefined> {
  const found = (await (await fetch(`${discovery}/.well-known/openid-configuration`)).json()) as {
    jwks_uri: string
  }
  const keys = (await (await fetch(found.jwks_uri)).json()) as JSONWebKeySet
  const verified = await jwtVerify(jwt, createLocalJWKSet(keys), {
    issuer,
    algorithms: ['RS256'],
    requiredClaims: ['exp', 'aud'],
  }).catch((error: { code?: string }) =>
    error.code === 'ERR_JWT_EXPIRED'
      ? 'error validating token: invalid expiration time (exp) claim: token is expired'
      : 'error validating token: error verifying token signature: no known key successfully validated the token signature',
  )
  if (typeof verified === 'string') return verified
  const claims = verified.payload
  if (!role.bound_audiences.includes(String(claims.aud)))
    return 'error validating token: invalid audience (aud) claim: audience claim does not match any expected audience'
  for (const [name, expected] of Object.entries(role.bound_claims)) {
    const actual = claims[name]
    if (actual === undefined) return `error validating claims: claim "${name}" is missing`
    const fits = [expected]
      .flat()
      .some((one) =>
        role.bound_claims_type === 'glob'
          ? globbed(one, typeof actual === 'string' ? actual : '')
          : one === actual,
      )
    if (!fits)
      return `error validating claims: claim "${name}" does not match any associated bound claim values`
  }
  return undefined
}

/** ryanuber/go-glob, which the plugin uses: a star is any run of characters, and nothing else is special. */
function globbed(pattern: string, value: string): boolean {
  const literal = pattern.split('*').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))
  return new RegExp(`^${literal.join('.*')}$`, 's').test(value)
}

function refuse(res: ServerResponse, status: number, ...errors: readonly string[]): void {
  sendJson(res, { errors }, status)
}
