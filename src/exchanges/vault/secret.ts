import { createPrivateKey } from 'node:crypto'
import * as z from 'zod/mini'
import type { Credential, Lease } from '../../credential.ts'
import { fail } from '../../errors.ts'
import type { Io, Want } from '../../exchange.ts'
import { call, order, type Server } from './api.ts'
import type { Settings } from './settings.ts'

/** What a login gives: a client token and for how long, in seconds; 0 is for ever. */
export interface Session {
  readonly token: string
  readonly seconds: number
}

const text = z.string().check(z.minLength(1))
const lease = z.object({
  lease_id: z.string(),
  lease_duration: z.number(),
  data: z.object({
    username: text,
    password: z.optional(z.string()),
    rsa_private_key: z.optional(z.string()),
  }),
})
const rotated = z.object({
  data: z.object({
    username: text,
    password: z.optional(z.string()),
    rsa_private_key: z.optional(z.string()),
    ttl: z.optional(z.number()),
  }),
})
const fields = z.record(z.string(), z.unknown())
const kept = { 1: z.object({ data: fields }), 2: z.object({ data: z.object({ data: fields }) }) } as const

/** Reads what the settings name. What needs the client token no longer gives it back at once. */
export async function read(
  s: Settings,
  want: Want,
  session: Session,
  io: Io,
  left: number,
): Promise<Credential> {
  const now = io.now()
  const asked = { method: 'GET', token: session.token, secrets: [session.token], left } as const
  const done = (): Promise<void> => giveBack(s, session.token, io).catch(() => undefined)
  if (s.database && !s.database.static) {
    try {
      return await leased(s, s.database, want, session, io, left)
    } catch (error) {
      await done()
      throw error
    }
  }
  try {
    if (s.database) {
      const path = `${s.database.mount}/static-creds/${s.database.role}`
      const { data } = await call(s, io, { ...asked, path }, rotated)
      const ends = data.ttl === undefined ? null : after(now, data.ttl)
      return credential(want, { user: data.username, value: data.rsa_private_key ?? data.password }, ends)
    }
    return credential(want, await keyValue(s, io, asked), null)
  } finally {
    await done()
  }
}

/** A user that lives as long as the lease, and no longer than the client token. */
async function leased(
  s: Settings,
  { mount, role }: { readonly mount: string; readonly role: string },
  want: Want,
  { token, seconds }: Session,
  io: Io,
  left: number,
): Promise<Credential> {
  const now = io.now()
  const path = `${mount}/creds/${role}`
  const found = await call(s, io, { method: 'GET', path, token, secrets: [token], left }, lease)
  const { username, password, rsa_private_key: key } = found.data
  const ends = after(now, Math.min(found.lease_duration, seconds === 0 ? Infinity : seconds))
  return credential(want, { user: username, value: key ?? password }, ends, { token, id: found.lease_id })
}

/** Ends a client token with all that was leased by it: the database user is dropped at once. */
export function giveBack(s: Server, token: string, io: Io): Promise<void> {
  return order(s, io, { method: 'POST', path: 'auth/token/revoke-self', token, secrets: [token] })
}

interface Found {
  readonly user: string | undefined
  readonly value: string | undefined
}

async function keyValue(
  { secret, ...s }: Settings,
  io: Io,
  asked: {
    readonly method: 'GET'
    readonly token: string
    readonly secrets: readonly string[]
    readonly left: number
  },
): Promise<Found> {
  if (!secret) throw new Error('the settings name nothing to read')
  const { mount, path, version, field, 'user-field': userField } = secret
  const found =
    version === 1
      ? (await call(s, io, { ...asked, path: `${mount}/${path}` }, kept[1])).data
      : (await call(s, io, { ...asked, path: `${mount}/data/${path}` }, kept[2])).data.data
  const value = found[field]
  if (typeof value !== 'string' || value === '')
    return fail({
      code: 'exchange',
      problem: `The secret ${path} of Vault has no text in its field ${field}.`,
      remedy: `It has: ${Object.keys(found).join(', ') || 'no fields'}. Correct \`field\`.`,
    })
  const user = userField === undefined ? undefined : found[userField]
  return { value, user: typeof user === 'string' ? user : undefined }
}

function credential(
  want: Want,
  { user = want.user, value }: Found,
  expiresAt: Date | null,
  held?: Lease,
): Credential {
  if (value === undefined)
    return fail({
      code: 'exchange',
      problem: 'Vault gave a user without a password and without a private key.',
      remedy: 'Check `credential_type` of the role of its database engine.',
    })
  const leased = held === undefined ? {} : { lease: held }
  if (want.kind === 'bearer') return { kind: 'bearer', token: tokenIn(value), expiresAt, ...leased }
  if (user === undefined)
    return fail({
      code: 'exchange',
      problem: 'Nobody says which user the secret of Vault is for.',
      remedy: 'Name it as `user` in the connection, or the field that holds it as `user-field` of `secret`.',
    })
  return want.kind === 'key-pair'
    ? { kind: 'key-pair', user, privateKey: keyIn(value), expiresAt, ...leased }
    : { kind: 'password', user, password: value, expiresAt, ...leased }
}

/**
 * What stands in a header, or on a line of a file. Of an adapter that is not known here the one field may be a password,
 * so that a space or a letter of another script is its own affair; a line break is not.
 */
function tokenIn(value: string): string {
  if (!/\p{Cc}/u.test(value)) return value
  return fail({
    code: 'exchange',
    problem: 'What Vault gave is no token: there is a line break or another control character in it.',
    remedy: 'Look behind its end first (`printf %s` writes no line break), and write the secret anew.',
  })
}

/** As PKCS#8 in PEM, whether it was kept as PEM or as DER in base64, as Snowflake's tools take it. */
function keyIn(value: string): string {
  try {
    const key = value.trimStart().startsWith('-----')
      ? createPrivateKey(value)
      : createPrivateKey({ key: Buffer.from(value, 'base64'), format: 'der', type: 'pkcs8' })
    return key.export({ type: 'pkcs8', format: 'pem' }).toString()
  } catch {
    // The error of the parser may quote what it read.
    return fail({
      code: 'exchange',
      problem: 'What Vault gave is no private key that can be read without a passphrase.',
      remedy:
        'Keep it as PEM (PKCS#8) or as DER in base64; of a database role, check `credential_type: rsa_private_key`.',
    })
  }
}

/** The time in so many seconds; null where that is never. */
export function after(now: Date, seconds: number): Date | null {
  return Number.isFinite(seconds) ? new Date(now.getTime() + seconds * 1000) : null
}
