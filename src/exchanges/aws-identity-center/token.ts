import type { Io } from '../../exchange.ts'
import { fail, DbtOidcError } from '../../errors.ts'
import { attemptFailed } from '../../retry.ts'
import { clientOptions, faultOf } from '../aws/client.ts'
import type { Place } from '../aws/place.ts'
import { hostOf } from './place.ts'
import { foreign, isBusy } from '../aws/refusal.ts'
import type { Session } from '../aws/session.ts'

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
  const { SSOOIDCClient, CreateTokenWithIAMCommand } = await import('@aws-sdk/client-sso-oidc')
  const client = new SSOOIDCClient(clientOptions({ host: hostOf(place), region: place.region }, io, session))
  const command = new CreateTokenWithIAMCommand({
    clientId: application,
    grantType: JWT_BEARER,
    assertion: token,
  })
  try {
    const { awsAdditionalDetails } = await client.send(command)
    const context = awsAdditionalDetails?.identityContext
    if (context === undefined || context === '') return nobody(application)
    return context
  } catch (error) {
    throw refusal(error, application)
  }
}

function nobody(application: string): never {
  return fail({
    code: 'exchange',
    problem: `IAM Identity Center took the token for ${application}, but named no user in its answer.`,
    remedy:
      'Check that the application may ask for `sts:identity_context` (aws sso-admin list-application-access-scopes).',
  })
}

/** What the SDK has thrown, in our words; the reason of Identity Center is not in the message of the error. */
function refusal(error: unknown, application: string): unknown {
  if (error instanceof DbtOidcError) return error
  const { name, status } = faultOf(error)
  const said = ['error', 'error_description', 'reason'].flatMap((field) => textOf(error, field))
  if (said.length === 0 && status > 0 && !name.endsWith('Exception'))
    return foreign(application, status, 'JSON')
  const busy = isBusy(name, status)
  const failure = {
    code: busy ? 'exchange-unavailable' : 'exchange',
    problem: `IAM Identity Center refused CreateTokenWithIAM for ${application} with ${name}: ${said.join(', ') || 'no reason given'}`,
    remedy: busy
      ? 'Run the job again later.'
      : 'Check the application, its grant and its assignments in IAM Identity Center.',
    cause: error,
  } as const
  return attemptFailed(failure, { transient: busy || name === 'ExpiredTokenException' })
}

function textOf(error: unknown, field: string): readonly string[] {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, field) : undefined
  return typeof value === 'string' && value !== '' ? [value] : []
}
