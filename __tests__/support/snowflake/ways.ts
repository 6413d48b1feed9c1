import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { createRemoteJWKSet, decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose'
import { scalarText } from '../shape.ts'
import type { Identify, Identity, User } from './identity.ts'

type Named = Pick<User, 'user' | 'defaultRole'>

/** A user that logs in by key pair, as CREATE USER … RSA_PUBLIC_KEY made it. */
export interface KeyUser extends Named {
  readonly publicKey: KeyObject
}

/** Reads the statements that make a user with a key, as Snowflake's reference describes them; anything else is an error. */
export function keyUserOf(statements: readonly string[]): KeyUser {
  const [create = '', grant = ''] = statements
  const made =
    /^CREATE USER "([^"]+)" TYPE = SERVICE RSA_PUBLIC_KEY = '([A-Za-z0-9+/=]+)' DAYS_TO_EXPIRY = \d+ DEFAULT_ROLE = "?([^" ]+)"? DEFAULT_SECONDARY_ROLES = \(\);$/.exec(
      create,
    )
  const granted = /^GRANT ROLE "?([^" ]+)"? TO USER "([^"]+)";$/.exec(grant)
  if (!made || !granted || statements.length !== 2)
    throw new Error(`no user is made by ${statements.join(' ')}`)
  const [, user = '', key = '', role = ''] = made
  if (granted[1] !== role || granted[2] !== user) throw new Error(`${user} may not be ${role}`)
  const publicKey = createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' })
  return { user, defaultRole: role, publicKey }
}

/**
 * Key pairs (docs.snowflake.com, "Authenticating to the server", key-pair authentication): an RS256 JWT whose `iss` is
 * ACCOUNT.USER.SHA256:FINGERPRINT and whose `sub` is ACCOUNT.USER, of at most an hour.
 */
export function byKeyPair(account: string, users: () => readonly KeyUser[]): Identify {
  return async (token) => {
    const named = claimsIn(token)
    if (!named) return { flaw: 'format', detail: 'no JWT' }
    const user = users().find((one) => `${account}.${one.user}` === named.sub)
    if (!user) return { flaw: 'subject', detail: named.sub ?? '' }
    const print = createHash('sha256')
      .update(user.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64')
    return judged(user, () =>
      jwtVerify(token, user.publicKey, {
        algorithms: ['RS256'],
        issuer: `${account}.${user.user}.SHA256:${print}`,
        subject: `${account}.${user.user}`,
        requiredClaims: ['exp', 'iat'],
        // No age: snowflake-sdk writes its times in milliseconds, and Snowflake takes them.
      }),
    )
  }
}

/** A security integration of the type EXTERNAL_OAUTH with the one user that it leads to. */
export interface Integration extends Named {
  readonly type: string
  readonly issuer: string
  readonly keys: string
  readonly audiences: readonly string[]
  /** Claims of which one holds the scopes. */
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  /** LOGIN_NAME of the user. */
  readonly login: string
}

/** What the documents of a trust by External OAuth leave behind; what is not in them is an error. */
export function integrationIn(script: string): Integration {
  const one = (name: string): string => {
    const [, value] = new RegExp(`\\b${name} = \\(?('(?:[^']|'')*'|"[^"]+"|\\w+)`).exec(script) ?? []
    if (value === undefined) throw new Error(`there is no ${name}`)
    return value.replaceAll(/^['"]|['"]$/g, '').replaceAll("''", "'")
  }
  if (
    one('EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM') !== 'sub' ||
    one('EXTERNAL_OAUTH_ANY_ROLE_MODE') !== 'DISABLE'
  )
    throw new Error('this stand-in knows no other mapping')
  const type = one('EXTERNAL_OAUTH_TYPE')
  return {
    type,
    issuer: one('EXTERNAL_OAUTH_ISSUER'),
    keys: one('EXTERNAL_OAUTH_JWS_KEYS_URL'),
    audiences: [one('EXTERNAL_OAUTH_AUDIENCE_LIST')],
    // Of Entra a user's scopes come as `scp`, the app roles of a programmatic client as `roles` ("Configure Microsoft Entra ID
    // for External OAuth"); no attribute is set for it.
    scopes: type === 'AZURE' ? ['scp', 'roles'] : [one('EXTERNAL_OAUTH_SCOPE_MAPPING_ATTRIBUTE')],
    roles: [one('EXTERNAL_OAUTH_ALLOWED_ROLES_LIST')],
    login: one('LOGIN_NAME'),
    user: /CREATE USER IF NOT EXISTS "?([^" ]+)"?/.exec(script)?.[1] ?? '',
    defaultRole: one('DEFAULT_ROLE'),
  }
}

/**
 * External OAuth: the token is verified by the keys of the integration, its scope names the role, its subject the user. `at`
 * is where an address of the integration stands on this machine.
 */
export function byExternalOauth(integration: () => Integration, at = (url: string): string => url): Identify {
  return async (token) => {
    const { issuer, keys, audiences, scopes, roles, login, ...user } = integration()
    const named = claimsIn(token)
    if (!named) return { flaw: 'format', detail: 'no JWT' }
    if (named.iss !== issuer) return { flaw: 'issuer', detail: named.iss ?? '' }
    const set = createRemoteJWKSet(new URL(at(keys)), { cooldownDuration: 0 })
    const found = await judged(user, () =>
      jwtVerify(token, set, { algorithms: ['RS256'], issuer, requiredClaims: ['exp', 'iat', 'sub'] }),
    )
    if ('flaw' in found) return found
    if (named.sub !== login) return { flaw: 'subject', detail: named.sub ?? '' }
    if (![named.aud ?? []].flat().some((one) => audiences.includes(one)))
      return { flaw: 'audience', detail: String(named.aud) }
    const scope = scopes
      .flatMap((name) => [named[name] ?? []].flat())
      .map(scalarText)
      .join(' ')
    if (!roles.some((role) => scope.split(' ').includes(`session:role:${role}`)))
      return { flaw: 'claims', detail: scope }
    return found
  }
}

async function judged(user: Named, verify: () => Promise<unknown>): Promise<Identity> {
  try {
    await verify()
    return { user }
  } catch (error) {
    if (error instanceof errors.JWTExpired) return { flaw: 'expired', detail: error.code }
    if (error instanceof errors.JWTClaimValidationFailed) return { flaw: 'claims', detail: error.claim }
    if (error instanceof errors.JOSEError) return { flaw: 'signature', detail: error.code }
    throw error
  }
}

function claimsIn(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}
