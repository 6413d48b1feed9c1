import type { Recipe } from '../../exchange.ts'
import type { GoogleSettings } from './settings.ts'

/**
 * The credential file (`external_account`) with which Google's own libraries trade by themselves; where they get an ID
 * token is for the one who hands it out to add as `credential_source`. It has no place for delegates: undefined with them.
 */
export function recipeOf(settings: GoogleSettings): Recipe | undefined {
  const { provider, universe, lifetime, delegates, 'service-account': account } = settings
  if (delegates.length > 0) return undefined
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
