import { createHash } from 'node:crypto'
import type { KeepAlive } from '../warehouse.ts'
import { PLUGIN } from './plugin.ts'

/** Name of the file that the field is read from while dbt runs. */
export const SECRET_FILE = 'keepalive-secret'

/** Name of the file that says when it ends, in seconds since 1970. */
const ENDS_FILE = 'keepalive-ends'

const SETTINGS = 'keepalive.json'

type PluginField = Extract<KeepAlive, { readonly by: 'plugin-field' }>

/**
 * The private files that make dbt 1.x read a field anew at each access: our module, which dbt finds on PYTHONPATH by its
 * name, what it is to do, and the secret itself. Nothing for the other ways of keeping a credential alive.
 */
export function pluginFiles(
  keepAlive: KeepAlive,
  secrets: Readonly<Record<string, string>>,
  expiresAt: Date | null,
): Readonly<Record<string, string>> {
  if (keepAlive.by !== 'plugin-field') return {}
  return {
    'dbt_oidc_keepalive.py': PLUGIN,
    [SETTINGS]: settingsOf(keepAlive),
    ...pluginSecret(keepAlive, secrets, expiresAt),
  }
}

/**
 * The file of them that tells it to answer for one profile only: that in which this secret stands. In later steps there
 * may be others, and another use's credential must not be put in their place.
 */
export function pluginForOne(
  keepAlive: KeepAlive,
  secrets: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (keepAlive.by !== 'plugin-field') return {}
  const only = createHash('sha256').update(onlyOf(secrets)).digest('hex')
  return { [SETTINGS]: settingsOf(keepAlive, only) }
}

function settingsOf({ credentials, field, headers }: PluginField, only?: string): string {
  return JSON.stringify({ credentials, field, headers, file: SECRET_FILE, ends: ENDS_FILE, only })
}

/** Those of them that are replaced, the secret first: nobody is to be told that a fresh one has ended. */
export function pluginSecret(
  keepAlive: KeepAlive,
  secrets: Readonly<Record<string, string>>,
  expiresAt: Date | null,
): Readonly<Record<string, string>> {
  if (keepAlive.by !== 'plugin-field') return {}
  const ends = expiresAt === null ? '' : String(Math.floor(expiresAt.getTime() / 1000))
  return { [SECRET_FILE]: onlyOf(secrets), [ENDS_FILE]: ends }
}

function onlyOf(secrets: Readonly<Record<string, string>>): string {
  const [only = ''] = Object.values(secrets)
  return only
}
