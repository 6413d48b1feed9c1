import type { KeepAlive } from '../warehouse.ts'
import { PLUGIN } from './plugin.ts'

/** Name of the file that the field is read from while dbt runs. */
export const SECRET_FILE = 'keepalive-secret'

/**
 * The private files that make dbt 1.x read a field anew at each access: our module, which dbt finds on PYTHONPATH by its
 * name, what it is to do, and the secret itself. Nothing for the other ways of keeping a credential alive.
 */
export function pluginFiles(
  keepAlive: KeepAlive,
  secrets: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (keepAlive.by !== 'plugin-field') return {}
  const { credentials, field } = keepAlive
  return {
    'dbt_oidc_keepalive.py': PLUGIN,
    'keepalive.json': JSON.stringify({ credentials, field, file: SECRET_FILE }),
    ...pluginSecret(keepAlive, secrets),
  }
}

/** The one file of them that is replaced. */
export function pluginSecret(
  keepAlive: KeepAlive,
  secrets: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (keepAlive.by !== 'plugin-field') return {}
  const [only = ''] = Object.values(secrets)
  return { [SECRET_FILE]: only }
}
