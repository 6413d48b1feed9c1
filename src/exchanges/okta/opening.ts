import type { Want } from '../../exchange.ts'
import { hclDocument, resource } from '../../trust/hcl.ts'
import { labelFor } from '../../trust/label.ts'
import { comment, sh } from '../../trust/quote.ts'
import { rolePolicy } from '../../trust/role-policy.ts'
import type { TrustDocument, TrustFormat, TrustRequest } from '../../trust.ts'
import { checkedRole } from '../aws/place.ts'
import { terraform as awsTerraform } from '../aws/terraform.ts'
import { trust as awsTrust } from '../aws/trust.ts'
import { terraformOf as googleTerraform } from '../google/terraform.ts'
import { trustOf as googleTrust } from '../google/trust.ts'
import { roleResources } from '../vault/terraform.ts'
import { roleFor } from '../vault/trust.ts'
import { partsOf } from './google-key.ts'
import type { Settings } from './settings.ts'

/** Who may sign with the key, where GitHub's token is compared; nobody is asked where the key is a stored secret. */
export function opening(
  { signer: { key = '', aws, google, vault, transit = 'transit' } }: Settings,
  want: Want,
  request: TrustRequest,
  format: TrustFormat,
): readonly TrustDocument[] {
  const [ofAws, ofGoogle, ofVault] =
    format === 'terraform' ? [awsTerraform, googleTerraform, roleResources] : [awsTrust, googleTrust, roleFor]
  if (aws) return [...ofAws(aws, want, request), mayUseKey(aws.chain?.at(-1)?.role ?? aws.role, key, format)]
  if (vault)
    return ofVault(vault, request, { path: `${transit}/sign/${key}`, capability: 'update', notes: [] })
  if (!google) return []
  return [...ofGoogle(google, want, request), mayUseVersion(google['service-account'], key, format)]
}

/** Each key has a policy of its own, so that a new one comes beside it. */
function mayUseKey(arn: string, key: string, format: TrustFormat): TrustDocument {
  const { name, account } = checkedRole(arn)
  const id = key.slice(key.lastIndexOf(':') + 1).replaceAll(/[^\w+=,.@-]/g, '-')
  return rolePolicy(
    {
      title: `What ${name} may do with the key`,
      arn,
      name: `sign-${id}`.slice(0, 128),
      policy: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: 'kms:Sign',
            Resource: key,
            Condition: { StringEquals: { 'kms:SigningAlgorithm': 'RSASSA_PKCS1_V1_5_SHA_256' } },
          },
        ],
      },
      lines: [
        `AWS account ${account}: ${arn} may sign with this one key and do nothing else.`,
        'An alias as resource is of no effect in IAM: write the ARN of the key itself where `key` names an alias.',
      ],
    },
    format,
  )
}

const SIGNER = 'roles/cloudkms.signer'

function mayUseVersion(account: string | undefined, version: string, format: TrustFormat): TrustDocument {
  const { project, location, ring, key, whole } = partsOf(version)
  const member = account === undefined ? 'principalSet://…' : `serviceAccount:${account}`
  const lines = [
    'It may sign with this one key and do nothing else.',
    ...(account === undefined ? ['In place of principalSet://… write the member of the binding above.'] : []),
  ]
  const title = `What ${account ?? 'the federated identity'} may do with the key`
  const none = { heldThere: [], checkedHere: [] }
  if (format === 'terraform') {
    const binding = resource('google_kms_crypto_key_iam_member', labelFor(`${whole}_${member}`), {
      crypto_key_id: whole,
      role: SIGNER,
      member,
    })
    return { title, language: 'hcl', text: hclDocument(comment('#', lines), [binding]), ...none }
  }
  const write = (verb: string): string =>
    sh`gcloud kms keys ${verb} ${key} --project=${project} --location=${location} --keyring=${ring} --role=${SIGNER} --member=${member}`
  const create = write('add-iam-policy-binding')
  return {
    title,
    language: 'sh',
    text: [comment('#', lines), create].join('\n'),
    before: [comment('#', lines)],
    parts: [
      {
        what: `the role ${SIGNER} of ${member} on ${whole}`,
        state: '',
        create,
        remove: write('remove-iam-policy-binding'),
      },
    ],
    ...none,
  }
}
