import type { Claims } from '../../claims.ts'
import type { Diagnosis } from '../../exchange.ts'
import { principalSet } from './principal.ts'
import type { GoogleSettings } from './settings.ts'

type Explain = (settings: GoogleSettings, claims: Claims) => Diagnosis

const PRINT = 'print what it should be with `dbt-oidc trust`'

/** Texts of Google's token service and of IAM, with what they mean; the first that is found counts. */
const CAUSES: readonly (readonly [string, Explain])[] = [
  [
    'The given credential is rejected by the attribute condition',
    ({ provider }, claims) => ({
      problem: `The condition of Google's provider does not hold for this token (${facts(claims)}).`,
      remedy: `Compare with \`gcloud iam workload-identity-pools providers describe ${provider} --format='value(attributeCondition)'\` and ${PRINT}; case counts, and \`environment\` exists only in jobs that name one.`,
    }),
  ],
  [
    'pool or provider is disabled or deleted',
    ({ provider }) => ({
      problem: `Google knows no enabled provider ${provider}.`,
      remedy:
        'Check the project number, the pool and the provider. What was deleted can be restored for 30 days with `gcloud … undelete`, and its id is taken until then.',
    }),
  ],
  [
    'Invalid value for "audience"',
    ({ provider }) => ({
      problem: `Google does not take ${provider} for the name of a provider.`,
      remedy: 'Write `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`.',
    }),
  ],
  [
    'google.subject exceeds the 127 bytes limit',
    (_settings, claims) => ({
      problem: `The provider maps a subject that is too long (the token's \`sub\` has ${Buffer.byteLength(claims.sub)} bytes, Google takes 127).`,
      remedy: `Map \`google.subject\` to ids instead of \`assertion.sub\`; ${PRINT}.`,
    }),
  ],
  [
    'The mapped attribute',
    ({ provider }) => ({
      problem:
        'A mapping of the provider could not be evaluated: it reads a claim that this token does not have.',
      remedy: `Look at \`gcloud iam workload-identity-pools providers describe ${provider}\`, and ${PRINT}.`,
    }),
  ],
  [
    'The audience in ID Token',
    ({ provider }, claims) => ({
      problem: `The provider does not take tokens for the audience ${claims.aud}.`,
      remedy: `List it with \`gcloud iam workload-identity-pools providers update-oidc ${provider} --allowed-audiences=…\`, or remove \`audience\` from the configuration.`,
    }),
  ],
  [
    'The issuer in ID Token',
    ({ provider }, claims) => ({
      problem: `The provider does not trust the issuer ${claims.iss}.`,
      remedy: `Set it with \`gcloud iam workload-identity-pools providers update-oidc ${provider} --issuer-uri=${claims.iss}\`; a GitHub Enterprise server and an enterprise slug have an issuer of their own.`,
    }),
  ],
  [
    'is stale to sign-in',
    () => ({
      problem: 'Google took the token for expired, although each try had a new one.',
      remedy: 'Check the clock of the runner.',
    }),
  ],
  [
    "Permission 'iam.serviceAccounts.getAccessToken' denied",
    (settings, claims) => {
      const account = settings.delegates[0] ?? settings['service-account'] ?? ''
      const member = principalSet(settings.provider, claims.from ?? claims.all.get('repository_id') ?? '')
      return {
        problem: `The token was accepted, but its holder may not act as ${settings['service-account'] ?? account}, or there is no such account.`,
        remedy: `Bind it with \`gcloud iam service-accounts add-iam-policy-binding ${account} --role=roles/iam.workloadIdentityUser --member=${member}\`${settings.delegates.length > 0 ? ', and each delegate as roles/iam.serviceAccountTokenCreator on the next' : ''}; it takes effect within five minutes.`,
      }
    },
  ],
  [
    'The access token lifetime cannot exceed',
    ({ lifetime }) => ({
      problem: `Google gives no token for ${lifetime} s.`,
      remedy:
        lifetime > 3600
          ? 'List the service account in the organisation policy `iam.allowServiceAccountCredentialLifetimeExtension`, or set `lifetime: 3600`.'
          : 'Set `lifetime: 3300`: a small difference between clocks is enough for exactly one hour to be refused.',
    }),
  ],
  [
    'Request had invalid authentication credentials',
    (settings) =>
      settings['service-account'] === undefined
        ? {
            problem:
              "The access token ended while dbt was at work: without a service account it lives no longer than GitHub's own, five minutes.",
            remedy: 'Name a `service-account` under `identity:`; its token lives an hour, and is renewed.',
          }
        : {
            problem: `Google does not take the access token of ${settings['service-account']} any more: it has lived its ${settings.lifetime} s, or was revoked.`,
            remedy: 'Leave `keep-alive` at `auto`, or set a longer `lifetime` under `identity:`.',
          },
  ],
]

/** The texts that are known, as Google writes them. */
export const ERRORS: readonly string[] = CAUSES.map(([text]) => text)

/** What an error of Google means for these settings and this token; undefined where the text is not known. */
export function diagnose(error: string, settings: GoogleSettings, claims: Claims): Diagnosis | undefined {
  const found = CAUSES.find(([text]) => error.includes(text))
  return found?.[1](settings, claims)
}

function facts(claims: Claims): string {
  const shown = ['repository', 'repository_id', 'ref', 'environment', 'event_name']
  return shown.map((name) => `${name}: ${claims.all.get(name) ?? 'absent'}`).join(', ')
}
