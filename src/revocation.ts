import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import * as z from 'zod/mini'
import type { Credential } from './credential.ts'

/** What the post step needs to revoke a credential that a dead main step left behind. */
export interface Revocation {
  readonly via: string
  /** The exchange's settings, as configured. */
  readonly settings: unknown
  /** For whom a token is minted, and by whom, where the other side wants one for a revocation. */
  readonly audience: string
  readonly issuer: string
  readonly credential: Credential
}

/** Name of the sealed file in the private directory. */
export const REVOCATION_FILE = 'revocation'

/** A fresh key for one run; it lives in the runner's step state, the sealed file beside the profile: neither is enough. */
export function newKey(): string {
  return randomBytes(32).toString('base64url')
}

/** AES-256-GCM, written as base64url parts: IV, tag, text. */
export function seal(revocation: Revocation, key: string): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'base64url'), iv)
  const text = Buffer.concat([cipher.update(JSON.stringify(revocation), 'utf8'), cipher.final()])
  return [iv, cipher.getAuthTag(), text].map((part) => part.toString('base64url')).join('.')
}

/** A date as JSON has it. */
export const storedDate = z.pipe(
  z.string(),
  z.transform((text) => new Date(text)),
)
const dateOrNull = z.nullable(storedDate)
const lease = z.optional(z.object({ token: z.string(), id: z.string() }))
/** A credential as JSON has it. */
export const storedCredential = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('id-token'),
    token: z.string(),
    expiresAt: storedDate,
    recipe: z.optional(z.record(z.string(), z.string())),
  }),
  z.object({ kind: z.literal('bearer'), token: z.string(), expiresAt: dateOrNull, lease }),
  z.object({
    kind: z.literal('aws'),
    accessKeyId: z.string(),
    secretAccessKey: z.string(),
    sessionToken: z.string(),
    region: z.string(),
    expiresAt: storedDate,
  }),
  z.object({
    kind: z.literal('password'),
    user: z.string(),
    password: z.string(),
    expiresAt: dateOrNull,
    lease,
  }),
  z.object({
    kind: z.literal('key-pair'),
    user: z.string(),
    privateKey: z.string(),
    expiresAt: dateOrNull,
    lease,
  }),
  z.object({ kind: z.literal('none'), expiresAt: z.null() }),
])
const revocation = z.object({
  via: z.string(),
  settings: z.unknown(),
  audience: z.string(),
  issuer: z.string(),
  credential: storedCredential,
})

/** The opposite of {@link seal}; throws where the text was not sealed with this key. */
export function unseal(sealed: string, key: string): Revocation {
  const [iv, tag, text] = sealed.split('.').map((part) => Buffer.from(part, 'base64url'))
  if (!iv || !tag || !text) throw new Error('not a sealed revocation')
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'base64url'), iv, { authTagLength: 16 })
  decipher.setAuthTag(tag)
  const plain = Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8')
  return revocation.parse(JSON.parse(plain))
}
