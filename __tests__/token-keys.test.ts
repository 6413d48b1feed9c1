import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { expect, test } from '@jest/globals'
import { body, hang, html, redirect, status } from './support/faults.ts'
import { sendJson, type Handler } from './support/issuer-server.ts'
import { newKey, signJwt, type SigningKey } from './support/jwt.ts'
import { audience, codeOf, failureOf, setUp, casesOf, type Setup } from './support/token-setup.ts'

const { named, unproved } = casesOf('jwks')

const keySet =
  (...keys: readonly unknown[]): Handler =>
  (_req, res) =>
    sendJson(res, { keys })

const foreignKid = (setup: Setup, kid: unknown): string =>
  setup.issuer.sign(setup.issuer.payload(audience), { header: { kid } })

/** The code with which a token is refused while the key set holds these instead of the issuer's keys. */
async function refusal(...keys: readonly unknown[]): Promise<string> {
  await using setup = await setUp()
  setup.issuer.always('jwks', keySet(...keys))
  // Awaited here: the issuer is gone when this function returns, and then every token is refused.
  return await codeOf(setup.verify(setup.issuer.mint(audience)))
}

/** The usual key, with members changed. */
async function keyWith(change: Readonly<Record<string, unknown>>): Promise<unknown> {
  await using setup = await setUp()
  return { ...setup.issuer.key().jwk, ...change }
}

test(`jwks-${named('01')}`, async () => {
  await using setup = await setUp()
  await setup.verify(setup.issuer.mint(audience))
  expect(setup.fetched().jwks).toBe(1)
  expect(await codeOf(setup.verify(foreignKid(setup, 'unknown')))).toBe('keys')
  expect(setup.fetched()).toEqual({ discovery: 1, jwks: 2 })
})

test(`jwks-${named('03')}`, async () => {
  await using setup = await setUp()
  for (const kid of [{}, ['a'], 1, 'a'.repeat(257), 'a'.repeat(1024 * 1024)]) {
    expect(await codeOf(setup.verify(foreignKid(setup, kid)))).toBe('token-format')
  }
  expect(setup.issuer.requests).toEqual([])
  for (const kid of ['../../k', '__proto__', 'constructor', 'https://evil.test/k']) {
    expect(await codeOf(setup.verify(foreignKid(setup, kid)))).toBe('keys')
  }
  const paths = new Set(setup.issuer.requests.map(({ path }) => path))
  expect([...paths]).toEqual([
    '/_services/token/.well-known/openid-configuration',
    '/_services/token/.well-known/jwks',
  ])
})

test(`jwks-${named('05')}`, async () => {
  expect(await refusal(await keyWith({ use: 'enc' }))).toBe('keys')
  expect(await refusal(await keyWith({ key_ops: ['encrypt'] }))).toBe('keys')
  expect(await refusal(await keyWith({ key_ops: [] }))).toBe('keys')
  expect(await refusal(await keyWith({ alg: 'RS512' }))).toBe('keys')
})

test(`jwks-${named('06')}`, async () => {
  await using setup = await setUp()
  const secret = Buffer.alloc(64, 7)
  const { kid, jwk } = setup.issuer.key()
  setup.issuer.always(
    'jwks',
    keySet({ kty: 'oct', kid, k: secret.toString('base64url'), alg: 'HS256' }, { ...jwk, kid: 'other' }),
  )
  const payload = setup.issuer.payload(audience)
  const hs = { key: createSecretKey(secret), alg: 'HS256' }
  expect(await codeOf(setup.verify(setup.issuer.sign(payload, { ...hs, header: { alg: 'HS256' } })))).toBe(
    'token-format',
  )
  expect(await codeOf(setup.verify(setup.issuer.sign(payload, hs)))).toBe('keys')
})

test(`jwks-${named('08')}`, async () => {
  for (const bad of [
    body('{"keys":[]}'),
    body('{}'),
    body('not json'),
    html,
    body('null'),
    body('[]'),
    body(''),
  ]) {
    await using setup = await setUp()
    const text = setup.issuer.mint(audience)
    setup.issuer.next('jwks', bad)
    await setup.verify(text) // one more try
    expect(setup.fetched().jwks).toBe(2)
  }
  await using setup = await setUp({ cooldown: 0 })
  const text = setup.issuer.mint(audience)
  await setup.verify(text)
  setup.issuer.always('jwks', html)
  const error = await failureOf(setup.verify(foreignKid(setup, 'unknown')))
  expect([error.code, setup.fetched().jwks]).toEqual(['keys', 4])
  expect(error.problem).toContain('key set')
  await setup.verify(text) // by the earlier copy
  expect(setup.fetched().jwks).toBe(4)
})

