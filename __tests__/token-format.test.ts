import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { expect, test } from '@jest/globals'
import {
  assert,
  asyncProperty,
  constantFrom,
  integer,
  nat,
  oneof,
  pre,
  record,
  string,
  tuple,
} from 'fast-check'
import { newKey } from './support/jwt.ts'
import { audience, codeOf, failureOf, printed, setUp, casesOf, type Setup } from './support/token-setup.ts'
import { runs } from './support/runs.ts'

const { named, unproved } = casesOf('token-format')

/** How the gate refuses these texts: the codes, what it showed of them, and how often the issuer was asked. */
async function refusal(setup: Setup, texts: readonly unknown[]): Promise<unknown> {
  const codes = new Set<string>()
  const shown: string[] = []
  for (const text of texts) {
    const error = await failureOf(setup.verify(text))
    codes.add(error.code)
    const parts = typeof text === 'string' ? text.split('.') : []
    shown.push(...parts.filter((part) => part.length > 8 && printed(error).includes(part)))
  }
  return { codes: [...codes], shown, requests: setup.issuer.requests.length }
}

const malformed = { codes: ['token-format'], shown: [], requests: 0 }

const signature = (text: string): string => text.split('.')[2] ?? ''

test(`token-format-${named('01')}`, async () => {
  await using setup = await setUp()
  const sign = (alg: string): string =>
    setup.issuer.sign(setup.issuer.payload(audience), { header: { alg }, alg: 'none' })
  expect(
    await refusal(setup, [sign('none'), `${sign('none')}AA`, `${sign('None')}AA`, `${sign('')}AA`]),
  ).toEqual(malformed)
})

test(`token-format-${named('04')}`, async () => {
  await using setup = await setUp()
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const payload = setup.issuer.payload(audience)
  const rsa = ['RS384', 'RS512', 'PS256'].map((alg) => setup.issuer.sign(payload, { header: { alg } }))
  expect(
    await refusal(setup, [...rsa, setup.issuer.sign(payload, { header: { alg: 'ES256' }, key: privateKey })]),
  ).toEqual(malformed)
})

test(`token-format-${named('06')}`, async () => {
  await using setup = await setUp()
  const foreign = await newKey()
  let hits = 0
  const url = setup.issuer.at('evil.test', (_req, res) => {
    hits += 1
    res.end(JSON.stringify({ keys: [foreign.jwk] }))
  })
  const payload = setup.issuer.payload(audience)
  const texts = ['jku', 'x5u'].map((name) =>
    setup.issuer.sign(payload, { key: foreign, header: { [name]: url } }),
  )
  expect(await refusal(setup, texts)).toEqual(malformed)
  expect(hits).toBe(0)
})

test(`token-format-${named('07')}`, async () => {
  await using setup = await setUp()
  const foreign = await newKey()
  const payload = setup.issuer.payload(audience)
  const header = { x5c: ['MIIB'], kid: setup.issuer.key().kid }
  expect(await codeOf(setup.verify(setup.issuer.sign(payload, { key: foreign, header })))).toBe(
    'token-signature',
  )
})

test(`token-format-${named('08')}`, async () => {
  await using setup = await setUp()
  expect(
    await refusal(setup, [
      setup.issuer.sign(setup.issuer.payload(audience), { header: { crit: ['x'], x: 1 } }),
    ]),
  ).toEqual(malformed)
})

test(`token-format-${named('09')}`, async () => {
  await using setup = await setUp()
  const sign = (crit: unknown): string =>
    setup.issuer.sign(setup.issuer.payload(audience), { header: { crit } })
  expect(
    await refusal(setup, [
      sign(['__proto__']),
      sign(['constructor']),
      sign(['toString']),
      sign([]),
      sign(null),
    ]),
  ).toEqual(malformed)
})

test(`token-format-${named('10')}`, async () => {
  await using setup = await setUp()
  const payload = setup.issuer.payload(audience)
  const text = setup.issuer.sign(payload, { header: { b64: false, crit: ['b64'] } })
  const [head, , sig] = text.split('.')
  expect(await refusal(setup, [text, `${head}.${JSON.stringify(payload)}.${sig}`])).toEqual(malformed)
  expect(await refusal(setup, [setup.issuer.sign(payload, { header: { b64: true } })])).toEqual(malformed)
})

test(`token-format-${named('12')}`, async () => {
  await using setup = await setUp()
  const good = setup.issuer.mint(audience)
  expect(await refusal(setup, [`${good}\n`, `\n${good}`, `${good}\r\n`])).toEqual(malformed)
})

