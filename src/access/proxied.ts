import type { Surroundings } from './surroundings.ts'
import type { Target } from '../config/target.ts'
import { fail } from '../errors.ts'
import { startLoginProxy, type LoginProxyOptions } from '../keepalive/login-proxy.ts'
import { throughProxy } from '../keepalive/login-proxy/carried.ts'
import type { Carried } from '../warehouse.ts'
import type { Each } from './each.ts'
import { noToken } from './words.ts'

/** The proxy of one access; it ends with it. */
export interface Proxied extends AsyncDisposable {
  /** What dbt gets in place of the credential. */
  carried(own: Carried): Carried
  /** The credential that was bought first has been used: each login needs one of its own. */
  spend(): void
}

/** Who asked for the proxy does not want dbt to hold a token, so there is no other way. */
function noPort(cause: unknown): never {
  fail({
    code: 'port',
    problem: 'No port of 127.0.0.1 could be opened for the login proxy of `keep-alive: proxy`.',
    remedy: 'Look for what else uses the ports of this machine, or leave `keep-alive` away.',
    cause,
  })
}

/** Starts the proxy through which dbt logs in: each login takes a token that was bought for it. */
export async function logInThroughProxy(
  { bound, via }: Target,
  { io, streams }: Pick<Surroundings, 'io' | 'streams'>,
  { take, spend }: Each,
): Promise<Proxied> {
  const origin = bound.loginOrigin(via)
  if (origin === undefined) throw new Error(`${bound.type} via ${via} knows no login proxy`)
  const options: LoginProxyOptions = {
    origin,
    open: await streams(origin),
    mask: io.mask,
    async token() {
      try {
        const { credential } = await take()
        if (credential.kind === 'id-token') return credential.token
        throw new Error(`a ${credential.kind} credential is no token for a login`)
      } catch (error) {
        if (!io.signal?.aborted) io.say(noToken(error))
        throw error
      }
    },
    unreachable: (host, reason) => io.say(`${host} could not be reached for dbt: ${reason}.`),
  }
  const proxy = await startLoginProxy(options).catch(noPort)
  // Worth nothing elsewhere, but for as long as dbt runs it opens this door.
  io.mask(proxy.placeholder)
  return {
    carried: (own) => throughProxy(own, proxy),
    spend,
    [Symbol.asyncDispose]: () => proxy.close(),
  }
}
