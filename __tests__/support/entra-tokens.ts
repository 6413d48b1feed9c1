import { createHash, randomUUID } from 'node:crypto'

/** An app of the tenant that access tokens are for. */
export interface Resource {
  /** Its application id URI. */
  readonly uri: string
  readonly clientId: string
  /** `requestedAccessTokenVersion` of its manifest. */
  readonly version: 1 | 2
  /** Values of the app roles that each client has been assigned, by the client's id. */
  readonly roles?: Readonly<Record<string, readonly string[]>>
}

/** Seconds that a token lives. */
const LIFE = 3599

/** The id of an app's service principal in its tenant: no setting of ours holds it, and every token does. */
export function objectIdOf(app: string): string {
  const hex = createHash('sha256').update(app).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  )
}

/**
 * The claims of a token that an app asks for itself, by
 * https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference: a v1.0 token is of sts.windows.net, has
 * the resource as it was asked for as `aud` and the client as `appid`; a v2.0 token has an `iss` that ends in `/v2.0`, the
 * client id of the resource as `aud` and the client as `azp`. `sub` and `oid` are the service principal.
 */
export function accessClaims(
  tenant: string,
  form: URLSearchParams,
  resources: readonly Resource[],
): Readonly<Record<string, unknown>> {
  const app = form.get('client_id') ?? ''
  const uri = (form.get('scope') ?? '').replace(/\/\.default$/, '')
  const resource = resources.find((one) => one.uri === uri)
  const roles = resource?.roles?.[app]
  const now = Math.floor(Date.now() / 1000)
  const common = {
    iat: now,
    nbf: now,
    exp: now + LIFE,
    oid: objectIdOf(app),
    sub: objectIdOf(app),
    tid: tenant,
    uti: randomUUID(),
    ...(roles && { roles }),
  }
  if (resource?.version === 2)
    return {
      ...common,
      aud: resource.clientId,
      iss: `https://login.microsoftonline.com/${tenant}/v2.0`,
      azp: app,
      azpacr: '2',
      ver: '2.0',
    }
  const iss = `https://sts.windows.net/${tenant}/`
  return { ...common, aud: uri, iss, idp: iss, appid: app, appidacr: '2', ver: '1.0' }
}
