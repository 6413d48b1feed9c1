import { DbtOidcError, fail } from '../../errors.ts'
import { visible } from '../../policy/visible.ts'
import { identifier, sql } from '../../trust/quote.ts'
import type { Standing } from '../../trust/standing.ts'
import type { Statement } from '../../trust/statement.ts'
import type { TrustRequest } from '../../trust.ts'
import { hostOf, userOf, type Connection } from './connection.ts'
import { relayedOrigin } from './preflight.ts'
import { identitiesOf } from './read.ts'
import { openRelay } from './relay.ts'
import { rowsOf, saidBy, type Session } from './session.ts'

/** A statement's rows may have any case; these are as SHOW itself writes them. */
const COMMAND = 'SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS'

/** The identities of the target's service user as they are now, asked for with a login of the machine's own user. */
export async function standing(
  c: Connection,
  request: TrustRequest,
  { io, env, directory }: Standing,
): Promise<readonly Statement[]> {
  const user = userOf(c, request)
  const session: Session = { account: c.account, host: hostOf(c), options: loginOf(env) }
  await using relay = await openRelay(relayedOrigin(c, io), io)
  const statement = sql`SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER ${identifier(user)}`
  const rows = await Promise.race([
    rowsOf(statement, session, relay, directory).catch((error: unknown) => refused(error, user)),
    relay.failed,
  ])
  return [identitiesOf(rows)]
}

/** By the names under which Snowflake's own CLI and dbt's documentation have them. */
function loginOf(env: Standing['env']): Session['options'] {
  const {
    SNOWFLAKE_USER: username,
    SNOWFLAKE_ROLE: role,
    SNOWFLAKE_TOKEN: token,
    SNOWFLAKE_PRIVATE_KEY_PATH: privateKeyPath,
    SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: privateKeyPass,
  } = env
  if (!username || (!token && !privateKeyPath))
    return fail({
      code: 'configuration',
      problem: 'There is no login with which Snowflake could be asked.',
      remedy: `Set SNOWFLAKE_USER, and SNOWFLAKE_TOKEN (a programmatic access token) or SNOWFLAKE_PRIVATE_KEY_PATH; or give what ${COMMAND} prints, as a file or by a pipe.`,
    })
  const who = { username, ...(role && { role }) }
  if (token) return { ...who, authenticator: 'PROGRAMMATIC_ACCESS_TOKEN', token }
  return {
    ...who,
    authenticator: 'SNOWFLAKE_JWT',
    ...(privateKeyPath && { privateKeyPath }),
    ...(privateKeyPass && { privateKeyPass }),
  }
}

function refused(error: unknown, user: string): never {
  if (!(error instanceof Error) || error instanceof DbtOidcError) throw error
  return fail({
    code: 'configuration',
    problem: `Snowflake does not tell the identities of the user ${user}: ${visible(saidBy(error)).slice(0, 600)}`,
    remedy:
      'Check the login; its role needs MONITOR or OWNERSHIP of the user, which `dbt-oidc trust` makes where there is none.',
  })
}
