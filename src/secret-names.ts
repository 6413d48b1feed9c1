import { randomBytes } from 'node:crypto'

/** Every variable that holds a secret of ours begins so; the beginning of it is dbt's own mark of a secret. */
export const OURS = 'DBT_ENV_SECRET_DBT_OIDC_'

/**
 * Names for the variables of one run's secrets, with a middle that nobody can know before: Jinja can put a name together
 * in more ways than a reader of profiles.yml can find, so no committed file may be able to say it.
 */
export function secretNames(): (secret: string) => string {
  const nonce = randomBytes(16).toString('hex').toUpperCase()
  return (secret) => `${OURS}${nonce}_${secret}`
}
