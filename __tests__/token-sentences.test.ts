import { describe, expect, test } from '@jest/globals'
import { DbtOidcError } from '../src/errors.ts'
import { checkExpected } from '../src/token/gate.ts'
import { issuerOf } from '../src/token/issuer.ts'
import { isObject, keyProblem, parseObject } from '../src/token/json.ts'
import { jwksUriOf, keysOf } from '../src/token/jwks.ts'
import { takeApart } from '../src/token/parts.ts'
import { readClaims } from '../src/token/shape.ts'
import { checkTimes } from '../src/token/times.ts'
import { newKey } from './support/jwt.ts'

/** The refusal as its reader has it: code, problem, remedy. */
function refusal(body: () => unknown): readonly [string, string, string] {
  try {
    body()
  } catch (error) {
    if (error instanceof DbtOidcError) return [error.code, error.problem, error.remedy]
    throw error
  }
  throw new Error('it was accepted')
}

const NOT_USED =
  'The token is not used. If this is a runner of your own, find out what answers at ACTIONS_ID_TOKEN_REQUEST_URL; on GitHub, run the job again and report it if it happens twice.'

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const HEADER = { alg: 'RS256', kid: 'k', typ: 'JWT' }
const jwt = (header: unknown, payload: unknown = {}, signature = 'AAAA'): string =>
  [part(header), part(payload), signature].join('.')

const said = (what: string): readonly string[] => [
  'token-format',
  `The text that GitHub's endpoint gave as an ID token ${what}.`,
  NOT_USED,
]

const bytes = (text: string): Uint8Array => Buffer.from(text)

const skew = (seconds: number, word: string, theirs: string): readonly string[] => [
  'clock-skew',
  `This machine's clock says 2027-01-15T08:00:00.000Z, the issuer's says ${theirs}: it is ${seconds} s ${word}, and at most 30 s are tolerated.`,
  'Set the clock of the runner (chrony, systemd-timesyncd, or the host of the virtual machine), then run the job again.',
]

const set = (...keys: readonly unknown[]): unknown => keysOf(JSON.stringify({ keys }))

describe('a text that is no token', () => {
  const long = 'a'.repeat(32 * 1024 + 1)

  test.each<readonly [string, unknown, string]>([
    ['a number', 7, 'is not text'],
    ['far too much', long, 'is longer than 32768 characters'],
    ['just not too much', long.slice(1), 'does not have three parts'],
    ['two parts', 'a.b', 'does not have three parts'],
    ['four parts', 'a.b.c.d', 'does not have three parts'],
    ['no header', '.b.c', 'does not have three parts'],
    ['no payload', 'a..c', 'does not have three parts'],
    ['no signature', 'a.b.', 'does not have three parts'],
    ['a header with padding', 'e30=.e30.AAAA', 'has a header that is not base64url'],
    ['a payload with a free bit', `${part(HEADER)}.e31.AAAA`, 'has a payload that is not base64url'],
    ['a payload cut off', jwt(HEADER, '{'), 'has a payload that is not JSON in UTF-8'],
    ['a payload with a space', `${part(HEADER)}.e30 .AAAA`, 'has a payload that is not base64url'],
    ['a signature with a sign of its own', jwt(HEADER, {}, 'AA+A'), 'has a signature that is not base64url'],
    ['a header that is a list', jwt([]), 'has a header that is not a JSON object'],
    ['a payload that is null', jwt(HEADER, null), 'has a payload that is not a JSON object'],
    ['a payload twice', jwt(HEADER, '{"a":1,"a":2}'), 'has a payload that names the same key twice'],
    ...['crit', 'b64', 'jku', 'x5u', 'jwk'].map(
      (name) =>
        [
          `a header with ${name}`,
          jwt({ ...HEADER, [name]: 1 }),
          `has the header parameter ${name}, which no token of GitHub has`,
        ] as const,
    ),
    ['another algorithm', jwt({ ...HEADER, alg: 'none' }), 'is not signed with RS256'],
    ['another type', jwt({ ...HEADER, typ: 'at+jwt' }), 'is of another type than JWT'],
    [
      'a key without a name',
      jwt({ ...HEADER, kid: '' }),
      'does not name its key (kid) in at most 256 characters',
    ],
    [
      'a key with a long name',
      jwt({ ...HEADER, kid: 'k'.repeat(257) }),
      'does not name its key (kid) in at most 256 characters',
    ],
  ])('for having %s', (_what, text, what) => {
    expect(refusal(() => takeApart(text))).toEqual(said(what))
  })

  test('is told from one that is', () => {
    const text = jwt({ alg: 'RS256', kid: 'k'.repeat(256) }, { a: 1 })
    expect(takeApart(text)).toEqual({ text, kid: 'k'.repeat(256), payload: { a: 1 } })
  })
})

