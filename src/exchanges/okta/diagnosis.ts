import type { Claims } from '../../claims.ts'
import type { Diagnosis } from '../../exchange.ts'
import { diagnose as ofAws } from '../aws/diagnosis.ts'
import { diagnose as ofGoogle } from '../google/diagnose.ts'
import { diagnose as ofVault } from '../vault/diagnosis.ts'
import type { Settings } from './settings.ts'
import { tokenUrl } from './assertion.ts'
import { signerOf } from './signer.ts'

type Row = readonly [text: RegExp, explain: (settings: Settings, claims: Claims) => Diagnosis]

/** Okta's own words (developer.okta.com, "OAuth 2.0 and OpenID Connect error codes"), then those of who keeps the key. */
const ROWS: readonly Row[] = [
  [
    /invalid_client/,
    (s) => ({
      problem: `Okta does not take the assertion of the app \`${s['client-id']}\` (iss = sub = that id, aud \`${tokenUrl(s)}\`).`,
      remedy: `The app must be an API service with "Public key / Private key", hold the public half of \`${s.signer.key ?? s.signer.variable ?? ''}\`${s['key-id'] === undefined ? ', and `key-id` name it if it has several' : ` under the \`kid\` \`${s['key-id']}\``}; \`trust\` prints how. A token of GitHub can never be that assertion.`,
    }),
  ],
  [
    /invalid_scope/,
    (s) => ({
      problem: `The authorization server ${s.url} does not know the scope${s.scope === undefined ? '' : ` \`${s.scope}\``}, or does not give it to this app.`,
      remedy: 'Define the scope there; for Snowflake it is `session:role:ROLE`.',
    }),
  ],
  [
    /access_denied|no_matching_policy|Policy evaluation failed/i,
    (s) => ({
      problem: `No access policy of ${s.url} lets this app have a token by client credentials.`,
      remedy: 'Add a rule to an access policy of that server: this client, Client Credentials, this scope.',
    }),
  ],
  [
    /kms:Sign|AWS KMS refused/,
    (s) => ({
      problem: `The role ${signerOf(s.signer).identity} may not sign with ${s.signer.key ?? ''}.`,
      remedy:
        'Allow it `kms:Sign`, in its own policy and, if that does not defer to IAM, in the one of the key.',
    }),
  ],
]

/** What a refusal on the way to Okta's token means for this run: in Okta's words, or in those of who keeps the key. */
export function diagnose(error: string, settings: Settings, claims: Claims): Diagnosis | undefined {
  return ROWS.find(([text]) => text.test(error))?.[1](settings, claims) ?? ofKeeper(error, settings, claims)
}

function ofKeeper(error: string, { signer }: Settings, claims: Claims): Diagnosis | undefined {
  if (signer.aws) return ofAws(error, signer.aws, claims)
  if (signer.google) return ofGoogle(error, signer.google, claims)
  return signer.vault && ofVault(error, signer.vault, claims)
}

export const ERRORS = ['invalid_client', 'invalid_scope', 'access_denied', 'kms:Sign'] as const
