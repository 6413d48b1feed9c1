import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { IdentityPoolClient, Impersonated } from 'google-auth-library'
import type { Credential } from '../src/credential.ts'
import google from '../src/exchanges/google.ts'
import { settings, type GoogleSettings } from '../src/exchanges/google/settings.ts'
import { claimsOf } from './support/claims-of.ts'
import { canned, ioOver } from './support/canned.ts'
import { parseRecord } from './support/shape.ts'

const PROVIDER = 'projects/123456789012/locations/global/workloadIdentityPools/github/providers/dbt-prod'
const ACCOUNT = 'dbt-prod@acme-prod.iam.gserviceaccount.com'
const [ONE, TWO] = ['one@acme-prod.iam.gserviceaccount.com', '123-compute@developer.gserviceaccount.com']
const BIGQUERY = 'https://www.googleapis.com/auth/bigquery'
const TOKEN = 'eyJ.e+/=&%.sig'
const NOW = new Date('2026-11-30T12:00:00Z')

// The library warns of configurations from strangers; this one is ours.
beforeAll(() => void jest.spyOn(console, 'warn').mockImplementation(() => undefined))
afterAll(() => void jest.restoreAllMocks())

const mint = async () => ({ text: TOKEN, claims: claimsOf(), sha256: '' })

/** What both services answer. */
const answers = (): ReturnType<typeof canned> =>
  canned((url) =>
    JSON.stringify(
      url.includes('/v1/token')
        ? { access_token: 'ya29.d', token_type: 'Bearer', expires_in: 299 }
        : { accessToken: 'ya29.c', expireTime: '2026-11-30T13:00:00Z' },
    ),
  )

/** Google's library for the same job: the client that trades, and over it, where an account is wanted, the one that acts as it. */
async function library(s: GoogleSettings, scopes: readonly string[]) {
  const seen = answers()
  const account = s['service-account']
  const source = new IdentityPoolClient({
    audience: `//iam.${s.universe}/${s.provider}`,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `https://sts.${s.universe}/v1/token`,
    universe_domain: s.universe,
    scopes: account === undefined ? [...scopes] : ['https://www.googleapis.com/auth/iam'],
    subject_token_supplier: { getSubjectToken: async () => TOKEN },
    eagerRefreshThresholdMillis: 1,
    transporterOptions: { fetchImplementation: seen.fetch },
  })
  // Its client for the token service is given no transporter.
  Object.assign(Reflect.get(source, 'stsCredential'), { transporter: source.transporter })
  if (account === undefined) await source.getAccessToken()
  else
    await new Impersonated({
      sourceClient: source,
      targetPrincipal: account,
      targetScopes: [...scopes],
      delegates: s.delegates.map((one) => `projects/-/serviceAccounts/${one}`),
      lifetime: s.lifetime,
    }).getAccessToken()
  return seen.requests
}

interface Ours {
  readonly credential: Credential
  readonly requests: ReturnType<typeof canned>['requests']
  readonly masked: readonly string[]
}

async function ours(s: GoogleSettings, scope: string): Promise<Ours> {
  const seen = answers()
  const masked: string[] = []
  const io = { ...ioOver(seen.http, NOW), mask: (secret: string) => void masked.push(secret) }
  const credential = await google.bind(s).trade({ scope }, mint, io)
  return { credential, requests: seen.requests, masked }
}

/** What of a request says who is wanted and for what; the other headers name the program that asks. */
function wireOf({ method, url, headers, body }: Ours['requests'][number]) {
  const type = headers['content-type']?.replace(/;\s*charset=utf-8$/i, '')
  const said = type === 'application/json' ? parseRecord(body) : body
  return { method, url, type, authorization: headers['authorization'], said }
}