describe('JSON', () => {
  test('is an object whose keys are each there once, at every depth', () => {
    expect(parseObject(bytes('{"a":{"a":[{"a":1},{"a":2}]},"b":"a"}'))).toEqual({
      a: { a: [{ a: 1 }, { a: 2 }] },
      b: 'a',
    })
    expect(parseObject(bytes('{"a":{"b":1,"b" \n: 2}}'))).toBe('names the same key twice')
    expect(parseObject(bytes('{"a":{},"\\u0061":1}'))).toBe('names the same key twice')
    expect(parseObject(bytes('{"a\\"b":"{","a\\"":"}","c":1}'))).toEqual({ 'a"b': '{', 'a"': '}', c: 1 })
    expect(parseObject(bytes('{"a":"a","b":["a","a"]}'))).toEqual({ a: 'a', b: ['a', 'a'] })
  })

  test('has no half of a pair in a key or a text', () => {
    expect(keyProblem('{"a":"\\ud800"}')).toBe('holds half of a surrogate pair')
    expect(keyProblem('{"\\ud800":1}')).toBe('holds half of a surrogate pair')
    expect(keyProblem('{"a":"\\ud83d\\ude00"}')).toBeUndefined()
  })

  test('is none with other bytes, or with a mark before it', () => {
    expect(parseObject(new Uint8Array([0x7b, 0xff, 0x7d]))).toBe('is not JSON in UTF-8')
    expect(parseObject(bytes('\ufeff{}'))).toBe('is not JSON in UTF-8')
    expect(parseObject(bytes('{'))).toBe('is not JSON in UTF-8')
  })

  test('is an object only as such', () => {
    expect([{}, [], null, 'a', 1].map(isObject)).toEqual([true, false, false, false, false])
  })
})

describe('claims of another kind', () => {
  const issuer = 'https://token.actions.githubusercontent.com'
  const good = { iss: issuer, sub: 's', aud: 'mine', jti: 'j', iat: 1, exp: 2 }
  const read = (change: object): readonly string[] =>
    refusal(() => readClaims({ ...good, ...change }, { issuer, audience: 'mine' }))
  const kind = (name: string): readonly string[] => [
    'token-claims',
    `The claim "${name}" of the token is not of the kind that it must be (one non-empty text, or a whole number of seconds).`,
    NOT_USED,
  ]

  test.each<readonly [string, object]>([
    ['iss', { iss: '' }],
    ['sub', { sub: 7 }],
    ['aud', { aud: ['mine', 'theirs'] }],
    ['aud', { aud: [] }],
    ['aud', { aud: [''] }],
    ['jti', { jti: null }],
    ['iat', { iat: 1.5 }],
    ['exp', { exp: '2' }],
    ['exp', { exp: 0 }],
    ['nbf', { nbf: -1 }],
  ])('are named: %s of %j', (name, change) => {
    expect(read(change)).toEqual(kind(name))
  })

  test('are told from claims that are not there', () => {
    expect(refusal(() => readClaims({}, { issuer, audience: 'mine' }))[1]).toBe(
      'The token has no claim "iss".',
    )
  })

  test.each([
    ['https://evil.example', 'https://evil.example', NOT_USED],
    [`${issuer}/x y`, 'another issuer', NOT_USED],
    [`${issuer}${'x'.repeat(200)}`, 'another issuer', NOT_USED],
    [
      `${issuer}/acme`,
      `${issuer}/acme`,
      `Your enterprise has an issuer of its own: set \`issuer: ${issuer}/acme\` if that is intended.`,
    ],
    [`${issuer}acme`, `${issuer}acme`, NOT_USED],
  ])('of the issuer %s are of %s', (iss, shown, remedy) => {
    expect(read({ iss })).toEqual([
      'token-claims',
      `The token comes from ${shown}, not from ${issuer}.`,
      remedy,
    ])
  })

  test.each([
    ['theirs', 'for theirs'],
    ['a'.repeat(200), `for ${'a'.repeat(200)}`],
    ['a'.repeat(201), 'for another audience'],
    ['a b', 'for another audience'],
    [' ab', 'for another audience'],
  ])('for the audience %s are %s', (aud, shown) => {
    expect(read({ aud })).toEqual([
      'token-claims',
      `The token is ${shown}, not for the audience mine that was asked for.`,
      NOT_USED,
    ])
  })

  test('are all there for a grant that are one text, number or truth value', () => {
    const claims = readClaims(
      { ...good, aud: ['mine'], nbf: 1, big: 2 ** 53, half: 0.5, yes: true, list: ['a'], none: null },
      { issuer, audience: 'mine' },
    )
    expect([...claims.all]).toEqual([
      ['iss', issuer],
      ['sub', 's'],
      ['jti', 'j'],
      ['iat', '1'],
      ['exp', '2'],
      ['nbf', '1'],
      ['yes', 'true'],
      ['aud', 'mine'],
    ])
    expect(claims).toMatchObject({ iss: issuer, sub: 's', aud: 'mine', jti: 'j', iat: 1, exp: 2, nbf: 1 })
    expect(Object.hasOwn(claims, 'from')).toBe(false)
  })
})

