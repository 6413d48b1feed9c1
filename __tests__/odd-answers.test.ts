import { describe, expect, test } from '@jest/globals'
import { DbtOidcError } from '../src/errors.ts'
import aws from '../src/exchanges/aws.ts'
import { assumeRole } from '../src/exchanges/aws/assume.ts'
import { askJson } from '../src/exchanges/aws/json.ts'
import google from '../src/exchanges/google.ts'
import { identityContext } from '../src/exchanges/aws-identity-center/token.ts'
import { placeOf } from '../src/exchanges/aws/place.ts'
import { without } from '../src/http/without.ts'
import { askForToken } from '../src/exchanges/oauth/token-endpoint.ts'
import { signAt } from '../src/exchanges/okta/signers/aws-kms.ts'
import { googleSigner } from '../src/exchanges/okta/signers/google.ts'
import vault from '../src/exchanges/vault.ts'
import { logIn } from '../src/exchanges/vault/login.ts'
import { ioOf } from '../src/io.ts'
import { keysFile } from '../src/keepalive/aws-keys.ts'
import { createWriter } from '../src/report/writer.ts'
import { canned, ioOver, type Canned } from './support/canned.ts'
import { claimsOf } from './support/claims-of.ts'

// What answers holds a certificate of the host that was asked, and still is not to be believed in everything.

const NOW = new Date('2026-11-30T12:00:00Z')
const ROLE = 'arn:aws:iam::123456789012:role/dbt-prod'
const SECRET = 'secretsecret'

/** Texts that are no token: what they would do is in the name. */
const ODD = {
  'a line of its own in a file of keys': `${SECRET}\ncredential_process = sh`,
  'another header': `${SECRET}\r\nx-amz-target: Evil`,
  'a space': `${SECRET} ${SECRET}`,
  'a letter of no ASCII': `${SECRET}é`,
  'a character of another plane': `${SECRET}😀`,
  'nothing at all': '',
} as const
const TABLE = Object.entries(ODD)

async function refused(trade: Promise<unknown>): Promise<DbtOidcError> {
  const outcome: unknown = await trade.catch((error: unknown) => error)
  if (!(outcome instanceof DbtOidcError))
    throw new Error('It was not refused in our words.', { cause: outcome })
  expect(JSON.stringify([outcome.problem, outcome.remedy, outcome.details])).not.toContain(SECRET)
  return outcome
}

const mint = async () => ({ text: 'eyJ.a.b', claims: claimsOf(), sha256: '' })

const KEYS = {
  AccessKeyId: 'ASIAEXAMPLE',
  SecretAccessKey: 'a/b+c',
  SessionToken: 'd/e+f==',
  Expiration: '2026-11-30T13:00:00Z',
}

const GOOGLE = {
  provider: 'projects/1/locations/global/workloadIdentityPools/github/providers/dbt-prod',
  'service-account': 'dbt-prod@acme-prod.iam.gserviceaccount.com',
  delegates: [],
  lifetime: 3600,
  universe: 'googleapis.com',
}

/** AWS with one thing of its answer changed. */
function sts(changed: Partial<typeof KEYS>): Canned {
  const fields = Object.entries({ ...KEYS, ...changed }).map(([name, text]) => `<${name}>${text}</${name}>`)
  const user = '<Arn>arn:aws:sts::123456789012:assumed-role/dbt-prod/s</Arn>'
  const result = `<Credentials>${fields.join('')}</Credentials><AssumedRoleUser>${user}</AssumedRoleUser>`
  const action = 'AssumeRoleWithWebIdentity'
  return canned(() => `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`)
}

const tradeAtAws = (seen: Canned) =>
  aws.bind({ role: ROLE, region: 'eu-west-1' }).trade({ kind: 'aws' }, mint, ioOver(seen.http, NOW))

describe.each(['AccessKeyId', 'SecretAccessKey', 'SessionToken'] as const)('%s of AWS', (field) => {
  test.each(TABLE)('with %s is used for nothing, and asked for once', async (_name, text) => {
    const seen = sts({ [field]: text.replaceAll('\r', '&#13;') })
    expect(await refused(tradeAtAws(seen))).toMatchObject({
      code: 'exchange',
      problem: `AWS answered without whole credentials for ${ROLE}.`,
    })
    expect(seen.requests).toHaveLength(1)
  })
})

