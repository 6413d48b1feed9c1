import { callerIdentity } from '../../exchanges/aws/caller.ts'
import type { Finding, PreflightTools, Source } from '../../warehouse.ts'
import { databaseOf, type Connection } from './connection.ts'

/** Whose keys the driver will ask with. The password itself is for the driver to ask for, so no database is opened. */
export async function preflight(
  { connection: c, credential }: Source<Connection>,
  { io, identity }: PreflightTools,
): Promise<readonly Finding[]> {
  if (credential.kind !== 'aws') throw new Error(`redshift cannot ask with a ${credential.kind} credential`)
  return [
    ...(await callerIdentity(credential, identity, io)),
    { what: 'database user', expected: c.user, actual: undefined },
    { what: 'database', expected: databaseOf(c), actual: undefined },
  ]
}
