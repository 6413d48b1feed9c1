import type { Credentials, STSClient } from '@aws-sdk/client-sts'
import { DbtOidcError, fail } from '../../errors.ts'
import type { Io } from '../../exchange.ts'
import { attemptFailed, isTransient } from '../../retry.ts'
import { roleOf, type Role } from './arn.ts'
import { clientOptions } from './client.ts'
import type { Place } from './place.ts'

/** Keys of a role session. */
export interface Session {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiresAt: Date
}

/** What an operation of the token service answers, as far as it matters here. */
export interface Assumed {
  readonly Credentials?: Credentials | undefined
  readonly AssumedRoleUser?: { readonly Arn: string | undefined } | undefined
}

/** A client of the regional token service; without a session it signs nothing. */
export async function openSts(place: Place, io: Io, session?: Session): Promise<STSClient> {
  const { STSClient } = await import('@aws-sdk/client-sts')
  return new STSClient({ ...clientOptions(place, io, session), sigv4aSigningRegionSet: [place.region] })
}

/** The keys of an answer, which must be for the very role that was asked for. */
export function sessionOf({ Credentials: keys, AssumedRoleUser: user }: Assumed, role: Role): Session {
  if (!keys && !user) throw foreign(role.arn, 200)
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = keys ?? {}
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration)
    return fail({
      code: 'exchange',
      problem: `AWS answered without whole credentials for ${role.arn}.`,
      remedy: 'Run the job again; if it persists, something between the runner and AWS changes the answers.',
    })
  checkAccount(user?.Arn ?? '', role)
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiresAt: Expiration,
  }
}

function checkAccount(arn: string, role: Role): void {
  const [, partition, service, , account, resource = ''] = arn.split(':')
  const [kind, name] = resource.split('/')
  if (
    partition === role.partition &&
    service === 'sts' &&
    account === role.account &&
    kind === 'assumed-role' &&
    name === role.name
  )
    return
  fail({
    code: 'exchange',
    problem: `AWS answered with a session of ${arn === '' ? 'nobody' : arn}, but ${role.arn} was asked for.`,
    remedy: 'Nothing was used of it. Check what stands between the runner and AWS.',
  })
}

/** What the SDK has thrown, in our words: a refusal with AWS's own text, or no answer; and whether to try again. */
export function refusal(error: unknown, role: string): unknown {
  if (error instanceof DbtOidcError) return error
  const { name, message, status } = faultOf(error)
  // AWS names each of its errors: without a name the SDK has found nothing of AWS's XML.
  if (/^(?:Error|Unknown|SyntaxError)$/.test(name) && status > 0) return foreign(role, status)
  const busy = isBusy(name, status)
  const failure = {
    code: busy ? 'exchange-unavailable' : 'exchange',
    problem: `AWS refused ${roleOf(role)?.name ?? role} with ${name}: ${message}`,
    remedy: busy ? 'Run the job again later.' : 'Check the role and its trust policy in the AWS account.',
    cause: error,
  } as const
  const again =
    busy || /^(?:IDPCommunicationError|ExpiredToken)/.test(name) || /retrieve verification key/i.test(message)
  return attemptFailed(failure, { transient: again, retryAfter: isThrottled(name, status) ? 0 : undefined })
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

/** Name, text and status of what an SDK of AWS has thrown. */
export function faultOf(error: unknown): {
  readonly name: string
  readonly message: string
  readonly status: number
} {
  if (!(error instanceof Error)) return { name: 'UnknownError', message: 'no reason given', status: 0 }
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined
  const status: unknown =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined
  return { name: error.name, message: error.message, status: typeof status === 'number' ? status : 0 }
}
