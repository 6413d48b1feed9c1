import type { Diagnosis } from '../../exchange.ts'
import type { Connection } from './connection.ts'

/** Texts of PostgreSQL and of the clouds that are explained. */
export const ERRORS: readonly string[] = [
  'PAM authentication failed for user',
  'password authentication failed for user',
  'Cloud SQL IAM service account authentication failed for user',
  'The access token does not have a valid audience claim',
  'An error occurred while validating the access token',
  'no pg_hba.conf entry for host, no encryption',
]

/** What a login that failed means, and what to do. */
export function diagnose(error: string, { host, user }: Connection): Diagnosis | undefined {
  if (/PAM authentication failed for user/i.test(error))
    return {
      problem: `RDS does not let ${user} in with this token.`,
      remedy: `Check that ${user} has the role rds_iam (GRANT rds_iam), that the IAM role may rds-db:connect to the resource id of ${host} as ${user}, and that IAM authentication is switched on for the database.`,
    }
  if (/Cloud SQL IAM (?:service account|user) authentication failed for user/i.test(error))
    return {
      problem: `Cloud SQL does not let ${user} in with the token of this service account.`,
      remedy: `The user is named as the account without \`.gserviceaccount.com\`, of the type CLOUD_IAM_SERVICE_ACCOUNT, and the account needs roles/cloudsql.instanceUser in the project of the instance: compare both with what \`dbt-oidc trust\` prints.`,
    }
  if (/access token does not have a valid audience claim/i.test(error))
    return {
      problem: `${host} wants a token for another resource of Entra.`,
      remedy:
        'Leave `scope` out of the identity, or write the resource that the message names, with `/.default` behind it.',
    }
  if (/error occurred while validating the access token/i.test(error))
    return {
      problem: `${host} could not check the token of Entra, or found another holder than ${user} in it.`,
      remedy: `Compare the tenant of the identity with that of the server, and the user with the display name of the app: \`SELECT * FROM pgaadauth_list_principals(false)\` lists whom each role stands for.`,
    }
  if (/password authentication failed for user/i.test(error))
    return {
      problem: `${host} does not take the password of ${user}: it is a token that has ended, or one for another user.`,
      remedy:
        'A connection that dbt opens late needs the password of that moment: leave `keep-alive` at `auto` and name no PGPASSWORD or PGPASSFILE in `env:`. If the first connection fails, compare the user with the one that the trust names.',
    }
  if (/no encryption|SSL off/i.test(error))
    return {
      problem: `${host} takes no connection without TLS.`,
      remedy: 'Leave `sslmode` out, or write `require`.',
    }
  return undefined
}
