import { expect, test } from '@jest/globals'
import { issuerOf } from '../src/token/issuer.ts'
import { createTokens } from '../src/token/tokens.ts'
import type { Handler } from './support/issuer-server.ts'
import { audience, codeOf, failureOf, printed, setUp, casesOf, type Setup } from './support/token-setup.ts'

const { named, unproved } = casesOf('token-claims')

type Change = Readonly<Record<string, unknown>>

/** A token of the issuer with some claims changed; undefined removes one. */
function tokenWith(setup: Setup, change: Change): string {
  const payload: Record<string, unknown> = { ...setup.issuer.payload(audience), ...change }
  return setup.issuer.sign(
    Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined)),
  )
}

/** The codes with which tokens of such claims are refused. */
async function refusal(changes: readonly Change[]): Promise<readonly string[]> {
  await using setup = await setUp()
  const codes = new Set<string>()
  for (const change of changes) codes.add(await codeOf(setup.verify(tokenWith(setup, change))))
  return [...codes]
}

const seconds = (): number => Math.floor(Date.now() / 1000)

/** A whole second as the local clock, so that a boundary is one. */
const at = (time: number): { now: Date } => ({ now: new Date(time * 1000) })

const github = 'https://token.actions.githubusercontent.com'

/** What a run says whose local clock is off by so many seconds: its code, and the difference that it names. */
async function skewed(by: number): Promise<unknown> {
  const local = (): Date => new Date(Date.now() + by * 1000)
  await using setup = await setUp({}, local)
  const error = await failureOf(setup.verify(setup.issuer.mint(audience)))
  const [mine = '', theirs = ''] = error.problem.match(/\d{4}-\d\d-\d\dT[\d:.]+Z/g) ?? []
  const named = (Date.parse(mine) - Date.parse(theirs)) / 1000
  return { code: error.code, right: Math.abs(named - by) < 5, word: /fast|slow/.exec(error.problem)?.[0] }
}

test(`token-claims-${named('01')}`, async () => {
  expect(
    await refusal(['exp', 'iat', 'sub', 'jti', 'iss', 'aud'].map((name) => ({ [name]: undefined }))),
  ).toEqual(['token-claims'])
})

test(`token-claims-${named('05')}`, async () => {
  await using setup = await setUp()
  const now = seconds()
  const text = (late: number): string => tokenWith(setup, { iat: now - 200, exp: now - late })
  await setup.verify(text(1), at(now))
  await setup.verify(text(29), at(now))
  // At the leeway itself the token is over, as for jose: `exp` must be later than now - 30 s.
  expect(await codeOf(setup.verify(text(30), at(now)))).toBe('token-claims')
  expect(await codeOf(setup.verify(text(31), at(now)))).toBe('token-claims')
})

test(`token-claims-${named('06')}`, async () => {
  await using setup = await setUp()
  const now = seconds()
  await setup.verify(tokenWith(setup, { nbf: now + 30 }), at(now))
  const error = await failureOf(setup.verify(tokenWith(setup, { nbf: now + 31 }), at(now)))
  expect(error.code).toBe('token-claims')
  expect(error.problem).toContain('31 s from now')
})

test(`token-claims-${named('08')}`, async () => {
  await using setup = await setUp()
  const now = seconds()
  const text = (age: number): string => tokenWith(setup, { iat: now - age, exp: now + 300 })
  await setup.verify(text(3600), at(now))
  expect(await codeOf(setup.verify(text(3631), at(now)))).toBe('token-claims')
  expect(await codeOf(setup.verify(text(36_000), at(now)))).toBe('token-claims')
})

test(`token-claims-${named('09')}`, async () => {
  const now = seconds()
  expect(
    await refusal(
      [1e300, null, 1_800_000_000.5, '1800000000', -1, 0, true, [now + 300]].map((exp) => ({ exp })),
    ),
  ).toEqual(['token-claims'])
  expect(await refusal([1e300, null, now + 0.5, `${now}`, -1].map((iat) => ({ iat })))).toEqual([
    'token-claims',
  ])
  expect(
    await refusal([{ exp: now + 24 * 3600 + 10 }, { exp: now, iat: now }, { exp: now - 1, iat: now }]),
  ).toEqual(['token-claims'])
})

