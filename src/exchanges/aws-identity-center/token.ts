import type { Io } from '../../exchange.ts'
import { fail } from '../../errors.ts'
import { attemptFailed } from '../../retry.ts'
import { isObject } from '../../token/json.ts'
import { askJson, textOf, type JsonAnswer } from '../aws/json.ts'
import type { Place } from '../aws/place.ts'
import { foreign, isBusy, wordsOf } from '../aws/refusal.ts'
import type { Session } from '../aws/session.ts'
import { hostOf } from './place.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** What is traded, and where. */
export interface Assertion {
  readonly application: string
  readonly token: string
  readonly place: Place
}

/**
 * Trades a token at Identity Center (CreateTokenWithIAM) for the assertion by which STS knows its user. The access token
 * that comes with it is for nobody here: it stays unread.
 */
export async function identityContext(
  { application, token, place }: Assertion,
  session: Session,
  io: Io,
): Promise<string> {
  const call = {
    service: 'sso-oauth',
    host: hostOf(place),
    region: place.region,
    path: '/token?aws_iam=t',
    headers: { 'content-type': 'application/json' },
    body: { clientId: application, grantType: JWT_BEARER, assertion: token },
  }
  const answer = await askJson(call, session, io)
  if (answer.fault !== undefined)
    throw refusal(answer, answer.fault, application, [token, session.secretAccessKey, session.sessionToken])
  if (!answer.said) throw foreign(application, answer.status, 'JSON')
  const { awsAdditionalDetails: details } = answer.said
  return textOf(isObject(details) ? details : undefined, 'identityContext') ?? nobody(application)
}

function nobody(application: string): never {
  return fail({
    code: 'exchange',
    problem: `IAM Identity Center took the token for ${application}, but named no user in its answer.`,
    remedy:
      'Check that the application may ask for `sts:identity_context` (aws sso-admin list-application-access-scopes).',
  })
}

/** A refusal in our words; the reason of Identity Center is not in the name of the error. */
function refusal(
  { status, said }: JsonAnswer,
  name: string,
  application: string,
  secrets: readonly string[],
): Error {
  const words = ['error', 'error_description', 'reason'].flatMap((field) => textOf(said, field) ?? [])
  if (words.length === 0 && !name.endsWith('Exception')) return foreign(application, status, 'JSON')
  const busy = isBusy(name, status)
  const failure = {
    code: busy ? 'exchange-unavailable' : 'exchange',
    problem: `IAM Identity Center refused CreateTokenWithIAM for ${application} with ${name || `status ${status}`}: ${wordsOf(words.join(', '), secrets) || 'no reason given'}`,
    remedy: busy
      ? 'Run the job again later.'
      : 'Check the application, its grant and its assignments in IAM Identity Center.',
  } as const
  return attemptFailed(failure, { transient: busy || name === 'ExpiredTokenException' })
}
