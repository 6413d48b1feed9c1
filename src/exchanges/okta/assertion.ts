import { randomUUID } from 'node:crypto'
import type { Mint } from '../../claims.ts'
import type { Io } from '../../exchange.ts'
import type { Settings } from './settings.ts'
import type { Signer } from './signer.ts'

/** Seconds; Okta takes at most an hour, and it is used at once. */
const LIFE = 300

/** `TOKEN URL` of the server, which an assertion names as its audience. */
export function tokenUrl({ url }: Settings): string {
  return `${url}/v1/token`
}

/**
 * `private_key_jwt` (OpenID Connect Core 9, RFC 7523 2.2): the app says who it is, signed with its own key. Each is
 * made for one request, since Okta takes no `jti` twice.
 */
export async function assertion(
  s: Settings,
  audience: string,
  signer: Signer,
  mint: Mint,
  io: Io,
  left: number,
): Promise<string> {
  const now = Math.floor(io.now().getTime() / 1000)
  const header = { alg: 'RS256', typ: 'JWT', ...(s['key-id'] === undefined ? {} : { kid: s['key-id'] }) }
  const claims = {
    iss: s['client-id'],
    sub: s['client-id'],
    aud: audience,
    jti: randomUUID(),
    iat: now,
    exp: now + LIFE,
  }
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const signature = await signer.sign(text, mint, io, left)
  const whole = `${text}.${signature.toString('base64url')}`
  io.mask(whole)
  return whole
}
