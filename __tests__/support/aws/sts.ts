// The security token service as its API reference has it:
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRemoteJWKSet, decodeJwt, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import { readBody, type OriginHandler } from '../issuer-server.ts'
import { clientsOf, mayAssume } from '../models/aws.ts'
import { parseRecord, scalarText } from '../shape.ts'
import { openSession, permits, sessionArn, type Cloud, type Session } from './account.ts'
import { allows, parsePolicy, type Policy } from './policy.ts'
import { verifyHeader } from './sigv4.ts'

/** One call as it arrived, with what became of it: `ok` or the code of the refusal. */
export interface Call {
  readonly action: string
  readonly form: ReadonlyMap<string, string>
  readonly headers: Readonly<Record<string, string>>
  readonly outcome: string
  /** The cause that AWS itself would not tell. */
  readonly detail: string
  /** In milliseconds since the epoch. */
  readonly at: number
}

export interface StsOptions {
  readonly cloud: Cloud
  readonly region: string
  readonly host: string
  /** Where an issuer's keys are; the discovery document tells unless given. */
  readonly keysOf?: (issuer: string) => Promise<JWTVerifyGetKey>
  /** The clock of the service. */
  readonly now?: () => Date
  /** Seconds that a session lives, whatever was asked for. */
  readonly life?: () => number | undefined
  /** The condition keys that a token gives beside aud and sub: github.com's own issuer has more. */
  readonly claimKeys?: (issuer: string) => readonly string[]
}

/** The service, for `issuer.at(host, sts.handler)`. */
export interface Sts {
  readonly handler: OriginHandler
  readonly calls: readonly Call[]
}

/** A refusal in the words of the service. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly detail: string
  constructor(status: number, code: string, message: string, detail = '') {
    super(message)
    this.status = status
    this.code = code
    this.detail = detail
  }
}

/** Starts with the cloud's trust as it is at each call. */
export function newSts(options: StsOptions): Sts {
  const calls: Call[] = []
  const handler = async (req: IncomingMessage, res: ServerResponse, path: string): Promise<void> => {
    const body = await readBody(req)
    const form = new Map(new URLSearchParams(body))
    const action = form.get('Action') ?? ''
    const headers = headersOf(req)
    const note = (outcome: string, detail: string): void =>
      void calls.push({ action, form, headers, outcome, detail, at: Date.now() })
    try {
      const result = await answer(options, action, form, {
        method: req.method ?? '',
        target: path,
        headers,
        body,
      })
      note('ok', '')
      res.writeHead(200, { 'content-type': 'text/xml' }).end(envelope(action, result))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      note(error.code, error.detail)
      res.writeHead(error.status, { 'content-type': 'text/xml' }).end(errorXml(error))
    }
  }
  return { handler, calls }
}

/** Headers with one value each, names in lower case. */
export function headersOf(req: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(req.headers).map(([name, value]) => [name, [value ?? ''].flat().join(',')]),
  )
}

