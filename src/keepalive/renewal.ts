import { MEANWHILE, untilBelow, type Life } from './freshness.ts'
import { waited } from './wait.ts'

/** Something that is bought for a while and can be bought again. */
export interface Renewable {
  readonly life: () => Life
  readonly renew: () => Promise<void>
  readonly now: () => Date
  /** Told of each failure; the old credential stays in place meanwhile. */
  readonly failed: (error: unknown) => void
}

/** Between two attempts while the other side refuses or is away, in milliseconds. */
const PAUSE = { least: 1000, most: 30_000 }

/**
 * Buys anew whenever less than 40 % of the life is left, for as long as `until` is not aborted: what dbt reads at its
 * next connection is then always fresh. Failures are told and tried again, since an outage of minutes must not end a
 * run of hours. Never throws; returns when aborted, or at once when nobody tells how long the life is.
 */
export async function keepRenewing(what: Renewable, until: AbortSignal): Promise<void> {
  for (;;) {
    const wait = untilBelow(MEANWHILE, what.life(), what.now())
    if (wait === undefined || !(await waited(wait, until))) return
    try {
      await what.renew()
    } catch (error) {
      if (until.aborted) return
      what.failed(error)
      if (!(await waited(pauseAfterFailure(what), until))) return
    }
  }
}

/** Milliseconds until another attempt is worth it. */
export function pauseAfterFailure({ life }: Pick<Renewable, 'life'>): number {
  const { boughtAt, expiresAt } = life()
  const tenth = ((expiresAt?.getTime() ?? 0) - boughtAt.getTime()) / 10
  return Math.min(Math.max(tenth, PAUSE.least), PAUSE.most)
}
