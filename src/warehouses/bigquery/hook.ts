import type { Carried, Hook } from '../../warehouse.ts'
import { projectOf, scopesOf, type Connection } from './connection.ts'

const FILE = 'google-credentials.json'

/**
 * Google's own credential file: its library trades whenever its token runs out, even within one long query, and asks our
 * broker for the ID token each time. GitHub's request token stays with the action.
 */
export function byHook(c: Connection, directory: string, { url, authorization, recipe }: Hook): Carried {
  const credential_source = {
    url,
    headers: { Authorization: authorization },
    format: { type: 'json', subject_token_field_name: 'value' },
  }
  return {
    fields: {
      method: { kind: 'text', text: 'oauth' },
      scopes: { kind: 'list', items: scopesOf(c).map((text) => ({ kind: 'text', text })) },
    },
    secrets: {},
    files: { [FILE]: JSON.stringify({ ...recipe, credential_source }) },
    env: {
      GOOGLE_APPLICATION_CREDENTIALS: `${directory}/${FILE}`,
      // The project that pays. Without it the library would ask cloudresourcemanager.googleapis.com for that of the provider.
      GOOGLE_CLOUD_PROJECT: c.execution_project ?? projectOf(c),
    },
  }
}
