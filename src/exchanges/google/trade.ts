import * as z from 'zod/mini'
import type { Mint } from '../../claims.ts'
import type { Bearer } from '../../credential.ts'
import { fail } from '../../errors.ts'
import type { Io } from '../../exchange.ts'
import { fetchOver } from '../../http/fetch.ts'
import { exchangeRule, retry } from '../../retry.ts'
import { onlyJson, refusalOf } from './refusal.ts'
import type { GoogleSettings } from './settings.ts'

/** All that the federated token is for where a service account's is wanted; IAM would take `cloud-platform`, too. */
const IAM = 'https://www.googleapis.com/auth/iam'

/** A token with less life than this is not used; the SDK's own five minutes are longer than a federated token lives. */
const EAGER_REFRESH = 30_000

/** One trade: for whom the tokens are minted and what the access token may be used for. */
export interface GoogleTrade {
  readonly settings: GoogleSettings
  readonly audience: string
  readonly scopes: readonly string[]
}

/** Trades with Google's own library, each try with a fresh token. */
export async function tradeAt(google: GoogleTrade, mint: Mint, io: Io): Promise<Bearer> {
  const { settings } = google
  if (settings['service-account'] === undefined) {
    io.say(
      'Without `service-account` the access token lives as long as the ID token, about five minutes: a longer run needs one.',
    )
  }
  const rule = { ...exchangeRule, signal: io.signal }
  return retry(async () => {
    try {
      return await once(google, mint, io)
    } catch (error) {
      throw refusalOf(error, io.now())
    }
  }, rule)
}

async function once({ settings, audience, scopes }: GoogleTrade, mint: Mint, io: Io): Promise<Bearer> {
  // This one client: the library's index would read all of them, and what looks for Google's machines.
  const { IdentityPoolClient } = await import('google-auth-library/build/src/auth/identitypoolclient.js')
  const account = settings['service-account']
  const client = new IdentityPoolClient({
    audience: `//iam.${settings.universe}/${settings.provider}`,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `https://sts.${settings.universe}/v1/token`,
    universe_domain: settings.universe,
    scopes: account === undefined ? [...scopes] : [IAM],
    subject_token_supplier: { getSubjectToken: async () => (await mint(audience)).text },
    eagerRefreshThresholdMillis: EAGER_REFRESH,
    transporterOptions: {
      fetchImplementation: onlyJson(fetchOver(io)),
      // A second try of the SDK's would send the same token again; ours sends a new one.
      retryConfig: { retry: 0 },
    },
    // Its logging, which a variable of the environment switches on, would print tokens before they are masked.
    useAuthRequestParameters: false,
  })
  sendThrough(client)
  const { token } = await client.getAccessToken()
  if (!token) return noToken()
  io.mask(token)
  if (account === undefined) return bearer(token, client.credentials.expiry_date)
  const { data } = await client.request<unknown>({
    url: `https://iamcredentials.${settings.universe}/v1/${resource(account)}:generateAccessToken`,
    method: 'POST',
    data: {
      scope: scopes,
      lifetime: `${settings.lifetime}s`,
      ...(settings.delegates.length > 0 && { delegates: settings.delegates.map(resource) }),
    },
  })
  const given = impersonated.safeParse(data)
  return given.success ? bearer(given.data.accessToken, Date.parse(given.data.expireTime)) : noToken()
}

const impersonated = z.object({ accessToken: z.string().check(z.minLength(1)), expireTime: z.string() })

/**
 * The SDK hands its client for the token service no transporter (11.3.4): it would go out past our proxies,
 * certificates and the rehearsal rule.
 */
function sendThrough(client: { readonly transporter: object }): void {
  const sts: unknown = Reflect.get(client, 'stsCredential')
  if (typeof sts !== 'object' || sts === null || !('transporter' in sts))
    throw new Error('google-auth-library has changed: its token service cannot be sent through our way out')
  Object.assign(sts, { transporter: client.transporter })
}

function resource(account: string): string {
  return `projects/-/serviceAccounts/${account}`
}

function bearer(token: string, expiry: number | null | undefined): Bearer {
  return { kind: 'bearer', token, expiresAt: expiry ? new Date(expiry) : null }
}

function noToken(): never {
  return fail({
    code: 'exchange',
    problem: 'Google answered without an access token.',
    remedy: 'Run the job again; if it stays so, something between the runner and Google changes the answers.',
  })
}