describe('the times of a token', () => {
  const now = 1_800_000_000
  const at = new Date(now * 1000)
  const check = (change: object, ahead?: number): (() => void) => {
    const times = { iat: now, exp: now + 300, ...change }
    return () => checkTimes(times, at, ahead)
  }
  const HINT =
    "This machine's clock says 2027-01-15T08:00:00.000Z. If that is right, run the job again; if not, set the clock of the runner."

  test.each<readonly [object, string]>([
    [{ exp: now }, 'lives for 0 seconds, which no token of GitHub does'],
    [{ exp: now + 86_401 }, 'lives for 86401 seconds, which no token of GitHub does'],
    [{ iat: now - 300, exp: now - 30 }, 'expired at 2027-01-15T07:59:30.000Z'],
    [{ iat: now + 31, exp: now + 300 }, 'was issued in the future, at 2027-01-15T08:00:31.000Z'],
    [{ iat: 9e12, exp: 9e12 + 1 }, 'was issued in the future, at second 9000000000000'],
    [{ iat: 8.64e12, exp: 8.64e12 + 1 }, 'was issued in the future, at second 8640000000000'],
    [{ nbf: now + 31 }, 'is not valid before 2027-01-15T08:00:31.000Z, 31 s from now'],
    [
      { iat: now - 3631 },
      'was issued at 2027-01-15T06:59:29.000Z, too long ago for a token that was just asked for',
    ],
  ])('%j: it %s', (change, problem) => {
    expect(refusal(check(change))).toEqual(['token-claims', `The token ${problem}.`, HINT])
  })

  test.each<object>([
    { exp: now + 86_400 },
    { iat: now - 300, exp: now - 29 },
    { iat: now + 30 },
    { nbf: now + 30 },
    { nbf: undefined },
    { iat: now - 3630 },
  ])('%j: it holds', (change) => {
    expect(check(change)).not.toThrow()
  })

  test('are not blamed where the clock of this machine is what is wrong', () => {
    expect(refusal(check({ iat: now + 60, exp: now + 360 }, 60))).toEqual(
      skew(60, 'slow', '2027-01-15T08:01:00.000Z'),
    )
    expect(refusal(check({ iat: now - 600, exp: now - 300 }, -600.4))).toEqual(
      skew(600, 'fast', '2027-01-15T07:49:59.600Z'),
    )
    // Up to 30 s the clock is right enough, and the token is to blame.
    expect(refusal(check({ iat: now + 31 }, 30))[0]).toBe('token-claims')
    expect(refusal(check({ iat: now + 31 }, 31))[0]).toBe('clock-skew')
  })

  test('tell of a fast clock that a young token would hide, where issuer and token agree', () => {
    expect(refusal(check({ iat: now - 31 }, -31))[0]).toBe('clock-skew')
    expect(check({ iat: now - 30 }, -31)).not.toThrow()
    expect(check({ iat: now - 31 }, -30)).not.toThrow()
    expect(check({ iat: now - 31 }, 31)).not.toThrow()
    expect(check({ iat: now - 31 })).not.toThrow()
  })
})

describe('what the gate is told', () => {
  test.each([
    ['issuer', { issuer: '', audience: 'a' }],
    ['audience', { issuer: 'i', audience: '' }],
  ])('must name the %s', (name, expected) => {
    expect(refusal(() => checkExpected(expected))).toEqual([
      'configuration',
      `No ${name} is configured, so no token could be told from a foreign one.`,
      `Set the input \`${name}\`, or remove it so that its default holds; an empty variable counts as set to nothing.`,
    ])
    expect(() => checkExpected({ issuer: 'i', audience: 'a' })).not.toThrow()
  })
})

