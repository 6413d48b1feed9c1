import { createHash } from 'node:crypto'
import { createRemoteJWKSet, decodeJwt, errors, jwtVerify, type JWTVerifyGetKey } from 'jose'
import { fitting, type Mismatch, type Whole } from '../models/whole.ts'
import { parseRecord, scalarText } from '../shape.ts'

/** A service user as `CREATE USER ... WORKLOAD_IDENTITY = (TYPE = OIDC ...)` describes it. */
export interface User extends Whole {
  readonly user: string
  readonly defaultRole: string
}

/** The first condition that a token does not meet, in the order in which they are looked at. */
export type Flaw = Mismatch | 'format' | 'signature' | 'expired' | 'claims'

/** What a token proves. */
export type Identity =
  { readonly user: Pick<User, 'user' | 'defaultRole'> } | { readonly flaw: Flaw; readonly detail: string }

/** Finds the user that a token stands for; every condition of its trust must hold. */
export type Identify = (token: string) => Promise<Identity>

/** Verifies tokens against the keys that each trusted issuer publishes. */
export function identifyBy(users: readonly User[]): Identify {
  const keys = new Map<string, Promise<JWTVerifyGetKey>>()
  return async (token) => {
    const issuer = issuerOf(token)
    if (issuer === undefined) return { flaw: 'format', detail: 'no JWT' }
    // Only an issuer that some user trusts is ever asked for keys.
    const trusting = users.filter((user) => user.issuer === issuer)
    if (trusting.length === 0) return { flaw: 'issuer', detail: issuer }
    const known = keys.get(issuer) ?? keysOf(issuer)
    keys.set(issuer, known)
    return await verify(token, issuer, trusting, await known)
  }
}

/** The digest by which audit lines name a token. */
export function sha256(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

async function verify(
  token: string,
  issuer: string,
  trusting: readonly User[],
  keys: JWTVerifyGetKey,
): Promise<Identity> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['RS256'],
      issuer,
      requiredClaims: ['exp', 'iat', 'sub', 'aud'],
    })
    const found = fitting(trusting, payload)
    if ('entry' in found) return { user: found.entry }
    const of = { issuer: payload.iss, subject: payload.sub, audience: [payload.aud ?? []].flat().join(', ') }
    return { flaw: found.flaw, detail: scalarText(of[found.flaw]) }
  } catch (error) {
    if (error instanceof errors.JOSEError) return { flaw: flawOf(error), detail: error.code }
    throw error
  }
}

function flawOf(error: errors.JOSEError): Flaw {
  if (error instanceof errors.JWTExpired) return 'expired'
  if (error instanceof errors.JWTClaimValidationFailed) return 'claims'
  const signature = [
    'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    'ERR_JWKS_NO_MATCHING_KEY',
    'ERR_JOSE_ALG_NOT_ALLOWED',
  ]
  return signature.includes(error.code) ? 'signature' : 'format'
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

async function keysOf(issuer: string): Promise<JWTVerifyGetKey> {
  const response = await fetch(`${issuer}/.well-known/openid-configuration`)
  const { jwks_uri } = parseRecord(await response.text())
  // A test may rotate the keys of its issuer at any moment.
  return createRemoteJWKSet(new URL(String(jwks_uri)), { cooldownDuration: 0 })
}
