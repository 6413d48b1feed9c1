import { exchange } from '../exchange.ts'
import { placeOf } from './aws/place.ts'
import { diagnose, ERRORS } from './aws-identity-center/diagnosis.ts'
import {
  audienceOf,
  identityOf,
  keyed,
  settings,
  tradesItself,
  type Settings,
} from './aws-identity-center/settings.ts'
import { first, hostOf } from './aws-identity-center/place.ts'

/** AWS IAM Identity Center with GitHub as a trusted token issuer: the run is a user of the directory. Experimental. */
export default exchange<Settings>({
  name: 'aws-identity-center',
  summary:
    'a user of AWS IAM Identity Center, for Redshift or in the keys of a role session (CreateTokenWithIAM)',
  experimental:
    "Identity Center propagates people; AWS asks to add only issuers that authenticate the user, and GitHub's token names a workload. Here the whole subject of the token must be the name of one user that was made for it, so that no person's user can be taken; nothing but the subject is compared there. If you need no user of Identity Center, take `via: aws`.",
  settings,
  audience: audienceOf,
  async trade(settings, want, mint, io) {
    if (!tradesItself(want)) {
      const { enhancedSession } = await import('./aws-identity-center/session.ts')
      return enhancedSession(settings, want, mint, io)
    }
    const token = await mint(audienceOf(settings, want))
    return { kind: 'id-token', token: token.text, expiresAt: new Date(token.claims.exp * 1000) }
  },
  identity: identityOf,
  diagnose,
  errors: ERRORS,
  notes: [
    'Do not map `actor`, or another claim that names people, to users: whoever can start a run would act as that user.',
    'Identity Center takes no token twice, so each connection of dbt gets one of its own.',
    'Keys that carry a user are narrowed by AWS itself (the policy AWSIAMIdentityCenterAllowListForIdentityContext): Athena works with them through Lake Formation or S3 Access Grants, and S3 itself refuses them, as it would refuse dbt-athena where that puts or deletes files by itself.',
    '`lint` and `drift` read what Identity Center prints of issuer, users and application, and the IAM roles, where there are any; who is in which group is told by ids only: look at that by hand.',
    'No real account has been used yet: which claims Identity Center demands beside issuer, audience and subject, whether it takes the 300 seconds of such tokens in every region, and the texts of its refusals are from documentation and public reports.',
  ],
  trust: async (s, want, request) => (await import('./aws-identity-center/trust.ts')).trust(s, want, request),
  terraform: async (s, want, request) =>
    (await import('./aws-identity-center/terraform.ts')).terraform(s, want, request),
  reader: async () => (await import('./aws-identity-center/read.ts')).reader,
  hosts(settings, want) {
    if (tradesItself(want)) return []
    const place = placeOf(first(keyed(settings)), want)
    return [place.host, hostOf(place)]
  },
  proof: 'our verifier',
  example: {
    instance: 'arn:aws:sso:::instance/ssoins-1234567890abcdef',
    region: 'eu-west-1',
    group: 'dbt-prod',
  },
})