test(`token-format-${named('14')}`, async () => {
  await using setup = await setUp()
  const good = setup.issuer.mint(audience)
  const sig = signature(good)
  const head = good.slice(0, -sig.length)
  expect(
    await refusal(
      setup,
      [` ${sig} `, `${sig.slice(0, 9)} ${sig.slice(9)}`, `${sig}==`, `${sig}=`].map((odd) => head + odd),
    ),
  ).toEqual(malformed)
})

test(`token-format-${named('15')}`, async () => {
  await using setup = await setUp()
  const good = setup.issuer.mint(audience)
  // 256 bytes are 342 characters, of which the last carries four bits that mean nothing.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(good.at(-1) ?? '')
  const twin = good.slice(0, -1) + alphabet.charAt(last + 1)
  expect(Buffer.from(signature(twin), 'base64url')).toEqual(Buffer.from(signature(good), 'base64url'))
  expect(await refusal(setup, [twin])).toEqual(malformed)
})

test(`token-format-${named('16')}`, async () => {
  await using setup = await setUp()
  const good = setup.issuer.mint(audience)
  expect(
    await refusal(setup, [
      `${good}.AAAA`,
      good.slice(0, good.lastIndexOf('.')),
      'a',
      '',
      '..',
      'a.b.c',
      null,
      {},
      undefined,
      [good],
    ]),
  ).toEqual(malformed)
})

test(`token-format-${named('17')}`, async () => {
  await using setup = await setUp()
  const head = Buffer.from('{"alg":"RSA-OAEP","enc":"A256GCM"}').toString('base64url')
  expect(await refusal(setup, [`${head}.AAAAAAAA.AAAAAAAA.AAAAAAAA.AAAAAAAA`])).toEqual(malformed)
})

test(`token-format-${named('19')}`, async () => {
  await using setup = await setUp()
  const text = setup.issuer.sign({ ...setup.issuer.payload(audience), pad: 'a'.repeat(1024 * 1024) })
  const error = await failureOf(setup.verify(text))
  // Said of the text, not of a part: nothing has been decoded.
  expect(error.problem).toMatch(/is longer than 32768 characters/)
  expect(await refusal(setup, [text, 'a'.repeat(32_769)])).toEqual(malformed)
})

test(`token-format-${named('20')}`, async () => {
  await using setup = await setUp()
  expect(
    await refusal(
      setup,
      ['[]', '"x"', '1', 'null', 'true', '', ' '].map((text) => setup.issuer.sign(text)),
    ),
  ).toEqual(malformed)
})

test(`token-format-${named('22')}`, async () => {
  await using setup = await setUp()
  const { repository: _, ...rest } = setup.issuer.payload(audience)
  const body = JSON.stringify(rest).replace('{', '{"__proto__":{"repository":"o/r"},"constructor":"x",')
  const { claims } = await setup.verify(setup.issuer.sign(body))
  expect(claims.all.has('repository')).toBe(false)
  expect(claims.all.get('constructor')).toBe('x')
  expect(claims.all.has('__proto__')).toBe(false)
})

test(`token-format-${named('23')}`, async () => {
  await using setup = await setUp()
  const body = JSON.stringify(setup.issuer.payload(audience))
  const invalid = Buffer.concat([
    Buffer.from(body.slice(0, -2)),
    Buffer.from([0xc3, 0x28]),
    Buffer.from('"}'),
  ])
  expect(
    await refusal(setup, [
      setup.issuer.sign(`\uFEFF${body}`),
      setup.issuer.sign(invalid),
      setup.issuer.sign(body.replace('{', String.raw`{"odd":"\ud800",`)),
    ]),
  ).toEqual(malformed)
})

test(`token-format-${named('24')}`, async () => {
  await using setup = await setUp()
  const sign = (typ: unknown): string =>
    setup.issuer.sign(setup.issuer.payload(audience), { header: { typ } })
  expect(
    await refusal(setup, [
      sign('at+jwt'),
      sign('logout+jwt'),
      sign('application/at+jwt'),
      sign(''),
      sign(1),
      sign(null),
    ]),
  ).toEqual(malformed)
})

test('every case of the corpus is named by a test', () => {
  expect(unproved()).toEqual([])
})

