import { fail } from '../errors.ts'
import { exchange, type Want } from '../exchange.ts'
import { diagnose, ERRORS } from './google/diagnose.ts'
import { principalSet } from './google/principal.ts'
import { recipeOf } from './google/recipe.ts'
import { settings, type GoogleSettings } from './google/settings.ts'

/** Google's workload identity federation: the token service, then, as a rule, a service account's access token. */
export default exchange({
  name: 'google',
  summary: 'workload identity federation, with or without a service account',
  settings,
  audience: (s, want) => audienceOf(s, want),
  trade: async (s, want, mint, io) =>
    (await import('./google/trade.ts')).tradeAt(
      { settings: s, audience: audienceOf(s, want), scopes: scopesOf(want) },
      mint,
      io,
    ),
  recipe: (s) => recipeOf(s),
  identity: (s, _want, claims) =>
    s['service-account'] ?? principalSet(s.provider, claims.from ?? claims.all.get('repository_id') ?? ''),
  diagnose,
  errors: ERRORS,
  notes: [
    'Google’s audit logs name the run: the subject of the federated identity is `github:` with the id of the repository, the id of the run and the attempt.',
    'A service account is bound to the provider and the repository together, so that a token which another provider of the same pool has let in opens nothing.',
    'Above 3600 s of `lifetime` the organisation policy `iam.allowServiceAccountCredentialLifetimeExtension` must list the service account.',
    'Without `service-account` the access token lives as long as GitHub’s, about five minutes.',
    'Not verified against Google itself: the texts for a wrong issuer and a wrong audience, and the universes other than `googleapis.com`.',
  ],
  trust: async (s, want, request) => (await import('./google/trust.ts')).trustOf(s, want, request),
  reader: async () => (await import('./google/read.ts')).reader,
  // Of the command line alone: no run reads it.
  standing: async (s, _want, _request, tools) => (await import('./google/standing.ts')).standing(s, tools),
  terraform: async (s, want, request) =>
    (await import('./google/terraform.ts')).terraformOf(s, want, request),
  hosts: (s) => [
    `sts.${s.universe}`,
    ...(s['service-account'] === undefined ? [] : [`iamcredentials.${s.universe}`]),
  ],
  proof: 'our verifier',
  example: {
    provider: 'projects/123456789012/locations/global/workloadIdentityPools/github/providers/dbt-prod',
    'service-account': 'dbt-prod@acme-prod.iam.gserviceaccount.com',
    delegates: [],
    lifetime: 3600,
    universe: 'googleapis.com',
  },
})

/** Of an entry of `--allowed-audiences`, in characters. */
const LONGEST_AUDIENCE = 256

/** The name of the provider is in it, so that a token for one provider is worth nothing at another. */
function audienceOf({ provider, universe }: GoogleSettings, want: Want): string {
  const { audience = `https://iam.${universe}/${provider}` } = want
  if (audience.length > LONGEST_AUDIENCE)
    fail({
      code: 'configuration',
      problem: `The audience has ${audience.length} characters, and a provider of Google lists none longer than ${LONGEST_AUDIENCE}.`,
      remedy: 'Leave `audience` out: the name of the provider is the audience that it takes by itself.',
    })
  // gcloud takes a list, and a comma would make two of one.
  if (/[,^]/.test(audience))
    fail({
      code: 'configuration',
      problem: `The audience ${JSON.stringify(audience)} holds a comma or a caret, which gcloud would read as a list.`,
      remedy: 'Leave `audience` out, or name one without them.',
    })
  return audience
}

/** One text with blanks between the scopes (RFC 6749 3.3). */
function scopesOf({ scope }: Want): readonly string[] {
  return (scope ?? 'https://www.googleapis.com/auth/cloud-platform').split(' ')
}
