import type { Want } from '../../exchange.ts'
import { comment, sh } from '../../trust/quote.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { opening } from './opening.ts'
import type { Settings } from './settings.ts'
import { toldOf } from './told.ts'

/** Who may sign with the key, where GitHub's token is compared; then the app whose key it is. */
export function trust(s: Settings, want: Want, request: TrustRequest): readonly TrustDocument[] {
  return [...opening(s, want, request, 'commands'), app(s, want, request)]
}

/** Okta compares nothing of GitHub's token; all that it knows is the public half of the key. */
function app(s: Settings, want: Want, request: TrustRequest): TrustDocument {
  const { title, lines, key, scope, tokenUrl, audience, held } = toldOf(s, want, request)
  const all = [
    ...lines,
    '',
    'App:             API Services; client authentication "Public key / Private key"; no DPoP',
    `Public key:      that of ${key}, as a JWK of RS256${s['key-id'] === undefined ? '' : ` with the kid ${s['key-id']}`}`,
    `Token endpoint:  ${tokenUrl}`,
    ...(audience === undefined
      ? []
      : [`Audience:        that of the server, e.g. ${audience}: what the warehouse expects in its tokens`]),
    ...(scope === undefined ? [] : [`Scope:           ${scope}, defined on that server`]),
    'Access policy:   a rule for this client, grant type Client Credentials, this scope, and the shortest lifetime that a run can live with',
    ...publicKey(s),
  ]
  return { title, language: 'sh', text: `${comment('#', all)}\n`, ...held }
}

/** How to get the public half, as PEM or DER, from whoever keeps the key. */
function publicKey({
  signer: { key = '', aws, google: federated, vault, transit = 'transit' },
}: Settings): readonly string[] {
  if (aws)
    return ['', sh`The public key: aws kms get-public-key --key-id ${key} --query PublicKey --output text`]
  if (vault) return ['', sh`The public key: vault read -field=keys ${`${transit}/keys/${key}`}`]
  if (federated) return ['', `The public key: gcloud kms keys versions get-public-key, of ${key}`]
  return []
}
