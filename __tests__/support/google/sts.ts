import { evaluate } from '@marcbachmann/cel-js'
import { createRemoteJWKSet, decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose'
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

/**
 * Decides on a token exchange as Google's documentation describes it: cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
 * for the request, cloud.google.com/iam/docs/workload-identity-federation (mappings, conditions) for the provider. The
 * texts are those that google-github-actions/auth has on record (#60, #161, #124, #77 and its TROUBLESHOOTING.md); those
 * for issuer and audience are from memory of others and not verified.
 */
export async function exchangeToken(
  form: URLSearchParams,
  providers: ReadonlyMap<string, Provider>,
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
  const own = `//iam.googleapis.com/${name}`
  const audiences = provider.audiences.length > 0 ? provider.audiences : [own, `https:${own}`]
  const verified = await verify(field('subject_token'), provider, audiences)
  return 'error' in verified ? verified : admit(verified.claims, provider, name, field('scope').split(' '))
}

async function verify(
  token: string,
  provider: Provider,
  audiences: readonly string[],
): Promise<{ readonly claims: JWTPayload } | StsError> {
  try {
    const { iss } = decodeJwt(token)
    if (iss !== provider.issuer)
      return refuse(
        'invalid_grant',
        `The issuer in ID Token ${iss} does not match the expected ones: [${provider.issuer}].`,
      )
    const { payload } = await jwtVerify(token, await keysOf(provider.issuer), {
      algorithms: ['RS256', 'ES256'],
      requiredClaims: ['iss', 'sub', 'aud', 'iat', 'exp'],
    })
    const presented = [payload.aud ?? []].flat()
    if (!presented.some((one) => audiences.includes(one)))
      return refuse(
        'invalid_grant',
        `The audience in ID Token [${presented.join(', ')}] does not match the expected audience ${audiences.join(', ')}.`,
      )
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
  { mapping, condition }: Provider,
  name: string,
  scopes: readonly string[],
): Holder | StsError {
  const attributes = new Map<string, string>()
  for (const [key, expression] of mapping) {
    const value = valueOf(expression, claims)
    if (typeof value !== 'string')
      return refuse('invalid_grant', `The mapped attribute ${key} must be of type STRING.`)
    attributes.set(key, value)
  }
  const subject = attributes.get('google.subject') ?? ''
  if (Buffer.byteLength(subject) > 127)
    return refuse(
      'invalid_request',
      'The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute mapping or the incoming assertion to produce a mapped attribute that is less than 127 bytes.',
    )
  if (valueOf(condition, claims) !== true)
    return refuse('unauthorized_client', 'The given credential is rejected by the attribute condition.')
  const [pool = ''] = name.split('/providers/')
  const sets = [...attributes].filter(([key]) => key.startsWith('attribute.'))
  return {
    members: [
      `principal://iam.googleapis.com/${pool}/subject/${subject}`,
      `principalSet://iam.googleapis.com/${pool}/*`,
      ...sets.map(([key, value]) => `principalSet://iam.googleapis.com/${pool}/${key}/${value}`),
    ],
    federated: true,
    scopes,
    expires: Math.min(Date.now() + 3_600_000, (claims.exp ?? 0) * 1000),
  }
}

/** What an expression of CEL says of the claims; undefined where it is an error, e.g. for an absent claim. */
export function valueOf(expression: string, assertion: object): unknown {
  try {
    return evaluate(expression, { assertion })
  } catch {
    return undefined
  }
}

async function keysOf(issuer: string): Promise<ReturnType<typeof createRemoteJWKSet>> {
  const response = await fetch(`${issuer}/.well-known/openid-configuration`)
  const { jwks_uri } = parseRecord(await response.text())
  return createRemoteJWKSet(new URL(String(jwks_uri)))
}

function refuse(error: StsError['error'], error_description: string): StsError {
  return { error, error_description }
}
