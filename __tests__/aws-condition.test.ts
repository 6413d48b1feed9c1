import { describe, expect, test } from '@jest/globals'
import { asSeen, conditionOf } from '../src/exchanges/aws/condition.ts'
import type { TrustRule } from '../src/trust/rules.ts'
import { heldByStars, sameAsStar } from '../src/trust/stars.ts'

const GITHUB = 'https://token.actions.githubusercontent.com'
const SERVER = 'https://ghes.example/_services/token'

function rule(when: Readonly<Record<string, readonly string[]>>, more: Partial<TrustRule> = {}): TrustRule {
  return {
    grant: 'g',
    when: new Map(Object.entries(when)),
    subjects: [],
    exact: true,
    heldBySubject: [],
    ...more,
  }
}

/** Operators of IAM with the issuer's prefix left away. */
function written(given: TrustRule, issuer: string, audiences: readonly string[] = ['sts']): unknown {
  const { condition, ...held } = conditionOf(given, issuer, audiences)
  const bare = issuer.slice('https://'.length)
  return { ...held, condition: JSON.parse(JSON.stringify(condition).replaceAll(`"${bare}:`, '"')) }
}

describe('a condition of IAM', () => {
  test('compares each claim that AWS knows of GitHub, and no other', () => {
    const names =
      'actor actor_id job_workflow_ref repository repository_id workflow ref environment enterprise_id sha'
    const when = Object.fromEntries(names.split(' ').map((name) => [name, [`${name}-1`]]))
    const { sha: _sha, ...known } = when
    expect(written(rule(when, { subjects: ['repo:a/b:x'] }), GITHUB)).toEqual({
      claims: Object.keys(known),
      inPart: [],
      condition: {
        StringEquals: {
          aud: 'sts',
          ...Object.fromEntries(Object.keys(known).map((name) => [name, `${name}-1`])),
        },
        StringLike: { sub: 'repo:a/b:x', 'sts:RoleSessionName': 'dbt-*' },
      },
    })
  })

  test('compares of a server of one’s own the subject and the audience alone', () => {
    expect(
      written(
        rule({ ref: ['r'], repository: ['a/b'] }, { subjects: ['s'], heldBySubject: ['repository'] }),
        SERVER,
      ),
    ).toEqual({
      claims: ['repository'],
      inPart: [],
      condition: { StringEquals: { aud: 'sts' }, StringLike: { sub: 's', 'sts:RoleSessionName': 'dbt-*' } },
    })
    expect(
      Object.keys(conditionOf(rule({}), 'http://127.0.0.1:1', ['sts']).condition['StringEquals'] ?? {}),
    ).toEqual(['127.0.0.1:1:aud'])
  })

  test('has one value as text, several as a list, and none twice', () => {
    const given = rule({ ref: ['a', 'b', 'a'], actor: ['x', 'x'] }, { subjects: ['s', 't', 's'] })
    expect(written(given, GITHUB, ['one', 'two', 'one'])).toMatchObject({
      condition: {
        StringEquals: { aud: ['one', 'two'], ref: ['a', 'b'], actor: 'x' },
        StringLike: { sub: ['s', 't'] },
      },
    })
    expect(written(given, GITHUB, [])).toMatchObject({ condition: { StringEquals: { aud: [] } } })
  })

  test('writes our stars as its own, and what else means something there as text', () => {
    const given = rule(
      { ref: ['refs/heads/x**', 'y'], environment: ['a$b?c'], actor: ['m*$?'] },
      { subjects: ['repo:a/b:$?**'] },
    )
    expect(written(given, GITHUB)).toMatchObject({
      condition: {
        StringEquals: { environment: 'a${$}b?c' },
        StringLike: { sub: 'repo:a/b:${$}${?}*', ref: ['refs/heads/x*', 'y'], actor: 'm*${$}${?}' },
      },
    })
  })

  test('says of which patterns it lets in more than they do', () => {
    const given = rule(
      {
        ref: ['refs/heads/*', 'refs/heads/main'],
        environment: ['prod*', 'x'],
        actor: ['mona'],
        sha: ['a*'],
        workflow: ['w'],
      },
      { heldBySubject: ['environment'] },
    )
    expect(written(given, GITHUB)).toMatchObject({
      claims: ['actor', 'workflow'],
      inPart: [
        ['ref', 'refs/heads/*'],
        ['environment', 'prod*'],
      ],
    })
    const onServer = rule({ ref: ['refs/heads/*'], environment: ['e*'] }, { heldBySubject: ['environment'] })
    expect(written(onServer, SERVER)).toMatchObject({ claims: [], inPart: [['environment', 'e*']] })
  })

  test.each<[readonly string[], string]>([
    [['7654321'], 'dbt-7654321-*'],
    [['1', '2'], 'dbt-*'],
    [['1*'], 'dbt-*'],
    [['x1'], 'dbt-*'],
    [[], 'dbt-*'],
  ])('binds the name of the session to the id of the repository where one is pinned: %j', (ids, name) => {
    expect(written(rule({ repository_id: ids }), GITHUB)).toMatchObject({
      condition: { StringLike: { 'sts:RoleSessionName': name } },
    })
  })
})

