import { isToken } from '../../credential.ts'
import { fail } from '../../errors.ts'
import type { Role } from './arn.ts'
import { foreign } from './refusal.ts'
import type { Keys } from './sign.ts'
import { only, textAt, type Element } from './xml.ts'

/** Keys of a role session. */
export interface Session extends Keys {
  readonly expiresAt: Date
}

/** As Smithy has a `dateTime`: without its offset it would be a time of this machine's own zone. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

/** The keys of an answer, which must be for the very role that was asked for. */
export function sessionOf(answer: Element, role: Role): Session {
  const keys = only(answer, 'Credentials')
  const user = only(answer, 'AssumedRoleUser')
  if (!keys && !user) throw foreign(role.arn, 200)
  const [accessKeyId = '', secretAccessKey = '', sessionToken = '', end = ''] = [
    'AccessKeyId',
    'SecretAccessKey',
    'SessionToken',
    'Expiration',
  ].map((name) => textAt(keys, name))
  const expiresAt = new Date(INSTANT.test(end) ? end : '')
  if (![accessKeyId, secretAccessKey, sessionToken].every(isToken) || Number.isNaN(expiresAt.getTime()))
    return fail({
      code: 'exchange',
      problem: `AWS answered without whole credentials for ${role.arn}.`,
      remedy: 'Run the job again; if it persists, something between the runner and AWS changes the answers.',
    })
  checkAccount(textAt(user, 'Arn') ?? '', role)
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt }
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
