import type { Surroundings } from '../access.ts'
import type { Target } from '../config/target.ts'
import { DbtOidcError } from '../errors.ts'
import { AT_START, untilBelow } from '../keepalive/freshness.ts'
import { startLoginProxy } from '../keepalive/login-proxy.ts'
import { throughProxy } from '../keepalive/login-proxy/carried.ts'
import type { Carried } from '../warehouse.ts'
import type { Bought } from './purchase.ts'

/** The proxy of one access; it ends with it. */
export interface Proxied extends AsyncDisposable {
  /** What dbt gets in place of the credential. */
  carried(own: Carried): Carried
  /** The credential that was bought first has been used: each login needs one of its own. */
  spend(): void
}

/** Where the tokens of logins come from. */
export interface Supply {
  readonly first: () => Bought
  /** Bought for one login, on record and masked. */
  readonly next: () => Promise<Bought>
}

/** Starts the proxy through which dbt logs in: each login takes a token that was bought for it. */
export async function logInThroughProxy(
  { bound, via }: Target,
  { io, streams }: Pick<Surroundings, 'io' | 'streams'>,
  { first, next }: Supply,
): Promise<Proxied> {
  const origin = bound.loginOrigin(via)
  if (origin === undefined) throw new Error(`${bound.type} via ${via} knows no login proxy`)
  let spare: Bought | undefined = first()
  const bought = async (): Promise<Bought> => {
    const kept = spare
    spare = undefined
    const { expiresAt } = kept?.credential ?? { expiresAt: null }
    const fresh = kept && (untilBelow(AT_START, { ...kept, expiresAt }, io.now()) ?? 0) > 0
    return fresh ? kept : next()
  }
  const proxy = await startLoginProxy({
    origin,
    open: await streams(origin),
    mask: io.mask,
    async token() {
      try {
        const { credential } = await bought()
        if (credential.kind === 'id-token') return credential.token
        throw new Error(`a ${credential.kind} credential is no token for a login`)
      } catch (error) {
        if (!io.signal?.aborted)
          io.say(
            `There was no fresh token for a login of dbt. ${error instanceof DbtOidcError ? error.problem : 'An unexpected fault.'}`,
          )
        throw error
      }
    },
    unreachable: (host, reason) => io.say(`${host} could not be reached for dbt: ${reason}.`),
  })
  // Worth nothing elsewhere, but for as long as dbt runs it opens this door.
  io.mask(proxy.placeholder)
  return {
    carried: (own) => throughProxy(own, proxy),
    spend: () => void (spare = undefined),
    [Symbol.asyncDispose]: () => proxy.close(),
  }
}
