// Signing as the reference of Cloud KMS has it:
// https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys.cryptoKeyVersions/asymmetricSign
import { constants, privateEncrypt, type KeyObject } from 'node:crypto'
import { readBody, sendJson } from '../issuer-server.ts'
import type { Issuer } from '../issuer.ts'
import { isRecord, parseRecord, scalarText } from '../shape.ts'
import type { GoogleCloud } from './cloud.ts'

/** DigestInfo of SHA-256 (RFC 8017 9.2), to which a digest is appended. */
const SHA256 = Buffer.from('3031300d060960864801650304020105000420', 'hex')
const SCOPES = ['https://www.googleapis.com/auth/cloudkms', 'https://www.googleapis.com/auth/cloud-platform']

/** Cloud KMS on the server of an issuer, with one key whose bindings the cloud knows. */
export function standInForKms(
  issuer: Issuer,
  { tokens, cloud }: GoogleCloud,
  { version, key }: { readonly version: string; readonly key: KeyObject },
): void {
  issuer.at('cloudkms.googleapis.com', async (req, res, path) => {
    const body = parseRecord(await readBody(req))
    const deny = (code: number, status: string, message: string): void =>
      sendJson(res, { error: { code, status, message } }, code)
    const holder = tokens.holderOf(req.headers.authorization)
    if (!holder) return deny(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.')
    if (!holder.scopes.some((one) => SCOPES.includes(one)))
      return deny(403, 'PERMISSION_DENIED', 'Request had insufficient authentication scopes.')
    const [, project = '', location = '', ring = '', name = ''] =
      /^\/v1\/projects\/([^/]+)\/locations\/([^/]+)\/keyRings\/([^/]+)\/cryptoKeys\/([^/]+)\/cryptoKeyVersions\/\d+:asymmetricSign$/.exec(
        path,
      ) ?? []
    const resource = `key/${[project, location, ring, name].join('/')}`
    const bound = cloud.bindings.some(
      (one) =>
        one.resource === resource &&
        one.role === 'roles/cloudkms.signer' &&
        holder.members.includes(one.member),
    )
    if (!bound || path !== `/v1/${version}:asymmetricSign`)
      return deny(
        403,
        'PERMISSION_DENIED',
        `Permission 'cloudkms.cryptoKeyVersions.useToSign' denied on resource '${path.slice(4)}' (or it may not exist).`,
      )
    const digest = isRecord(body['digest'])
      ? Buffer.from(scalarText(body['digest']['sha256']), 'base64')
      : undefined
    if (digest?.length !== 32) return deny(400, 'INVALID_ARGUMENT', 'Digest has wrong length.')
    const padded = { key, padding: constants.RSA_PKCS1_PADDING }
    const signature = privateEncrypt(padded, Buffer.concat([SHA256, digest])).toString('base64')
    return sendJson(res, { signature, name: version })
  })
}
