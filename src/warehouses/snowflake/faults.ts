import { isLoopbackHost } from '../../rehearsal.ts'
import type { Fault } from '../../warehouse.ts'
import { hostOf, type Connection } from './connection.ts'

/** dbt-snowflake wants a user beside an access token; with the ID token Snowflake finds it. */
export function needsUser(c: Connection): readonly Fault[] {
  if (c.user) return []
  return [
    {
      field: 'user',
      problem: 'add it: an access token of External OAuth needs the LOGIN_NAME that it is for.',
    },
  ]
}

/** The token goes over this connection: it is encrypted, and the other side shows who it is. A rehearsal stays at home. */
export function weakened(c: Connection): readonly Fault[] {
  if (isLoopbackHost(hostOf(c))) return []
  const faults: Fault[] = []
  if (c.protocol !== undefined && c.protocol !== null && c.protocol !== 'https')
    faults.push({
      field: 'protocol',
      problem: 'the token would leave unencrypted: leave it out, or write `https`.',
    })
  if (c.insecure_mode !== undefined && c.insecure_mode !== null && c.insecure_mode !== false)
    faults.push({
      field: 'insecure_mode',
      problem: 'the token would go to a host whose certificate may be revoked: leave it out.',
    })
  return faults
}
