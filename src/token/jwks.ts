import { createPublicKey, type KeyObject } from 'node:crypto'
import * as z from 'zod/mini'

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.string() })
const Jwks = z.object({ keys: z.array(z.unknown()) })
const Jwk = z.object({
  kty: z.literal('RSA'),
  kid: z.string().check(z.minLength(1), z.maxLength(256)),
  n: z.string(),
  e: z.string(),
  use: z.optional(z.literal('sig')),
  alg: z.optional(z.literal('RS256')),
  key_ops: z.optional(z.array(z.string())),
})

/** Why a document of the issuer cannot be used, and whether another try may bring a better one. */
export interface Fault {
  readonly flaw: string
  readonly transient: boolean
}

/** The address of the keys in a discovery document (OpenID Connect Discovery 1.0, 4.3), or what is wrong with it. */
export function jwksUriOf(body: string, issuer: string): string | Fault {
  const document = parse(Discovery, body)
  if (!document) return { flaw: 'its discovery document is not one', transient: true }
  if (document.issuer !== issuer)
    return { flaw: 'its discovery document is that of another issuer', transient: false }
  const uri = URL.parse(document.jwks_uri)
  // Same origin, and so the same scheme: whoever can write this document must not be able to point us elsewhere.
  if (!uri || uri.origin !== new URL(issuer).origin || uri.username || uri.password) {
    return { flaw: 'its discovery document has a jwks_uri that is not at the issuer', transient: false }
  }
  return uri.href
}

/** The keys of a JWK Set (RFC 7517) that may verify RS256, by kid, or what is wrong with the set. */
export function keysOf(body: string): ReadonlyMap<string, KeyObject> | Fault {
  const set = parse(Jwks, body)
  if (!set) return { flaw: 'its key set is not one', transient: true }
  const keys = new Map<string, KeyObject>()
  const twice = new Set<string>()
  for (const candidate of set.keys) {
    const jwk = Jwk.safeParse(candidate)
    if (!jwk.success || !(jwk.data.key_ops ?? ['verify']).includes('verify')) continue
    const { kid, kty, n, e } = jwk.data
    const key = publicKey({ kty, n, e })
    if (keys.has(kid)) twice.add(kid)
    else if (key) keys.set(kid, key)
  }
  // Two keys of one name: nobody can say which of them the issuer means.
  for (const kid of twice) keys.delete(kid)
  return keys.size > 0
    ? keys
    : { flaw: 'its key set holds no RSA key for RS256 of at least 2048 bits', transient: true }
}

function publicKey(key: { kty: string; n: string; e: string }): KeyObject | undefined {
  try {
    const made = createPublicKey({ key, format: 'jwk' })
    const { modulusLength = 0, publicExponent = 0n } = made.asymmetricKeyDetails ?? {}
    // With an exponent of 1 every text is its own signature.
    return modulusLength >= 2048 && publicExponent >= 65_537n ? made : undefined
  } catch {
    return undefined
  }
}

function parse<T>(schema: z.ZodMiniType<T>, body: string): T | undefined {
  try {
    const value: unknown = JSON.parse(body)
    const parsed = schema.safeParse(value)
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