test(`token-claims-${named('10')}`, async () => {
  expect(await skewed(300)).toEqual({ code: 'clock-skew', right: true, word: 'fast' })
  expect(await skewed(-300)).toEqual({ code: 'clock-skew', right: true, word: 'slow' })
})

test(`token-claims-${named('11')}`, async () => {
  await using setup = await setUp()
  expect(await codeOf(setup.verify(tokenWith(setup, { iss: 'https://gitlab.com' })))).toBe('token-claims')
  // In a rehearsal any other host would be refused anyway, so one that can be counted takes its place.
  const other = setup.issuer.at('gitlab.com', (_req, res) => res.end('{}'))
  expect(await codeOf(setup.verify(tokenWith(setup, { iss: other })))).toBe('token-claims')
  expect(setup.issuer.requests).toEqual([])
})

test(`token-claims-${named('13')}`, async () => {
  const odd = [
    `${github}@evil.test`,
    `${github}:443`,
    `${github}#x`,
    `${github}?x`,
    `${github}/../`,
    `${github}/..`,
    `${github}/a/../b`,
    `${github}/%2e%2e`,
    `${github}//`,
    `${github}/`,
    `${github}/acme/`,
    `${github}/acme\n`,
    ` ${github}`,
    github.toUpperCase(),
    github.replace('githubusercontent', 'GitHubUserContent'),
    github.replace('actions', '\u0430ctions'),
    github.replace('https', 'http'),
    'https://evil.test',
  ]
  for (const configured of odd) {
    expect(() => issuerOf('https://github.com', configured)).toThrow(
      expect.objectContaining({ code: 'configuration' }),
    )
  }
})

test(`token-claims-${named('14')}`, async () => {
  expect(
    await refusal(
      [`${github}.evil.test`, 'https://eviltoken.actions.githubusercontent.com'].map((iss) => ({ iss })),
    ),
  ).toEqual(['token-claims'])
})

test(`token-claims-${named('15')}`, async () => {
  await using setup = await setUp()
  const slug = `${setup.issuer.issuer}/acme`
  const text = tokenWith(setup, { iss: slug })
  const error = await failureOf(setup.verify(text))
  expect(error.code).toBe('token-claims')
  expect(error.remedy).toContain(slug)
  expect(issuerOf(setup.issuer.serverUrl, slug)).toBe(slug)
  expect((await setup.verify(text, { issuer: slug })).claims.iss).toBe(slug)
  expect(await codeOf(setup.verify(tokenWith(setup, {}), { issuer: slug }))).toBe('token-claims')
})

test(`token-claims-${named('16')}`, async () => {
  await using setup = await setUp()
  // A rehearsal is a GitHub Enterprise Server on loopback: same form of issuer, same rules. The origin of keys: jwks-11.
  expect(issuerOf('https://ghes.corp')).toBe('https://ghes.corp/_services/token')
  await setup.verify(tokenWith(setup, { iss: `${setup.issuer.serverUrl}/_services/token` }))
  expect(await codeOf(setup.verify(tokenWith(setup, { iss: 'https://ghes.corp/_services/token' })))).toBe(
    'token-claims',
  )
})

test(`token-claims-${named('18')}`, async () => {
  expect(await refusal([{ iss: [github] }, { iss: { a: github } }, { iss: 1 }, { iss: '' }])).toEqual([
    'token-claims',
  ])
})

test(`token-claims-${named('20')}`, async () => {
  expect(
    await refusal([
      { aud: [audience, 'evil'] },
      { aud: ['evil', audience] },
      { aud: [audience, audience] },
      { aud: [] },
    ]),
  ).toEqual(['token-claims'])
})

test(`token-claims-${named('21')}`, async () => {
  await using setup = await setUp()
  const { claims } = await setup.verify(tokenWith(setup, { aud: [audience] }))
  expect([claims.aud, claims.all.get('aud')]).toEqual([audience, audience])
})

test(`token-claims-${named('22')}`, async () => {
  expect(
    await refusal(
      [[[audience]], { a: 1 }, 1, '', `${audience} `, audience.toUpperCase(), null, true].map((aud) => ({
        aud,
      })),
    ),
  ).toEqual(['token-claims'])
})

