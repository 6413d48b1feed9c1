import { expect, test } from '@jest/globals'
import { newKey, signJwt } from './support/jwt.ts'
import { flawsOf, flawsOfEnded, usesOf, type Bounds, type Lived } from './support/lives.ts'
import { sha256 } from './support/snowflake/identity.ts'

const START = 1_700_000_000
const LIFE = 30
const key = await newKey()
const minted = [0, 18, 36, 54, 72].map((age) =>
  signJwt({ iat: START + age, exp: START + age + LIFE, jti: String(age) }, key),
)
const digests = minted.map(sha256)
const line = (use: string, at: number) => ({
  record: 'token',
  use,
  outcome: use === 'decision' ? 'granted' : 'handed-over',
  trades: use === 'decision' ? null : 'driver',
  token_sha256: digests[at],
})
const audit = [
  line('decision', 0),
  line('exchange', 0),
  ...[1, 2, 3, 4].map((at) => line('keep-alive', at)),
  { record: 'run' },
]
const login = (token: number, age: number) => ({
  tokenSha256: digests[token],
  at: (START + token * 18 + age) * 1000,
})
const run = (more: Partial<Lived> = {}): Lived => ({
  life: LIFE,
  minted,
  audit,
  uses: usesOf(minted, [login(0, 1), login(2, 12), login(4, 20)], true),
  ...more,
})
const bounds: Bounds = { exchanges: [5, 5], oldest: 0.7, lives: 3, trades: 'driver' }

test('a run that outlived its tokens, each of them on record once, has no flaw', () => {
  expect(flawsOf(run(), bounds)).toEqual([])
})

test.each<[string, Partial<Lived>, Partial<Bounds>, RegExp]>([
  ['a token after its end', { uses: usesOf(minted, [login(4, 31)], true) }, { oldest: 2 }, /after its end/],
  ['a token that is too old', { uses: usesOf(minted, [login(4, 25)], true) }, {}, /25 s old, more than 21 s/],
  ['a token that nobody minted', { uses: usesOf([], [login(4, 1)], true) }, {}, /used after its end/],
  ['a refusal', { uses: [...run().uses, ...usesOf(minted, [login(4, 1)], false)] }, {}, /was refused/],
  ['more exchanges than allowed', {}, { exchanges: [1, 4] }, /5 exchanges, not 1 to 4/],
  ['fewer exchanges', {}, { exchanges: [6, 9] }, /5 exchanges, not 6 to 9/],
  ['too short a run', {}, { lives: 4 }, /less than 4 lives/],
  [
    'a token without a line',
    { audit: audit.filter((_, at) => at !== 3) },
    {},
    /token 3 of 5 is not on record/,
  ],
  ['a token with two lines', { audit: [...audit, line('keep-alive', 4)] }, {}, /on record twice/],
  [
    'another use',
    { audit: audit.map((one) => ('use' in one && one.use === 'exchange' ? line('keep-alive', 0) : one)) },
    {},
    /the uses on record are keep-alive/,
  ],
  ['another outcome', {}, { trades: 'action' }, /outcomes are not `exchanged`/],
  ['a trade that is not on record', { traded: [sha256('x')] }, {}, /traded a token that is not on record/],
])('%s is a flaw', (_name, more, other, said) => {
  expect(flawsOf(run(more), { ...bounds, ...other }).join('\n')).toMatch(said)
})

test('a run that ended with its token has one exchange and refusals after that', () => {
  const ended = { minted: minted.slice(0, 1), audit: audit.slice(0, 2) }
  const refused = (age: number): Lived => run({ ...ended, uses: usesOf(minted, [login(0, age)], false) })
  expect(flawsOfEnded(refused(31), 'driver')).toEqual([])
  expect(flawsOfEnded(refused(29), 'driver')).toEqual([expect.stringMatching(/refused before its end/)])
  expect(flawsOfEnded(run({ ...ended, uses: [] }), 'driver')).toEqual(['nothing was refused'])
  expect(flawsOfEnded(run(), 'driver')).toContain('5 exchanges in place of one')
})
