// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
import type { Admission } from '../postgres/front.ts'
import { permits, type Cloud } from './account.ts'
import { verifyPresigned } from './sigv4.ts'

/** What RDS knows of one database. */
export interface Database {
  readonly cloud: Cloud
  readonly region: string
  readonly account: string
  /** Host and port as they stand in the token. */
  readonly address: () => string
  readonly resourceId: string
}

/** Admits a user whose password is a token that a session of this account has signed for this database and user. */
export function admitByToken(
  { cloud, region, account, address, resourceId }: Database,
  user: string,
  password: string,
): Admission {
  const refused = (detail: string): Admission => ({
    refusal: `PAM authentication failed for user "${user}"`,
    detail,
  })
  const keysOf = (id: string) => cloud.sessions.get(id)
  const verdict = verifyPresigned(`https://${password}`, {
    service: 'rds-db',
    region,
    host: address(),
    now: new Date(),
    keysOf,
  })
  if ('flaw' in verdict) return refused(verdict.flaw)
  const { searchParams } = new URL(`https://${password}`)
  if (searchParams.get('Action') !== 'connect' || searchParams.get('DBUser') !== user)
    return refused(`for ${searchParams.get('DBUser')}`)
  const session = cloud.sessions.get(verdict.accessKeyId)
  if (!session || session.expiresAt < Date.now()) return refused('the session has expired')
  const resource = `arn:aws:rds-db:${region}:${account}:dbuser:${resourceId}/${user}`
  return permits(session, 'rds-db:connect', resource)
    ? { role: user }
    : refused('rds-db:connect is not allowed')
}