test(`token-claims-${named('23')}`, async () => {
  expect(await closed({ audience: '' })).toEqual(closedAtOnce)
  expect(await closed({ audience: undefined })).toEqual(closedAtOnce)
})

test(`token-claims-${named('24')}`, async () => {
  expect(await closed({ issuer: undefined })).toEqual(closedAtOnce)
  expect(await closed({ issuer: '' })).toEqual(closedAtOnce)
})

test(`token-claims-${named('26')}`, async () => {
  expect(
    await refusal([
      { sub: ['repo:o/r:ref:refs/heads/main'] },
      { sub: 1 },
      { sub: '' },
      { jti: 1 },
      { jti: '' },
    ]),
  ).toEqual(['token-claims'])
  await using setup = await setUp()
  const { claims } = await setup.verify(
    tokenWith(setup, { repository_id: 456, ref_protected: true, big: 2 ** 53, half: 1.5 }),
  )
  expect(claims.all.get('repository_id')).toBe('456')
  expect(claims.all.get('ref_protected')).toBe('true')
  // A number that JSON has rounded must not be compared with anything.
  expect([claims.all.has('big'), claims.all.has('half')]).toEqual([false, false])
})

test(`token-claims-${named('27')}`, async () => {
  await using setup = await setUp()
  const tokens = createTokens({ ...fake(setup), ask: async (aud) => setup.issuer.mint(aud) })
  const used = [
    await tokens.decision(audience),
    await tokens.mint('other'),
    await tokens.mint(audience),
    await tokens.mint(audience),
  ]
  expect(new Set(used.map(({ claims }) => claims.jti)).size).toBe(3) // the decision token serves once as the first of its audience
  expect(used[2]).toBe(used[0])
})

test(`token-claims-${named('28')}`, async () => {
  await using setup = await setUp()
  const { claims } = await setup.verify(
    tokenWith(setup, { new_claim: 'x', repo_property_tier: 'gold', odd: { a: 1 }, list: ['a'] }),
  )
  expect(claims.all.get('new_claim')).toBe('x')
  expect(claims.all.get('repo_property_tier')).toBe('gold')
  expect([claims.all.has('odd'), claims.all.has('list')]).toEqual([false, false])
})

/** What `createTokens` needs besides `ask`. */
function fake(setup: Setup): Omit<Parameters<typeof createTokens>[0], 'ask'> {
  const { http, rehearsal } = setup
  return { issuer: setup.issuer.issuer, http, rehearsal, now: () => new Date(), mask: () => undefined }
}

/** With an empty expectation nothing is accepted and nobody is asked, whatever the types said. */
async function closed(change: Readonly<Record<string, unknown>>): Promise<unknown> {
  await using setup = await setUp()
  const given: { issuer: string; audience: string } = Object.assign(
    { issuer: setup.issuer.issuer, audience },
    change,
  )
  let asked = 0
  const tokens = createTokens({
    ...fake(setup),
    issuer: given.issuer,
    ask: async (aud) => {
      asked += 1
      return setup.issuer.mint(aud)
    },
  })
  const code = await codeOf(tokens.decision(given.audience))
  const verified = await codeOf(setup.verify('a.b.c', given))
  // Whatever had been sent before would have arrived before this.
  await setup.http({ url: `${setup.issuer.serverUrl}/last`, deadline: 5000 })
  return { code, verified, asked, requests: setup.issuer.requests.map(({ path }) => path) }
}

const closedAtOnce = { code: 'configuration', verified: 'configuration', asked: 0, requests: ['/last'] }

test('every case of the corpus is named by a test', () => {
  expect(unproved()).toEqual([])
})

test('a token from the future is refused, up to the leeway it is not', async () => {
  await using setup = await setUp()
  const now = seconds()
  await setup.verify(tokenWith(setup, { iat: now + 30, exp: now + 300 }), at(now))
  expect(await codeOf(setup.verify(tokenWith(setup, { iat: now + 31, exp: now + 300 }), at(now)))).toBe(
    'token-claims',
  )
})

test('without a clock to compare with, or with one that agrees, a failure by time is one of the claims', async () => {
  await using setup = await setUp()
  setup.issuer.always('jwks', (_req, res, proceed) => {
    res.removeHeader('date')
    proceed()
  })
  const now = seconds()
  const error = await failureOf(setup.verify(tokenWith(setup, { iat: now - 400, exp: now - 100 }), at(now)))
  expect(error.code).toBe('token-claims')
  expect(error.remedy).toContain(new Date(now * 1000).toISOString())
})