describe('the issuer of a server', () => {
  const github = 'https://token.actions.githubusercontent.com'
  const no = [
    'configuration',
    'GITHUB_SERVER_URL is not the https address of a GitHub server.',
    'Run the action in a job of GitHub Actions; the runner sets this variable.',
  ]

  test.each([
    ['https://github.com', github],
    ['https://acme.ghe.com', 'https://token.actions.acme.ghe.com'],
    ['https://a.b.ghe.com', 'https://a.b.ghe.com/_services/token'],
    ['https://acme.ghe.com:8443', 'https://acme.ghe.com:8443/_services/token'],
    ['https://github.com.evil.example', 'https://github.com.evil.example/_services/token'],
    ['https://ghes.example', 'https://ghes.example/_services/token'],
    ['http://127.0.0.1:9', 'http://127.0.0.1:9/_services/token'],
  ])('%s is %s', (server, issuer) => {
    expect(issuerOf(server)).toBe(issuer)
    expect(issuerOf(server, '')).toBe(issuer)
    expect(issuerOf(server, issuer)).toBe(issuer)
    expect(issuerOf(server, `${issuer}/acme-1_x`)).toBe(`${issuer}/acme-1_x`)
  })

  test.each([
    'no url',
    'http://ghes.example',
    'https://ghes.example/x',
    'https://u@ghes.example',
    'https://:p@ghes.example',
    'https://ghes.example/?q',
    'https://ghes.example/#h',
  ])('%s has none', (server) => {
    expect(refusal(() => issuerOf(server))).toEqual(no)
  })

  test.each([
    `${github}/`,
    `${github}/a/b`,
    `${github}/-a`,
    `${github}/a!`,
    `${github}/${'a'.repeat(101)}`,
    'https://evil.example',
    `x${github}/a`,
  ])('is not %s', (configured) => {
    expect(refusal(() => issuerOf('https://github.com', configured))).toEqual([
      'configuration',
      `The issuer that is configured is not the one of this server, ${github}, with or without the slug of an enterprise.`,
      `Remove \`issuer\`, or write it as ${github}/SLUG, exactly as the "iss" claim of your tokens has it.`,
    ])
  })

  test('has a slug of up to a hundred characters', () => {
    const longest = `${github}/${'a'.repeat(100)}`
    expect(issuerOf('https://github.com', longest)).toBe(longest)
  })
})

describe('the documents of an issuer', () => {
  const issuer = 'https://i.example/x'
  const discovery = (change: object): string =>
    JSON.stringify({ issuer, jwks_uri: 'https://i.example/keys', ...change })

  test('give the address of its keys, on its own origin', () => {
    expect(jwksUriOf(discovery({}), issuer)).toBe('https://i.example/keys')
    const off = {
      flaw: 'its discovery document has a jwks_uri that is not at the issuer',
      transient: false,
    }
    for (const uri of [
      'http://i.example/keys',
      'https://j.example/keys',
      'https://u@i.example/keys',
      'https://:p@i.example/keys',
      'keys',
    ])
      expect(jwksUriOf(discovery({ jwks_uri: uri }), issuer)).toEqual(off)
  })

  test('are of no use where they are another issuer’s, or none', () => {
    expect(jwksUriOf(discovery({ issuer: `${issuer}/` }), issuer)).toEqual({
      flaw: 'its discovery document is that of another issuer',
      transient: false,
    })
    for (const body of ['', '[]', '{}', '{"issuer":1,"jwks_uri":2}'])
      expect(jwksUriOf(body, issuer)).toEqual({
        flaw: 'its discovery document is not one',
        transient: true,
      })
    for (const body of ['', '[]', '{}', '{"keys":1}'])
      expect(keysOf(body)).toEqual({ flaw: 'its key set is not one', transient: true })
  })

  const none = {
    flaw: 'its key set holds no RSA key for RS256 of at least 2048 bits',
    transient: true,
  }
  test('give each key by its name, where it may verify RS256', async () => {
    const { jwk } = await newKey()
    const names = (...keys: readonly unknown[]): unknown => {
      const found = set(...keys)
      return found instanceof Map ? [...found.keys()] : found
    }
    const bare = { kty: jwk.kty, kid: 'bare', n: jwk.n, e: jwk.e }
    expect(names(bare)).toEqual(['bare'])
    expect(names({ ...bare, use: 'sig', alg: 'RS256', key_ops: ['verify'] })).toEqual(['bare'])
    expect(names(bare, { ...bare, kid: 'other' }, 7)).toEqual(['bare', 'other'])
    // Nobody can say which of two is meant.
    expect(names(bare, bare, { ...bare, kid: 'other' })).toEqual(['other'])
    expect(set(bare, bare)).toEqual(none)
    for (const change of [
      { kty: 'EC' },
      { kid: '' },
      { kid: 'k'.repeat(257) },
      { use: 'enc' },
      { alg: 'RS512' },
      { key_ops: ['sign'] },
      { key_ops: [] },
      { e: 'AQ' },
      { e: 'Aw' },
      { n: 'AQAB' },
      { n: jwk.n?.slice(0, 300) },
    ])
      expect([change, set({ ...bare, ...change })]).toEqual([change, none])
    expect(names({ ...bare, kid: 'k'.repeat(256) })).toEqual(['k'.repeat(256)])
  })
})
