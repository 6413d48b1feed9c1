/** `client_assertion_type` of RFC 7523 2.2. */
export const CLIENT_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** `subject_token_type` of RFC 8693 3 for a token that is a JWT of somebody else. */
export const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt'

/** The grants by the names that a policy uses. */
export const GRANTS = {
  'token-exchange': 'urn:ietf:params:oauth:grant-type:token-exchange',
  'jwt-bearer': 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  'client-credentials': 'client_credentials',
} as const

export const GRANT_NAMES = ['token-exchange', 'jwt-bearer', 'client-credentials'] as const

/** What of a grant's settings goes into the request. */
export interface BodySettings {
  readonly grant: keyof typeof GRANTS
  readonly 'client-id'?: string | undefined
  readonly scope?: string | undefined
  readonly resource?: string | undefined
  readonly 'subject-token-type'?: string | undefined
  readonly 'requested-token-type'?: string | undefined
  readonly parameters?: Readonly<Record<string, string>> | undefined
}

/** Tokens for the two places that can hold one; each is used once. */
export interface BodyTokens {
  /** What is traded: `subject_token` or `assertion`. */
  readonly subject?: string | undefined
  /** What proves who the client is: `client_assertion`. */
  readonly client?: string | undefined
}

type Parameter = readonly [name: string, value: string]

/** The form of a token request, in the order of its RFC. */
export function tokenParameters(s: BodySettings, tokens: BodyTokens): readonly Parameter[] {
  return [
    ['grant_type', GRANTS[s.grant]],
    ...subjectOf(s, tokens.subject),
    ...given('scope', s.scope),
    ...given('resource', s.resource),
    ...Object.entries(s.parameters ?? {}),
    ...clientParameters(s, tokens.client),
  ]
}

/** Who we are, for token and revocation endpoint alike. */
export function clientParameters(s: BodySettings, assertion: string | undefined): readonly Parameter[] {
  const proof: readonly Parameter[] =
    assertion === undefined
      ? []
      : [
          ['client_assertion_type', CLIENT_ASSERTION],
          ['client_assertion', assertion],
        ]
  return [...given('client_id', s['client-id']), ...proof]
}

function subjectOf(s: BodySettings, token: string | undefined): readonly Parameter[] {
  if (token === undefined) return []
  if (s.grant === 'jwt-bearer') return [['assertion', token]]
  return [
    ['subject_token', token],
    ['subject_token_type', s['subject-token-type'] ?? JWT_TYPE],
    ...given('requested_token_type', s['requested-token-type']),
  ]
}

function given(name: string, value: string | undefined): readonly Parameter[] {
  return value === undefined ? [] : [[name, value]]
}
