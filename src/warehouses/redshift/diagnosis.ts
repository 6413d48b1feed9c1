import type { Diagnosis } from '../../exchange.ts'
import { byIdentityCenter, databaseOf, isServerless, type Connection } from './connection.ts'
import { diagnoseDriver, DRIVER_ERRORS } from './driver.ts'

/** As they appear in dbt's output. */
export const ERRORS: readonly string[] = [
  'is not authorized to perform: redshift:GetClusterCredentialsWithIAM',
  'is not authorized to perform: redshift-serverless:GetCredentials',
  'Either provide both username/password or neither when using IAM',
  ...DRIVER_ERRORS,
  'IdC authentication failed',
  'Server Error: Service Unavailable for url: http://127.0.0.1:PORT/token',
]

/** What an error text of the driver or of Redshift means. */
export function diagnose(error: string, c: Connection): Diagnosis | undefined {
  if (/not authorized to perform:? redshift(?:-serverless)?:Get(?:Cluster)?Credentials/i.test(error))
    return {
      problem: 'The role may not ask Redshift for a password.',
      remedy: `Give it the policy that \`dbt-oidc trust\` prints, for ${isServerless(c) ? 'the id of this workgroup' : `the cluster ${c.cluster_id}`} and the database ${databaseOf(c)}.`,
    }
  if (/Either provide both username\/password or neither/i.test(error))
    return {
      problem: '`user` does not go together with a login by IAM here.',
      remedy: 'Leave `user` out and write `method: iam_role`.',
    }
  return centerDiagnosis(error, c) ?? diagnoseDriver(error)
}

function centerDiagnosis(error: string, c: Connection): Diagnosis | undefined {
  if (/Service Unavailable for url: http:\/\/127\.0\.0\.1:\w+\/token/i.test(error))
    return {
      problem: 'There was no token for a new connection of dbt: this action could not get one from GitHub.',
      remedy:
        'The lines of this step above say why (look for "no fresh token for a login"). Run the job again if GitHub was away.',
    }
  // Redshift's own words are in no public document: whatever it says of such a login is told with all of its causes.
  if (/Idc authentication failed/i.test(error) || (byIdentityCenter(c) && REFUSED.test(error)))
    return {
      problem: `Redshift did not take the token for ${databaseOf(c)}: it has expired or was used before, or IAM Identity Center, as Redshift's application there has it, does not fit the token.`,
      remedy:
        'With `keep-alive: auto` each connection gets a token of its own, so an expired or used one means `keep-alive: off`. Else compare, with what `dbt-oidc trust` prints: the trusted token issuer and the audience in the list of the Redshift application, a user whose name is the subject of the token, its group with the assignment to that application, and the role of the group in the database.',
    }
  return undefined
}

const REFUSED = /28000|authentication failed|token (?:is |has )?(?:expired|invalid)/i
