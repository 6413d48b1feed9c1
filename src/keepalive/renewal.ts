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

/** Between two attempts while the other side refuses, is away or gives nothing newer, in milliseconds. */
const PAUSE = { least: 1000, most: 30_000 }

/**
 * Buys anew whenever less than 40 % of the life is left, for as long as `until` is not aborted: what dbt reads at its
 * next connection is then always fresh. Failures are told and tried again, since an outage of minutes must not end a
 * run of hours. Never throws; returns when aborted, or at once when nobody tells how long the life is.
 */
export async function keepRenewing(
  what: Renewable,
  until: AbortSignal,
  pause: (milliseconds: number, until: AbortSignal) => Promise<boolean> = waited,
): Promise<void> {
  for (let vain = 0; ;) {
    const { expiresAt } = what.life()
    const wait = untilBelow(MEANWHILE, what.life(), what.now())
    if (wait === undefined || !(await pause(wait, until))) return
    try {
      await what.renew()
      // Who was given the same once more has gained nothing: the token that a job holds is renewed by others, if at all.
      vain = (what.life().expiresAt ?? 0) > (expiresAt ?? 0) ? 0 : vain + 1
    } catch (error) {
      if (until.aborted) return
      vain += 1
      what.failed(error)
    }
    if (vain > 0 && !(await pause(pauseAfterFailure(what, vain), until))) return
  }
}

/** Milliseconds until another attempt is worth it, each time twice as many: what does not come must not fill the log and the audit. */
export function pauseAfterFailure({ life }: Pick<Renewable, 'life'>, vain = 1): number {
  const { boughtAt, expiresAt } = life()
  const tenth = ((expiresAt?.getTime() ?? 0) - boughtAt.getTime()) / 10
  return Math.min(Math.max(tenth, PAUSE.least) * 2 ** (vain - 1), PAUSE.most)
}
