import type { Surroundings } from './surroundings.ts'
import type { Credential } from '../credential.ts'
import { fail } from '../errors.ts'
import { noToken } from './words.ts'

/** A driver that posts to a token endpoint can be served by a process that lives as long as dbt, and by nothing else. */
export function requireBroker({ brokers }: Pick<Surroundings, 'brokers'>): void {
  if (brokers) return
  fail({
    code: 'configuration',
    problem:
      'dbt takes the token for this login from an address, and only in run mode and with dbt 1.x is there one: a step that is over can serve nobody, and of dbt 2.x nobody has seen that it asks.',
    remedy:
      'Give the dbt commands by `run` and use dbt 1.x, or log in another way (for Redshift `via: aws` with `method: iam_role`).',
  })
}

/** The answer to a driver that has come for a token (RFC 6749 5.1). */
export async function tokenReply(
  credential: () => Promise<Credential>,
  { io }: Pick<Surroundings, 'io'>,
): Promise<unknown> {
  try {
    const given = await credential()
    if (given.kind !== 'id-token' && given.kind !== 'bearer')
      throw new Error(`a ${given.kind} credential is no token for a login`)
    return { access_token: given.token, token_type: 'Bearer', ...lifeOf(given.expiresAt, io.now()) }
  } catch (error) {
    if (!io.signal?.aborted) io.say(noToken(error))
    throw error
  }
}

function lifeOf(end: Date | null, now: Date): { readonly expires_in?: number } {
  return end === null ? {} : { expires_in: Math.max(0, Math.floor((end.getTime() - now.getTime()) / 1000)) }
}