test(`jwks-${named('09')}`, async () => {
  await using setup = await setUp()
  await setup.verify(setup.issuer.mint(audience))
  await setup.issuer.rotate()
  await setup.verify(setup.issuer.mint(audience))
  expect(setup.fetched()).toEqual({ discovery: 1, jwks: 2 })
})

const texts = (setup: Setup): string[] => Array.from({ length: 100 }, (_, i) => foreignKid(setup, `k${i}`))

test(`jwks-${named('10')}`, async () => {
  await using cold = await setUp()
  const codes = await Promise.all(texts(cold).map((text) => codeOf(cold.verify(text))))
  expect(new Set(codes)).toEqual(new Set(['keys']))
  expect(cold.fetched().jwks).toBe(1)
  await using warm = await setUp()
  await warm.verify(warm.issuer.mint(audience))
  await Promise.all(texts(warm).map((text) => codeOf(warm.verify(text))))
  for (const text of texts(warm).slice(0, 10)) await codeOf(warm.verify(text))
  expect(warm.fetched().jwks).toBe(2)
  await warm.verify(warm.issuer.mint(audience))
})

test(`jwks-${named('11')}`, async () => {
  await using setup = await setUp()
  const evil = setup.issuer.at('evil.test', (_req, res) => sendJson(res, { keys: [setup.issuer.key().jwk] }))
  const port = new URL(setup.issuer.serverUrl).port
  const elsewhere = [
    'http://169.254.169.254/keys',
    evil.replace('127.0.0.1', 'localhost'),
    `http://127.0.0.1:${Number(port) + 1}/keys`,
    `http://user@127.0.0.1:${port}/keys`,
    `https://127.0.0.1:${port}/keys`,
    '/keys',
    'file:///etc/passwd',
  ]
  for (const jwks_uri of elsewhere) {
    setup.issuer.next('discovery', (_req, res) => sendJson(res, { issuer: setup.issuer.issuer, jwks_uri }))
    expect(await codeOf(setup.verify(setup.issuer.mint(audience)))).toBe('keys')
  }
  expect(setup.issuer.requests.every(({ path }) => path.endsWith('/openid-configuration'))).toBe(true)
  expect(setup.issuer.requests).toHaveLength(elsewhere.length)
})

test(`jwks-${named('12')}`, async () => {
  const { jwksUriOf } = await import('../src/token/jwks.ts')
  const issuer = 'https://token.actions.githubusercontent.com'
  const of = (jwks_uri: string): unknown => jwksUriOf(JSON.stringify({ issuer, jwks_uri }), issuer)
  expect(of('http://token.actions.githubusercontent.com/keys')).toMatchObject({ transient: false })
  expect(of(`${issuer}/keys`)).toBe(`${issuer}/keys`)
  // In a rehearsal the issuer itself is plain http on loopback, and so are its keys: every other test here.
})

test(`jwks-${named('13')}`, async () => {
  for (const endpoint of ['jwks', 'discovery'] as const) {
    await using setup = await setUp()
    let hits = 0
    const answer = (res: ServerResponse): void => {
      hits += 1
      sendJson(res, { keys: [setup.issuer.key().jwk] })
    }
    setup.issuer.always(endpoint, redirect(setup.issuer.at('evil.test', (_req, res) => answer(res))))
    expect(await codeOf(setup.verify(setup.issuer.mint(audience)))).toBe('keys')
    expect([hits, setup.fetched()[endpoint]]).toEqual([0, 1])
  }
})

const drip: Handler = (_req, res) => {
  res.writeHead(200, { 'content-type': 'application/json' })
  const timer = setInterval(() => res.write(' '), 20)
  res.on('close', () => clearInterval(timer))
}

test(`jwks-${named('15')}`, async () => {
  for (const stalled of [hang, drip]) {
    await using setup = await setUp({ total: 200 })
    setup.issuer.always('jwks', stalled)
    const start = performance.now()
    const error = await failureOf(setup.verify(setup.issuer.mint(audience)))
    expect([error.code, performance.now() - start < 5000]).toEqual(['keys', true])
  }
})

test('every case of the corpus is named by a test', () => {
  expect(unproved()).toEqual([])
})

test('keys that are too short, of a small exponent or not RSA are ignored', async () => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  await using setup = await setUp({ cooldown: 0 })
  const { jwk } = setup.issuer.key()
  const odd = [short, ec, { ...jwk, e: 'AQ' }, { ...jwk, e: 'Aw' }, { ...jwk, n: '' }, { ...jwk, e: '' }]
  setup.issuer.always(
    'jwks',
    keySet(...odd.map((key, i) => ({ ...key, kid: `k${i}` })), null, 1, { ...jwk, kid: 'good' }),
  )
  for (const [i] of odd.entries()) expect(await codeOf(setup.verify(foreignKid(setup, `k${i}`)))).toBe('keys')
  expect((await setup.verify(foreignKid(setup, 'good'))).claims.aud).toBe(audience)
})

