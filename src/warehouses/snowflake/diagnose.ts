import type { Claims } from '../../claims.ts'
import type { Diagnosis } from '../../exchange.ts'
import type { TrustRequest } from '../../trust.ts'
import { roleOf, userOf, type Connection } from './connection.ts'
import { DRIVER_TEXTS } from './driver-texts.ts'
import { ROLE, USER } from './known.ts'
import { diagnoseOAuth, OAUTH_FAILURES } from './oauth-failures.ts'
import { SERVER_TEXTS } from './server-texts.ts'

/** A driver wraps what the server has said, and the server knows more. */
const TEXTS = [...SERVER_TEXTS, ...DRIVER_TEXTS]

/** What an error text of Snowflake or its driver means. */
export function diagnose(
  error: string,
  c: Connection,
  claims: Claims,
  request: TrustRequest | undefined,
): Diagnosis | undefined {
  const failure = diagnoseOAuth(error, claims)
  if (failure) return failure
  const known = TEXTS.find(({ text }) => text.test(error))
  if (!known) return undefined
  const remedy = known.remedy
    .replace(ROLE, () => (request ? roleOf(c, request) : (c.role ?? 'the role')))
    .replace(USER, () => (request ? userOf(c, request) : (c.user ?? 'the user')))
  return { problem: known.problem, remedy }
}

/** As they appear in dbt's output. */
export const ERRORS = [
  '390303',
  '390318',
  '390309',
  '390189',
  '390422',
  '390100',
  '390139',
  '390114',
  '390144',
  '394304',
  '394400',
  '390201',
  'is not listed in the Access Token or was filtered',
  ...OAUTH_FAILURES,
  '251021: WORKLOAD_IDENTITY requires a recognized Snowflake host',
  '251018: token must be provided',
  '251017: Invalid JWT token: Invalid crypto padding',
  "'user' is a required property",
  'workload_identity_provider must be set to one of',
  '404062',
  '407002: terminated connection',
  'authentication has expired. Please reauth with your auth provider',
  '250001: Could not connect to Snowflake backend',
] as const
