import {
  constants,
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPair,
  sign,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import { promisify } from 'node:util'
import { parseRecord } from './shape.ts'

/** An RSA key with the id under which a JWKS shows it. */
export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  /** What a JWKS shows of it. */
  readonly jwk: JsonWebKey
}

/** What makes a token other than a plain RS256 one. */
export interface SignOptions {
  /** Merged over `{ alg: RS256, typ: JWT, kid }`, an undefined member removes one; a text is taken as it is. */
  readonly header?: Readonly<Record<string, unknown>> | string
  /** A secret key makes an HMAC; any other key fits its `alg`. */
  readonly key?: SigningKey | KeyObject
  /** How to sign when the header is a text or must lie; the header's own `alg` otherwise. */
  readonly alg?: string
}

const generate = promisify(generateKeyPair)

/** Makes a 2048-bit RSA key whose id is its RFC 7638 thumbprint. */
export async function newKey(): Promise<SigningKey> {
  const { privateKey } = await generate('rsa', { modulusLength: 2048 })
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' })
  // RFC 7638: the required members only, in the order of their names.
  const kid = createHash('sha256')
    .update(JSON.stringify({ e: jwk.e, kty: jwk.kty, n: jwk.n }))
    .digest('base64url')
  return { kid, privateKey, jwk: { ...jwk, alg: 'RS256', use: 'sig', kid } }
}

/** Signs anything: an object as JSON, a text or bytes as they are. */
export function signJwt(payload: unknown, fallback: SigningKey, options: SignOptions = {}): string {
  const key = options.key ?? fallback
  const kid = 'kid' in key ? key.kid : fallback.kid
  const header =
    typeof options.header === 'string'
      ? options.header
      : JSON.stringify({ alg: 'RS256', typ: 'JWT', kid, ...options.header })
  const alg = options.alg ?? algOf(options.header)
  const input = `${base64url(header)}.${base64url(textOf(payload))}`
  return `${input}.${signature(input, alg, 'kid' in key ? key.privateKey : key)}`
}

/** The claims of a token, unverified. */
export function claimsOf(token: string): Record<string, unknown> {
  return parseRecord(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

function algOf(header: SignOptions['header']): string {
  return typeof header === 'object' && typeof header.alg === 'string' ? header.alg : 'RS256'
}

function textOf(payload: unknown): string | Uint8Array {
  if (typeof payload === 'string' || payload instanceof Uint8Array) return payload
  return JSON.stringify(payload)
}

function base64url(content: string | Uint8Array): string {
  return Buffer.from(content).toString('base64url')
}

function signature(input: string, alg: string, key: KeyObject): string {
  if (alg.toLowerCase() === 'none') return ''
  const hash = `sha${alg.slice(2)}`
  if (key.type === 'secret') return createHmac(hash, key).update(input).digest('base64url')
  const padding = alg.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : undefined
  return sign(hash, Buffer.from(input), {
    key,
    ...(padding === undefined ? {} : { padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }),
    ...(alg.startsWith('ES') ? { dsaEncoding: 'ieee-p1363' } : {}),
  }).toString('base64url')
}