test('a token under a key of 1024 bits is refused although the key is published', async () => {
  await using setup = await setUp()
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const short: SigningKey = {
    kid: 'short',
    privateKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid: 'short' },
  }
  setup.issuer.always('jwks', keySet(setup.issuer.key().jwk, short.jwk))
  expect(await codeOf(setup.verify(signJwt(setup.issuer.payload(audience), short)))).toBe('keys')
})

test('two keys of one name are no key', async () => {
  const other = await newKey()
  await using setup = await setUp()
  const { jwk, kid } = setup.issuer.key()
  setup.issuer.always('jwks', keySet(jwk, other.jwk, { ...other.jwk, kid }))
  expect(await codeOf(setup.verify(setup.issuer.mint(audience)))).toBe('keys')
  await setup.verify(signJwt(setup.issuer.payload(audience), other))
})

test('a key without use, alg and key_ops is taken, and unknown members do not matter', async () => {
  await using setup = await setUp()
  const { kty, n, e, kid } = setup.issuer.key().jwk
  setup.issuer.always('jwks', keySet({ kty, n, e, kid, x5t: 'A', x5c: ['B'], key_ops: ['verify'] }))
  const text = setup.issuer.mint(audience)
  expect((await setup.verify(text)).text).toBe(text)
})

test('a discovery document of another issuer is refused, a broken one asked for again', async () => {
  await using setup = await setUp()
  setup.issuer.next('discovery', (_req, res) =>
    sendJson(res, { issuer: 'https://evil.test', jwks_uri: `${setup.issuer.issuer}/.well-known/jwks` }),
  )
  expect(await codeOf(setup.verify(setup.issuer.mint(audience)))).toBe('keys')
  expect(setup.fetched()).toEqual({ discovery: 1, jwks: 0 })
  setup.issuer.next('discovery', html, status(503))
  await setup.verify(setup.issuer.mint(audience))
  expect(setup.fetched()).toEqual({ discovery: 4, jwks: 1 })
})

test('statuses of a busy server are tried three times, those of a refusing one once', async () => {
  for (const [code, tries] of [
    [500, 3],
    [429, 3],
    [404, 1],
    [403, 1],
  ] as const) {
    await using setup = await setUp()
    setup.issuer.always('jwks', status(code))
    const error = await failureOf(setup.verify(setup.issuer.mint(audience)))
    expect([error.code, setup.fetched().jwks]).toEqual(['keys', tries])
    expect(error.problem).toContain(String(code))
  }
})

test('a key set beyond 256 KiB is not read', async () => {
  await using setup = await setUp()
  setup.issuer.always('jwks', keySet(setup.issuer.key().jwk, { pad: 'a'.repeat(300_000) }))
  expect(await codeOf(setup.verify(setup.issuer.mint(audience)))).toBe('keys')
})

test('keys that were fetched ahead are used, and a failure of it is left to the token', async () => {
  await using setup = await setUp()
  setup.issuer.next('discovery', status(404))
  setup.keys.warm()
  expect(await codeOf(setup.keys.find('x'))).toBe('keys')
  setup.keys.warm()
  await setup.verify(setup.issuer.mint(audience))
  expect(setup.fetched()).toEqual({ discovery: 2, jwks: 1 })
})

test('after the cooldown an unknown kid buys another refresh', async () => {
  await using setup = await setUp({ cooldown: 0 })
  await setup.verify(setup.issuer.mint(audience))
  for (const kid of ['a', 'b', 'c']) expect(await codeOf(setup.verify(foreignKid(setup, kid)))).toBe('keys')
  expect(setup.fetched().jwks).toBe(4)
})

test('an issuer with a slug finds its keys at the root', async () => {
  await using setup = await setUp()
  const slug = `${setup.issuer.issuer}/acme`
  setup.issuer.route('/_services/token/acme/.well-known/openid-configuration', (_req, res) =>
    sendJson(res, { issuer: slug, jwks_uri: `${setup.issuer.issuer}/.well-known/jwks` }),
  )
  const { createKeys } = await import('../src/token/keys.ts')
  const keys = createKeys({ issuer: slug, http: setup.http, now: () => new Date() })
  expect((await keys.find(setup.issuer.key().kid)).type).toBe('public')
})
