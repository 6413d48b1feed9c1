import type { Password } from '../../credential.ts'
import { fail } from '../../errors.ts'
import type { Io, Want } from '../../exchange.ts'
import type { Place } from './place.ts'
import type { Session } from './session.ts'
import { presigned } from './sign.ts'

/** RDS takes a token for this long to open a connection; open ones live on. */
const LIFE = 15 * 60_000

/** The password of a database user that logs in by IAM: a signed request that is never sent (RDS, Aurora). */
export function rdsPassword(want: Want, place: Place, session: Session, io: Io): Password {
  const { host, port, user } = want
  if (host === undefined || port === undefined || user === undefined)
    return fail({
      code: 'configuration',
      problem:
        'A password for RDS is signed for one host, port and user, and the connection does not name all of them.',
      remedy: 'Set `host`, `port` and `user` in the connection.',
    })
  const query = { Action: 'connect', DBUser: user, 'X-Amz-Expires': `${LIFE / 1000}` }
  const asked = { host: `${host}:${port}`, region: place.wanted, service: 'rds-db', query }
  const now = io.now()
  const password = presigned(asked, session, now)
  const end = Math.min(now.getTime() + LIFE, session.expiresAt.getTime())
  return { kind: 'password', user, password, expiresAt: new Date(end) }
}
