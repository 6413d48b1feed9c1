import { fail } from '../../errors.ts'
import type { GoogleSettings } from './settings.ts'

/**
 * The credential file (`external_account`) with which Google's own libraries trade by themselves; where they get an ID
 * token is for the one who hands it out to add as `credential_source`.
 */
export function recipeOf(settings: GoogleSettings): Readonly<Record<string, unknown>> {
  const { provider, universe, lifetime, delegates, 'service-account': account } = settings
  if (delegates.length > 0)
    return fail({
      code: 'configuration',
      problem:
        'The driver cannot act through delegates by itself: its credential file has no place for them.',
      remedy: 'Bind the service account to the provider itself, and leave `delegates` out.',
    })
  return {
    type: 'external_account',
    universe_domain: universe,
    audience: `//iam.${universe}/${provider}`,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `https://sts.${universe}/v1/token`,
    ...(account !== undefined && {
      service_account_impersonation_url: `https://iamcredentials.${universe}/v1/projects/-/serviceAccounts/${account}:generateAccessToken`,
      service_account_impersonation: { token_lifetime_seconds: lifetime },
    }),
  }
}
