import type { Io } from '../../exchange.ts'
import { smithyOver } from '../../http/smithy.ts'
import type { Place } from './place.ts'
import type { Session } from './session.ts'

/**
 * What every client of AWS gets: our one way out, and everything that an SDK would otherwise look for in variables and
 * shared files. A workflow's AWS_ENDPOINT_URL_STS must not lead a token to another host.
 */
export function clientOptions({ host, region }: Pick<Place, 'host' | 'region'>, io: Io, session?: Session) {
  return {
    region,
    endpoint: `https://${host}`,
    requestHandler: smithyOver(io),
    // Each further try needs a fresh token, which the SDK cannot ask for.
    maxAttempts: 1,
    retryMode: 'standard' as const,
    defaultsMode: 'standard' as const,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: 'dbt-oidc',
    authSchemePreference: ['aws.auth#sigv4'],
    credentials: session ?? nobody,
  }
}

async function nobody(): Promise<never> {
  throw new Error('no keys of this machine are ever used')
}

/** Name, text and status of what an SDK of AWS has thrown. */
export function faultOf(error: unknown): {
  readonly name: string
  readonly message: string
  readonly status: number
} {
  if (!(error instanceof Error)) return { name: 'UnknownError', message: 'no reason given', status: 0 }
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined
  const status: unknown =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined
  return { name: error.name, message: error.message, status: typeof status === 'number' ? status : 0 }
}
