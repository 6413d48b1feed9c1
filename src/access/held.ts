import type { Surroundings } from './surroundings.ts'
import type { Credential } from '../credential.ts'
import { untilBelow, type Life } from '../keepalive/freshness.ts'
import { pluginSecret } from '../keepalive/plugin-files.ts'
import type { KeepAlive } from '../warehouse.ts'
import { extended, isLent } from './loan.ts'
import { buy, type Bought, type Buying, type Dealing, type Telling } from './purchase.ts'
import { NEVER, revoke } from './revoke.ts'

/** A credential with its private files, which is bought anew in their place. */
export interface Held {
  readonly current: () => Bought
  readonly life: () => Life
  /** Whether more than this share of the life is left. */
  readonly has: (share: number) => boolean
  /** Buys anew where less than this share of the life is left, and what is lent cannot be extended. Calls wait for each other. */
  readonly renew: (share: number) => Promise<void>
  /** Puts the end of what is lent off where less than this share of the life is left. Calls wait for those, too. */
  readonly extend: (share: number) => Promise<void>
  /** Buys for one login, whatever is left of what was bought before. */
  readonly next: () => Promise<Bought>
  /** When nothing is being bought any more. */
  readonly settled: () => Promise<void>
}

/** What is bought, for whom. */
export interface Holding extends Dealing, Telling {
  readonly keepAlive: KeepAlive
  readonly around: Buying & Pick<Surroundings, 'mintToRevoke'>
  /** What becomes of a credential once there is a newer one. */
  readonly replaced: (old: Credential) => Promise<void>
}

/** Holds what was bought until `over` is aborted: what comes after that is given back. */
export function hold(
  bought: Bought,
  { target, want, explaining, keepAlive, around, replaced, ...dealing }: Holding,
  over: AbortSignal,
): Held {
  const telling = { target, want, explaining }
  let current = bought
  let last: Promise<void> = Promise.resolve()
  const life = (): Life => {
    const { boughtAt, since, credential } = current
    return { boughtAt, since, expiresAt: credential.expiresAt }
  }
  const has = (share: number): boolean => (untilBelow(share, life(), around.io.now()) ?? Infinity) > 0
  const extend = async (share: number): Promise<void> => {
    if (has(share) || !isLent(current.credential, target)) return
    current = await extended(current, target, around.io)
  }
  // Another purchase would be another user, and dbt has read the name of the first.
  const named = (): boolean => keepAlive.by === 'static' && isLent(current.credential, target)
  const renew = async (share: number): Promise<void> => {
    // What is not extended is used as it is, or bought anew.
    await extend(share).catch(() => undefined)
    if (has(share) || named()) return
    const next = await buy(telling, 'keep-alive', around, dealing)
    // Whoever forgot meanwhile must not find a credential again.
    if (over.aborted) return void (await revoke(target, next.credential, around, NEVER))
    const { carried, credential } = next
    const files = { ...carried.files, ...pluginSecret(keepAlive, carried.secrets, credential.expiresAt) }
    for (const [name, content] of Object.entries(files)) await around.directory.replace(name, content)
    // What dbt cannot read yet is not what it has: where a file cannot be written, the next try comes soon.
    const old = current.credential
    current = next
    await replaced(old)
  }
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const mine = last.then(work)
    // A failure of one is nothing to the next.
    last = mine.catch(() => undefined)
    return mine
  }
  return {
    current: () => current,
    life,
    has,
    renew: (share) => inTurn(() => renew(share)),
    extend: (share) => inTurn(() => extend(share)),
    async next() {
      const next = await buy(telling, 'keep-alive', around, dealing)
      over.throwIfAborted()
      return (current = next)
    },
    settled: () => last,
  }
}
