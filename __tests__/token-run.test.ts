import { afterEach, expect, jest, test } from '@jest/globals'
import type { Claims } from '../src/claims.ts'
import { createTokens, type Tokens } from '../src/token/tokens.ts'
import { status } from './support/faults.ts'
import { codeOf, failureOf, printed, setUp, type Setup } from './support/token-setup.ts'

interface Started {
  readonly tokens: Tokens
  /** Audiences that were asked for, in order. */
  readonly asked: string[]
  /** Texts that were masked, in order. */
  readonly masked: string[]
  /** Moves the local clock. */
  readonly wait: (seconds: number) => void
}

afterEach(() => {
  jest.restoreAllMocks()
})

function start(setup: Setup, ask?: (audience: string) => string | Promise<string>): Started {
  const asked: string[] = []
  const masked: string[] = []
  let later = 0
  const tokens = createTokens({
    issuer: setup.issuer.issuer,
    http: setup.http,
    rehearsal: setup.rehearsal,
    now: () => new Date(Date.now() + later * 1000),
    mask: (secret) => masked.push(secret),
    timings: { request: { firstPause: 1 }, keys: { firstPause: 1 } },
    async ask(audience) {
      asked.push(audience)
      return ask ? ask(audience) : setup.issuer.mint(audience)
    },
  })
  return { tokens, asked, masked, wait: (seconds) => void (later += seconds) }
}

test('the decision token is asked for once, and serves once as the first token of its audience', async () => {
  await using setup = await setUp()
  const { tokens, asked, masked } = start(setup)
  const [first, again] = [await tokens.decision('a'), await tokens.decision('a')]
  expect(again).toBe(first)
  expect(await tokens.mint('a')).toBe(first)
  const second = await tokens.mint('a')
  expect(second.claims.jti).not.toBe(first.claims.jti)
  expect(asked).toEqual(['a', 'a'])
  expect(masked).toEqual(setup.issuer.minted)
})

test('a token for another audience is a new one, and leaves the decision token for its own', async () => {
  await using setup = await setUp()
  const { tokens, asked } = start(setup)
  const decision = await tokens.decision('dbt-oidc')
  expect((await tokens.mint('warehouse')).claims.aud).toBe('warehouse')
  expect(await tokens.mint('dbt-oidc')).toBe(decision)
  expect(asked).toEqual(['dbt-oidc', 'warehouse'])
})

test('a decision token of 60 s is not handed on', async () => {
  await using setup = await setUp()
  const young = start(setup)
  const decision = await young.tokens.decision('a')
  young.wait(55)
  expect(await young.tokens.mint('a')).toBe(decision)
  const old = start(setup)
  await old.tokens.decision('a')
  old.wait(60)
  setup.issuer.skew(60)
  expect((await old.tokens.mint('a')).claims.jti).not.toBe(decision.claims.jti)
  expect(old.asked).toEqual(['a', 'a'])
})

test('its age is that of whichever clock says more, and not that of the process', async () => {
  await using setup = await setUp()
  const real = performance.now.bind(performance)
  let later = 3_600_000 // A process that is an hour old.
  jest.spyOn(performance, 'now').mockImplementation(() => real() + later)
  const young = start(setup)
  const decision = await young.tokens.decision('a')
  expect(await young.tokens.mint('a')).toBe(decision)
  const old = start(setup)
  const first = await old.tokens.decision('a')
  later += 60_000
  expect(await old.tokens.mint('a')).not.toBe(first)
  expect(old.asked).toEqual(['a', 'a'])
})

test('two exchanges at once get two tokens', async () => {
  await using setup = await setUp()
  const { tokens } = start(setup)
  await tokens.decision('a')
  const two = await Promise.all([tokens.mint('a'), tokens.mint('a')])
  expect(new Set(two.map(({ claims }) => claims.jti)).size).toBe(2)
})

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['repository', { repository: 'o/other' }],
  ['environment', { environment: 'production' }],
  ['sub', { sub: 'repo:o/r:environment:production' }],
  ['actor', { actor: undefined }],
  ['run_id', { run_id: 900_001 }], // as a number it is not the same claim
  ['list', { list: ['a', 'c'] }],
  ['nested', { nested: { a: 2 } }],
])('a later token that differs in %s is refused by that name', async (name, change) => {
  await using setup = await setUp()
  setup.issuer.claims({ list: ['a', 'b'], nested: { a: 1, b: 1 } })
  const { tokens } = start(setup)
  await tokens.decision('a')
  setup.issuer.claims(change)
  const error = await failureOf(tokens.mint('b'))
  expect(error.code).toBe('token-changed')
  expect(error.problem).toMatch(new RegExp(`in: .*\\b${name}\\b`))
})