test('keys of AWS stand in their file as they came', async () => {
  const credential = await tradeAtAws(sts({}))
  if (credential.kind !== 'aws') throw new Error(credential.kind)
  expect(keysFile('default', credential).split('\n')).toEqual([
    '[default]',
    'aws_access_key_id = ASIAEXAMPLE',
    'aws_secret_access_key = a/b+c',
    'aws_session_token = d/e+f==',
    '',
  ])
})

describe('an end of AWS’s keys', () => {
  test.each([
    ['of no zone, which would be that of this machine', '2026-11-30T13:00:00'],
    ['of a day', '2026-11-30'],
    ['of a year', '2099'],
    ['in words', 'Nov 30, 2099'],
    ['of seconds', '1796043600'],
    ['of no calendar', '2026-13-45T13:00:00Z'],
    ['of nothing', ''],
  ])('%s is none', async (_name, Expiration) => {
    expect((await refused(tradeAtAws(sts({ Expiration })))).problem).toContain('without whole credentials')
  })

  test.each([
    ['an offset', '2026-11-30T14:00:00+01:00'],
    ['milliseconds', '2026-11-30T13:00:00.000Z'],
  ])('with %s is the same instant', async (_name, Expiration) => {
    expect(await tradeAtAws(sts({ Expiration }))).toMatchObject({ expiresAt: new Date(KEYS.Expiration) })
  })
})

const tradeAtGoogle = (federated: string, account: string) => {
  const seen = canned((url) =>
    JSON.stringify(
      url.includes('/v1/token')
        ? { access_token: federated, expires_in: 299 }
        : { accessToken: account, expireTime: '2026-11-30T13:00:00Z' },
    ),
  )
  return { seen, traded: google.bind(GOOGLE).trade({}, mint, ioOver(seen.http, NOW)) }
}

describe('a token of Google', () => {
  const NONE = { code: 'exchange', problem: 'Google answered without an access token.' }

  test.each(TABLE)('with %s is used for nothing, and asked for once', async (_name, text) => {
    const first = tradeAtGoogle(text, 'ya29.c')
    expect(await refused(first.traded)).toMatchObject(NONE)
    expect(first.seen.requests).toHaveLength(1)
    const second = tradeAtGoogle('ya29.d', text)
    expect(await refused(second.traded)).toMatchObject(NONE)
    expect(second.seen.requests).toHaveLength(2)
  })
})

test.each(TABLE)('a token of an OAuth server or of Vault with %s is none', async (_name, text) => {
  const oauth = canned(() => JSON.stringify({ access_token: text, token_type: 'Bearer', expires_in: 300 }))
  const asked = { url: 'https://idp.example/token', parameters: [], secrets: [], who: 'idp.example' }
  expect((await refused(askForToken(asked, ioOver(oauth.http, NOW), 1000))).problem).toContain(
    'no OAuth 2.0 token response',
  )
  const server = canned(() => JSON.stringify({ auth: { client_token: text, lease_duration: 300 } }))
  const login = { url: 'https://vault.example', mount: 'jwt', role: 'dbt' }
  expect((await refused(logIn(login, 'eyJ.a.b', ioOver(server.http, NOW), 1000))).problem).toContain(
    'something else than Vault',
  )
})

/** What Vault keeps in a field, read as a warehouse wants it. */
const keptInVault = (text: string, kind: 'bearer' | 'password') => {
  const seen = canned((url) =>
    JSON.stringify(
      url.endsWith('/login')
        ? { auth: { client_token: 'hvs.a', lease_duration: 300 } }
        : { data: { data: { field: text } } },
    ),
  )
  const settings = { url: 'https://vault.example', role: 'dbt', secret: { path: 'dbt', field: 'field' } }
  return { seen, traded: vault.bind(settings).trade({ kind, user: 'ada' }, mint, ioOver(seen.http, NOW)) }
}

