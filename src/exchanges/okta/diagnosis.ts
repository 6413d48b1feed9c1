import type { Claims } from '../../claims.ts'
import type { Diagnosis } from '../../exchange.ts'
import { diagnose as ofAws } from '../aws/diagnosis.ts'
import { diagnose as ofGoogle } from '../google/diagnose.ts'
import { diagnose as ofVault } from '../vault/diagnosis.ts'
import type { Settings } from './settings.ts'
import { tokenUrl } from './assertion.ts'
import { signerOf } from './signer.ts'

interface Row {
  readonly text: RegExp
  /** As Okta, or who keeps the key, writes it. */
  readonly example: string
  readonly means: (s: Settings, claims: Claims) => Diagnosis
}

/**
 * Okta's own words (developer.okta.com, "OAuth 2.0 and OpenID Connect error codes"; support.okta.com; okta/okta-sdk-python#289
 * and #382), the particular before the general, then those of who keeps the key.
 */
const ROWS: readonly Row[] = [
  {
    text: /audience claim for client_assertion must be/i,
    example: 'The audience claim for client_assertion must be the endpoint invoked for the request.',
    means: (s) => ({
      problem: `To Okta the assertion is for another endpoint than \`${tokenUrl(s)}\`.`,
      remedy:
        'Write as `url` the issuer that the metadata of the authorization server name: with the domain by which it is asked, the custom one where there is one, and no proxy in between that changes it.',
    }),
  },
  {
    text: /client_assertion JWT kid is invalid/i,
    example: 'The client_assertion JWT kid is invalid.',
    means: (s) => ({
      problem: `The app \`${s['client-id']}\` has no key ${s['key-id'] === undefined ? 'that the assertion names: it names none' : `with the \`kid\` \`${s['key-id']}\``}.`,
      remedy:
        'Write as `key-id` the `kid` that the app shows beside the public key; where it has several, one must be named.',
    }),
  },
  {
    text: /client_assertion signature is invalid/i,
    example: 'The client_assertion signature is invalid.',
    means: (s) => ({
      problem: `The active key of the app \`${s['client-id']}\` is not the public half of \`${keyOf(s)}\`.`,
      remedy:
        'Register the public half there and let it be active; `trust` prints how to get it. A key that was rotated where it is kept is another key.',
    }),
  },
  {
    text: /client_assertion token is expired|expiration too far into the future/i,
    example: 'The client_assertion token is expired.',
    means: () => ({
      problem:
        'The clock of the runner and that of Okta differ: the assertion was made just now for five minutes.',
      remedy: 'Let the runner set its clock by NTP; one that GitHub hosts does.',
    }),
  },
  {
    text: /Invalid value for 'client_id' parameter/i,
    example: "Invalid value for 'client_id' parameter.",
    means: (s) => ({
      problem: `Okta has no active app with the client id \`${s['client-id']}\`.`,
      remedy: 'Correct `client-id`, or activate the app; each org of Okta has apps of its own.',
    }),
  },
  {
    text: /unauthorized_client|not authorized to use the provided grant type/i,
    example: 'The client is not authorized to use the provided grant type.',
    means: (s) => ({
      problem: `The app \`${s['client-id']}\` may not ask for tokens by client credentials.`,
      remedy:
        'It must be an app of the type API Services, which can do nothing else; a web app is for people.',
    }),
  },
  {
    text: /invalid_dpop_proof|use_dpop_nonce|DPoP proof JWT header is missing/i,
    example: 'invalid_dpop_proof: The DPoP proof JWT header is missing.',
    means: (s) => ({
      problem: `The app \`${s['client-id']}\` binds its tokens to a key of the client (DPoP), and no warehouse takes such a token.`,
      remedy:
        'Switch off "Require Demonstrating Proof of Possession (DPoP) header in token requests" in the general settings of the app: new API services have it on.',
    }),
  },
  {
    text: /invalid_client/,
    example: 'invalid_client',
    means: (s) => ({
      problem: `Okta does not take the assertion of the app \`${s['client-id']}\` (iss = sub = that id, aud \`${tokenUrl(s)}\`).`,
      remedy: `The app must be an API service with "Public key / Private key", hold the public half of \`${keyOf(s)}\`${s['key-id'] === undefined ? ', and `key-id` name it if it has several' : ` under the \`kid\` \`${s['key-id']}\``}; \`trust\` prints how. A token of GitHub can never be that assertion.`,
    }),
  },
  {
    text: /invalid_scope/,
    example: 'invalid_scope: One or more scopes are not configured for the authorization server resource.',
    means: (s) => ({
      problem: `The authorization server ${s.url} does not know the scope${s.scope === undefined ? '' : ` \`${s.scope}\``}, or does not give it to this app.`,
      remedy:
        'Define the scope there: each authorization server has scopes of its own, and that of the org can have none. For Snowflake it is `session:role:ROLE`.',
    }),
  },
  {
    text: /access_denied|no_matching_policy|Policy evaluation failed/i,
    example:
      'access_denied: Policy evaluation failed for this request, please check the policy configurations.',
    means: (s) => ({
      problem: `No access policy of ${s.url} lets this app have a token by client credentials.`,
      remedy: 'Add a rule to an access policy of that server: this client, Client Credentials, this scope.',
    }),
  },
  {
    text: /\bE0000007\b/,
    example: 'E0000007',
    means: (s) => ({
      problem: `Okta has no authorization server at ${s.url}.`,
      remedy:
        'Write the issuer of an active custom authorization server: Security, API, Authorization Servers shows it; `default` is one where the org has API Access Management.',
    }),
  },
  {
    // Of a signature that AWS does not take, AWS's own exchange knows more.
    text: /kms:Sign|AWS KMS refused(?!.*Signature)/,
    example: 'kms:Sign',
    means: (s) => ({
      problem: `The role ${signerOf(s.signer).identity} may not sign with ${s.signer.key ?? ''}.`,
      remedy:
        'Allow it `kms:Sign`, in its own policy and, if that does not defer to IAM, in the one of the key.',
    }),
  },
]

function keyOf({ signer }: Settings): string {
  return signer.key ?? signer.variable ?? ''
}

/** What a refusal on the way to Okta's token means for this run: in Okta's words, or in those of who keeps the key. */
export function diagnose(error: string, settings: Settings, claims: Claims): Diagnosis | undefined {
  return (
    ROWS.find(({ text }) => text.test(error))?.means(settings, claims) ?? ofKeeper(error, settings, claims)
  )
}

function ofKeeper(error: string, { signer }: Settings, claims: Claims): Diagnosis | undefined {
  if (signer.aws) return ofAws(error, signer.aws, claims)
  if (signer.google) return ofGoogle(error, signer.google, claims)
  return signer.vault && ofVault(error, signer.vault, claims)
}

/** As they are written. */
export const ERRORS: readonly string[] = ROWS.map(({ example }) => example)
