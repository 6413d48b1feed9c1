import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Grant } from '../src/policy.ts'
import { candidates } from '../src/policy/candidates.ts'
import { mayBothHold, overlaps } from '../src/policy/lint.ts'
import { unreached } from '../src/policy/reach.ts'
import { grantOf, type Written } from './support/claims-of.ts'
import { runs } from './support/runs.ts'

const kinds = (...grants: readonly Grant[]): readonly string[] =>
  unreached(grants).map(({ grant, kind }) => `${grant.name} ${kind}`)

const whyNarrow = (target: string): string | undefined =>
  unreached([
    grantOf({ ref: 'refs/heads/**' }, 'dev', 'wide'),
    grantOf({ ref: 'refs/heads/main' }, target, 'narrow'),
  ])[0]?.why

const why = (when: Written): string | undefined => unreached([grantOf(when)])[0]?.why

const said = (place: number): string =>
  `g${place} (dev) and last (prod) can both hold for one run; without \`target\` the first one wins.`

describe('unreached', () => {
  test('names the grant that an earlier one leaves nothing', () => {
    const wide = grantOf({ ref: 'refs/heads/**' }, 'dev', 'wide')
    expect(kinds(wide, grantOf({ ref: 'refs/heads/main' }, 'prod', 'narrow'))).toEqual(['narrow shadowed'])
    expect(kinds(wide, grantOf({ ref: 'refs/heads/main' }, 'dev', 'narrow'))).toEqual(['narrow taken'])
    expect(kinds(grantOf({ ref: 'refs/heads/main' }, 'prod', 'narrow'), wide)).toEqual([])
  })

  test('says by which grant, and what becomes of the target', () => {
    const fits = 'fits no run that wide (.github/dbt-oidc.yml:14:5) does not fit already'
    expect(whyNarrow('dev')).toBe(fits)
    expect(whyNarrow('prod')).toBe(`${fits}, which is for dev: only a step that asks for prod gets it`)
  })

  test.each<readonly [string, Written, Written]>([
    ['one of several values', { ref: ['a', 'b'] }, { ref: 'b' }],
    ['an event that needs no name', { event_name: '**' }, { event_name: 'push' }],
    ['an event by its name', { event_name: ['pull_request', 'push'] }, { event_name: 'pull_request' }],
    [
      'a workflow with one @',
      { workflow_ref: 'o/r/**@refs/heads/**' },
      { workflow_ref: 'o/r/.github/workflows/a.yml@refs/heads/main' },
    ],
    [
      'the very same workflow, however many @ it has',
      { workflow_ref: 'o/r/.github/workflows/a@b@refs/heads/main' },
      { workflow_ref: 'o/r/.github/workflows/a@b@refs/heads/main' },
    ],
    ['another claim with more than one @', { actor: 'a*' }, { actor: 'a@b@c' }],
  ])('takes a grant for reached already by %s', (_by, first, later) => {
    expect(kinds(grantOf(first, 'dev', 'first'), grantOf(later, 'prod', 'later'))).toEqual(['later shadowed'])
  })

  test.each<readonly [string, Written, Written]>([
    ['the want of any condition', {}, { ref: 'refs/heads/main' }],
    [
      'path and ref of a reusable workflow with a second @',
      { job_workflow_ref: 'o/r/**@refs/heads/**' },
      { job_workflow_ref: 'o/r/a@b@refs/heads/c' },
    ],
    ['a claim that the later grant leaves open', { ref: '**', environment: 'p' }, { ref: 'refs/heads/main' }],
    ['one of several values', { ref: ['a', 'b'] }, { ref: ['a', 'c'] }],
    ['an event that needs its name', { event_name: '**' }, { event_name: 'pull_request' }],
    ['an event beside others', { ref: '**' }, { ref: 'refs/pull/1/merge', event_name: 'pull_request' }],
    [
      'path and ref of a workflow with a second @',
      { workflow_ref: 'o/r/**@refs/heads/**' },
      { workflow_ref: 'o/r/a@b@refs/heads/c' },
    ],
  ])('does not take one for reached that is kept apart by %s', (_by, first, later) => {
    expect(kinds(grantOf(first, 'dev', 'first'), grantOf(later, 'prod', 'later'))).toEqual([])
  })

  test.each<readonly [string, Written]>([
    ['is of a pull request and of a branch', { event_name: 'pull_request', ref: 'refs/heads/main' }],
    ['is of a branch and of a tag', { ref_type: 'branch', ref: 'refs/tags/v*' }],
    [
      'is of one repository by its name and of another by its subject',
      {
        repository: 'o/r',
        sub: 'repo:o/other:environment:p',
      },
    ],
    [
      'is of one environment by its name and of another by its subject',
      {
        repository: 'o/r',
        environment: 'production',
        sub: 'repo:o/r:environment:staging',
      },
    ],
  ])('says that no token %s', (_what, when) => {
    expect(kinds(grantOf(when, 'prod', 'mine'))).toEqual(['mine never'])
  })

  test('says why no token fits', () => {
    expect(why({ event_name: 'pull_request', ref: ['refs/heads/a', 'refs/heads/b'] })).toBe(
      'fits no run: the ref of a pull request is `refs/pull/NUMBER/merge`, and never `refs/heads/a` or `refs/heads/b` (the branch that it goes to is `base_ref`)',
    )
    expect(why({ ref_type: 'branch', ref: 'refs/tags/v*' })).toBe(
      'fits no run: no ref like `refs/tags/v*` is of the `ref_type` `branch`',
    )
    expect(why({ repository: 'o/r', sub: 'repo:o/other:environment:p' })).toBe(
      'fits no run: `sub` `repo:o/other:environment:p` belongs to another repository or environment than the grant names',
    )
  })

  test.each<readonly [string, Written]>([
    [
      'refs of which one is that of a pull request',
      { event_name: 'pull_request', ref: ['refs/heads/a', 'refs/pull/*/merge'] },
    ],
    ['a type without a ref', { ref_type: 'branch' }],
    ['types of which one is that of the ref', { ref_type: ['branch', 'tag'], ref: 'refs/tags/v' }],
    ['refs of which one is of the type', { ref_type: 'tag', ref: ['refs/heads/a', 'refs/tags/v'] }],
    ['the ref of a pull request as that of a branch', { ref_type: 'branch', ref: 'refs/pull/1/merge' }],
    [
      'subjects of which one is of the repository',
      { repository: 'o/r', sub: ['repo:o/x:environment:p', 'repo:o/r:environment:p'] },
    ],
    ['repositories of which one is that of the subject', { repository: ['o/x', 'o/r'], sub: 'repo:o/r:a' }],
    [
      'environments of which one is that of the subject',
      { environment: ['x', 'p'], sub: 'repo:o/r:environment:p' },
    ],
    ['a merge ref of a pull request', { event_name: 'pull_request', ref: 'refs/pull/*/merge' }],
    ['events of which one has the branch', { event_name: ['pull_request', 'push'], ref: 'refs/heads/main' }],
    ['a tag that is a tag', { ref_type: 'tag', ref: 'refs/**' }],
    ['a subject of one’s own', { repository: 'o/r', sub: 'tier:gold' }],
    ['a subject with ids', { repository: 'o/r', sub: 'repo:o@1/r@2:environment:p', environment: 'p' }],
  ])('takes %s', (_what, when) => {
    expect(kinds(grantOf(when, 'prod', 'mine'))).toEqual([])
  })
})

