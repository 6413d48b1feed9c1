import { expect, test } from '@jest/globals'
import { DbtOidcError } from '../src/errors.ts'
import type { Http, HttpRequest, HttpResponse } from '../src/http.ts'
import { classOf } from '../src/retry.ts'
import { createKeys, type Keys } from '../src/token/keys.ts'
import { newKey } from './support/jwt.ts'
import { failureOf } from './support/token-setup.ts'

const ISSUER = 'https://i.example/x'
const NOW = new Date('2026-12-01T12:00:00Z')
const REMEDY =
  'Run the job again. If it stays, check that what answers at the issuer really is GitHub (GitHub Enterprise Server: the state of its Actions service).'

const key = await newKey()

const answer = (body: unknown, headers: HttpResponse['headers'] = {}, status = 200): HttpResponse => ({
  status,
  headers,
  body: JSON.stringify(body),
})

const discovery = (headers: HttpResponse['headers'] = {}): HttpResponse =>
  answer({ issuer: ISSUER, jwks_uri: 'https://i.example/keys' }, headers)

const keySet = (kids: readonly string[], headers: HttpResponse['headers'] = {}): HttpResponse =>
  answer({ keys: kids.map((kid) => ({ ...key.jwk, kid })) }, headers)

interface Started {
  readonly keys: Keys
  readonly requests: HttpRequest[]
}

/** Keys of an issuer that gives these answers in turn, and the last of them for ever. */
function start(answers: readonly (HttpResponse | Error)[], issuer = ISSUER): Started {
  const requests: HttpRequest[] = []
  const http: Http = async (request) => {
    const given = answers[Math.min(requests.length, answers.length - 1)]
    requests.push(request)
    if (given === undefined || given instanceof Error) throw given
    return given
  }
  const timings = { firstPause: 1, total: 40 }
  return { keys: createKeys({ issuer, http, now: () => NOW, timings }), requests }
}

/** Code, problem and remedy of what comes of these answers. */
const told = async (...answers: readonly (HttpResponse | Error)[]): Promise<readonly unknown[]> => {
  const { code, problem, remedy } = await failureOf(start(answers).keys.find('b'))
  return [code, problem, remedy]
}

test('discovery and keys are asked for as JSON, each at its address', async () => {
  const { keys, requests } = start([discovery(), keySet(['a'])])
  await keys.find('a')
  expect(requests.map(({ url, headers }) => [url, headers])).toEqual([
    ['https://i.example/x/.well-known/openid-configuration', { accept: 'application/json' }],
    ['https://i.example/keys', { accept: 'application/json' }],
  ])
})

test('the slash at the end of an issuer is none of its document', async () => {
  const { keys, requests } = start([answer({}, {}, 404)], 'https://i.example/a/b/')
  await failureOf(keys.find('a'))
  expect(requests[0]?.url).toBe('https://i.example/a/b/.well-known/openid-configuration')
})

test('keys are fetched before anybody asks for one, and their failure is told to who asks', async () => {
  const { keys, requests } = start([discovery(), keySet(['a'])])
  keys.warm()
  expect(requests).toHaveLength(1)
  await keys.find('a')
  expect(requests).toHaveLength(2)
  const refused = start([answer({}, {}, 404)])
  refused.keys.warm()
  expect((await failureOf(refused.keys.find('a'))).code).toBe('keys')
})

test('a key that is new is looked for once more where the first look was not for it', async () => {
  const { keys, requests } = start([discovery(), keySet(['a']), keySet(['a', 'b'])])
  keys.warm()
  await keys.find('b')
  expect(requests).toHaveLength(3)
})

test('two who look for a new key at once share the answer', async () => {
  const { keys, requests } = start([discovery(), keySet(['a']), keySet(['a', 'b'])])
  await keys.find('a')
  expect(await Promise.all([keys.find('b'), keys.find('b')])).toHaveLength(2)
  expect(requests).toHaveLength(3)
})

test('the clock of the issuer is that of its last answer, with what a cache has added', async () => {
  const date = 'Tue, 01 Dec 2026 12:00:10 GMT'
  const { keys } = start([discovery({ date }), keySet(['a'])])
  expect(keys.ahead()).toBeUndefined()
  await keys.find('a')
  // Half of the second that the header rounds off.
  expect(keys.ahead()).toBe(10.5)
  const cached = start([discovery({ date }), keySet(['a'], { date, age: '5' })])
  await cached.keys.find('a')
  expect(cached.keys.ahead()).toBe(15.5)
  const silent = start([discovery(), keySet(['a'], { age: '5' })])
  await silent.keys.find('a')
  expect(silent.keys.ahead()).toBeUndefined()
})

test('a failure says what of the issuer cannot be used', async () => {
  expect(await told(answer({}, {}, 404))).toEqual([
    'keys',
    `The keys of the issuer ${ISSUER} cannot be used: it answered with status 404.`,
    REMEDY,
  ])
  expect(await told(discovery(), keySet(['a']))).toEqual([
    'keys',
    `The token names a key that the issuer ${ISSUER} does not have.`,
    REMEDY,
  ])
  expect(await told(discovery(), answer({ keys: [] }))).toEqual([
    'keys',
    `The keys of the issuer ${ISSUER} cannot be used: its key set holds no RSA key for RS256 of at least 2048 bits.`,
    REMEDY,
  ])
  const cut = new DbtOidcError({ code: 'exchange-unavailable', problem: 'It was cut off.', remedy: 'Look.' })
  expect(await told(cut)).toEqual([
    'keys',
    `The keys of the issuer ${ISSUER} could not be had: It was cut off.`,
    'Look.',
  ])
})

test('what is no want of an answer is handed on as it is', async () => {
  const blocked = new DbtOidcError({ code: 'blocked-host', problem: 'p', remedy: 'r' })
  expect(await failureOf(start([blocked]).keys.find('a'))).toBe(blocked)
  const fault = new RangeError('x')
  await expect(start([fault]).keys.find('a')).rejects.toBe(fault)
})

test('an issuer that asks to wait says for how long', async () => {
  const busy = await failureOf(start([answer({}, { 'retry-after': '7' }, 429)]).keys.find('a'))
  expect(classOf(busy)).toMatchObject({ transient: true, retryAfter: 7000 })
})
