import type { Credential } from '../credential.ts'
import type { Io } from '../exchange.ts'
import { parseObject } from '../token/json.ts'
import type { Finding } from '../warehouse.ts'

/** What an access token says of its holder, where it is a JWT (RFC 9068, and the names that Entra and Okta use). */
const NAMES = ['iss', 'sub', 'client_id', 'azp', 'appid', 'cid', 'aud', 'scope', 'scp', 'roles'] as const

/**
 * Who the other side of the exchange says we are, as far as one question or the credential itself tells: AWS is asked,
 * an access token that is a JWT is read. Nobody here vouches for what stands in it: it is shown, and decides nothing.
 */
export async function toldBy(credential: Credential, identity: string, io: Io): Promise<readonly Finding[]> {
  if (credential.kind === 'bearer') return readable(credential.token)
  if (credential.kind !== 'aws') return []
  const { callerIdentity } = await import('../exchanges/aws/caller.ts')
  return callerIdentity(credential, identity, io)
}

function readable(token: string): readonly Finding[] {
  const [, payload, signature] = token.split('.')
  if (payload === undefined || signature === undefined) return []
  const claims = parseObject(Buffer.from(payload, 'base64url'))
  if (typeof claims === 'string') return []
  return NAMES.flatMap((name) => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined
    const actual = typeof value === 'string' ? value : Array.isArray(value) ? value.join(' ') : undefined
    return actual === undefined ? [] : [{ what: name, expected: undefined, actual }]
  })
}
