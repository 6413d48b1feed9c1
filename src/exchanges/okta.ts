import { exchange } from '../exchange.ts'
import { diagnose, ERRORS } from './okta/diagnosis.ts'
import { settings, type Settings } from './okta/settings.ts'
import { signerOf } from './okta/signer.ts'

/** The audience where no token is needed: one that nobody trusts. */
const NOBODY = 'dbt-oidc'

/** Okta: client credentials with `private_key_jwt`, signed by a key that only this run's identity may use. */
export default exchange<Settings>({
  name: 'okta',
  summary:
    'an access token of Okta, by a key that AWS KMS, Google KMS or Vault keeps and this run may sign with',
  settings,
  audience: (s, want) => want.audience ?? signerOf(s.signer).audience ?? NOBODY,
  trade: async (s, want, mint, io) => (await import('./okta/trade.ts')).trade(s, want, mint, io),
  revoke: async (s, credential, io, fresh) =>
    (await import('./okta/trade.ts')).revoke(s, credential, io, fresh),
  variables: (s) => (s.signer.variable === undefined ? [] : [s.signer.variable]),
  identity: (s) => s['client-id'],
  comparedBy: ({ signer: { aws, google, vault } }) =>
    aws ? 'aws' : google ? 'google' : vault ? 'vault' : 'none',
  // developer.okta.com, "API access management": `<issuer>/v1/keys`; `sub` of client credentials is the client itself.
  issues: (s) => ({ issuer: s.url, keys: `${s.url}/v1/keys`, subject: s['client-id'] }),
  diagnose,
  errors: ERRORS,
  notes: [
    "Okta takes no token of GitHub in any of its grants: a client's assertion has to be signed with the app's own key. So the token opens the key, at AWS, Google or Vault, and the key opens Okta; nobody can copy it.",
    'For Snowflake nothing of this is needed: its workload identity takes the token of GitHub directly (`via: direct`). Take Okta where the company wants every login of the warehouse to come from there.',
    '`signer: { variable: … }` is a private key that is stored as a secret of GitHub. It works, it is not secretless, and each run says so.',
    'What is given back at the end is refused by Okta only: Snowflake checks access tokens by themselves, and takes one until it ends.',
    'Not verified against Okta itself; Keycloak stands in for its `private_key_jwt`, and refuses what Okta documents to refuse.',
  ],
  trust: async (s, want, request) => (await import('./okta/trust.ts')).trust(s, want, request),
  reader: async () => (await import('./okta/read.ts')).reader,
  terraform: async (s, want, request) => (await import('./okta/terraform.ts')).terraform(s, want, request),
  hosts: (s) => [...new Set([new URL(s.url).hostname, ...signerOf(s.signer).hosts])],
  proof: 'third-party server',
  example: {
    url: 'https://acme.okta.com/oauth2/aus1a2b3c4d5e6f7g8h9',
    'client-id': '0oa1a2b3c4d5e6f7g8h9',
    signer: {
      key: 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
      aws: { role: 'arn:aws:iam::123456789012:role/dbt-prod' },
    },
  },
})
