import type { Claims } from '../claims.ts'
import { refuse } from './parts.ts'

/** Seconds by which two clocks may differ. Fixed: a leeway that can be widened is a clock that nobody repairs. */
export const leeway = 30
/** Seconds since it was issued after which a token is not used for the first time, whatever its `exp` says. */
export const longestAge = 3600
/** Longest `exp - iat` in seconds; GitHub's are 300, some servers' 21,600. */
export const longestLife = 24 * 3600

/** When a token holds, in seconds since the epoch. */
export type Times = Pick<Claims, 'iat' | 'exp'> & { readonly nbf?: number | undefined }

/**
 * Throws `token-claims` where the token does not hold at `now`, and `clock-skew` where this machine's clock is what is
 * wrong. `ahead` is the issuer's clock minus ours in seconds, as its `Date` header has it; undefined if nobody knows.
 */
export function checkTimes(
  times: Times,
  now: Date,
  ahead: number | undefined,
  oldest: number = longestAge,
): void {
  const seconds = now.getTime() / 1000
  const problem = timesProblem(times, seconds, oldest)
  const skewed = ahead !== undefined && Math.abs(ahead) > leeway
  // A clock that is fast hides behind a token that is still young; the token was issued a moment ago, so both must agree.
  const hidden =
    skewed && Math.abs(times.iat - seconds) > leeway && Math.sign(times.iat - seconds) === Math.sign(ahead)
  if (problem === undefined && !hidden) return
  if (skewed) return clockSkew(now, ahead)
  return refuse('token-claims', `The token ${problem}.`, clockHint(now))
}

function timesProblem({ iat, exp, nbf }: Times, now: number, oldest: number): string | undefined {
  if (exp <= iat || exp - iat > longestLife)
    return `lives for ${exp - iat} seconds, which no token of GitHub does`
  if (exp <= now - leeway) return `expired at ${instant(exp)}`
  if (iat > now + leeway) return `was issued in the future, at ${instant(iat)}`
  if (nbf !== undefined && nbf > now + leeway)
    return `is not valid before ${instant(nbf)}, ${Math.round(nbf - now)} s from now`
  if (iat < now - oldest - leeway)
    return `was issued at ${instant(iat)}, too long ago for a token that was just asked for`
  return undefined
}

function clockSkew(now: Date, ahead: number): never {
  const seconds = Math.round(Math.abs(ahead))
  return refuse(
    'clock-skew',
    `This machine's clock says ${now.toISOString()}, the issuer's says ${new Date(now.getTime() + ahead * 1000).toISOString()}: it is ${seconds} s ${ahead > 0 ? 'slow' : 'fast'}, and at most ${leeway} s are tolerated.`,
    'Set the clock of the runner (chrony, systemd-timesyncd, or the host of the virtual machine), then run the job again.',
  )
}

function clockHint(now: Date): string {
  return `This machine's clock says ${now.toISOString()}. If that is right, run the job again; if not, set the clock of the runner.`
}

/** A numeric date of any size as text: `Date` cannot show what lies beyond the year 275760. */
function instant(seconds: number): string {
  return Math.abs(seconds) < 8.64e12 ? new Date(seconds * 1000).toISOString() : `second ${seconds}`
}
