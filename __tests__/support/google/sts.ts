import { createRemoteJWKSet, decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose'
import { audiencesOf, membersOf } from '../models/google.ts'
import { parseRecord } from '../shape.ts'
import type { Provider } from './gcloud.ts'
import type { Holder } from './tokens.ts'

/** An error as RFC 6749 5.2 has it, with Google's text. */
export interface StsError {
  readonly error: 'invalid_request' | 'invalid_grant' | 'invalid_target' | 'unauthorized_client'
  readonly error_description: string
}

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const JWT = 'urn:ietf:params:oauth:token-type:jwt'

/** Where an address of an issuer is in fact, should it not be on this machine. */
export type Reach = (url: string) => string

/**
 * Decides on a token exchange as Google's documentation describes it: cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
 * for the request, cloud.google.com/iam/docs/workload-identity-federation (mappings, conditions) for the provider. The
 * texts are those that google-github-actions/auth has on record (#60, #161, #124, #77 and its TROUBLESHOOTING.md); those
 * for issuer and audience are from memory of others and not verified.
 */
export async function exchangeToken(
  form: URLSearchParams,
  providers: ReadonlyMap<string, Provider>,
  reach: Reach = (url) => url,
): Promise<Holder | StsError> {
  const field = (name: string): string => form.get(name) ?? ''
  if (field('grant_type') !== EXCHANGE) return refuse('invalid_request', 'Invalid value for "grant_type".')
  if (field('requested_token_type') !== ACCESS_TOKEN || field('subject_token_type') !== JWT)
    return refuse('invalid_request', 'Invalid value for "requested_token_type" or "subject_token_type".')
  if (field('scope') === '') return refuse('invalid_request', 'Invalid value for "scope".')
  const [, name] =
    /^\/\/iam\.[a-z0-9.-]+\/(projects\/\d+\/locations\/global\/workloadIdentityPools\/[^/]+\/providers\/[^/]+)$/.exec(
      field('audience'),
    ) ?? []
  if (name === undefined)
    return refuse(
      'invalid_request',
      'Invalid value for "audience". This value should be the full resource name of the Identity Provider. See https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.',
    )
  const provider = providers.get(name)
  if (!provider)
    return refuse(
      'invalid_target',
      `The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn't exist.`,
    )
  const verified = await verify(field('subject_token'), provider, reach)
  return 'error' in verified ? verified : admit(verified.claims, provider, name, field('scope').split(' '))
}

async function verify(
  token: string,
  provider: Provider,
  reach: Reach,
): Promise<{ readonly claims: JWTPayload } | StsError> {
  try {
    const { iss } = decodeJwt(token)
    // Only the issuer of the provider is ever asked for keys.
    if (iss !== provider.issuer) return wrongIssuer(iss, provider)
    const { payload } = await jwtVerify(token, await keysOf(provider.issuer, reach), {
      algorithms: ['RS256', 'ES256'],
      requiredClaims: ['iss', 'sub', 'aud', 'iat', 'exp'],
    })
    return { claims: payload }
  } catch (error) {
    if (error instanceof errors.JWTExpired)
      return refuse('invalid_grant', `ID Token issued at ${error.payload.iat} is stale to sign-in.`)
    if (error instanceof errors.JOSEError)
      return refuse('invalid_grant', 'Error connecting to the given credential’s issuer, or a bad signature.')
    throw error
  }
}

function admit(
  claims: JWTPayload,
  provider: Provider,
  name: string,
  scopes: readonly string[],
): Holder | StsError {
  const found = membersOf(provider, name, claims)
  if ('members' in found) {
    const expires = Math.min(Date.now() + 3_600_000, (claims.exp ?? 0) * 1000)
    return { members: found.members, federated: true, scopes, expires }
  }
  switch (found.why) {
    case 'issuer':
      return wrongIssuer(claims.iss, provider)
    case 'audience': {
      const [presented, expected] = [[claims.aud ?? []].flat(), audiencesOf(provider, name)]
      return refuse(
        'invalid_grant',
        `The audience in ID Token [${presented.join(', ')}] does not match the expected audience ${expected.join(', ')}.`,
      )
    }
    case 'mapping':
      return refuse('invalid_grant', `The mapped attribute ${found.attribute} must be of type STRING.`)
    case 'subject-length':
      return refuse(
        'invalid_request',
        'The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute mapping or the incoming assertion to produce a mapped attribute that is less than 127 bytes.',
      )
    case 'condition':
      return refuse('unauthorized_client', 'The given credential is rejected by the attribute condition.')
  }
}

function wrongIssuer(iss: string | undefined, provider: Provider): StsError {
  return refuse(
    'invalid_grant',
    `The issuer in ID Token ${iss} does not match the expected ones: [${provider.issuer}].`,
  )
}

async function keysOf(issuer: string, reach: Reach): Promise<ReturnType<typeof createRemoteJWKSet>> {
  const response = await fetch(reach(`${issuer}/.well-known/openid-configuration`))
  const { jwks_uri } = parseRecord(await response.text())
  return createRemoteJWKSet(new URL(reach(String(jwks_uri))))
}

function refuse(error: StsError['error'], error_description: string): StsError {
  return { error, error_description }
}
