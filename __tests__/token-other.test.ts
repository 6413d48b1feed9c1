import { expect, test } from '@jest/globals'
import type { IdToken } from '../src/claims.ts'
import { DbtOidcError } from '../src/errors.ts'
import type { OtherIssuer } from '../src/other-issuer.ts'
import { inOtherWords } from '../src/token/other.ts'
import { continueTokens, createTokens, type Tokens, type TokensOptions } from '../src/token/tokens.ts'
import { status } from './support/faults.ts'
import { audience, codeOf, failureOf, setUp, type Setup } from './support/token-setup.ts'

type Claims = Readonly<Record<string, unknown>>

function issuerOf(setup: Setup, change: Partial<OtherIssuer> = {}): OtherIssuer {
  const url = setup.issuer.issuer
  const claims = ['sub', 'project_path', 'runner_id', 'ref']
  return { name: 'mine', url, like: undefined, claims, owners: ['sub'], ...change }
}

/** A token that the job was given; undefined removes a claim. */
function given(setup: Setup, change: Claims = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const all = {
    iss: setup.issuer.issuer,
    sub: 'project_path:g/p:ref_type:branch:ref:main',
    aud: audience,
    jti: 'job-1',
    iat: now,
    exp: now + 3600,
    project_path: 'g/p',
    runner_id: 7,
    secret: 'hidden',
    ...change,
  }
  return setup.issuer.sign(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)))
}

function optionsOf(
  setup: Setup,
  text: () => string,
  other: OtherIssuer,
  masked: string[] = [],
): TokensOptions {
  return {
    issuer: other.url,
    other,
    http: setup.http,
    rehearsal: setup.rehearsal,
    now: () => new Date(),
    mask: (secret) => masked.push(secret),
    timings: { keys: { firstPause: 1 } },
    ask: async () => text(),
  }
}

const tokensOf = (setup: Setup, text: () => string, change?: Partial<OtherIssuer>): Tokens =>
  createTokens(optionsOf(setup, text, issuerOf(setup, change)))

const decided = (setup: Setup, change?: Claims, as?: Partial<OtherIssuer>): Promise<IdToken> =>
  tokensOf(setup, () => given(setup, change), as).decision(audience)

test('a token of another issuer says what it is declared to say, and whose it is', async () => {
  await using setup = await setUp()
  const { claims } = await decided(setup)
  expect(claims.from).toBe('mine')
  expect(claims.nameable).toEqual(['sub', 'project_path', 'runner_id', 'ref'])
  expect([claims.iss, claims.sub, claims.aud, claims.jti]).toEqual([
    setup.issuer.issuer,
    'project_path:g/p:ref_type:branch:ref:main',
    audience,
    'job-1',
  ])
  // `secret` is a claim that nobody has declared: it is never looked at.
  expect([...claims.all]).toEqual([
    ['sub', 'project_path:g/p:ref_type:branch:ref:main'],
    ['project_path', 'g/p'],
    ['runner_id', '7'],
    ['aud', audience],
  ])
})

test('it may have no number, and be as old as it lives', async () => {
  await using setup = await setUp()
  const now = Math.floor(Date.now() / 1000)
  const { claims } = await decided(setup, { jti: undefined, iat: now - 10_000, exp: now + 60 })
  expect(claims.jti).toBe('none')
  expect(await codeOf(decided(setup, { iat: now - 80_000, exp: now - 31 }))).toBe('token-claims')
  expect(await codeOf(decided(setup, { iat: now, exp: now + 24 * 3600 + 1 }))).toBe('token-claims')
  expect((await decided(setup, { iat: now, exp: now + 24 * 3600 })).claims.exp).toBe(now + 24 * 3600)
})

test('it is read anew each time, and hidden before anything is done with it', async () => {
  await using setup = await setUp()
  const texts = [given(setup), given(setup, { jti: 'job-2' }), 'no token']
  const masked: string[] = []
  let at = 0
  const tokens = createTokens(optionsOf(setup, () => texts[at++] ?? '', issuerOf(setup), masked))
  expect((await tokens.decision(audience)).claims.jti).toBe('job-1')
  expect((await tokens.mint(audience)).claims.jti).toBe('job-1')
  expect((await tokens.mint(audience)).claims.jti).toBe('job-2')
  expect(await codeOf(tokens.mint(audience))).toBe('token-format')
  expect(masked).toEqual(texts)
})

test('the same token may come twice, but none that says something else', async () => {
  await using setup = await setUp()
  let text = given(setup)
  const tokens = tokensOf(setup, () => text)
  await tokens.decision(audience)
  await tokens.mint(audience)
  expect((await tokens.mint(audience)).text).toBe(text)
  // What nobody has declared may differ.
  text = given(setup, { secret: 'other' })
  expect((await tokens.mint(audience)).text).toBe(text)
  text = given(setup, { project_path: 'g/other' })
  expect((await failureOf(tokens.mint(audience))).problem).toBe(
    'A later token of this job differs from the one on which the grant was decided, in: project_path.',
  )
})

