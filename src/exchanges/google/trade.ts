import * as z from 'zod/mini'
import type { Mint } from '../../claims.ts'
import { isToken, type Bearer } from '../../credential.ts'
import type { Io } from '../../exchange.ts'
import { patiently, retry } from '../../retry.ts'
import { GRANTS, JWT_TYPE } from '../oauth/body.ts'
import { ask } from './ask.ts'
import { noToken } from './refusal.ts'
import type { GoogleSettings } from './settings.ts'

/** All that the federated token is for where a service account's is wanted; IAM would take `cloud-platform`, too. */
const IAM = 'https://www.googleapis.com/auth/iam'

/** One trade: for whom the tokens are minted and what the access token may be used for. */
export interface GoogleTrade {
  readonly settings: GoogleSettings
  readonly audience: string
  readonly scopes: readonly string[]
}

/** Trades as Google's own library does, each try with a fresh token. */
export async function tradeAt(google: GoogleTrade, mint: Mint, io: Io): Promise<Bearer> {
  if (google.settings['service-account'] === undefined) {
    io.say(
      'Without `service-account` the access token lives as long as the ID token, about five minutes: a longer run needs one.',
    )
  }
  return retry(() => once(google, mint, io), patiently(io))
}

async function once({ settings, audience, scopes }: GoogleTrade, mint: Mint, io: Io): Promise<Bearer> {
  const account = settings['service-account']
  const { text } = await mint(audience)
  const federated = await federate(settings, account === undefined ? scopes : [IAM], text, io)
  io.mask(federated.token)
  return account === undefined ? federated : impersonate(settings, account, scopes, federated.token, io)
}

const usable = z.string().check(z.refine(isToken))

const federation = z.object({
  access_token: usable,
  expires_in: z.optional(z.number()),
})

/** The token service (RFC 8693; REST reference, "v1.token"): an ID token for a token of the federated identity. */
async function federate(
  { universe, provider }: GoogleSettings,
  scopes: readonly string[],
  token: string,
  io: Io,
): Promise<Bearer> {
  const asked = io.now().getTime()
  const form = new URLSearchParams({
    grant_type: GRANTS['token-exchange'],
    audience: `//iam.${universe}/${provider}`,
    scope: scopes.join(' '),
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token: token,
    subject_token_type: JWT_TYPE,
  })
  const answer = await ask(
    {
      url: `https://sts.${universe}/v1/token`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    },
    token,
    io,
  )
  const { data } = federation.safeParse(answer)
  if (!data) return noToken()
  return bearer(data.access_token, asked + (data.expires_in ?? Number.NaN) * 1000)
}

const impersonated = z.object({ accessToken: usable, expireTime: z.string() })

/** IAM (REST reference, "projects.serviceAccounts.generateAccessToken"): the account's own token for that of one who may act as it. */
async function impersonate(
  { universe, lifetime, delegates }: GoogleSettings,
  account: string,
  scope: readonly string[],
  token: string,
  io: Io,
): Promise<Bearer> {
  const asked = {
    scope,
    lifetime: `${lifetime}s`,
    ...(delegates.length > 0 && { delegates: delegates.map(resource) }),
  }
  const answer = await ask(
    {
      url: `https://iamcredentials.${universe}/v1/${resource(account)}:generateAccessToken`,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(asked),
    },
    token,
    io,
  )
  const { data } = impersonated.safeParse(answer)
  return data ? bearer(data.accessToken, Date.parse(data.expireTime)) : noToken()
}

function resource(account: string): string {
  return `projects/-/serviceAccounts/${account}`
}

function bearer(token: string, expiry: number): Bearer {
  return { kind: 'bearer', token, expiresAt: Number.isNaN(expiry) ? null : new Date(expiry) }
}