test('a token of GitHub passes, with and without typ, and its digest is that of its text', async () => {
  await using setup = await setUp()
  const text = setup.issuer.mint(audience)
  const token = await setup.verify(text)
  expect(token.text).toBe(text)
  expect(token.sha256).toMatch(/^[0-9a-f]{64}$/)
  expect(token.claims).toMatchObject({
    iss: setup.issuer.issuer,
    aud: audience,
    sub: 'repo:o/r:ref:refs/heads/main',
  })
  expect(token.claims.all.get('repository_id')).toBe('456')
  await setup.verify(
    setup.issuer.sign(setup.issuer.payload(audience), { header: { typ: undefined, x5t: 'AAAA' } }),
  )
})

test('a key that stands twice is refused wherever it stands, however it is spelt', async () => {
  await using setup = await setUp()
  const body = JSON.stringify(setup.issuer.payload(audience))
  const odd = [
    body.replace('{', '{"repository":"o/evil",'),
    body.replace('{', String.raw`{"repositor\u0079":"o/evil",`),
    body.replace('{', '{"x":{"a":1,"a":2},'),
    body.replace('{', '{"x":[{"a":1 , "b":{}, "a" : 2}],'),
  ]
  expect(
    await refusal(
      setup,
      odd.map((text) => setup.issuer.sign(text)),
    ),
  ).toEqual(malformed)
  const header = JSON.stringify({ alg: 'RS256', kid: setup.issuer.key().kid, typ: 'JWT' })
  expect(
    await refusal(setup, [setup.issuer.sign(body, { header: header.replace('{', '{"alg":"RS256",') })]),
  ).toEqual(malformed)
  // The same name in two objects, or a text that looks like a key, is no double key.
  await setup.verify(
    setup.issuer.sign(body.replace('{', String.raw`{"x":{"iss":1},"y":[{"a":1},{"a":"\"a\":"}],`)),
  )
})

test('HS256 with the public key as secret, a missing kid and an embedded key are refused', async () => {
  await using setup = await setUp()
  const payload = setup.issuer.payload(audience)
  const { jwk } = setup.issuer.key()
  const secret = createSecretKey(Buffer.from(JSON.stringify(jwk)))
  expect(
    await refusal(setup, [
      setup.issuer.sign(payload, { header: { alg: 'HS256' }, key: secret }),
      setup.issuer.sign(payload, { header: { kid: undefined } }),
      setup.issuer.sign(payload, { header: { kid: '' } }),
      setup.issuer.sign(payload, { header: { jwk } }),
    ]),
  ).toEqual(malformed)
})

test('no change of a good token is ever accepted', async () => {
  await using setup = await setUp()
  const good = setup.issuer.mint(audience)
  expect((await setup.verify(good)).text).toBe(good)
  const alphabet = constantFrom(...Array.from('ABCDEFabcdef0123456789-_.=+/ \n\u0000é{}'))
  const at = nat(good.length - 1)
  const mutation = oneof(
    tuple(at, alphabet).map(([i, c]) => good.slice(0, i) + c + good.slice(i + 1)),
    tuple(at, alphabet).map(([i, c]) => good.slice(0, i) + c + good.slice(i)),
    tuple(at, integer({ min: 1, max: 40 })).map(([i, n]) => good.slice(0, i) + good.slice(i + n)),
    tuple(at, at).map(([i, j]) => good.slice(0, i) + good.slice(j)),
  )
  await assert(
    asyncProperty(mutation, async (text) => {
      pre(text !== good)
      expect(['token-format', 'token-claims', 'token-signature', 'keys']).toContain(
        await codeOf(setup.verify(text)),
      )
    }),
    { numRuns: runs(400) },
  )
})

test('no payload but the signed one is accepted, whatever it says', async () => {
  await using setup = await setUp()
  const good = setup.issuer.mint(audience)
  const [head, , sig] = good.split('.')
  const forged = record({ repository: string(), environment: string(), ref: string() })
  await assert(
    asyncProperty(forged, async (claims) => {
      const body = Buffer.from(JSON.stringify({ ...setup.issuer.payload(audience), ...claims })).toString(
        'base64url',
      )
      expect(await codeOf(setup.verify(`${head}.${body}.${sig}`))).toBe('token-signature')
    }),
    { numRuns: runs(50) },
  )
})

test('keys that cannot be had are a failure, not a pass', async () => {
  await using setup = await setUp()
  const text = setup.issuer.mint(audience)
  await setup.issuer.close()
  expect(await codeOf(setup.verify(text))).toBe('keys')
})
