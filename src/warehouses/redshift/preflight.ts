import { callerIdentity } from '../../exchanges/aws/caller.ts'
import type { Finding, PreflightTools, Source } from '../../warehouse.ts'
import { databaseOf, type Connection } from './connection.ts'

/** Whose keys the driver will ask with. The password itself is for the driver to ask for, so no database is opened. */
export async function preflight(
  { connection: c, credential }: Source<Connection>,
  { io, identity }: PreflightTools,
): Promise<readonly Finding[]> {
  const unseen = [
    { what: 'database user', expected: c.user, actual: undefined },
    { what: 'database', expected: databaseOf(c), actual: undefined },
  ]
  // Redshift alone trades such a token, and takes each only once: it is left to dbt.
  if (credential.kind === 'id-token') return unseen
  if (credential.kind !== 'aws') throw new Error(`redshift cannot ask with a ${credential.kind} credential`)
  return [...(await callerIdentity(credential, identity, io)), ...unseen]
}
