import { describe, expect, test } from '@jest/globals'
import { decide, type Grant } from '../src/policy.ts'
import { claimsOf, grantOf, sameRepository, whenOf, type Written } from './support/claims-of.ts'
import type { ClaimSet } from './support/github-claims.ts'

const warned = (grant: Grant, claims: ClaimSet): readonly string[] =>
  decide([grant], claimsOf(claims), undefined, sameRepository).warnings

const UNNAMED =
  'for prod: the job runs in the environment "prod", which the grant does not name; add `environment` to its `when` so that the environment\'s protection counts.'
const canMove = (ref: string): string =>
  `for prod: the grant pins the reusable workflow at "${ref}", which can move to other code; pin \`job_workflow_sha\` as well.`

test('an environment that the inputs do not name is to be one of them', () => {
  const grant = { ...grantOf({ ref: '**' }), name: 'inputs', place: 'inputs' }
  expect(warned(grant, { environment: 'prod' })).toEqual([
    expect.stringContaining('which the grant does not name; give it as the input `environment` so that'),
  ])
})

describe('what is odd about a run that is granted', () => {
  test.each<readonly [string, Written, ClaimSet, readonly string[]]>([
    ['an environment that the grant does not name', { ref: '**' }, { environment: 'prod' }, [UNNAMED]],
    [
      'an environment that the grant names',
      { environment: 'prod' },
      { environment: 'prod', ref_protected: 'true' },
      [],
    ],
    [
      'an environment that the subject names',
      { sub: 'repo:o/r:environment:prod' },
      { environment: 'prod', ref_protected: 'true' },
      [],
    ],
    [
      'an environment that not every subject names',
      { sub: ['repo:o/r:environment:prod', 'repo:o/r:ref:refs/heads/main'] },
      { environment: 'prod', ref_protected: 'true' },
      [UNNAMED],
    ],
    [
      'an environment from a ref that nothing protects',
      { environment: 'prod' },
      { environment: 'prod', ref_protected: 'false' },
      [
        'for prod: the environment "prod" is used from a ref that no rule protects; if the environment has no protection rules of its own, it adds no control. `ref_protected: "true"` in the grant demands it.',
      ],
    ],
    [
      'a reusable workflow that can move',
      { job_workflow_ref: 'o/w/.github/workflows/a.yml@refs/heads/main' },
      { job_workflow_ref: 'o/w/.github/workflows/a.yml@refs/heads/main' },
      [canMove('refs/heads/main')],
    ],
    [
      'a reusable workflow at a commit',
      { job_workflow_ref: '**' },
      { job_workflow_ref: `o/w/.github/workflows/a.yml@${'a0'.repeat(20)}` },
      [],
    ],
    [
      'a reusable workflow at a commit in SHA-256',
      { job_workflow_ref: '**' },
      { job_workflow_ref: `o/w/.github/workflows/a.yml@${'a0'.repeat(32)}` },
      [],
    ],
    [
      'a reusable workflow at less than a commit',
      { job_workflow_ref: '**' },
      { job_workflow_ref: `o/w/.github/workflows/a.yml@${'a'.repeat(39)}` },
      [canMove('a'.repeat(39))],
    ],
    [
      'a reusable workflow at more than a commit',
      { job_workflow_ref: '**' },
      { job_workflow_ref: `o/w/.github/workflows/a.yml@v${'a'.repeat(40)}` },
      [canMove(`v${'a'.repeat(40)}`)],
    ],
    [
      'a reusable workflow at a name that begins like a commit',
      { job_workflow_ref: '**' },
      { job_workflow_ref: `o/w/.github/workflows/a.yml@${'a'.repeat(41)}` },
      [canMove('a'.repeat(41))],
    ],
    ['a reusable workflow without a ref', { job_workflow_ref: '**' }, { job_workflow_ref: 'odd' }, []],
    ['a repository under its own name', { repository: 'o/r', repository_id: '456' }, {}, []],
    [
      'a reusable workflow whose commit is pinned beside it',
      { job_workflow_ref: '**', job_workflow_sha: 'a*' },
      { job_workflow_ref: 'o/w/.github/workflows/a.yml@refs/heads/main', job_workflow_sha: 'a0' },
      [],
    ],
    [
      'a reusable workflow that the grant does not speak of',
      { ref: '**' },
      { job_workflow_ref: 'o/w/.github/workflows/a.yml@refs/heads/main' },
      [],
    ],
    [
      'a pull request of the repository itself',
      { event_name: 'pull_request' },
      { event_name: 'pull_request' },
      [],
    ],
    [
      'an event that people without write access can start',
      { event_name: 'issues' },
      { event_name: 'issues' },
      [
        'for prod: the grant names the event issues, which people without write access can start: make sure that the job runs no code or text of theirs.',
      ],
    ],
    [
      'a repository under a new name',
      { repository: ['o/a', 'o/b'], repository_id: '456' },
      { repository: 'o/new' },
      [
        'for prod: the repository is now called "o/new"; it was granted by its id. Update `repository: o/a, o/b`, and the trust where it names it.',
      ],
    ],
  ])('%s', (_what, when, claims, said) => {
    expect(warned(grantOf(when), claims)).toEqual(said)
  })

  test('what an input names counts as named', () => {
    const grant: Grant = { ...grantOf({ ref: '**' }), narrow: whenOf({ environment: 'prod' }) }
    expect(warned(grant, { environment: 'prod', ref_protected: 'true' })).toEqual([])
  })

  test('is said of the first grant that matches, with the targets of later ones and in visible characters', () => {
    const grants = [
      grantOf({ ref: '**' }, 'a', 'one\u202e'),
      grantOf({ ref: '**' }, 'a'),
      grantOf({ ref: '**' }, 'b'),
    ]
    expect(decide(grants, claimsOf()).warnings).toEqual([
      'one\\u{202e}: for b would grant the target "b" to this run as well; "a" was taken because its grant comes first. Ask with `target` to be certain.',
    ])
    expect(decide(grants, claimsOf({ event_name: 'workflow_run' })).warnings).toEqual([])
  })
})