describe('what Vault keeps', () => {
  test.each([
    ...TABLE.filter(([, text]) => /[\r\n]/.test(text)),
    ['a line break behind its end', `${SECRET}\n`] as const,
    ['a tab', `${SECRET}\t`] as const,
  ])('is no token with %s, and may be a password', async (_name, text) => {
    const { seen, traded } = keptInVault(text, 'bearer')
    expect(await refused(traded)).toMatchObject({
      code: 'exchange',
      problem: 'What Vault gave is no token: there is a line break or another control character in it.',
    })
    expect(seen.requests.map(({ url }) => new URL(url).pathname)).toEqual([
      '/v1/auth/jwt/login',
      '/v1/secret/data/dbt',
      '/v1/auth/token/revoke-self',
    ])
    expect(await keptInVault(text, 'password').traded).toMatchObject({ kind: 'password', password: text })
  })

  test.each(['a pass phrase', 'pässword', '😀'])(
    'may be the password of an adapter that is not known here: %s',
    async (text) => {
      expect(await keptInVault(text, 'bearer').traded).toMatchObject({ kind: 'bearer', token: text })
    },
  )

  test('is a token where it is one word', async () => {
    expect(await keptInVault('dapi0123', 'bearer').traded).toMatchObject({
      kind: 'bearer',
      token: 'dapi0123',
    })
  })
})

/** The world with one refusal in it, but for what these tokens of Google are asked of. */
const refusing = (body: string, given?: string) =>
  ioOver(
    async ({ url }) =>
      given !== undefined && url.endsWith('/token')
        ? { status: 200, headers: {}, body: JSON.stringify({ access_token: given, expires_in: 299 }) }
        : { status: 403, headers: { 'x-amzn-errortype': 'NoException' }, body },
    NOW,
  )

/** So long that the end of the text, and its cut, are within the secret. */
const told = (secret: string): string => `${'x'.repeat(550)} ${secret} ${'x'.repeat(1150)} ${secret}`

const json = (secret: string): string =>
  JSON.stringify({ error: { status: 'DENIED', message: told(secret) }, message: told(secret) })
const flat = (secret: string): string => JSON.stringify({ error: 'no', error_description: told(secret) })
const xml = (secret: string): string =>
  `<ErrorResponse><Error><Code>No</Code><Message>${told(secret)}</Message></Error></ErrorResponse>`

describe('a refusal that repeats the secret it was sent, where it would be cut in two,', () => {
  const TOKEN = `eyJhbGci.${'payload'.repeat(10)}.${'signature'.repeat(10)}`
  const OPAQUE = `ya29.${'opaque'.repeat(30)}`
  const keys = { accessKeyId: 'ASIA', secretAccessKey: OPAQUE, sessionToken: OPAQUE }
  const session = { ...keys, expiresAt: new Date('2026-11-30T13:00:00Z') }
  const place = placeOf({ role: ROLE }, { region: 'eu-west-1' })
  const repeats = async () => ({ text: TOKEN, claims: claimsOf(), sha256: '' })
  const others = { ...session, secretAccessKey: 'another', sessionToken: 'still another' }

  test.each<[string, () => Promise<unknown>]>([
    [
      'of the token service of AWS',
      () =>
        aws.bind({ role: ROLE, region: 'eu-west-1' }).trade({ kind: 'aws' }, repeats, refusing(xml(TOKEN))),
    ],
    [
      'of the last role, which is told who the user is,',
      () =>
        assumeRole(
          { RoleArn: ROLE, ProvidedContexts: [{ ProviderArn: 'arn', ContextAssertion: OPAQUE }] },
          place,
          others,
          refusing(xml(OPAQUE)),
        ),
    ],
    [
      'of Identity Center',
      () => identityContext({ application: 'a', token: TOKEN, place }, session, refusing(flat(TOKEN))),
    ],
    ['of KMS', () => signAt(place, 'key', 'text', session, refusing(json(OPAQUE)))],
    ['of the token service of Google', () => google.bind(GOOGLE).trade({}, repeats, refusing(flat(TOKEN)))],
    ['of IAM', () => google.bind(GOOGLE).trade({}, repeats, refusing(json(OPAQUE), OPAQUE))],
    [
      'of Google’s KMS',
      () => {
        const { 'service-account': _none, ...federated } = GOOGLE
        return googleSigner(federated, 'k').sign('text', repeats, refusing(json(OPAQUE), OPAQUE), 1000)
      },
    ],
  ])('%s shows no part of it', async (_name, trade) => {
    const { problem, details } = await refused(trade())
    const words = [problem, ...details].join(' ')
    expect(words).toContain('xxx ***')
    expect(words).not.toMatch(/eyJ|ya29/)
    expect(words.length).toBeLessThan(2300)
  })
})

