// Snowflake's workload identity federation:
// https://docs.snowflake.com/en/user-guide/workload-identity-federation ("OpenID Connect (OIDC)"): a login is the user whose
//   ISSUER and SUBJECT are the token's `iss` and `sub`; no other claim is read.
// https://docs.snowflake.com/en/sql-reference/sql/create-user (objectProperties, WORKLOAD_IDENTITY): OIDC_AUDIENCE_LIST names the
//   audiences of which the token's `aud` must hold one, and the default is snowflakecomputing.com; no wildcard is documented.
// https://docs.snowflake.com/en/sql-reference/sql/alter-user (ADD WORKLOAD IDENTITY): each named identity is one more way in.
import { usersOf } from '../snowflake/trust.ts'
import { textsOf, type Model } from './presented.ts'
import { fitting } from './whole.ts'

/** Lets in whoever is one of the users that the statements create. */
export const snowflake: Model = (documents) => {
  const users = usersOf(textsOf(documents, 'sql').join('\n'))
  return (claims) => 'entry' in fitting(users, claims)
}
