import { setTimeout } from 'node:timers/promises'
import { untilBelow, type Life } from './freshness.ts'

/** Something that can be had again and again, and lives for a while. */
export interface Supply<T> {
  readonly buy: () => Promise<T>
  readonly life: (bought: T) => Life
  readonly now: () => Date
  /** A clock that nobody sets, in milliseconds. */
  readonly tick?: () => number
  /** As long as more than this share of a life is left it is handed out again. */
  readonly share: number
  /** Told of each failure. */
  readonly failed: (error: unknown) => void
}

/** Milliseconds between a failure and the next attempt, as long as there is something to serve meanwhile. */
const PAUSE = 1000

/** Milliseconds for which a purchase is waited for while there is something to serve: a driver has deadlines of its own. */
const PATIENCE = 1000

/** A purchase that is under way. */
interface Purchase<T> {
  readonly bought: Promise<T>
  /** When nobody waits for it any more who can have something else. */
  readonly late: Promise<unknown>
}

/**
 * Serves what is fresh enough: all who ask while one purchase is under way get that one, and a short outage passes
 * unnoticed, since what was bought before is served for as long as it lives. Rejects where nothing lives.
 */
export function createPresent<T>({
  buy,
  life,
  now,
  tick = () => performance.now(),
  share,
  failed,
}: Supply<T>): () => Promise<T> {
  let present: T | undefined
  let since = 0
  let underWay: Purchase<T> | undefined
  let failedAt = Number.NEGATIVE_INFINITY
  const keeps = (least: number): boolean =>
    present !== undefined && (untilBelow(least, { since, ...life(present) }, now(), tick()) ?? Infinity) > 0
  const purchase = async (): Promise<T> => {
    try {
      present = await buy()
      since = tick()
      return present
    } catch (error) {
      failedAt = tick()
      failed(error)
      if (present !== undefined && keeps(0)) return present
      throw error
    } finally {
      underWay = undefined
    }
  }
  return async () => {
    const waits = tick() - failedAt < PAUSE && keeps(0)
    if (present !== undefined && (keeps(share) || waits)) return present
    // A rejection reaches whoever waits; the timer alone keeps no process alive.
    underWay ??= { bought: purchase(), late: setTimeout(PATIENCE, undefined, { ref: false }) }
    const { bought, late } = underWay
    const meanwhile = late.then(() => (present !== undefined && keeps(0) ? present : bought))
    return Promise.race([bought, meanwhile])
  }
}
