import { describe, expect, test } from '@jest/globals'
import { configFindings, placed } from '../src/config/findings.ts'
import { configOf } from './support/config-of.ts'

const SNOWFLAKE = { type: 'snowflake', account: 'acme-prod', database: 'D', schema: 'S' }
const connection = (more: object = {}): object => ({ connection: { ...SNOWFLAKE, ...more } })
const main = { environment: 'production', ref: 'refs/heads/main' }

const FINE = {
  repository: 'acme/dbt',
  'repository-id': 7654321,
  'repository-owner-id': 1234567,
  targets: { prod: { ...connection(), audience: 'own' } },
  grants: [{ target: 'prod', when: main, reviewed: '2026-11-01' }],
}

async function found(policy: object): Promise<readonly string[]> {
  const config = await configOf({ policy: JSON.stringify(policy) })
  return configFindings(config).map(({ severity, code, about }) => `${severity} ${code} ${about}`)
}

const grants = (...list: readonly object[]): object => ({
  ...FINE,
  grants: list.map((one) => ({ target: 'prod', reviewed: '2026-11-01', ...one })),
})

describe('what a linter says of a policy', () => {
  test('is nothing where nothing is odd', async () => {
    expect(await found(FINE)).toEqual([])
  })

  test.each<readonly [string, object, readonly string[]]>([
    [
      'a grant that no token fits',
      grants({ when: main }, { name: 'pr', when: { event_name: 'pull_request', ref: 'refs/heads/main' } }),
      ['error unreachable grant pr'],
    ],
    [
      'a grant that an earlier one takes',
      grants({ when: main }, { name: 'again', when: { ...main, actor: 'me' } }),
      ['warning unreachable grant again'],
    ],
    [
      'a target without a grant',
      { ...FINE, targets: { ...FINE.targets, old: { ...connection({ user: 'OLD' }), audience: 'own' } } },
      ['note ungranted target old'],
    ],
    [
      'two targets of a user’s own list with one audience',
      {
        ...FINE,
        targets: {
          prod: { ...connection(), audience: 'snowflakecomputing.com' },
          ci: { ...connection({ user: 'CI' }), audience: 'snowflakecomputing.com' },
        },
        grants: [
          { target: 'prod', when: main, reviewed: '2026-11-01' },
          { target: 'ci', when: { event_name: 'pull_request' }, reviewed: '2026-11-01' },
        ],
      },
      ['warning audience-shared target ci'],
    ],
    [
      'the audience that GitHub writes by itself',
      { ...FINE, targets: { prod: { ...connection(), audience: 'https://github.com/acme' } } },
      ['warning audience-default target prod'],
    ],
    [
      'a repository that is held by its name',
      { ...FINE, 'repository-id': undefined, 'repository-owner-id': undefined },
      ['warning by-name grant grants[0]'],
    ],
    [
      'a grant that nobody has reviewed',
      { ...FINE, grants: [{ target: 'prod', when: main }] },
      ['note review-missing grant grants[0]'],
    ],
    [
      'a review that is older than it may be',
      grants({ when: main, reviewed: '2026-08-01' }),
      ['warning review-age policy'],
    ],
    ['a pattern that lets in any branch', grants({ when: { ref: '**' } }), ['warning open-pattern policy']],
    ...['refs/heads/**', 'refs/heads/*'].map((ref): readonly [string, object, readonly string[]] => [
      `a ref that is any branch, ${ref}`,
      grants({ when: { ref } }),
      ['warning open-pattern policy'],
    ]),
    [
      'an environment beside any branch as no wider than the environment',
      grants({ when: { ref: 'refs/heads/**', environment: 'production' } }),
      [],
    ],
    [
      'an event that GitHub does not have',
      grants({ when: { event_name: 'pull_requests' } }),
      ['warning configuration policy'],
    ],
    [
      'grants for different targets that one run can fit',
      {
        ...FINE,
        targets: { ...FINE.targets, ci: { ...connection({ user: 'CI' }), audience: 'own' } },
        grants: [
          { target: 'prod', when: { environment: 'production' }, reviewed: '2026-11-01' },
          { target: 'ci', when: { ref: 'refs/heads/main' }, reviewed: '2026-11-01' },
        ],
      },
      ['warning overlap policy'],
    ],
  ])('names %s', async (_what, policy, expected) => {
    expect(await found(policy)).toEqual(expected)
  })

  test('counts the age of a review by the limits of the policy', async () => {
    const policy = grants({ when: main, reviewed: '2026-11-01' })
    expect(await found({ ...policy, review: { warn: '7d' } })).toEqual(['warning review-age policy'])
    expect(await found({ ...policy, review: { warn: '90d' } })).toEqual([])
  })

  test('proposes the event that is nearest to one which GitHub does not have', async () => {
    const policy = JSON.stringify(grants({ when: { event_name: 'pull_requests' } }))
    expect(configFindings(await configOf({ policy }))).toMatchObject([{ remedy: 'Write `pull_request`.' }])
  })

  test('says of a configuration of inputs nothing that only a policy file can have', async () => {
    const inputs = { connection: JSON.stringify(SNOWFLAKE), environment: 'production' }
    const all = configFindings(await configOf({ inputs }))
    expect(all.map(({ code, where, paste }) => [code, where, paste])).toEqual([
      ['by-name', 'inputs', 'claims: |\n  repository_id: ID\n  repository_owner_id: OWNER_ID'],
    ])
  })

  test.each([
    ['.github/a b.yml:3:5: It is odd.', '.github/a b.yml:3:5', 'It is odd.'],
    ['C:\\x\\y.yml:3:5: It is odd.', 'C:\\x\\y.yml:3:5', 'It is odd.'],
    ['input "ref": It is odd.', 'input "ref"', 'It is odd.'],
    ['f.yml:3:5 (input "identity"): It is odd.', 'f.yml:3:5 (input "identity")', 'It is odd.'],
    ['Something: it is odd.', 'here', 'Something: it is odd.'],
    ['f.yml:1:2: two\nlines: 3:4: of it', 'f.yml:1:2', 'two\nlines: 3:4: of it'],
  ])('knows where %j stands', (text, where, problem) => {
    expect(placed(text, 'here')).toEqual({ where, problem })
  })
})
