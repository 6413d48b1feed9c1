import { setTimeout as pause } from 'node:timers/promises'
import { DbtOidcError } from '../errors.ts'

/** For a login with all its round trips, in milliseconds. */
const DEADLINE = 60_000

/**
 * Runs a login that is only a question: it is over when the job is cancelled and after a minute, whether or not what
 * works on it listens to its signal. Throws the reason then.
 */
export async function withinAMinute<T>(
  work: (signal: AbortSignal) => Promise<T>,
  cancelled: AbortSignal | undefined,
  deadline = DEADLINE,
): Promise<T> {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(late(deadline)), deadline)
  const signal = cancelled ? AbortSignal.any([over.signal, cancelled]) : over.signal
  try {
    signal.throwIfAborted()
    const aborted = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => aborted.reject(signal.reason), { once: true })
    return await Promise.race([work(signal), aborted.promise])
  } finally {
    clearTimeout(timer)
    // Whatever still works on it has nobody to work for.
    over.abort(late(deadline))
  }
}

function late(deadline: number): DbtOidcError {
  return new DbtOidcError({
    code: 'exchange-unavailable',
    problem: `The login before dbt had no end within ${deadline / 1000} s.`,
    remedy: 'Check that the runner can reach the warehouse, or leave `preflight` out.',
  })
}

/** A cancelled job has 7 s, of which revoking may take five. */
export async function soon(settled: Promise<void>): Promise<void> {
  const enough = new AbortController()
  const late = pause(1000, undefined, { signal: enough.signal }).catch(() => undefined)
  await Promise.race([settled, late])
  enough.abort()
}
