import type { Claims } from '../../claims.ts'
import type { Diagnosis } from '../../exchange.ts'
import type { TrustRequest } from '../../trust.ts'
import { roleOf, userOf, type Connection } from './connection.ts'

interface Known extends Diagnosis {
  readonly text: RegExp
}

/** Stand for the names of the trust document. */
const [USER, ROLE] = ['<user>', '<role>'] as const

/**
 * Texts of Snowflake and its Python connector, most telling first (codes: snowflakedb/drivers, snowflake-sdk
 * gs_errors.js). No public source states the code for a subject or audience that does not fit, so 390303 stays open.
 */
const KNOWN: readonly Known[] = [
  {
    text: /390318/,
    problem: 'Snowflake says that the token has expired.',
    remedy:
      'A connection was opened more than five minutes after the token was minted; lower `threads`, or split the run.',
  },
  {
    text: /390309/,
    problem: 'The user of the profile is not the user that Snowflake finds for the token.',
    remedy: 'Leave `user` away: Snowflake finds it by issuer and subject.',
  },
  {
    text: /390189/,
    problem: 'The role does not exist, or was not granted to the service user.',
    remedy: `Run GRANT ROLE ${ROLE} TO USER ${USER}: DEFAULT_ROLE alone grants nothing.`,
  },
  {
    text: /390303|390301/,
    problem:
      'Snowflake does not accept the token: its issuer, subject or audience is not that of the service user.',
    remedy: `Compare the table with \`SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER ${USER}\` at Snowflake.`,
  },
  {
    text: /390422/,
    problem: 'Snowflake maps the token to no user, or a network policy keeps this runner out.',
    remedy:
      'Look the login up in SNOWFLAKE.ACCOUNT_USAGE.LOGIN_HISTORY; allow the runner’s address if a policy names addresses.',
  },
  {
    text: /390114|390112|390111/,
    problem: 'The session ended while dbt still ran.',
    remedy:
      'Set `client_session_keep_alive: true` and `reuse_connections: true` for runs that are idle for more than four hours.',
  },
  {
    text: /is not listed in the Access Token or was filtered/,
    problem: 'The access token does not carry the role that the profile asks for.',
    remedy:
      'Ask for the scope `session:role:<ROLE>`, and list the role in EXTERNAL_OAUTH_ALLOWED_ROLES_LIST.',
  },
  {
    text: /251021|requires a recognized Snowflake host|Refusing to send a Workload Identity attestation/,
    problem: 'The driver sends no token to this host: it is none of Snowflake’s.',
    remedy: 'Remove `host`, or write the one of your account below snowflakecomputing.com.',
  },
  {
    text: /'user' is a required property|251017|251018|workload_identity_provider must be set/,
    problem: 'This dbt-snowflake does not know workload identity with a token.',
    remedy: 'Use dbt-snowflake 1.12.0 or later.',
  },
  {
    text: /250001|Could not connect to Snowflake backend/,
    problem: 'Snowflake could not be reached under this account name.',
    remedy: 'Check `account` (ORGANISATION-ACCOUNT) and that the runner can reach its host on port 443.',
  },
  {
    text: /390201/,
    problem: 'A database, schema or warehouse is missing, or the role may not use it.',
    remedy: 'Grant the role of the target what the trust document lists.',
  },
]

/** What an error text of Snowflake or its driver means. */
export function diagnose(
  error: string,
  c: Connection,
  _claims: Claims,
  request: TrustRequest | undefined,
): Diagnosis | undefined {
  const known = KNOWN.find(({ text }) => text.test(error))
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
  '390114',
  '390201',
  'is not listed in the Access Token or was filtered',
  '251021: WORKLOAD_IDENTITY requires a recognized Snowflake host',
  "'user' is a required property",
  '250001: Could not connect to Snowflake backend',
] as const
