import * as z from 'zod/mini'
import type { Finding, PreflightTools, Source } from '../../warehouse.ts'
import type { Connection } from './connection.ts'

/** databricks-sdk comes with dbt-databricks; token or token file are named on standard input. */
const SCRIPT = `
import json, sys
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
me = WorkspaceClient(config=Config(**json.load(sys.stdin))).current_user.me()
print(json.dumps({"user": me.user_name}))
`

const answer = z.object({ user: z.nullish(z.string()) })

/** One call as the driver makes it: with `file-oidc` the SDK trades the token itself. */
export async function preflight(
  { connection: c, credential, directory }: Source<Connection>,
  tokenFile: string,
  { python }: PreflightTools,
): Promise<readonly Finding[]> {
  const host = `https://${c.host}`
  const login =
    credential.kind === 'bearer'
      ? { auth_type: 'pat', token: credential.token }
      : { auth_type: 'file-oidc', client_id: c.client_id, oidc_token_filepath: `${directory}/${tokenFile}` }
  const told = answer.parse(await python(SCRIPT, { host, ...login }))
  // A service principal is shown by its application id.
  return [{ what: 'service principal', expected: c.client_id, actual: told.user ?? undefined }]
}
