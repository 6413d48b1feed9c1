import type { Want } from '../../exchange.ts'
import {
  block,
  call,
  dataSource,
  hclDocument,
  reference,
  resource,
  variable,
  type HclValue,
} from '../../trust/hcl.ts'
import { labelFor } from '../../trust/label.ts'
import { comment } from '../../trust/quote.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { partsOf } from './google-key.ts'
import { opening } from './opening.ts'
import type { Settings } from './settings.ts'
import { LIFETIME, toldOf } from './told.ts'

/** The same as the documents of `trust`, for the provider okta/okta and that of whoever keeps the key. */
export function terraform(s: Settings, want: Want, request: TrustRequest): readonly TrustDocument[] {
  return [...opening(s, want, request, 'terraform'), server(s, want, request), app(s, want, request)]
}

/** A text of its own: targets with an app each may share the server. */
function server(s: Settings, want: Want, request: TrustRequest): TrustDocument {
  const { server: id, audience = 'AUDIENCE' } = toldOf(s, want, request)
  const label = labelFor(id)
  return {
    title: `Okta: the authorization server ${id}`,
    language: 'hcl',
    text: hclDocument(
      comment('#', [
        'It has to be there before its address is known; its name is free, and its audience what the warehouse expects:',
        `terraform import okta_auth_server.${label} ${id}`,
      ]),
      [resource('okta_auth_server', label, { name: `dbt-oidc ${id}`, audiences: [audience] })],
    ),
    heldThere: [],
    checkedHere: [],
    owns: [
      {
        what: `the authorization server ${s.url}`,
        rule: audience,
        remedy: 'Give each warehouse an authorization server of its own: it writes one audience.',
      },
    ],
  }
}

function app(s: Settings, want: Want, request: TrustRequest): TrustDocument {
  const { title, lines, server: id, app: client, keyId, policy, scope, held, owns } = toldOf(s, want, request)
  const { blocks, modulus } = publicKey(s)
  const label = labelFor(request.target)
  const auth_server_id = reference(`okta_auth_server.${labelFor(id)}.id`)
  return {
    title,
    language: 'hcl',
    text: hclDocument(
      comment('#', [
        ...lines,
        'The key is one of RSA with 2048 bits: its modulus is what stands in the middle of the public key.',
        'The provider does not tell DPoP, which must be off: an app that is made by it has none.',
        `Where the app is there already: terraform import okta_app_oauth.${label} ID`,
      ]),
      [
        ...blocks,
        resource('okta_app_oauth', label, {
          label: `dbt ${request.target}`,
          client_id: client,
          type: 'service',
          grant_types: ['client_credentials'],
          response_types: ['token'],
          token_endpoint_auth_method: 'private_key_jwt',
          omit_secret: true,
          jwks: block({ kty: 'RSA', kid: keyId, e: 'AQAB', n: modulus }),
        }),
        ...(scope === undefined
          ? []
          : [
              resource('okta_auth_server_scope', label, {
                auth_server_id,
                name: scope,
                consent: 'IMPLICIT',
                metadata_publish: 'NO_CLIENTS',
              }),
            ]),
        resource('okta_auth_server_policy', label, {
          auth_server_id,
          name: policy,
          description: `dbt ${request.target}`,
          priority: 1,
          client_whitelist: [reference(`okta_app_oauth.${label}.client_id`)],
        }),
        resource('okta_auth_server_policy_rule', label, {
          auth_server_id,
          policy_id: reference(`okta_auth_server_policy.${label}.id`),
          name: policy,
          priority: 1,
          grant_type_whitelist: ['client_credentials'],
          scope_whitelist:
            scope === undefined ? undefined : [reference(`okta_auth_server_scope.${label}.name`)],
          access_token_lifetime_minutes: LIFETIME,
        }),
      ],
    ),
    ...held,
    owns,
  }
}

/** Where a public key of RSA with 2048 bits (RFC 5280 4.1, base64) has its modulus: behind 33 bytes, which are 44 characters. */
const [BEFORE, LENGTH] = [44, 342]

/** What asks whoever keeps the key for its public half, and the modulus in it as a JWK has it (RFC 7518 6.3.1). */
function publicKey({
  signer: { key = '', aws, google, vault, transit = 'transit', variable: stored },
}: Settings): {
  readonly blocks: readonly string[]
  readonly modulus: HclValue
} {
  const label = labelFor(key.split('/').at(-1) ?? '')
  if (aws)
    return {
      blocks: [dataSource('aws_kms_public_key', label, { region: key.split(':')[3], key_id: key })],
      modulus: modulusOf(reference(`data.aws_kms_public_key.${label}.public_key`)),
    }
  if (google) {
    const { whole, key: name, version } = partsOf(key)
    const own = labelFor(`${name}_${version}`)
    return {
      blocks: [
        dataSource('google_kms_crypto_key_version', own, { crypto_key: whole, version: Number(version) }),
      ],
      modulus: modulusOf(bare(reference(`data.google_kms_crypto_key_version.${own}.public_key[0].pem`))),
    }
  }
  if (vault) {
    const { namespace } = vault
    const data = `data.vault_generic_secret.${label}.data`
    const latest = call('jsondecode', reference(`${data}["keys"]`))
    return {
      blocks: [dataSource('vault_generic_secret', label, { namespace, path: `${transit}/keys/${key}` })],
      modulus: modulusOf(bare(reference(`${latest.fragment}[${data}["latest_version"]].public_key`))),
    }
  }
  const name = labelFor(`${stored ?? ''}_PUBLIC`)
  return {
    blocks: [
      variable(name, {
        type: reference('string'),
        description: `The public half of ${stored ?? ''} as PEM: openssl rsa -pubout`,
      }),
    ],
    modulus: modulusOf(bare(reference(`var.${name}`))),
  }
}

/** A PEM without its first and last line and its line ends. */
function bare(pem: HclValue): HclValue {
  return call('replace', pem, '/-----[A-Z ]+-----|\\s/', '')
}

function modulusOf(base64: HclValue): HclValue {
  return call('replace', call('replace', call('substr', base64, BEFORE, LENGTH), '+', '-'), '/', '_')
}
