import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { readBody, sendJson } from './issuer-server.ts'
import type { Issuer } from './issuer.ts'
import { flawOf, readVault, type DatabaseRole, type VaultRole } from './models/vault.ts'

/** A client token with what was leased by it. */
interface Session {
  readonly policies: readonly string[]
  readonly users: string[]
  readonly until: number
}

export interface VaultOptions {
  /** Told of a user with a password. */
  readonly make?: (user: string, password: string) => void
  readonly drop?: (user: string) => void
  /** Runs the statements by which a user with a key pair is made. */
  readonly run?: (statements: readonly string[], user: string) => void
  /** What the key/value engine (version 2) holds at a path below `secret`. */
  readonly kept?: (path: string) => Readonly<Record<string, string>> | undefined
}

/** Vault at `<server>/vault`: JWT auth, policies, users with key pairs, and the transit engine. */
export interface Vault {
  readonly url: string
  /** Keys of the transit engine at `transit`, by name; they never leave. */
  readonly transit: Map<string, KeyObject>
  /** Client tokens that live. */
  tokens(): readonly string[]
  /** Runs the commands of a document. */
  apply(document: string): void
  forget(): void
}

/**
 * Plays Vault by its API documentation and the source of its JWT plugin 0.25 (path_login.go, claims.go): signature, issuer,
 * audience, expiry, every bound claim, then the policies of the role for each path. What the real server answers, `servers/openbao.spec.ts`
 * asks it: this one stands in where no server of others is at hand.
 */
export function playVault(issuer: Issuer, { make, drop, run, kept }: VaultOptions = {}): Vault {
  const transit: Vault['transit'] = new Map()
  const configs = new Map<string, { readonly issuer: string; readonly discovery: string }>()
  const roles = new Map<string, VaultRole>()
  const policies = new Map<string, string>()
  const databases = new Map<string, DatabaseRole>()
  const sessions = new Map<string, Session>()

  function apply(document: string): void {
    const read = readVault(document)
    for (const [mount, config] of read.configs) configs.set(mount, config)
    for (const [path, role] of read.roles) roles.set(path, role)
    for (const [name, text] of read.policies) policies.set(name, text)
    for (const [path, role] of read.databases) databases.set(path, role)
  }

  const url = issuer.route('/vault', async (req, res, target) => {
    const body = await readBody(req)
    const path = target.replace(/^\/v1\//, '')
    await answer(req, res, path, body)
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
      for (const user of session.users) drop?.(user)
      return void res.writeHead(204).end()
    }
    const capability = req.method === 'GET' ? 'read' : 'update'
    const allowed = session.policies.some((name) =>
      policies.get(name)?.includes(`path "${path}" {\n  capabilities = ["${capability}"]`),
    )
    if (!allowed) return refuse(res, 403, '1 error occurred:\n\t* permission denied\n\n')
    const key = transit.get(/^transit\/sign\/(.+)$/.exec(path)?.[1] ?? '')
    if (key && req.method === 'POST') return signWith(res, key, JSON.parse(body) as SignBody)
    if (req.method !== 'GET') return refuse(res, 405, 'unsupported operation')
    const [, engine, role] = /^(.+)\/creds\/(.+)$/.exec(path) ?? []
    if (engine !== undefined && role !== undefined) return lease(res, engine, role, session)
    const data = kept?.(/^secret\/data\/(.+)$/.exec(path)?.[1] ?? '')
    if (data) return sendJson(res, { data: { data, metadata: { version: 1 } } })
    refuse(res, 404)
  }

  async function logIn(
    res: ServerResponse,
    mount: string,
    { role: name, jwt }: { role: string; jwt: string },
  ) {
    const config = configs.get(mount)
    const role = roles.get(`${mount}/${name}`)
    // Where nothing is mounted nobody may do anything.
    if (!config) return refuse(res, 403, 'permission denied')
    if (!role) return refuse(res, 400, `role "${name}" could not be found`)
    const flaw = await flawOfToken(jwt, config, role)
    if (flaw !== undefined) return refuse(res, 400, flaw)
    const token = `hvs.${randomBytes(24).toString('base64url')}`
    sessions.set(token, { policies: role.token_policies, users: [], until: Date.now() + 3600_000 })
    sendJson(res, {
      auth: { client_token: token, lease_duration: 3600, renewable: true, token_type: 'service' },
    })
  }

  function lease(res: ServerResponse, engine: string, role: string, session: Session): void {
    const made = databases.get(`${engine}/${role}`)
    const answer = {
      lease_id: `${engine}/creds/${role}/${randomBytes(12).toString('hex')}`,
      lease_duration: 600,
      renewable: true,
    }
    if (made?.credential_type === undefined) {
      const [username, password] = [
        `v-jwt-7654-${role}-${randomBytes(8).toString('hex')}`,
        randomBytes(18).toString('base64url'),
      ]
      make?.(username, password)
      session.users.push(username)
      return sendJson(res, { ...answer, data: { username, password } })
    }
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const name = `V_JWT_7654_${role}_${randomBytes(8).toString('hex')}`.toUpperCase()
    const der = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
    const values = { name, public_key: der, expiration: '1' }
    const filled = made.creation_statements.map((one) =>
      one.replaceAll(
        /\{\{(name|public_key|expiration)\}\}/g,
        (_all, key: keyof typeof values) => values[key],
      ),
    )
    run?.(filled, name)
    session.users.push(name)
    const rsa_private_key = privateKey.export({ type: 'pkcs8', format: 'pem' })
    sendJson(res, { ...answer, data: { username: name, rsa_private_key } })
  }

  return {
    url,
    tokens: () => [...sessions.keys()],
    transit,
    apply,
    forget() {
      configs.clear()
      roles.clear()
      policies.clear()
    },
  }
}

interface SignBody {
  readonly input: string
  readonly hash_algorithm?: string
  readonly signature_algorithm?: string
}

/** `transit/sign` (api-docs/secret/transit): PSS unless asked otherwise. */
function signWith(res: ServerResponse, key: KeyObject, { input, ...asked }: SignBody): void {
  if (asked.hash_algorithm !== 'sha2-256' || asked.signature_algorithm !== 'pkcs1v15')
    return refuse(res, 400, 'this key signs RS256 only')
  const signature = sign('sha256', Buffer.from(input, 'base64'), key).toString('base64')
  sendJson(res, { data: { key_version: 1, signature: `vault:v1:${signature}` } })
}

async function flawOfToken(
  jwt: string,
  { issuer, discovery }: { readonly issuer: string; readonly discovery: string },
  role: VaultRole,
): Promise<string | undefined> {
  const found = (await (await fetch(`${discovery}/.well-known/openid-configuration`)).json()) as {
    jwks_uri: string
  }
  const keys = (await (await fetch(found.jwks_uri)).json()) as JSONWebKeySet
  const verified = await jwtVerify(jwt, createLocalJWKSet(keys), {
    issuer,
    algorithms: ['RS256'],
    requiredClaims: ['exp', 'aud'],
  }).catch((error: { code?: string; claim?: string }) => {
    if (error.code === 'ERR_JWT_EXPIRED')
      return 'error validating token: invalid expiration time (exp) claim: token is expired'
    if (error.claim === 'iss') return 'error validating token: invalid issuer (iss) claim'
    return 'error validating token: error verifying token signature: failed to verify id token signature'
  })
  if (typeof verified === 'string') return verified
  return flawOf(role, verified.payload)
}

function refuse(res: ServerResponse, status: number, ...errors: readonly string[]): void {
  sendJson(res, { errors }, status)
}