/** An answer that a cache has kept for 100 s, and says so or not. */
function kept(header: Readonly<Record<string, string>>): Handler {
  return (_req, res, proceed) => {
    res.setHeader('date', new Date(Date.now() - 100_000).toUTCString())
    for (const [name, value] of Object.entries(header)) res.setHeader(name, value)
    proceed()
  }
}

test('a Date that a cache has kept says how old it is', async () => {
  await using setup = await setUp()
  setup.issuer.always('jwks', kept({ age: '100' }))
  await setup.verify(setup.issuer.mint(audience))
  expect(Math.abs(setup.keys.ahead() ?? 99)).toBeLessThan(10)
})

test('a wrong Date alone does not refuse a token that was issued just now', async () => {
  await using setup = await setUp()
  setup.issuer.always('jwks', kept({}))
  const text = setup.issuer.mint(audience)
  expect((await setup.verify(text)).text).toBe(text)
  expect(setup.keys.ahead()).toBeLessThan(-60)
})

test.each<[string, (now: number) => Change, RegExp]>([
  ['is over', (now) => ({ iat: now - 200, exp: now - 30 }), /expired at \d/],
  ['is from the future', (now) => ({ iat: now + 31 }), /issued in the future/],
  ['is too old', (now) => ({ iat: now - 3631 }), /too long ago/],
  ['lives too long', (now) => ({ exp: now + 90_000 }), /lives for 90000 seconds/],
  [
    'is for somebody else',
    () => ({ aud: 'https://other.test' }),
    /is for https:\/\/other\.test, not for the audience mine/,
  ],
  [
    'is of another issuer',
    () => ({ iss: 'https://other.test' }),
    /comes from https:\/\/other\.test, not from http:/,
  ],
  ['lacks its subject', () => ({ sub: undefined }), /has no claim "sub"/],
  ['has a list as id', () => ({ jti: ['x'] }), /claim "jti" of the token is not of the kind/],
])('a token that %s is told so', async (_name, change, problem) => {
  await using setup = await setUp()
  const now = seconds()
  const error = await failureOf(
    setup.verify(tokenWith(setup, { iat: now, exp: now + 300, ...change(now) }), at(now)),
  )
  expect([error.code, error.problem]).toEqual(['token-claims', expect.stringMatching(problem)])
})

test('what an unverified token says is only shown where it cannot be mistaken', async () => {
  await using setup = await setUp()
  const odd = ['x\n::error::x', '##[error]x', `https://${'a'.repeat(300)}`, 'https://evil.test/\u001b[31m']
  for (const text of odd) {
    for (const change of [{ iss: text }, { aud: text }]) {
      expect(printed(await failureOf(setup.verify(tokenWith(setup, change))))).not.toContain(text)
    }
  }
})

test.each([
  ['https://github.com', github],
  ['https://github.com/', github],
  ['https://acme.ghe.com', 'https://token.actions.acme.ghe.com'],
  ['https://ghes.corp:8443', 'https://ghes.corp:8443/_services/token'],
  ['https://github.com.evil.test', 'https://github.com.evil.test/_services/token'],
  ['https://acme.ghe.com.evil.test', 'https://acme.ghe.com.evil.test/_services/token'],
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080/_services/token'],
  ['http://localhost:8080', 'http://localhost:8080/_services/token'],
  ['http://[::1]:8080', 'http://[::1]:8080/_services/token'],
])('the issuer of %s is %s', (server, issuer) => {
  expect(issuerOf(server)).toBe(issuer)
  expect(issuerOf(server, '')).toBe(issuer)
  expect(issuerOf(server, issuer)).toBe(issuer)
  expect(issuerOf(server, `${issuer}/acme-corp`)).toBe(`${issuer}/acme-corp`)
})

test.each([
  '',
  'github.com',
  'http://github.com',
  'https://user@github.com',
  'https://github.com/x',
  'https://github.com?x',
  'ftp://127.0.0.1',
])('the server URL %j has no issuer', (server) => {
  expect(() => issuerOf(server)).toThrow(expect.objectContaining({ code: 'configuration' }))
})
