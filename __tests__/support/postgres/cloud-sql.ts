import type { Cloud } from '../google/gcloud.ts'
import type { Tokens } from '../google/tokens.ts'
import type { Admission } from './front.ts'

const LOGIN = 'https://www.googleapis.com/auth/sqlservice.login'

/**
 * IAM database authentication of Cloud SQL (cloud.google.com/sql/docs/postgres: iam-authentication, iam-logins,
 * add-manage-iam-users): the password is an access token with the scope of a login, its holder is the service account whose
 * email the name of the user is but for `.gserviceaccount.com`, and that has cloudsql.instances.login, which
 * roles/cloudsql.instanceUser holds. The texts are those that people have reported.
 */
export function admitByIam(
  { bindings, databases }: Pick<Cloud, 'bindings' | 'databases'>,
  tokens: Tokens,
  user: string,
  password: string,
): Admission {
  const unknown = `password authentication failed for user "${user}"`
  const refusal = `Cloud SQL IAM service account authentication failed for user "${user}"`
  if (!databases.iam) return { refusal: unknown, detail: 'IAM authentication is off' }
  if (!databases.accounts.includes(user)) return { refusal: unknown, detail: 'no such user' }
  const holder = tokens.holderOf(`Bearer ${password}`)
  if (!holder) return { refusal, detail: 'not a token that lives' }
  if (!holder.scopes.includes(LOGIN)) return { refusal, detail: 'the token is not for a login' }
  const member = `serviceAccount:${user}.gserviceaccount.com`
  if (!holder.members.includes(member)) return { refusal, detail: 'the token is of somebody else' }
  const may = bindings.some(
    (one) =>
      one.resource.startsWith('project/') &&
      one.role === 'roles/cloudsql.instanceUser' &&
      one.member === member,
  )
  return may ? { role: user } : { refusal, detail: 'The caller does not have permission' }
}
