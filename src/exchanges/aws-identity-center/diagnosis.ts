import type { Claims } from '../../claims.ts'
import type { Diagnosis } from '../../exchange.ts'
import * as aws from '../aws/diagnosis.ts'
import { keyed, type Settings } from './settings.ts'
import { first } from './place.ts'

/** As they read in our own words around those of AWS. */
export const ERRORS: readonly string[] = [
  'refused CreateTokenWithIAM for APPLICATION with InvalidGrantException',
  'refused CreateTokenWithIAM for APPLICATION with AccessDeniedException',
  'refused CreateTokenWithIAM for APPLICATION with UnauthorizedClientException',
  'refused CreateTokenWithIAM for APPLICATION with InvalidClientException',
  'refused CreateTokenWithIAM for APPLICATION with InvalidRequestRegionException',
  'is not authorized to perform: sts:SetContext',
]

type Case = (settings: Settings, claims: Claims) => Diagnosis

const CASES: readonly (readonly [RegExp, Case])[] = [
  [
    /CreateTokenWithIAM.* with InvalidGrant/i,
    ({ instance }, { iss, sub }) => ({
      problem: `Identity Center did not take the token: it does not know its issuer or its audience for this application, no user of ${instance} has its subject for a name, or it has seen the token before.`,
      remedy: `AWS does not say which. Compare the trusted token issuer with ${iss}, the audiences of the application's grant with \`audience\`, and look for exactly one user named ${sub}. \`dbt-oidc trust\` prints all three.`,
    }),
  ],
  [
    /CreateTokenWithIAM.* with AccessDenied/i,
    ({ group, role = 'the role' }, { sub }) => ({
      problem: `Either ${role} may not trade tokens for the application, or the user ${sub} is not assigned to it.`,
      remedy: `AWS does not say which. The role needs sso-oauth:CreateTokenWithIAM on the application, the application's authentication method must name the role, and the group ${group} with that user must be assigned to the application: one that is new demands assignments and has none.`,
    }),
  ],
  [
    /CreateTokenWithIAM.* with (?:UnauthorizedClient|InvalidClient|UnsupportedGrantType)/i,
    ({ application = 'The application', region }) => ({
      problem: `${application} is not there in ${region}, or takes no tokens of other issuers.`,
      remedy:
        'Check `application` and `region`, and give the application the grant that `dbt-oidc trust` prints (aws sso-admin put-application-grant).',
    }),
  ],
  [
    /CreateTokenWithIAM.* with InvalidRequestRegion/i,
    ({ region }) => ({
      problem: `The instance of Identity Center is not in ${region}.`,
      remedy:
        'Set `region` under `identity:` to the region in which Identity Center was enabled (aws sso-admin list-instances).',
    }),
  ],
  [
    /not authorized to perform:? sts:SetContext/i,
    ({ role = 'The role', 'session-role': last = 'the session role' }) => ({
      problem: `${role} may not hand the user of Identity Center on to ${last}.`,
      remedy:
        'Both sides need sts:SetContext beside sts:AssumeRole: the policy of the role that trades, and the trust policy of the session role. `dbt-oidc trust` prints both.',
    }),
  ],
]

/** What an error text of AWS means for these settings and this token. */
export function diagnose(error: string, settings: Settings, claims: Claims): Diagnosis | undefined {
  const found = CASES.find(([text]) => text.test(error))
  if (found) return found[1](settings, claims)
  if (settings.role === undefined) return undefined
  const all = keyed(settings)
  return aws.diagnose(error, { ...first(all), chain: [{ role: all['session-role'] }] }, claims)
}
