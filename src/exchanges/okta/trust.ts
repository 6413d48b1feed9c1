import type { Want } from '../../exchange.ts'
import { comment, jsonWord, sh } from '../../trust/quote.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { trust as awsTrust } from '../aws/trust.ts'
import { checkedRole } from '../aws/place.ts'
import { trustOf as googleTrust } from '../google/trust.ts'
import { roleFor } from '../vault/trust.ts'
import { tokenUrl } from './assertion.ts'
import type { Settings } from './settings.ts'

/** Who may sign with the key, where GitHub's token is compared; then the app whose key it is. */
export function trust(s: Settings, want: Want, request: TrustRequest): readonly TrustDocument[] {
  return [...opening(s, want, request), app(s, want, request)]
}

function opening(s: Settings, want: Want, request: TrustRequest): readonly TrustDocument[] {
  const { key = '', aws, google: federated, vault, transit = 'transit' } = s.signer
  if (aws) return [...awsTrust(aws, want, request), mayUseKey(aws.chain?.at(-1)?.role ?? aws.role, key)]
  if (vault)
    return roleFor(vault, request, { path: `${transit}/sign/${key}`, capability: 'update', notes: [] })
  if (!federated) return []
  return [...googleTrust(federated, want, request), mayUseVersion(federated['service-account'], key)]
}

function mayUseKey(arn: string, key: string): TrustDocument {
  const { name } = checkedRole(arn)
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'kms:Sign',
        Resource: key,
        Condition: { StringEquals: { 'kms:SigningAlgorithm': 'RSASSA_PKCS1_V1_5_SHA_256' } },
      },
    ],
  }
  return {
    title: `What ${name} may do with the key`,
    language: 'sh',
    text: [
      comment('#', [
        'The role may sign with this one key and do nothing else.',
        'An alias as resource is of no effect in IAM: write the ARN of the key itself where `key` names an alias.',
      ]),
      sh`aws iam put-role-policy --role-name ${name} --policy-name dbt-oidc-okta --policy-document ${jsonWord(policy)}`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
}

function mayUseVersion(account: string | undefined, version: string): TrustDocument {
  const [, project = '', location = '', ring = '', key = ''] =
    /^projects\/([^/]+)\/locations\/([^/]+)\/keyRings\/([^/]+)\/cryptoKeys\/([^/]+)\//.exec(version) ?? []
  const member = account === undefined ? 'principalSet://…' : `serviceAccount:${account}`
  return {
    title: `What ${account ?? 'the federated identity'} may do with the key`,
    language: 'sh',
    text: [
      comment('#', [
        'It may sign with this one key and do nothing else.',
        ...(account === undefined
          ? ['In place of principalSet://… write the member of the binding above.']
          : []),
      ]),
      sh`gcloud kms keys add-iam-policy-binding ${key} --project=${project} --location=${location} --keyring=${ring} --role=roles/cloudkms.signer --member=${member}`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
}

/** Okta compares nothing of GitHub's token; all that it knows is the public half of the key. */
function app(s: Settings, want: Want, request: TrustRequest): TrustDocument {
  const stored = s.signer.variable
  const claims = [...new Set(request.rules.flatMap(({ when }) => [...when.keys()]))]
  const scope = s.scope ?? want.scope
  const lines = [
    `Okta, for the target ${request.target}: the app ${s['client-id']} and its authorization server ${s.url}.`,
    ...(stored === undefined
      ? [
          'Okta compares nothing of the token of GitHub: that is done where the key is kept, and by this action.',
        ]
      : [
          `NOT SECRETLESS: the private key is kept as the secret ${stored} of GitHub, and whoever reads it can log in from anywhere.`,
          'Nothing but this action compares the claims of the run. Let AWS KMS, Google KMS or Vault hold the key.',
        ]),
    '',
    'App:             API Services; client authentication "Public key / Private key"; no DPoP',
    `Public key:      that of ${s.signer.key ?? stored ?? ''}, as a JWK of RS256${s['key-id'] === undefined ? '' : ` with the kid ${s['key-id']}`}`,
    `Token endpoint:  ${tokenUrl(s)}`,
    ...(want.host === undefined
      ? []
      : [
          `Audience:        that of the server, e.g. https://${want.host}: what the warehouse expects in its tokens`,
        ]),
    ...(scope === undefined ? [] : [`Scope:           ${scope}, defined on that server`]),
    'Access policy:   a rule for this client, grant type Client Credentials, this scope, and the shortest lifetime that a run can live with',
    ...publicKey(s),
  ]
  return {
    title: `Okta: the app of ${request.target}`,
    language: 'sh',
    text: `${comment('#', lines)}\n`,
    heldThere: [],
    checkedHere: stored === undefined ? [] : claims,
  }
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
