import type { Io } from '../../exchange.ts'
import { smithyOver } from '../../http/smithy.ts'
import type { Place } from './place.ts'
import type { Session } from './sts.ts'

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
