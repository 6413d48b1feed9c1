import type { IncomingMessage, ServerResponse } from 'node:http'
import { createLocalJWKSet, decodeJwt, errors, jwtVerify, type JSONWebKeySet } from 'jose'
import { accessClaims, type Resource } from './entra-tokens.ts'
import { readBody, sendJson } from './issuer-server.ts'
import type { Issuer } from './issuer.ts'
import { newKey, signJwt, type SigningKey } from './jwt.ts'
import type { FederatedCredential } from './models/entra.ts'
import { fitting } from './models/whole.ts'

/** Entra ID's token endpoint, `https://login.microsoftonline.com` in a rehearsal. */
export interface Entra {
  /** The bodies of the requests, as they came. */
  readonly bodies: readonly string[]
  /** The access tokens that were given out, in order. */
  readonly issued: readonly string[]
  /** Answers that are given before any other. */
  readonly next: ((res: ServerResponse) => unknown)[]
}

/**
 * Plays Entra ID for these credentials, from its documentation: issuer, subject and audience are compared whole and with
 * their case (models/entra.ts), the request is the third case
 * of https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow, and the texts are those that
 * people have reported. Its access tokens are signed, so that a resource can verify them. Nothing here knows how ours are made.
 */
export function playEntra(
  issuer: Issuer,
  { tenant, credentials, resources = [], host = 'login.microsoftonline.com', key: own }: EntraOptions,
): Entra {
  const bodies: string[] = []
  const issued: string[] = []
  const key = own ?? newKey()
  const next: ((res: ServerResponse) => unknown)[] = []
  issuer.at(host, async (req, res, path) => {
    if (req.method === 'GET' && path === `/${tenant}/discovery/v2.0/keys`)
      return sendJson(res, { keys: [(await key).jwk] })
    const body = await readBody(req)
    bodies.push(body)
    const queued = next.shift()
    if (queued) return queued(res)
    const fault = wrongRequest(req, path, body, tenant) ?? (await judge(body, issuer, credentials))
    if (fault !== undefined) return refuse(res, fault)
    const form = new URLSearchParams(body)
    const access_token = signJwt(accessClaims(tenant, form, resources), await key)
    issued.push(access_token)
    return sendJson(res, { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token })
  })
  return { bodies, issued, next }
}

export interface EntraOptions {
  readonly tenant: string
  readonly credentials: readonly FederatedCredential[]
  /** Apps of the tenant's own that tokens are for; any other resource is one of Microsoft's. */
  readonly resources?: readonly Resource[]
  readonly host?: string
  /** What the tenant signs with, where that must stay from one to the next; a new key otherwise. */
  readonly key?: SigningKey
}

/** Answers as Entra does. */
export function refuse(res: ServerResponse, [error, code, text]: Fault): void {
  const description = `AADSTS${code}: ${text} Trace ID: 1f2e3d4c-0000-4000-8000-000000000000 Timestamp: 2026-11-24 12:00:00Z`
  sendJson(
    res,
    { error, error_description: description, error_codes: [code] },
    error === 'invalid_client' ? 401 : 400,
  )
}

type Fault = readonly [error: string, code: number, text: string]

function wrongRequest(req: IncomingMessage, path: string, body: string, tenant: string): Fault | undefined {
  if (path !== `/${tenant}/oauth2/v2.0/token`)
    return ['invalid_request', 90002, `Tenant '${path}' not found.`]
  const form = new URLSearchParams(body)
  if (req.method !== 'POST' || req.headers['content-type'] !== 'application/x-www-form-urlencoded')
    return ['invalid_request', 900144, 'The request body must be a form.']
  if (form.get('grant_type') !== 'client_credentials')
    return ['unsupported_grant_type', 70003, 'The app requested an unsupported grant type.']
  if (form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    return ['invalid_request', 70000, 'The client assertion type is not supported.']
  if (!/^[^\s/]+:\/\/\S+\/\.default$|^[0-9a-f-]{36}\/\.default$/.test(form.get('scope') ?? ''))
    return ['invalid_scope', 1002012, 'The provided value for scope is not valid.']
  return undefined
}

async function judge(
  body: string,
  issuer: Issuer,
  all: readonly FederatedCredential[],
): Promise<Fault | undefined> {
  const form = new URLSearchParams(body)
  const app = form.get('client_id') ?? ''
  const credentials = all.filter((one) => one.app === app)
  if (credentials.length === 0)
    return [
      'unauthorized_client',
      700016,
      `Application with identifier '${app}' was not found in the directory.`,
    ]
  const token = form.get('client_assertion') ?? ''
  const { iss, sub, aud } = decodeJwt(token)
  const byIssuer = credentials.filter((one) => one.issuer === iss)
  if (byIssuer.length === 0)
    return [
      'invalid_client',
      700211,
      `No matching federated identity record found for presented assertion issuer '${iss}'.`,
    ]
  const keys = await fetch(`${iss}/.well-known/jwks`)
  const set = createLocalJWKSet((await keys.json()) as JSONWebKeySet)
  const verified = await jwtVerify(token, set, { algorithms: ['RS256'], requiredClaims: ['exp'] }).catch(
    (error: unknown) => error,
  )
  if (verified instanceof errors.JWTExpired)
    return ['invalid_client', 700024, 'Client assertion is not within its valid time range.']
  if (verified instanceof Error) return ['invalid_client', 50013, 'Assertion failed signature validation.']
  const found = fitting(credentials, decodeJwt(token))
  if ('entry' in found) return undefined
  if (found.flaw === 'subject') {
    const near = byIssuer.some((one) => one.subject.toLowerCase() === sub?.toLowerCase())
    if (near) return ['invalid_client', 7002138, 'A federated identity record matches except for the case.']
    return [
      'invalid_client',
      700213,
      `No matching federated identity record found for presented assertion subject '${sub}'.`,
    ]
  }
  return [
    'invalid_client',
    700212,
    `No matching federated identity record found for presented assertion audience '${String(aud)}'.`,
  ]
}
