// The OAuth service of IAM Identity Center as its API reference has it:
// https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateTokenWithIAM.html
import { randomBytes } from 'node:crypto'
import { decodeJwt, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import { readBody, type OriginHandler } from '../issuer-server.ts'
import { userFor } from '../models/identity-center.ts'
import type { Admission } from '../postgres/front.ts'
import { parseRecord, scalarText } from '../shape.ts'
import { permits, type Cloud } from './account.ts'
import { assignedBy, type Directory, type Trusted } from './directory.ts'
import { allows } from './policy.ts'
import { headersOf, Refusal, signer } from './sts.ts'

export interface CenterOptions {
  readonly cloud: Cloud
  readonly directory: Directory
  readonly region: string
  readonly host: string
  /** Where the keys of an issuer are. */
  readonly keysOf: (issuer: string) => Promise<JWTVerifyGetKey>
}

/** One call as it arrived, with what became of it and the cause that AWS itself would not tell. */
export interface CenterCall {
  readonly target: string
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
  readonly outcome: string
  readonly detail: string
}

export interface Center {
  readonly handler: OriginHandler
  readonly calls: readonly CenterCall[]
}

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** The service, for `issuer.at(host, center.handler)`. */
export function newCenter(options: CenterOptions): Center {
  const calls: CenterCall[] = []
  const handler: OriginHandler = async (req, res, path) => {
    const text = await readBody(req)
    const headers = headersOf(req)
    const body = parseRecord(text)
    const note = (outcome: string, detail: string): void =>
      void calls.push({ target: path, body, headers, outcome, detail })
    try {
      const caller = signer(options, 'sso-oauth', {
        method: req.method ?? '',
        target: path,
        headers,
        body: text,
      })
      if (`${req.method} ${path}` !== 'POST /token?aws_iam=t')
        throw new Refusal(404, 'UnknownOperationException', path)
      const user = await traded(options, body, caller.role.arn, (arn) =>
        permits(caller, 'sso-oauth:CreateTokenWithIAM', arn),
      )
      const context = randomBytes(90).toString('base64')
      options.cloud.contexts.set(context, { user, expiresAt: Date.now() + 300_000 })
      note('ok', '')
      res.writeHead(200, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          accessToken: `aoa${randomBytes(30).toString('base64url')}`,
          tokenType: 'Bearer',
          expiresIn: 3600,
          idToken: 'an ID token of Identity Center',
          issuedTokenType: 'urn:ietf:params:oauth:token-type:access_token',
          scope: ['sts:identity_context', 'openid', 'aws'],
          awsAdditionalDetails: { identityContext: context },
        }),
      )
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      note(error.code, error.detail)
      res
        .writeHead(error.status, { 'content-type': 'application/json', 'x-amzn-errortype': error.code })
        .end(JSON.stringify({ error: wordOf(error.code), error_description: error.message }))
    }
  }
  return { handler, calls }
}

/** `InvalidGrantException` is `invalid_grant` in OAuth's words. */
function wordOf(code: string): string {
  return code
    .replace(/Exception$/, '')
    .replaceAll(/(?<=[a-z])[A-Z]/g, '_$&')
    .toLowerCase()
}

function refuse(code: string, detail: string): never {
  throw new Refusal(
    code === 'AccessDeniedException' ? 403 : 400,
    code,
    'The request is not accepted.',
    detail,
  )
}

async function traded(
  options: CenterOptions,
  body: Readonly<Record<string, unknown>>,
  caller: string,
  mayTrade: (application: string) => boolean,
): Promise<string> {
  const arn = scalarText(body.clientId)
  if (!mayTrade(arn)) refuse('AccessDeniedException', 'the policy of the role')
  const application = options.directory.applications.get(arn)
  if (!application) return refuse('InvalidClientException', 'no such application')
  const actor = {
    action: 'sso-oauth:CreateTokenWithIAM',
    principal: ['AWS', caller],
    context: NOTHING,
  } as const
  if (!application.actors || !allows([application.actors], actor))
    refuse('AccessDeniedException', 'the actor policy of the application')
  if (scalarText(body.grantType) !== JWT_BEARER) refuse('UnsupportedGrantTypeException', 'the grant type')
  if (application.trusted.length === 0) refuse('UnauthorizedClientException', 'no grant')
  const user = await userOf(options, scalarText(body.assertion), application.trusted)
  const [group] = assignedBy(options.directory, application, user)
  return group === undefined ? refuse('AccessDeniedException', 'not assigned') : user
}

const NOTHING: ReadonlyMap<string, string> = new Map()

/** The one user of whom a token speaks, if it is new and the application may take it. */
async function userOf(
  { directory, keysOf }: Pick<CenterOptions, 'directory' | 'keysOf'>,
  token: string,
  trusted: readonly Trusted[],
): Promise<string> {
  const claims = await verified(keysOf, directory, token, trusted)
  const jti = scalarText(claims.jti)
  if (jti === '' || directory.seen.has(jti)) refuse('InvalidGrantException', 'the token was seen before')
  directory.seen.add(jti)
  return userFor(directory, claims) ?? refuse('InvalidGrantException', `no user ${scalarText(claims.sub)}`)
}

async function verified(
  keysOf: CenterOptions['keysOf'],
  directory: Directory,
  token: string,
  trusted: readonly Trusted[],
): Promise<JWTPayload> {
  try {
    const { iss = '' } = decodeJwt(token)
    const entry = trusted.find(({ issuer }) => directory.issuers.get(issuer)?.url === iss)
    if (!entry) return refuse('InvalidGrantException', 'the issuer')
    const { payload } = await jwtVerify(token, await keysOf(iss), {
      issuer: iss,
      audience: [...entry.audiences],
      algorithms: ['RS256'],
      requiredClaims: ['exp', 'iat', 'sub', 'aud', 'jti'],
    })
    return payload
  } catch (error) {
    if (error instanceof errors.JOSEError) refuse('InvalidGrantException', error.code)
    throw error
  }
}

/** As whom Redshift lets in who shows a token: what Redshift itself asks Identity Center at each login. */
export async function admitByCenter(
  options: Pick<CenterOptions, 'directory' | 'keysOf'>,
  token: string,
): Promise<Admission> {
  const [warehouse] = options.directory.warehouses
  try {
    const application = options.directory.applications.get(warehouse?.application ?? '')
    if (!warehouse || !application) return refuse('InvalidGrantException', 'no application of Redshift')
    const user = await userOf(options, token, application.trusted)
    const [group] = assignedBy(options.directory, application, user)
    if (group === undefined) return refuse('AccessDeniedException', 'not assigned')
    return { role: `${warehouse.namespace}:${group}` }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    // What Redshift really says is in no public document.
    return { refusal: 'authentication failed: the token is not accepted', detail: error.detail }
  }
}
