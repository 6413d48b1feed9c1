import { DbtOidcError } from '../errors.ts'
import { allowedAddress } from '../http/address.ts'
import type { Rehearsal } from '../rehearsal.ts'
import { retry } from '../retry.ts'
import { tokenOf } from './answer.ts'
import { watch } from './watch.ts'

/** `getIDToken` of GitHub's toolkit: an ID token for this audience. */
export type Ask = (audience: string) => Promise<string>

/** Milliseconds. */
export interface RequestTimings {
  readonly perTry: number
  readonly total: number
  readonly firstPause: number
}

/** What {@link requestToken} depends on. */
export interface RequestOptions {
  readonly ask: Ask
  readonly now: () => Date
  readonly mask: (secret: string) => void
  readonly rehearsal: Rehearsal | undefined
  readonly signal?: AbortSignal
  readonly timings?: { readonly request?: Partial<RequestTimings> }
}

const usual: RequestTimings = { perTry: 10_000, total: 60_000, firstPause: 500 }

/** Largest answer in bytes: twice the largest token that the gate reads. */
const limit = 64 * 1024

/**
 * Asks the toolkit for a token, patiently but not for ever: the text is masked and otherwise unchecked. Throws
 * `id-token-endpoint`, `id-token-response`, `id-token-permission`, or `blocked-host`.
 */
export async function requestToken(audience: string, options: RequestOptions): Promise<string> {
  const { ask, now, mask, rehearsal, signal } = options
  const { perTry, total, firstPause } = { ...usual, ...options.timings?.request }
  const start = performance.now()
  let tries = 0
  const attempt = async (left: number): Promise<string> => {
    tries += 1
    const ending = await watch(() => ask(audience), {
      deadline: Math.min(perTry, left),
      limit,
      signal,
      address: (url) => void allowedAddress(url, rehearsal),
      // A 403 is read on: its text tells a job that may not ask from one that may not ask yet.
      isFinal: (status) => (status < 200 || status > 299) && status !== 403,
    })
    if (ending.by === 'value' && typeof ending.value === 'string') mask(ending.value)
    const token = tokenOf(ending, now())
    if (typeof token !== 'string') throw token
    return token
  }
  try {
    return await retry(attempt, { tries: 12, first: firstPause, longest: 10_000, total, signal })
  } catch (error) {
    throw tries > 1 ? withEffort(error, `Tried ${tries} times in ${seconds(start)} s.`) : error
  }
}

function withEffort(error: unknown, effort: string): unknown {
  if (!(error instanceof DbtOidcError)) return error
  const { code, problem, remedy, details, cause } = error
  return new DbtOidcError({ code, problem, remedy, cause, details: [effort, ...details] })
}

function seconds(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1)
}