describe('what AWS sees of a grant with a ref', () => {
  const given = rule(
    { ref: ['refs/heads/main'], repository: ['a/b'] },
    {
      subjects: [
        'repo:a/b:ref:refs/heads/main',
        'repo:a@1/b@2:ref:refs/heads/main',
        'repo:a/b:ref:x',
        'repo:a/b:pull_request',
      ],
      heldBySubject: ['repository', 'ref'],
    },
  )

  test('is the subject of a job with an environment, too, since it compares the ref by itself', () => {
    expect(asSeen(given, GITHUB)).toEqual({
      ...given,
      subjects: [...given.subjects, 'repo:a/b:environment:**', 'repo:a@1/b@2:environment:**'],
      exact: false,
      heldBySubject: ['repository'],
    })
  })

  test.each<[string, TrustRule, string]>([
    ['a server of one’s own, whose ref it does not see', given, SERVER],
    ['a grant without a ref', rule({ repository: ['a/b'] }, { subjects: given.subjects }), GITHUB],
    [
      'a grant that names its subject',
      rule({ ref: ['r'], sub: ['s'] }, { subjects: given.subjects }),
      GITHUB,
    ],
    [
      'subjects that name no ref',
      rule({ ref: ['r'] }, { subjects: ['x/repo:a/b:ref:r', 'repo:a/b:pull_request'] }),
      GITHUB,
    ],
  ])('is as it stands for %s', (_what, one, issuer) => {
    expect(asSeen(one, issuer)).toBe(one)
  })
})

describe('a star of IAM and of Entra', () => {
  test.each<[string, string, boolean]>([
    ['ref', 'refs/heads/main', true],
    ['ref', 'refs/heads/**', true],
    ['ref', 'refs/heads/*', false],
    ['ref', 'refs/**/x', false],
    ['ref', '**/**', false],
    ['repository', 'acme/*', true],
    ['repository', '*/dbt', true],
    ['repository', 'acme/x/*', false],
    ['repository', 'acme:x/*', false],
    ['repository', 'acme/x:*', false],
    ['repository', '*', false],
    ['actor', 'a/*', false],
    ['actor', 'a', true],
  ])('means in %s the same as ours: %s %s', (claim, pattern, same) => {
    expect(sameAsStar(claim, pattern)).toBe(same)
  })

  test.each<[string, Readonly<Record<string, readonly string[]>>, readonly string[]]>([
    [
      'everything literal',
      { repository: ['a/b'], ref: ['r'], environment: ['e'] },
      ['repository', 'ref', 'environment', 'absent'],
    ],
    [
      'a ref whose star is the last',
      { repository: ['a/b'], ref: ['refs/heads/**'] },
      ['repository', 'ref', 'environment', 'absent'],
    ],
    [
      'a ref with another star',
      { repository: ['a/b'], ref: ['refs/heads/*'] },
      ['repository', 'environment', 'absent'],
    ],
    [
      'another claim with a star',
      { repository: ['a/b'], environment: ['**'] },
      ['repository', 'ref', 'absent'],
    ],
    // A star within the repository could run on over what follows it.
    ['a repository with a star', { repository: ['a/*'], ref: ['r'], sub: ['s'] }, ['sub']],
    ['no repository', { ref: ['r'] }, ['repository', 'ref', 'environment', 'absent', 'sub']],
    [
      'a subject with a star',
      { repository: ['a/b'], sub: ['s*'] },
      ['repository', 'ref', 'environment', 'absent'],
    ],
  ])('in a subject holds, with %s', (_what, when, held) => {
    const heldBySubject = [
      'repository',
      'ref',
      'environment',
      'absent',
      ...('sub' in when || !('repository' in when) ? ['sub'] : []),
    ]
    expect(heldByStars(rule(when, { heldBySubject }))).toEqual(held)
  })

  test('holds of another issuer what its subject holds for sure', () => {
    const issuer = { name: 'o', url: 'https://o', like: undefined, claims: [], owners: [] }
    expect(
      heldByStars(rule({ a: ['x*'] }, { heldBySubject: ['b'], other: { issuer, firm: ['a'] } })),
    ).toEqual(['a'])
  })
})
