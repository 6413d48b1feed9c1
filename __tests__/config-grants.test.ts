import { describe, expect, test } from '@jest/globals'
import { decisionAudience } from '../src/config.ts'
import { configOf, problemsOf } from './support/config-of.ts'

const FILE = '.github/dbt-oidc.yml'
const TARGETS = `targets:
  prod: { connection: { type: duckdb } }
  snow: { connection: { type: snowflake, account: acme, database: D, schema: S } }
`
const MAIN = '  - { target: prod, when: { ref: refs/heads/main } }\n'
const POLICY = `${TARGETS}grants:\n${MAIN}`
const withGrant = (grant: string): string => `${TARGETS}grants:\n  - { target: prod, ${grant} }\n`
const ON_MAIN = 'when: { ref: refs/heads/main }'

describe('a grant', () => {
  const pinned = `repository: acme/dbt\nrepository-id: 7654321\nrepository-owner-id: 1234567\n${POLICY}`

  test('implies the repository of the workflow', async () => {
    expect((await configOf({ policy: POLICY })).grants[0]?.when.get('repository')).toEqual(['o/r'])
  })

  test('implies the repository and the ids that the policy pins, and may name its own repository and repeat an id', async () => {
    const own =
      '  - { target: prod, when: { repository: acme/old, repository_id: 7654321, ref: refs/heads/x } }\n'
    const { grants } = await configOf({ policy: pinned + own })
    const ids = grants.map(({ when }) =>
      ['repository', 'repository_id', 'repository_owner_id'].map((name) => when.get(name)?.join()),
    )
    expect(ids).toEqual([
      ['acme/dbt', '7654321', '1234567'],
      ['acme/old', '7654321', '1234567'],
    ])
  })

  test.each([
    ['repository_id: "6666666"', 'repository_id', 'repository-id: 7654321'],
    ['repository_owner_id: "6666666"', 'repository_owner_id', 'repository-owner-id: 1234567'],
    ['repository_id: "*"', 'repository_id', 'repository-id: 7654321'],
    ['repository_id: [7654321, 6666666]', 'repository_id', 'repository-id: 7654321'],
  ])('cannot replace a pinned id by %s, nor can the input `claims`', async (written, claim, pin) => {
    const problem = `\`${claim}\` contradicts the \`${pin}\` at the top of the policy file`
    const own = `  - { target: prod, when: { ref: refs/heads/x, ${written} } }\n`
    expect(await problemsOf({ policy: pinned + own })).toEqual([
      expect.stringContaining(`${FILE}:9:48: ${problem}`),
    ])
    expect(await problemsOf({ policy: pinned, inputs: { claims: written } })).toEqual([
      expect.stringContaining(`input "claims":1:1: ${problem}`),
    ])
    const same = { policy: pinned, inputs: { claims: 'repository_id: 7654321' } }
    expect((await configOf(same)).grants).toHaveLength(1)
  })

  test('that overlaps one for another target is warned of by name', async () => {
    const other = '  - { name: any, target: snow, when: { ref: refs/heads/m* } }\n'
    const { warnings } = await configOf({ policy: POLICY + other })
    expect(warnings).toEqual([expect.stringMatching(/^grants\[0\] \(prod\) and any \(snow\) can both hold/)])
  })

  test('for any branch is a decision, with a warning', async () => {
    const { warnings } = await configOf({ policy: withGrant('when: { ref: "**", environment: x }') })
    expect(warnings).toEqual([expect.stringMatching(/:5:29: `ref: "\*\*"` admits every branch and tag/)])
  })

  test.each<[string, string, number[]]>([
    ['2026-11-25', '', []],
    ['2026-08-26', '', []],
    ['2026-08-25', '', [91]],
    ['2026-11-16', 'review: { warn: 7d }\n', [8]],
    ['2026-05-28', 'review: { fail: 180d }\n', [180]],
  ])('reviewed on %s (%s) warns of %j days', async (date, review, days) => {
    const { warnings } = await configOf({ policy: withGrant(`${ON_MAIN}, reviewed: ${date}`) + review })
    expect(warnings.map((text) => Number(/was last reviewed (\d+) days ago/.exec(text)?.[1]))).toEqual(days)
  })

  test.each([
    ['2026-05-27', 'The grant was last reviewed 181 days ago; `review.fail` allows 180.'],
    ['2026-11-27', '`2026-11-27` lies in the future.'],
    ['2026-02-31', '`2026-02-31` is no date of the calendar.'],
    ['26-11-01', '`grants.0.reviewed` does not look right: write a date as YYYY-MM-DD.'],
  ])('reviewed on %s is refused', async (date, sentence) => {
    const policy = `${withGrant(`${ON_MAIN}, reviewed: ${date}`)}review: { fail: 180d }\n`
    expect(await problemsOf({ policy })).toEqual([`${FILE}:5:63: ${sentence}`])
  })
})

test.each([
  ['by inputs', { inputs: { connection: 'type: duckdb' } }, 'with:\n  ref: refs/heads/main'],
  ['in a policy', { policy: withGrant('when: { repository: o/r }') }, 'when:\n  ref: refs/heads/main'],
])('without a restriction %s, the remedy carries the YAML to paste', async (_, setting, yaml) => {
  const error: unknown = await configOf(setting).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'configuration', remedy: expect.stringContaining(`\n${yaml}`) })
})

test('a configuration with another problem is offered no YAML', async () => {
  const inputs = { connection: 'type: duckbd', ref: 'refs/heads/main' }
  await expect(configOf({ inputs })).rejects.toMatchObject({
    remedy: 'Mend what is listed; no token was asked for yet.',
  })
})

describe('the audience of the decision token', () => {
  const snow = TARGETS.replace(/ {2}prod.*\n/, '').replace(/\n$/, '')
  const policyOf = (...audiences: string[]): string =>
    `targets:\n${audiences.map((audience, index) => `${snow.replace('targets:\n', '').replace('snow', `t${index}`).replace(/ }$/, `, audience: ${audience} }`)}\n`).join('')}grants:\n  - { target: t0, when: { ref: refs/heads/main } }\n`

  test.each<[string, string, Record<string, string>, string]>([
    ['is the one that all targets share', policyOf('a', 'a'), {}, 'a'],
    ['opens nothing where they differ', policyOf('a', 'b'), {}, 'dbt-oidc'],
    ['is that of the target that was asked for', policyOf('a', 'b'), { target: 't1' }, 'b'],
    [
      'is one of the target’s own at Snowflake where none is chosen',
      POLICY,
      { target: 'snow' },
      'https://acme.snowflakecomputing.com/snow',
    ],
    ['opens nothing where nothing is traded', POLICY, { target: 'prod' }, 'dbt-oidc'],
  ])('%s', async (_, policy, inputs, audience) => {
    expect(decisionAudience(await configOf({ policy, inputs }))).toBe(audience)
  })
})
