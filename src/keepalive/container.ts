import type { Carried, Hook } from '../warehouse.ts'

const FILE = 'aws-container-authorization'

/**
 * Lets every SDK of AWS ask the broker for keys as it would in a container, when it finds none before: the chain looks
 * there after variables, profiles and web identity, of which dbt has none.
 */
export function byContainer(directory: string, { url, authorization }: Hook): Pick<Carried, 'files' | 'env'> {
  return {
    // Sent as it is, so without a line end.
    files: { [FILE]: authorization },
    env: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: `${directory}/${FILE}`,
    },
  }
}
