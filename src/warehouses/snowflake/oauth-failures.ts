import type { Claims } from '../../claims.ts'
import type { Diagnosis } from '../../exchange.ts'

type Explain = (claims: Claims) => Diagnosis

const KEYS: Explain = () => ({
  problem: 'Snowflake could not read the keys with which External OAuth checks a signature.',
  remedy: 'Check EXTERNAL_OAUTH_JWS_KEYS_URL of the integration: Snowflake must reach it.',
})

const SHAPE: Explain = () => ({
  problem: 'What was sent to Snowflake as access token is no JWT that it can check.',
  remedy: 'Let the provider give a signed JWT; an opaque access token is none.',
})

/** What SYSTEM$GET_LOGIN_FAILURE_DETAILS says of a login by External OAuth, behind `EXTERNAL_OAUTH_`. */
const FAILURES: ReadonlyMap<string, Explain> = new Map<string, Explain>([
  [
    'INVALID_SIGNATURE',
    () => ({
      problem: 'The signature of the access token does not hold with the keys of the integration.',
      remedy: 'Compare EXTERNAL_OAUTH_JWS_KEYS_URL, or the pasted public keys, with those of the provider.',
    }),
  ],
  [
    'MISSING_ISSUER',
    () => ({
      problem: 'The access token names no issuer (`iss`).',
      remedy: 'Let the provider give access tokens as JWTs with `iss`.',
    }),
  ],
  [
    'ACCESS_TOKEN_ISSUER_NOT_FOUND',
    ({ iss }) => ({
      problem: 'No integration of External OAuth in this account has the issuer of the access token.',
      remedy: `Compare EXTERNAL_OAUTH_ISSUER of the integration with \`iss\` of the provider's tokens, letter by letter; GitHub itself is \`${iss}\`.`,
    }),
  ],
  [
    'ACCESS_TOKEN_ISSUER_NOT_ENABLED',
    () => ({
      problem: 'The integration of External OAuth for this issuer is switched off.',
      remedy: 'ALTER SECURITY INTEGRATION … SET ENABLED = TRUE.',
    }),
  ],
  [
    'ACCESS_TOKEN_EXPIRED',
    () => ({
      problem: 'The access token had expired when Snowflake looked at it.',
      remedy: 'Leave `keep-alive` at `auto`, or let the provider give tokens that live longer.',
    }),
  ],
  [
    'ACCESS_TOKEN_NOT_YET_VALID',
    () => ({
      problem: 'The access token is not valid yet, by the clock of Snowflake.',
      remedy: 'Check the clock of the provider (`nbf`, `iat`).',
    }),
  ],
  [
    'MISSING_AUDIENCE',
    () => ({
      problem: 'The access token names no audience (`aud`), and the integration asks for one.',
      remedy:
        'Let the provider write one, by `audience` or `resource` of `parameters` under `identity:`, or take EXTERNAL_OAUTH_AUDIENCE_LIST away.',
    }),
  ],
  [
    'AUDIENCE_VALIDATION_FAILED',
    () => ({
      problem: 'The audience of the access token is not in EXTERNAL_OAUTH_AUDIENCE_LIST of the integration.',
      remedy: 'List it there, or let the provider write the one that stands there.',
    }),
  ],
  ['JWS_CANT_RETRIEVE_PUBLIC_KEY', KEYS],
  ['JWS_INVALID_TYPE', SHAPE],
  ['JWS_INVALID_FORMAT', SHAPE],
  [
    'USER_CLAIM_MISSING',
    () => ({
      problem: 'The access token lacks the claim by which the integration finds the user.',
      remedy:
        'Compare EXTERNAL_OAUTH_TOKEN_USER_MAPPING_CLAIM of the integration with the claims that the provider writes.',
    }),
  ],
])

/** The names as they appear. */
export const OAUTH_FAILURES: readonly string[] = [...FAILURES.keys()].map((name) => `EXTERNAL_OAUTH_${name}`)

/** What a login failure of External OAuth means. */
export function diagnoseOAuth(error: string, claims: Claims): Diagnosis | undefined {
  const name = /\bEXTERNAL_OAUTH_([A-Z_]+)\b/.exec(error)?.[1]
  return name === undefined ? undefined : FAILURES.get(name)?.(claims)
}