interface Arrived {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

async function answer(
  options: StsOptions,
  action: string,
  form: ReadonlyMap<string, string>,
  arrived: Arrived,
): Promise<string> {
  if (action === 'AssumeRoleWithWebIdentity') {
    // The call is unsigned: keys of the machine have no business in it.
    if (arrived.headers.authorization !== undefined) throw new Refusal(400, 'ValidationError', 'signed')
    return withWebIdentity(options, form)
  }
  const caller = signer(options, 'sts', arrived)
  if (action === 'GetCallerIdentity')
    return `<Arn>${sessionArn(caller)}</Arn><UserId>AROA:${caller.name}</UserId><Account>${caller.account}</Account>`
  if (action === 'AssumeRole') return withRole(options, form, caller)
  throw new Refusal(400, 'InvalidAction', `Could not find operation ${action}`)
}

/** The session that has signed a request; of keys that have ended, the detail of the refusal names them. */
export function signer(
  { cloud, region, host }: Omit<StsOptions, 'keysOf'>,
  service: string,
  arrived: Arrived,
): Session {
  const keysOf = (id: string): Session | undefined => cloud.sessions.get(id)
  const verdict = verifyHeader(arrived, { service, region, host, now: new Date(), keysOf })
  if ('flaw' in verdict)
    throw new Refusal(403, verdict.flaw.split(':')[0] ?? '', 'The request is not accepted.', verdict.flaw)
  const session = cloud.sessions.get(verdict.accessKeyId)
  if (!session || session.expiresAt < Date.now())
    throw new Refusal(
      403,
      'ExpiredToken',
      'The security token included in the request is expired',
      verdict.accessKeyId,
    )
  return session
}

function denied(detail: string): Refusal {
  return new Refusal(403, 'AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', detail)
}

async function withWebIdentity(options: StsOptions, form: ReadonlyMap<string, string>): Promise<string> {
  const { cloud } = options
  const arn = form.get('RoleArn') ?? ''
  const account = arn.split(':')[4] ?? ''
  const { token, issuer, clients } = provider(cloud, account, form.get('WebIdentityToken') ?? '')
  const claims = await verified(options, token, issuer, clients)
  const name = sessionNameOf(form)
  const role = cloud.roles.get(arn)
  if (!role) throw denied('no such role')
  if (!mayAssume({ arn, trust: role.trust }, claims, name, options.claimKeys?.(issuer)))
    throw denied('the trust policy')
  const seconds = durationOf(form, role.maxDuration)
  const session = openSession(cloud, role, name, options.life?.() ?? seconds, policiesOf(form))
  return `${credentials(session)}<SubjectFromWebIdentityToken>${xml(scalarText(claims.sub))}</SubjectFromWebIdentityToken><Audience>${xml(scalarText(claims.aud))}</Audience>`
}

function provider(cloud: Cloud, account: string, token: string) {
  if (token.length < 4 || token.length > 20_000) throw new Refusal(400, 'ValidationError', 'webIdentityToken')
  let issuer = ''
  try {
    issuer = decodeJwt(token).iss ?? ''
  } catch {
    throw new Refusal(400, 'InvalidIdentityToken', 'The ID Token provided is not a valid JWT.')
  }
  const clients = clientsOf(cloud, account, issuer)
  if (!clients)
    throw new Refusal(
      400,
      'InvalidIdentityToken',
      `No OpenIDConnect provider found in your account for ${issuer}`,
    )
  return { token, issuer, clients }
}

async function verified(
  options: StsOptions,
  token: string,
  issuer: string,
  clients: readonly string[],
): Promise<JWTPayload> {
  try {
    const keys = await (options.keysOf ?? discovered)(issuer)
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      algorithms: ['RS256'],
      currentDate: options.now?.() ?? new Date(),
      requiredClaims: ['exp', 'iat', 'sub', 'aud'],
    })
    if (![payload.aud ?? []].flat().some((audience) => clients.includes(audience)))
      throw new Refusal(400, 'InvalidIdentityToken', 'Incorrect token audience')
    return payload
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new Refusal(400, 'ExpiredTokenException', 'Token expired')
    if (error instanceof errors.JOSEError)
      throw new Refusal(400, 'InvalidIdentityToken', "Couldn't verify the token signature.", error.code)
    throw error
  }
}

/** The keys of an issuer as its discovery document tells them. */
export async function discovered(issuer: string): Promise<JWTVerifyGetKey> {
  const response = await fetch(`${issuer}/.well-known/openid-configuration`)
  return createRemoteJWKSet(new URL(String(parseRecord(await response.text()).jwks_uri)), {
    cooldownDuration: 0,
  })
}