test.each(['a b', 'b\n', '\nb', 'a'.repeat(65)])(
  'a later token that differs in the claim %j is refused without that name',
  async (name) => {
    await using setup = await setUp()
    setup.issuer.claims({ [name]: '1' })
    const { tokens } = start(setup)
    await tokens.decision('a')
    setup.issuer.claims({ [name]: '2' })
    expect((await failureOf(tokens.mint('b'))).problem).toBe(
      'A later token of this job differs from the one on which the grant was decided, in: an oddly named claim.',
    )
  },
)

test('a claim that a later token lacks, or has in addition, is one in which it differs', async () => {
  await using setup = await setUp()
  const { tokens } = start(setup)
  await tokens.decision('a')
  setup.issuer.claims({ constructor: 'x' })
  expect((await failureOf(tokens.mint('b'))).problem).toMatch(/in: constructor\.$/)
  setup.issuer.claims({ constructor: undefined, actor: undefined })
  expect((await failureOf(tokens.mint('b'))).problem).toMatch(/in: actor\.$/)
})

test('audience, times and id may differ, and the order of members says nothing', async () => {
  await using setup = await setUp()
  setup.issuer.claims({ nested: { a: 1, b: 1 } })
  const { tokens } = start(setup)
  await tokens.decision('a')
  setup.issuer.claims({ nested: { b: 1, a: 1 } })
  const payload = Object.entries({
    ...setup.issuer.payload('b'),
    iat: Math.floor(Date.now() / 1000) - 9,
  }).toReversed()
  const text = setup.issuer.sign(Object.fromEntries(payload.filter(([claim]) => claim !== 'nbf')))
  const later = start(setup, (audience) => (audience === 'a' ? setup.issuer.mint('a') : text))
  await later.tokens.decision('a')
  expect((await later.tokens.mint('b')).text).toBe(text)
})

test('every later token passes the gate too: audience, signature, form', async () => {
  await using setup = await setUp()
  let next: string | undefined
  const { tokens, masked } = start(setup, (audience) => next ?? setup.issuer.mint(audience))
  await tokens.decision('a')
  next = setup.issuer.mint('other')
  expect(await codeOf(tokens.mint('b'))).toBe('token-claims')
  const [head, body] = setup.issuer.mint('b').split('.')
  next = `${head}.${body}.${Buffer.alloc(256, 1).toString('base64url')}`
  expect(await codeOf(tokens.mint('b'))).toBe('token-signature')
  next = 'aaaaaaaaaa'
  expect(await codeOf(tokens.mint('b'))).toBe('token-format')
  expect(masked.at(-1)).toBe('aaaaaaaaaa') // whatever came may be a token
})

test('the same token twice is refused', async () => {
  await using setup = await setUp()
  const same = setup.issuer.mint('a')
  const { tokens } = start(setup, () => same)
  await tokens.decision('a')
  await tokens.mint('a')
  const error = await failureOf(tokens.mint('a'))
  expect([error.code, error.problem]).toEqual([
    'token-changed',
    "GitHub's endpoint gave the same token twice.",
  ])
  expect(printed(error)).not.toContain(same)
})

test('a decision that failed stays failed, and no token can be minted on it', async () => {
  await using setup = await setUp()
  setup.issuer.always('discovery', status(404))
  const { tokens, asked } = start(setup)
  expect(await codeOf(tokens.decision('a'))).toBe('keys')
  expect(await codeOf(tokens.decision('a'))).toBe('keys')
  expect(await codeOf(tokens.mint('a'))).toBe('keys')
  expect(asked).toEqual(['a'])
})

test('no token is minted before the decision', async () => {
  await using setup = await setUp()
  const { tokens, asked } = start(setup)
  await expect(tokens.mint('a')).rejects.toThrow('before the decision token')
  expect(asked).toEqual([])
})

test('keys are fetched while the token is made, once for all tokens', async () => {
  await using setup = await setUp()
  const fetching = Promise.withResolvers<void>()
  setup.issuer.next('discovery', (_req, _res, proceed) => {
    fetching.resolve()
    proceed()
  })
  const { tokens } = start(setup, async (audience) => {
    await fetching.promise
    return setup.issuer.mint(audience)
  })
  const all: Claims[] = [(await tokens.decision('a')).claims]
  for (const audience of ['b', 'c', 'd']) all.push((await tokens.mint(audience)).claims)
  expect(all.map(({ aud }) => aud)).toEqual(['a', 'b', 'c', 'd'])
  expect(setup.fetched()).toEqual({ discovery: 1, jwks: 1 })
})

test('no token is asked for without an audience', async () => {
  await using setup = await setUp()
  const { tokens, asked } = start(setup)
  await tokens.decision('a')
  expect(await codeOf(tokens.mint(''))).toBe('configuration')
  expect(asked).toEqual(['a'])
})
