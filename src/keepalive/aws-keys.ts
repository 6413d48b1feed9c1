import type { Aws } from '../credential.ts'
import type { Carried, Hook, KeepAlive } from '../warehouse.ts'
import { byContainer } from './container.ts'

/** The private file from which SDKs of AWS read the keys of the role, where nobody can be asked for them. */
const FILE = 'aws-credentials'
/** AWS's own name of what is used unless a program names another. */
const PROFILE = 'default'

/** What an adapter needs that finds its keys by AWS's own chain: the broker while this process lives, else a file. */
export const BY_CHAIN = { by: 'aws-container', file: FILE } as const satisfies KeepAlive

/** Keys for a driver that looks for them by AWS's own chain. */
export function byChain(credential: Aws, directory: string, hook?: Hook): Pick<Carried, 'files' | 'env'> {
  if (hook) return byContainer(directory, hook)
  return {
    files: { [FILE]: keysFile(PROFILE, credential) },
    env: { AWS_SHARED_CREDENTIALS_FILE: `${directory}/${FILE}` },
  }
}

/** The text of a credentials file of AWS's (docs.aws.amazon.com/sdkref, "Shared config and credentials files"). */
export function keysFile(profile: string, credential: Aws): string {
  return [
    `[${profile}]`,
    `aws_access_key_id = ${credential.accessKeyId}`,
    `aws_secret_access_key = ${credential.secretAccessKey}`,
    `aws_session_token = ${credential.sessionToken}`,
    '',
  ].join('\n')
}