function withRole({ cloud }: StsOptions, form: ReadonlyMap<string, string>, caller: Session): string {
  const arn = form.get('RoleArn') ?? ''
  const role = cloud.roles.get(arn)
  const name = sessionNameOf(form)
  const tags = pairsOf(form, 'Tags')
  const context = new Map([['sts:rolesessionname', name]])
  const external = form.get('ExternalId')
  if (external !== undefined) context.set('sts:externalid', external)
  const user = userOf(cloud, form)
  const also = [tags.length > 0 && 'sts:TagSession', user !== undefined && 'sts:SetContext']
  for (const action of ['sts:AssumeRole', ...also].filter((one) => one !== false)) {
    const trusted = role && allows([role.trust], { action, principal: ['AWS', caller.role.arn], context })
    // Within an account either side would do; across accounts both must, which is what is asked here.
    if (!trusted || !permits(caller, action, arn))
      throw new Refusal(
        403,
        'AccessDenied',
        `User: ${sessionArn(caller)} is not authorized to perform: ${action} on resource: ${arn}`,
      )
  }
  if (!role) throw new Error('unreachable')
  const seconds = durationOf(form, role.maxDuration)
  if (seconds > 3600)
    throw new Refusal(
      400,
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    )
  return credentials(openSession(cloud, role, name, seconds, policiesOf(form), user))
}

/** Whom the assertion of Identity Center names; an assertion that nobody made, or an old one, is refused. */
function userOf({ contexts }: Cloud, form: ReadonlyMap<string, string>): string | undefined {
  const provider = form.get('ProvidedContexts.member.1.ProviderArn')
  if (provider === undefined) return undefined
  const known = contexts.get(form.get('ProvidedContexts.member.1.ContextAssertion') ?? '')
  if (provider === 'arn:aws:iam::aws:contextProvider/IdentityCenter' && known && known.expiresAt > Date.now())
    return known.user
  throw new Refusal(400, 'InvalidParameterValue', 'The provided context is not accepted.')
}

function pairsOf(form: ReadonlyMap<string, string>, list: string): [string, string][] {
  const keys = [...form].filter(([name]) => name.startsWith(`${list}.member.`) && name.endsWith('.Key'))
  return keys.map(([name, key]) => [key, form.get(name.replace(/Key$/, 'Value')) ?? ''])
}

function sessionNameOf(form: ReadonlyMap<string, string>): string {
  const name = form.get('RoleSessionName') ?? ''
  if (/^[\w+=,.@-]{2,64}$/.test(name)) return name
  throw new Refusal(400, 'ValidationError', 'Value at roleSessionName failed to satisfy constraint')
}

function durationOf(form: ReadonlyMap<string, string>, most: number): number {
  const seconds = Number(form.get('DurationSeconds') ?? 3600)
  if (seconds > most)
    throw new Refusal(
      400,
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    )
  if (seconds >= 900) return seconds
  throw new Refusal(400, 'ValidationError', 'durationSeconds must have value greater than or equal to 900')
}

function policiesOf(form: ReadonlyMap<string, string>): Policy[] {
  const inline = form.get('Policy')
  return inline === undefined ? [] : [parsePolicy(inline)]
}

function credentials(session: Session): string {
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt, name } = session
  return [
    `<Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey>`,
    `<SessionToken>${sessionToken}</SessionToken><Expiration>${new Date(expiresAt).toISOString()}</Expiration></Credentials>`,
    `<AssumedRoleUser><AssumedRoleId>AROA:${name}</AssumedRoleId><Arn>${sessionArn(session)}</Arn></AssumedRoleUser>`,
  ].join('')
}

function envelope(action: string, result: string): string {
  return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>${result}</${action}Result><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></${action}Response>`
}

/** An error document of the Query protocol. */
export function errorXml(
  { status, code, message }: Refusal,
  namespace = 'https://sts.amazonaws.com/doc/2011-06-15/',
): string {
  const type = status < 500 ? 'Sender' : 'Receiver'
  return `<ErrorResponse xmlns="${namespace}"><Error><Type>${type}</Type><Code>${code}</Code><Message>${xml(message)}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
