import { createHash } from 'node:crypto'
import type { JWTVerifyOptions } from 'jose'
import { jwtVerify } from 'jose/jwt/verify'
import type { IdToken } from '../claims.ts'
import { fail } from '../errors.ts'
import { codeOf } from '../retry.ts'
import type { JsonObject } from './json.ts'
import type { Keys } from './keys.ts'
import { refuse, takeApart } from './parts.ts'
import { type Expected, readClaims } from './shape.ts'
import { checkTimes, leeway, longestAge, longestLife } from './times.ts'

/** What the gate needs to know. */
export interface Gate extends Expected {
  readonly now: () => Date
  readonly keys: Keys
}

/** A token that has passed, with its whole payload for comparing it with later ones. */
export interface Admitted {
  readonly token: IdToken
  readonly payload: JsonObject
}

/**
 * Verifies the text of an ID token: form, issuer, audience, shape, signature, times, in this order. Throws
 * `token-format`, `token-claims`, `token-signature`, `clock-skew`, `keys`; never shows any part of the text.
 */
export async function verifyIdToken(text: unknown, gate: Gate): Promise<IdToken> {
  return (await admit(text, gate)).token
}

/** {@link verifyIdToken} for callers within the token's own files. */
export async function admit(text: unknown, gate: Gate): Promise<Admitted> {
  checkExpected(gate)
  const parts = takeApart(text)
  // Claims before keys: a token of a stranger costs no request.
  const { nbf, ...claims } = readClaims(parts.payload, gate)
  const key = await gate.keys.find(parts.kid)
  const now = gate.now()
  // GitHub's is asked for at the moment of its use; a token that a job was given serves as long as it lives.
  const oldest = gate.other ? longestLife : longestAge
  const signed = await isSigned(parts.text, key, {
    algorithms: ['RS256'],
    issuer: gate.issuer,
    audience: gate.audience,
    clockTolerance: leeway,
    maxTokenAge: oldest,
    currentDate: now,
    requiredClaims: ['iss', 'sub', 'aud', ...(gate.other ? [] : ['jti']), 'iat', 'exp'],
  })
  checkTimes({ ...claims, nbf }, now, gate.keys.ahead(), oldest)
  // Our own checks have said nothing, so this is only reached if jose knows a reason that we do not.
  if (!signed) return refuse('token-claims', 'The token does not pass the check of its claims.')
  const sha256 = createHash('sha256').update(parts.text).digest('hex')
  return {
    token: { text: parts.text, claims, sha256 },
    payload: gate.other ? Object.fromEntries(claims.all) : parts.payload,
  }
}

/**
 * Throws `configuration` if issuer or audience is empty, which must come before any request: jose skips a check whose
 * option is undefined, and an audience of "" is one that a token can have.
 */
export function checkExpected({ issuer, audience }: Expected): void {
  required('issuer', issuer)
  required('audience', audience)
}

function required(name: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') return
  fail({
    code: 'configuration',
    problem: `No ${name} is configured, so no token could be told from a foreign one.`,
    remedy: `Set the input \`${name}\`, or remove it so that its default holds; an empty variable counts as set to nothing.`,
  })
}

/** False where the signature holds and jose objects to the claims. Its errors carry the payload and go no further. */
async function isSigned(
  text: string,
  key: Parameters<typeof jwtVerify>[1],
  options: Required<
    Pick<
      JWTVerifyOptions,
      | 'algorithms'
      | 'issuer'
      | 'audience'
      | 'clockTolerance'
      | 'maxTokenAge'
      | 'currentDate'
      | 'requiredClaims'
    >
  >,
): Promise<boolean> {
  try {
    await jwtVerify(text, key, options)
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ERR_JWT_EXPIRED' || code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') return false
    return refuse('token-signature', 'The signature of the token does not hold under the key that it names.')
  }
}
