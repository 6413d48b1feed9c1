import type { Mint } from '../claims.ts'
import type { Credential } from '../credential.ts'
import { exchange, type Fresh, type Io } from '../exchange.ts'
import { retry, type RetryRule } from '../retry.ts'
import { CLIENT_ASSERTION } from './oauth/body.ts'
import { askForToken, askToRevoke } from './oauth/token-endpoint.ts'
import { assertion, tokenUrl } from './okta/assertion.ts'
import { diagnose, ERRORS } from './okta/diagnosis.ts'
import { settings, type Settings } from './okta/settings.ts'
import { signerOf } from './okta/signer.ts'

const RULE: RetryRule = { tries: 4, first: 300, longest: 5000, total: 60_000 }

/** The audience where no token is needed: one that nobody trusts. */
const NOBODY = 'dbt-oidc'

/** Okta: client credentials with `private_key_jwt`, signed by a key that only this run's identity may use. */
export default exchange<Settings>({
  name: 'okta',
  summary:
    'an access token of Okta, by a key that AWS KMS, Google KMS or Vault keeps and this run may sign with',
  settings,
  audience: (s, want) => want.audience ?? signerOf(s.signer).audience ?? NOBODY,
  async trade(s, want, mint, io) {
    const attempt = async (left: number) => {
      const proof = await assertion(
        s,
        tokenUrl(s),
        signerOf(s.signer),
        mintFor(mint, want.audience),
        io,
        left,
      )
      const scope = s.scope ?? want.scope
      return askForToken(
        {
          url: io.at(tokenUrl(s)),
          who: 'Okta',
          parameters: [
            ['grant_type', 'client_credentials'],
            ...(scope === undefined ? [] : [['scope', scope] as const]),
            ...provenBy(proof),
          ],
          secrets: [proof],
        },
        io,
        left,
      )
    }
    return retry(attempt, { ...RULE, signal: io.signal })
  },
  revoke,
  variables: (s) => (s.signer.variable === undefined ? [] : [s.signer.variable]),
  identity: (s) => s['client-id'],
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

function provenBy(proof: string): readonly (readonly [string, string])[] {
  return [
    ['client_assertion_type', CLIENT_ASSERTION],
    ['client_assertion', proof],
  ]
}

/** The target's own audience in place of what the keeper of the key expects. */
function mintFor(mint: Mint, audience: string | undefined): Mint {
  return audience === undefined ? mint : () => mint(audience)
}

async function revoke(s: Settings, credential: Credential, io: Io, fresh: Fresh): Promise<void> {
  if (credential.kind !== 'bearer') return
  const url = `${s.url}/v1/revoke`
  const proof = await assertion(s, url, signerOf(s.signer), () => fresh(), io, 15_000)
  const parameters = [
    ['token', credential.token],
    ['token_type_hint', 'access_token'],
    ...provenBy(proof),
  ] as const
  await askToRevoke({ url: io.at(url), who: 'Okta', parameters, secrets: [credential.token, proof] }, io)
}