test('the token by which Google’s KMS is asked is masked', async () => {
  const seen = canned((url) => {
    if (url.endsWith('/token')) return JSON.stringify({ access_token: 'ya29.first', expires_in: 299 })
    if (url.endsWith('AccessToken'))
      return JSON.stringify({ accessToken: 'ya29.kms', expireTime: '2026-11-30T13:00:00Z' })
    return JSON.stringify({ signature: 'c2ln' })
  })
  const masked: string[] = []
  const io = { ...ioOver(seen.http, NOW), mask: (secret: string) => void masked.push(secret) }
  expect(String(await googleSigner(GOOGLE, 'k').sign('text', mint, io, 1000))).toBe('sig')
  expect(seen.requests.at(-1)?.headers['authorization']).toBe('Bearer ya29.kms')
  expect(masked).toEqual(['ya29.first', 'ya29.kms'])
})

describe('what is said of another side', () => {
  const LOUD =
    '\u001b[2J\u001b]8;;https://evil.example\u0007\r::add-mask::a\u202e\u0085##[error]\u0000' +
    '😀'.repeat(300)
  const refusal = JSON.stringify({ error: 'unavailable', error_description: LOUD })

  test('paints nothing, hides nothing and stays on one short line while there is another try', async () => {
    const answers = [{ status: 503, headers: {}, body: refusal }]
    const last = { status: 400, headers: {}, body: '{}' }
    const said: string[] = []
    const io = ioOf(
      {
        env: {},
        http: async () => answers.shift() ?? last,
        now: () => NOW,
        rehearsal: undefined,
        writer: createWriter({ write: () => undefined, colour: false, random: () => '0' }),
      },
      (line) => void said.push(line),
    )
    await refused(google.bind(GOOGLE).trade({}, mint, io))
    expect(said).toHaveLength(1)
    expect(said[0]).toMatch(/^Google could not answer: unavailable: .*Trying again in \d+ s\.$/u)
    expect(said[0]).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Cs}]/u)
    expect(said[0]?.length).toBeLessThan(350)
  })

  test('is waited for no longer once the job is cancelled', async () => {
    const cancelled = new AbortController()
    const reason = new Error('cancelled')
    let asked = 0
    const http = async () => {
      asked += 1
      return { status: 503, headers: { 'retry-after': '50' }, body: refusal }
    }
    const io = {
      ...ioOver(http, NOW),
      signal: cancelled.signal,
      say: () => setImmediate(() => cancelled.abort(reason)),
    }
    await expect(google.bind(GOOGLE).trade({}, mint, io)).rejects.toBe(reason)
    expect(asked).toBe(1)
  })

  test.each([
    ['of one word', 'a'],
    ['of words that begin like tokens', 'eyJ'],
    ['of parts without an end', 'eyJaaaaaaaaa.'],
    ['of dots', '.'],
  ])(
    'takes no long time to be read when it is a quarter of a megabyte %s, nor is it told whole',
    (_name, word) => {
      const begun = performance.now()
      expect(without(word.repeat(262_144 / word.length), []).length).toBeLessThanOrEqual(4000)
      expect(performance.now() - begun).toBeLessThan(5000)
    },
  )

  test.each([
    ['behind another word', 'invalid_token.eyJhbGciOi.cGF5bG9hZA.c2lnbmF0dXJl', 'invalid_token.***'],
    ['within a word', 'tokeneyJhbGciOi.cGF5bG9hZA.c2lnbmF0dXJl', 'token***'],
    ['twice', 'eyJhbGciOi.cGF5bG9hZA.c2ln.eyJhbGciOi.cGF5bG9hZA.c2ln', '***.***'],
    ['without its signature', 'eyJhbGciOi.cGF5bG9hZA. ended', '*** ended'],
    ['that is none', 'eyJ.a.b, sts.eu-west-1.amazonaws.com', 'eyJ.a.b, sts.eu-west-1.amazonaws.com'],
  ])('has no token in it %s', (_name, text, rest) => {
    expect(without(text, [])).toBe(rest)
  })

  test.each([
    ['com.amazonaws.kms#NotFoundException:http://x', 'NotFoundException'],
    [`a${'x'.repeat(100)}`, ''],
    ['hvs.secret', ''],
    ['No\u001b[2J', ''],
  ])('is a name of an error, or none: %s', async (name, fault) => {
    const place = placeOf({ role: ROLE }, { region: 'eu-west-1' })
    const http = async () => ({ status: 400, headers: {}, body: JSON.stringify({ __type: name }) })
    const call = { ...place, service: 'kms', path: '/', headers: {}, body: {} }
    const keys = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' }
    expect((await askJson(call, keys, ioOver(http, NOW))).fault).toBe(fault)
  })
})
