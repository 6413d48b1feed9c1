import type { Part } from '../../trust/parts.ts'
import { comment, jsonWord, sh, verbatim } from '../../trust/quote.ts'
import { partsOf as partsOfVersion } from './google-key.ts'
import { policyOf, ruleOf } from './printed.ts'
import type { Settings } from './settings.ts'
import type { Told } from './told.ts'

const FROM_STDIN = 'require("node:fs").readFileSync(0, "utf8")'

/**
 * Functions of the shell: `okta METHOD PATH` calls the API, with the token in no list of arguments; `jwk KID` makes a JWK of
 * a public key in PEM or base64 (RFC 7517); `id_of KEY VALUE` finds one of a list.
 */
export function functionsFor(origin: string): string {
  return [
    sh`okta() { verb=$1 where=$2; shift 2; printf 'Authorization: SSWS %s\\n' "$OKTA_API_TOKEN" | curl --silent --show-error --fail-with-body --header @- --header 'Content-Type: application/json' --request "$verb" "$@" ${origin}/api/v1/"$where"; }`,
    `jwk() { node --print 'const key = Buffer.from(${FROM_STDIN}.replace(/-----[^-]+-----/g, ""), "base64"); JSON.stringify({ kid: process.argv[1], use: "sig", alg: "RS256", ...require("node:crypto").createPublicKey({ key, format: "der", type: "spki" }).export({ format: "jwk" }) })' -- "$1"; }`,
    `id_of() { node --print 'JSON.parse(${FROM_STDIN}).find((one) => one[process.argv[1]] === process.argv[2]).id' -- "$1" "$2"; }`,
  ].join('\n')
}

/** Key, scope and access policy, each by itself. */
export function partsOf(s: Settings, told: Told): readonly Part[] {
  const { app, server, key, keyId, scope, policy } = told
  const at = `authorizationServers/${server}`
  const [keys, policies] = [`apps/${app}/credentials/jwks`, `${at}/policies`]
  const add = [
    comment('#', [`Leave it out where the app was made with this key.`]),
    sh`okta POST ${keys} --data "$(${verbatim(publicKey(s))} | jwk ${keyId})"`,
  ].join('\n')
  const end = [
    sh`key=$(okta GET ${keys} | id_of kid ${keyId})`,
    sh`okta POST ${keys}/"$key"/lifecycle/deactivate`,
    sh`okta DELETE ${keys}/"$key"`,
  ].join('\n')
  const names = scope === undefined ? [] : [scope]
  const rule = ruleOf(policy, scope)
  return [
    {
      what: `the key ${keyId} of the app ${app}`,
      state: key,
      create: add,
      update: `${end}\n${add}`,
      remove: end,
    },
    ...names.map((name) => ({
      what: `the scope ${name} of ${server}`,
      state: '',
      create: sh`okta POST ${at}/scopes --data ${jsonWord({ name, consent: 'IMPLICIT', metadataPublish: 'NO_CLIENTS' })}`,
    })),
    {
      what: `the access policy ${policy} of ${server}`,
      state: JSON.stringify(rule),
      create: [
        sh`policy=$(okta POST ${policies} --data ${jsonWord(policyOf(policy, app))} | node --print ${`JSON.parse(${FROM_STDIN}).id`})`,
        sh`okta POST ${policies}/"$policy"/rules --data ${jsonWord(rule)}`,
      ].join('\n'),
      update: [
        sh`policy=$(okta GET ${policies} | id_of name ${policy})`,
        sh`rule=$(okta GET ${policies}/"$policy"/rules | id_of name ${policy})`,
        sh`okta PUT ${policies}/"$policy"/rules/"$rule" --data ${jsonWord(rule)}`,
      ].join('\n'),
      remove: [
        sh`policy=$(okta GET ${policies} | id_of name ${policy})`,
        sh`okta DELETE ${policies}/"$policy"`,
      ].join('\n'),
    },
  ]
}

/** How to get the public half, as PEM or base64, from whoever keeps the key. */
function publicKey({
  signer: { key = '', aws, google, vault, transit = 'transit', variable },
}: Settings): string {
  if (aws)
    return sh`aws kms get-public-key --region ${key.split(':')[3] ?? ''} --key-id ${key} --query PublicKey --output text`
  if (google) {
    const { project, location, ring, key: name, version } = partsOfVersion(key)
    return sh`gcloud kms keys versions get-public-key ${version} --key=${name} --keyring=${ring} --location=${location} --project=${project} --output-file=-`
  }
  if (vault)
    return sh`vault read${verbatim(vault.namespace === undefined ? '' : sh` -namespace=${vault.namespace}`)} -format=json ${`${transit}/keys/${key}`} | node --print ${`const { latest_version: at, keys } = JSON.parse(${FROM_STDIN}).data; keys[at].public_key`}`
  return sh`printf '%s\\n' "$${verbatim(variable ?? '')}" | openssl rsa -pubout`
}
