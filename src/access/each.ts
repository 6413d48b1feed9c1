import { AT_START, untilBelow } from '../keepalive/freshness.ts'
import type { Bought } from './purchase.ts'

/** Where credentials for single logins come from. */
export interface Supply {
  readonly first: () => Bought
  /** Bought for one login, on record and masked. */
  readonly next: () => Promise<Bought>
  readonly now: () => Date
}

/** Gives each login a credential of its own. */
export interface Each {
  readonly take: () => Promise<Bought>
  /** What was bought first has been used elsewhere. */
  readonly spend: () => void
}

/** The first login gets what was bought at the start, while most of its life is left; each further one a new one. */
export function oneEach({ first, next, now }: Supply): Each {
  let spare: Bought | undefined = first()
  return {
    async take() {
      const kept = spare
      spare = undefined
      const { expiresAt } = kept?.credential ?? { expiresAt: null }
      const fresh = kept && (untilBelow(AT_START, { ...kept, expiresAt }, now()) ?? 0) > 0
      return fresh ? kept : next()
    },
    spend: () => void (spare = undefined),
  }
}
