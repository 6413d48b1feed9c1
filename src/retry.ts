import { setTimeout } from 'node:timers/promises'
import pRetry from 'p-retry'
import { DbtOidcError, type Code, type Failure } from './errors.ts'
import type { Http, HttpResponse } from './http.ts'
import { clip } from './report/plain.ts'

/** What a failure says about another try. */
export interface Class {
  readonly transient: boolean
  /** Milliseconds that the other side asks us to wait; such a try does not count, since the other side is well. */
  readonly retryAfter?: number | undefined
  /** Tries in all that this kind of failure is worth, where that is less than the rule allows. */
  readonly tries?: number | undefined
}

/** How long and how often to try, beside what the other side asks to wait for. All times in milliseconds. */
export interface RetryRule {
  readonly tries: number
  /** First pause; each later one is twice as long, up to `longest`, with up to as much again of jitter. */
  readonly first: number
  readonly longest: number
  /** For all tries and pauses together: no try begins after it, and each is told what is left. */
  readonly total: number
  readonly signal?: AbortSignal | undefined
  /** Hears before each pause what has failed, and how long the pause is. */
  readonly say?: ((line: string) => void) | undefined
}

/** How an exchange is tried: long enough for another side that is restarted, and never in silence. */
export const patiently = ({ signal, say }: Pick<RetryRule, 'signal' | 'say'>): RetryRule => ({
  ...usual,
  tries: 8,
  first: 500,
  longest: 8000,
  signal,
  say,
})

/** Where nothing whole came back, the way is at fault more often than a server that is restarted. */
const UNANSWERED_TRIES = 4

/** The longest pause that another side can ask for. */
export const longestRetryAfter = 60_000

/**
 * Calls `attempt` until it succeeds, fails for good or the rule is used up, and then throws the last error. `left` is
 * what remains of the total in milliseconds, so that a try can set its own deadline.
 */
export async function retry<T>(attempt: (left: number) => Promise<T>, rule: RetryRule): Promise<T> {
  const end = performance.now() + rule.total
  const left = (): number => end - performance.now()
  let failures = 0
  return pRetry(() => attempt(left()), {
    retries: Number.POSITIVE_INFINITY, // counted below, and the time is limited
    minTimeout: rule.first,
    maxTimeout: rule.longest,
    randomize: true, // jobs of a matrix start together; they must not come back together
    maxRetryTime: rule.total,
    ...(rule.signal && { signal: rule.signal }),
    async shouldRetry({ error, retryDelay }) {
      const { transient, retryAfter, tries = rule.tries } = classOf(error)
      if (retryAfter === undefined) failures += 1
      if (!transient || failures >= Math.min(tries, rule.tries)) return false
      const asked = Math.min(retryAfter ?? 0, longestRetryAfter)
      // A try that would begin with no time left could only blur what the last one said.
      if (asked + retryDelay >= left()) return false
      rule.say?.(again(error, asked + retryDelay))
      await pause(asked, rule.signal)
      return true
    },
  })
}

const classes = new WeakMap<object, Class>()

/** An error that says what another try is worth; {@link retry} reads it. */
export function attemptFailed(failure: Failure, kind: Class): DbtOidcError {
  const error = new DbtOidcError(failure)
  classes.set(error, kind)
  return error
}

/**
 * What another try is worth after an error: as its thrower said, else only after a request without a whole answer, and
 * then not for long.
 * A bad certificate stays bad and a forbidden address stays forbidden.
 */
export function classOf(error: unknown): Class {
  if (!(error instanceof DbtOidcError)) return { transient: false }
  const unavailable = isUnanswered(error.code) && !isCertificateFault(codeOf(error.cause))
  return classes.get(error) ?? { transient: unavailable, tries: UNANSWERED_TRIES }
}

/** Whether the other side has said nothing: it is away, or no way leads there. */
export function isUnanswered(code: Code): boolean {
  return code === 'exchange-unavailable' || code === 'host-unreachable'
}

/** Whether a status is worth another try: the other side is busy, was slow, or failed. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500
}

/**
 * Milliseconds of a `Retry-After` header (RFC 9110 10.2.3: seconds or a date), capped at 60 s; undefined if it says
 * nothing. With status 429 it need not say more: whoever sends too much may come back at a time of his own choice.
 */
export function retryAfterOf(header: string | undefined, now: Date, status?: number): number | undefined {
  if (header === undefined || header.trim() === '') return status === 429 ? 0 : undefined
  const wait = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now.getTime()
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), longestRetryAfter)
}

/**
 * The same way out, but patient: no whole answer, and the statuses of {@link isTransient}, are tried again. When
 * patience ends, the last answer is returned or the last error thrown, as without it. `deadline` is that of one try.
 */
export function withRetries(http: Http, rule: Partial<RetryRule> = {}, now = () => new Date()): Http {
  return async (request) => {
    let last: HttpResponse | undefined
    const attempt = async (left: number): Promise<HttpResponse> => {
      last = undefined
      const answer = await http({ ...request, deadline: Math.min(request.deadline, left) })
      if (!isTransient(answer.status)) return answer
      last = answer
      throw busy(answer, now())
    }
    try {
      return await retry(attempt, { ...usual, signal: request.signal, ...rule })
    } catch (error) {
      if (last && !request.signal?.aborted) return last
      throw error
    }
  }
}

const usual: RetryRule = { tries: 4, first: 300, longest: 5000, total: 60_000 }

function busy({ status, headers }: HttpResponse, now: Date): DbtOidcError {
  const problem = `The other side answered with status ${status}.`
  return attemptFailed(
    { code: 'exchange-unavailable', problem, remedy: 'Run the job again later.' },
    { transient: true, retryAfter: retryAfterOf(headers['retry-after'], now, status) },
  )
}

/** Whether an error code of node means that the other side could not prove who it is: no try will change that. */
export function isCertificateFault(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL/.test(code)
}

/** The `code` of an error of node, or an empty text. */
export function codeOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error && 'code' in error ? error.code : ''
  return typeof code === 'string' ? code : ''
}

/** One line for the log, of whatever length the other side's words are. */
function again(error: Error, milliseconds: number): string {
  const said = clip(error.message.split('\n', 1)[0] ?? '', 300)
  return `${said.replace(/\.$/, '')}. Trying again in ${Math.ceil(milliseconds / 1000)} s.`
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  if (milliseconds <= 0) return
  try {
    await setTimeout(milliseconds, undefined, signal && { signal })
  } catch {
    signal?.throwIfAborted()
  }
}
