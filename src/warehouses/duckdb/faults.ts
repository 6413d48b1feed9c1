import type { Fault } from '../../warehouse.ts'
import type { Connection } from './connection.ts'

const KEYS = ['key_id', 'secret', 'session_token', 'token', 'password', 'connection_string']

/** Credentials that a connection holds in places which no name of a field gives away. */
export function ownCredentials({ path, secrets = [] }: Connection): readonly Fault[] {
  const faults: Fault[] = []
  if (/[?&]motherduck_token=/i.test(path))
    faults.push({
      field: 'path',
      problem:
        'it carries `motherduck_token`, a credential: take the parameter out of the path, and revoke the token, since the file has held it.',
    })
  const held = KEYS.filter((key) => secrets.some((secret) => key in secret))
  if (held.length > 0)
    faults.push({
      field: 'secrets',
      problem: `it holds \`${held.join('`, `')}\`, a credential: leave that out, and revoke it, since the file has held it. Objects in S3 are reached by \`identity: { via: aws, … }\`.`,
    })
  return faults
}