describe('a policy of many grants', () => {
  const claim = fc.constantFrom('ref', 'environment', 'actor', 'event_name')
  const patterns = fc.array(fc.constantFrom('a', 'b', 'c*', '**', 'pull_request'), {
    minLength: 1,
    maxLength: 2,
  })
  const written = fc.dictionary(claim, patterns, { minKeys: 1, maxKeys: 3, noNullPrototype: true })
  const policy = fc.array(fc.record({ when: written, target: fc.constantFrom('x', 'y') }), { maxLength: 12 })
  const grants = policy.map((list) => list.map(({ when, target }, at) => grantOf(when, target, `g${at}`)))

  test('has the same overlaps, whether pairs are looked up or all tried', () => {
    fc.assert(
      fc.property(grants, (all) => {
        const pairs = all.flatMap((later, at) =>
          all
            .slice(0, at)
            .filter((one) => one.target !== later.target && mayBothHold(one.when, later.when))
            .slice(0, 3)
            .map((one) => `${one.name} (${one.target}) and ${later.name} (${later.target})`),
        )
        expect(overlaps(all).map((text) => text.replace(/ can both .*$/, ''))).toEqual(pairs)
      }),
      { numRuns: runs(500) },
    )
  })

  test('has the same unreached grants, whether it is looked at as a whole or each with one earlier grant', () => {
    fc.assert(
      fc.property(grants, (all) => {
        const found = new Set(unreached(all).map(({ grant }) => grant.name))
        for (const [at, later] of all.entries()) {
          const byOne = all
            .slice(0, at)
            .some((one) => unreached([one, later]).some(({ grant }) => grant === later))
          expect([later.name, found.has(later.name)]).toEqual([
            later.name,
            byOne || unreached([later]).length > 0,
          ])
        }
      }),
      { numRuns: runs(300) },
    )
  })

  test('compares a grant with those alone that may have its values, in their order', () => {
    const all = [
      grantOf({ ref: 'b', actor: 'x' }, 'prod', 'other ref'),
      grantOf({ ref: 'a*', actor: 'x' }, 'prod', 'star'),
      grantOf({ ref: 'b', actor: 'y' }, 'prod', 'neither'),
      grantOf({ actor: 'x' }, 'prod', 'no ref'),
      grantOf({ ref: ['b', 'a'], actor: 'y' }, 'prod', 'one of two'),
      grantOf({ ref: ['a', 'c*'], actor: 'y' }, 'prod', 'one with a star'),
      grantOf({ ref: ['a', 'a'], actor: 'x' }, 'prod', 'by actor'),
      grantOf({ ref: 'a', actor: 'z' }, 'prod', 'by neither'),
      grantOf({ ref: 'a' }, 'prod', 'by ref'),
      grantOf({ ref: 'a*' }, 'prod', 'by star'),
    ]
    const names = (at: number): readonly string[] => candidates(all)(at).map(({ name }) => name)
    // Of two claims the one counts that leaves fewer.
    expect(names(6)).toEqual(['other ref', 'star', 'no ref'])
    expect(names(7)).toEqual([])
    expect(names(8)).toEqual(['star', 'no ref', 'one of two', 'one with a star', 'by actor', 'by neither'])
    // A star says nothing of which values there may be.
    expect(names(9)).toEqual(all.slice(0, 9).map(({ name }) => name))
  })

  test('counts what it does not name', () => {
    const earlier = Array.from({ length: 6 }, (_one, at) => grantOf({ ref: '**' }, 'dev', `g${at}`))
    const last = grantOf({ ref: 'a' }, 'prod', 'last')
    expect(overlaps([...earlier.slice(0, 3), last])).toEqual([said(0), said(1), said(2)])
    expect(overlaps([...earlier, last])).toEqual([said(0), said(1), `${said(2)} So can 3 more before last.`])
  })
})