const TABLE: readonly (readonly [string, object, string])[] = [
  ['the federated identity itself', {}, BIGQUERY],
  ['several scopes', {}, `${BIGQUERY} https://www.googleapis.com/auth/drive.readonly`],
  ['a service account', { 'service-account': ACCOUNT }, BIGQUERY],
  ['an account for several scopes', { 'service-account': ACCOUNT }, `${BIGQUERY} https://a.example/b?c=d&e`],
  ['a lifetime', { 'service-account': ACCOUNT, lifetime: 43_200 }, BIGQUERY],
  ['one delegate', { 'service-account': ACCOUNT, delegates: [ONE] }, BIGQUERY],
  ['two delegates', { 'service-account': ACCOUNT, delegates: [ONE, TWO], lifetime: 600 }, BIGQUERY],
  [
    'an account of a project of a domain',
    { 'service-account': 'x@acme.com.iam.gserviceaccount.com' },
    BIGQUERY,
  ],
  ['another universe', { universe: 's3nsapis.fr' }, BIGQUERY],
  ['an account of another universe', { universe: 'a.b.goog', 'service-account': ACCOUNT }, BIGQUERY],
]

describe('a trade at Google sends what Google’s own library sends for', () => {
  test.each(TABLE)('%s', async (_name, identity, scope) => {
    const s = settings.parse({ provider: PROVIDER, ...identity })
    const { requests, masked } = await ours(s, scope)
    const theirs = (await library(s, scope.split(' '))).map(wireOf)
    // The one difference: where there is nobody to delegate, the field is left out.
    const same = theirs.map((wire) => {
      if (typeof wire.said === 'string' || s.delegates.length > 0) return wire
      const { delegates, ...said } = wire.said
      expect(delegates).toEqual([])
      return { ...wire, said }
    })
    expect(requests.map(wireOf)).toEqual(same)
    expect(requests).toHaveLength(s['service-account'] === undefined ? 1 : 2)
    expect(masked).toEqual(['ya29.d'])
  })
})

test.each<[string, object, string]>([
  ['the federated identity, counted from before Google was asked', {}, '2026-11-30T12:04:59Z'],
  ['the service account', { 'service-account': ACCOUNT }, '2026-11-30T13:00:00Z'],
])('the end of a token is the one that Google names for %s', async (_name, identity, end) => {
  const { credential } = await ours(settings.parse({ provider: PROVIDER, ...identity }), BIGQUERY)
  expect(credential).toMatchObject({ kind: 'bearer', expiresAt: new Date(end) })
})

describe('an answer of Google without', () => {
  const form = { provider: PROVIDER, 'service-account': ACCOUNT }
  const trade = (answer: (url: string) => string) =>
    google.bind(form).trade({ scope: BIGQUERY }, mint, {
      ...ioOver(canned(answer).http, NOW),
    })
  const federated = JSON.stringify({ access_token: 'ya29.d' })
  const cases: readonly (readonly [string, (url: string) => string, string])[] = [
    ['a federated token', () => '{}', 'Google answered without an access token.'],
    [
      'anything in the federated token',
      () => '{"access_token":""}',
      'Google answered without an access token.',
    ],
    [
      'an account’s token',
      (url) => (url.includes('/v1/token') ? federated : '{"expireTime":"2026-11-30T13:00:00Z"}'),
      'Google answered without an access token.',
    ],
    [
      'JSON',
      () => '<html>ya29.secret</html>',
      'Something else than Google answered: status 200, and none of Google',
    ],
    [
      'a JSON object',
      () => '["ya29.secret"]',
      'Something else than Google answered: status 200, and none of Google',
    ],
  ]
  test.each(cases)('%s is told, and nothing of it shown', async (_name, answer, problem) => {
    const refusal: unknown = await trade(answer).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ problem: expect.stringContaining(problem) })
    expect(JSON.stringify(refusal)).not.toContain('ya29.secret')
  })

  test('an end has none', async () => {
    const given = await trade((url) =>
      url.includes('/v1/token') ? federated : '{"accessToken":"ya29.c","expireTime":"soon"}',
    )
    expect(given).toEqual({ kind: 'bearer', token: 'ya29.c', expiresAt: null })
  })
})