test('a later process goes on from what was decided, and from nothing else', async () => {
  await using setup = await setUp()
  let text = given(setup)
  const options = optionsOf(setup, () => text, issuerOf(setup))
  const tokens = createTokens(options)
  await tokens.decision(audience)
  const mint = continueTokens(await tokens.decided(), options)
  expect((await mint(audience)).text).toBe(text)
  text = given(setup, { sub: 'somebody' })
  expect(await codeOf(mint(audience))).toBe('token-changed')
  expect(() => continueTokens('[]', options)).toThrow('What was decided on is not a JSON object.')
})

test('no token is read without an audience', async () => {
  await using setup = await setUp()
  const asked: string[] = []
  const tokens = tokensOf(setup, () => String(asked.push('asked')))
  expect(await codeOf(tokens.decision(''))).toBe('configuration')
  expect(asked).toEqual([])
})

const refusal = async (promise: Promise<unknown>): Promise<readonly [string, string, string]> => {
  const { code, problem, remedy } = await failureOf(promise)
  return [code, problem, remedy]
}

test('who it is from must be the issuer to the letter, and what to do is said of that issuer', async () => {
  await using setup = await setUp()
  const url = setup.issuer.issuer
  const remedy =
    'Name its issuer with --issuer, or correct `issuers.mine.url`: it must be the `iss` claim to the letter.'
  expect(await refusal(decided(setup, { iss: `${url}/` }))).toEqual([
    'token-claims',
    `The token comes from ${url}/, not from ${url}.`,
    remedy,
  ])
  expect(await refusal(decided(setup, { iss: `${url} ::error::` }))).toEqual([
    'token-claims',
    `The token comes from another issuer, not from ${url}.`,
    remedy,
  ])
})

test('whom it is for must be the target, and what to do is said of the kind of issuer', async () => {
  await using setup = await setUp()
  expect(await refusal(decided(setup, { aud: 'theirs' }))).toEqual([
    'token-claims',
    'The token is for theirs, not for the audience mine that the target wants.',
    "Have the token made for the audience 'mine', or set `audience` of the target to the one that it has.",
  ])
  const [, problem, remedy] = await refusal(decided(setup, { aud: 'a b' }, { like: 'gitlab' }))
  expect(problem).toBe('The token is for another audience, not for the audience mine that the target wants.')
  expect(remedy).toMatch(/^Set it in \.gitlab-ci\.yml/)
})

test('a refusal speaks of no endpoint of GitHub', async () => {
  await using setup = await setUp()
  const { url } = issuerOf(setup)
  expect(await refusal(tokensOf(setup, () => 'no token').decision(audience))).toEqual([
    'token-format',
    'What was given as the token does not have three parts.',
    'Check what --token-file, --token-variable or --token-url names: one JWT, signed with RS256, and nothing else.',
  ])
  const [header, payload] = given(setup).split('.')
  const forged = `${header}.${payload}.${Buffer.alloc(256, 1).toString('base64url')}`
  expect(await refusal(tokensOf(setup, () => forged).decision(audience))).toEqual([
    'token-signature',
    'The signature of the token does not hold under the key that it names.',
    `The token is not used. Find out who has made it: its key has the name of one of ${url}, and its signature is another's.`,
  ])
  const now = Math.floor(Date.now() / 1000)
  expect((await refusal(decided(setup, { iat: now, exp: now - 1 })))[1]).toBe(
    'The token lives for -1 seconds, which is not taken here.',
  )
  expect(await refusal(decided(setup, { sub: undefined }))).toEqual([
    'token-claims',
    'The token has no claim "sub".',
    'The token is not used. Have the job be given one for one audience, anew.',
  ])
  setup.issuer.always('discovery', status(404))
  const [code, , remedy] = await refusal(decided(setup))
  expect([code, remedy]).toEqual([
    'keys',
    `Check that ${url}/.well-known/openid-configuration can be read from here, and that \`issuers.mine.url\` is the issuer of this very job.`,
  ])
})

test('what is no refusal of ours is handed on as it is, and a refusal keeps its details and cause', () => {
  const other = { name: 'mine', url: 'https://i.example', like: undefined, claims: [], owners: [] }
  const fault = new TypeError('x')
  expect(inOtherWords(fault, other)).toBe(fault)
  const refused = new DbtOidcError({
    code: 'token-changed',
    problem: 'It has a header parameter b64, which no token of GitHub has.',
    remedy: 'r',
    details: ['d'],
    cause: fault,
  })
  const said = inOtherWords(refused, other)
  expect(said).toMatchObject({
    code: 'token-changed',
    problem: 'It has a header parameter b64, which is not taken here.',
    remedy: 'Start the job anew: a run keeps to the identity that its grant was decided on.',
    details: ['d'],
    cause: fault,
  })
  const own = new DbtOidcError({ code: 'clock-skew', problem: 'p', remedy: 'Set the clock.' })
  expect(inOtherWords(own, other)).toMatchObject({ problem: 'p', remedy: 'Set the clock.' })
})
