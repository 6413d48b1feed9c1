import type { Surroundings } from './surroundings.ts'
import type { IdToken } from '../claims.ts'
import { audienceOf, type Target } from '../config/target.ts'
import type { Credential } from '../credential.ts'
import { DbtOidcError } from '../errors.ts'
import type { Io } from '../exchange.ts'

/** A cancelled job has 7 s for everything. */
const REVOKING = 5000

/** What becomes of a credential that could not be revoked, as far as the sealed file holds it. */
export const LATER = 'The post step tries once more.'
export const NEVER = 'It ends by itself.'

/** Whether nothing is left to revoke. */
export async function revoke(
  target: Target,
  credential: Credential,
  { io, mintToRevoke, onTrade }: Pick<Surroundings, 'io' | 'mintToRevoke' | 'onTrade'>,
  otherwise: string,
): Promise<boolean> {
  const signal = AbortSignal.timeout(REVOKING)
  try {
    const http: Io['http'] = (request) => io.http({ signal, ...request })
    const fresh = async (): Promise<IdToken> => {
      const token = await mintToRevoke(audienceOf(target))
      await onTrade({ tokens: [token], use: 'revocation', expiresAt: null, outcome: 'exchanged' })
      return token
    }
    await target.exchange.revoke?.(credential, { ...io, http, signal }, fresh)
    return true
  } catch (error) {
    const known = error instanceof DbtOidcError ? error.problem : 'unexpected answer'
    // The run's own result matters more.
    const why = signal.aborted ? 'no answer in time' : known
    io.say(`The credential could not be revoked (${why}). ${otherwise}`)
    return false
  }
}
