import { attemptFailed, isTransient } from '../../retry.ts'
import { without } from '../../http/without.ts'
import { roleOf } from './arn.ts'

/** How AWS refuses: its code, its text, and the status of the answer. */
export interface Fault {
  readonly code: string
  readonly message: string
  readonly status: number
  /** The call was signed with keys of a session; without, a token spoke for it, and another try brings a fresh one. */
  readonly signed: boolean
}

/**
 * For what is no want of time at AWS: IAM takes a while until all its copies know a new role, GitHub's keys are not always quick to
 * reach, and a token may have been slow on its way. What is still so after these tries will stay.
 */
const DOUBTFUL_TRIES = 4

/** A refusal with its reasons in full is shorter than this. */
const LONGEST = 2000

/** Words of AWS's for a sentence of ours, without what was sent. */
export function wordsOf(message: string, secrets: readonly string[]): string {
  return without(message, secrets).slice(0, LONGEST)
}

/** Codes that AWS's SDKs, and so whoever writes about them, call by a longer name. */
const LONGER = new Set([
  'IDPCommunicationError',
  'IDPRejectedClaim',
  'InvalidContextAssertion',
  'InvalidIdentityToken',
  'MalformedPolicyDocument',
  'PackedPolicyTooLarge',
])

/** A refusal of the token service in our words, with AWS's own text, and whether to try again. */
export function refusal({ code, message, status, signed }: Fault, role: string): Error {
  const name = LONGER.has(code) ? `${code}Exception` : code
  const busy = isBusy(name, status)
  const failure = {
    code: busy ? 'exchange-unavailable' : 'exchange',
    problem: `AWS refused ${roleOf(role)?.name ?? role} with ${name}: ${message}`,
    remedy: busy ? 'Run the job again later.' : 'Check the role and its trust policy in the AWS account.',
  } as const
  const again =
    busy ||
    (!signed && name.startsWith('ExpiredToken')) ||
    name.startsWith('IDPCommunicationError') ||
    /retrieve verification key/i.test(message)
  return attemptFailed(failure, {
    transient: again,
    retryAfter: isThrottled(name, status) ? 0 : undefined,
    tries: busy ? undefined : DOUBTFUL_TRIES,
  })
}

/** The service has too much to do, or has failed for a moment. */
export function isBusy(name: string, status: number): boolean {
  return isTransient(status) || isThrottled(name, status)
}

/** There are too many who ask: AWS names no time for the next try. */
function isThrottled(name: string, status: number): boolean {
  return status === 429 || /^(?:Throttl|TooManyRequests|RequestLimitExceeded|SlowDown)/.test(name)
}

/** A proxy's page, a captive portal: nothing of it is shown, and it may be gone the next time. */
export function foreign(what: string, status: number, form = 'XML'): Error {
  const failure = {
    code: 'exchange-unavailable',
    problem: `Something else than AWS answered for ${what}: status ${status}, and none of AWS's ${form}.`,
    remedy:
      'Look for a proxy or a firewall between the runner and the token service, and let it through; HTTPS_PROXY of the step names the one to use.',
  } as const
  return attemptFailed(failure, { transient: isTransient(status) })
}
