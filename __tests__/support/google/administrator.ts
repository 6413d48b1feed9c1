import { exportPKCS8, generateKeyPair, jwtVerify } from 'jose'
import { readBody, sendJson } from '../issuer-server.ts'
import type { Issuer } from '../issuer.ts'
import type { Cloud } from './gcloud.ts'
import { rpc } from './iam.ts'
import { createTokens } from './tokens.ts'

const EMAIL = 'auditor@acme-admin.iam.gserviceaccount.com'
const TOKEN_URL = 'https://oauth2.googleapis.com/token'
const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform'

const PERSON = { client_id: 'gcloud', client_secret: 's', refresh_token: '1//refresh-of-a-person' }

/** What `gcloud auth application-default login` writes for a person. */
export const PERSONS_LOGIN = JSON.stringify({ type: 'authorized_user', quota_project_id: 'acme', ...PERSON })

/** A service account that may look at the providers of a cloud, and the file by which Google's library finds it. */
export interface Administrator {
  readonly credentials: string
  /** Takes the role away. */
  dismiss(): void
}

/**
 * Google's token endpoint for service accounts (developers.google.com/identity/protocols/oauth2/service-account: a signed
 * assertion, RFC 7523) and `projects.locations.workloadIdentityPools.providers.get` of IAM.
 */
export async function administratorOf(
  issuer: Issuer,
  cloud: Pick<Cloud, 'providers'>,
): Promise<Administrator> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const tokens = createTokens()
  let trusted = true
  const answer = (member: string, scopes: readonly string[]): unknown => {
    const holder = { members: [member], federated: false, scopes, expires: Date.now() + 3_600_000 }
    return { access_token: tokens.issue('ya29.c.', holder), token_type: 'Bearer', expires_in: 3600 }
  }
  issuer.at('oauth2.googleapis.com', async (req, res) => {
    const form = new URLSearchParams(await readBody(req))
    if (form.get('grant_type') === 'refresh_token') {
      const known = Object.entries(PERSON).every(([name, value]) => form.get(name) === value)
      if (!known) return sendJson(res, { error: 'invalid_grant' }, 400)
      return sendJson(res, answer('user:auditor@acme.example', [CLOUD_PLATFORM]))
    }
    const { payload } = await jwtVerify(form.get('assertion') ?? '', publicKey, {
      issuer: EMAIL,
      audience: TOKEN_URL,
      algorithms: ['RS256'],
      requiredClaims: ['exp', 'iat'],
    })
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
      return sendJson(res, { error: 'unsupported_grant_type' }, 400)
    return sendJson(res, answer(`serviceAccount:${EMAIL}`, String(payload['scope']).split(' ')))
  })
  issuer.at('iam.googleapis.com', (req, res, path) => {
    const holder = tokens.holderOf(req.headers.authorization)
    const refuse = (code: number, status: string, message: string): void =>
      sendJson(res, rpc(code, status, message), code)
    if (!holder) return refuse(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.')
    if (!trusted || !holder.scopes.includes(CLOUD_PLATFORM))
      return refuse(403, 'PERMISSION_DENIED', "Permission 'iam.workloadIdentityPoolProviders.get' denied.")
    const name = path.replace(/^\/v1\//, '')
    const provider = cloud.providers.get(name)
    if (!provider) return refuse(404, 'NOT_FOUND', 'Requested entity was not found.')
    return sendJson(res, {
      name,
      state: 'ACTIVE',
      oidc: { issuerUri: provider.issuer, allowedAudiences: provider.audiences },
      attributeMapping: Object.fromEntries(provider.mapping),
      attributeCondition: provider.condition,
    })
  })
  const credentials = JSON.stringify({
    type: 'service_account',
    project_id: 'acme-admin',
    private_key_id: 'k1',
    private_key: await exportPKCS8(privateKey),
    client_email: EMAIL,
    client_id: '1',
    token_uri: TOKEN_URL,
  })
  return {
    credentials,
    dismiss() {
      trusted = false
    },
  }
}
