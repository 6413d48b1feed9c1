import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Grant } from '../src/policy.ts'
import { mayBothHold, overlaps } from '../src/policy/lint.ts'
import { unreached } from '../src/policy/reach.ts'
import { grantOf, type Written } from './support/claims-of.ts'
import { runs } from './support/runs.ts'

const kinds = (...grants: readonly Grant[]): readonly string[] =>
  unreached(grants).map(({ grant, kind }) => `${grant.name} ${kind}`)

describe('unreached', () => {
  test('names the grant that an earlier one leaves nothing', () => {
    const wide = grantOf({ ref: 'refs/heads/**' }, 'dev', 'wide')
    expect(kinds(wide, grantOf({ ref: 'refs/heads/main' }, 'prod', 'narrow'))).toEqual(['narrow shadowed'])
    expect(kinds(wide, grantOf({ ref: 'refs/heads/main' }, 'dev', 'narrow'))).toEqual(['narrow taken'])
    expect(kinds(grantOf({ ref: 'refs/heads/main' }, 'prod', 'narrow'), wide)).toEqual([])
  })

  test.each<readonly [string, Written, Written]>([
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

  test.each<readonly [string, Written]>([
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

  test('counts what it does not name', () => {
    const earlier = Array.from({ length: 6 }, (_one, at) => grantOf({ ref: '**' }, 'dev', `g${at}`))
    const said = overlaps([...earlier, grantOf({ ref: 'a' }, 'prod', 'last')])
    expect(said).toHaveLength(3)
    expect(said[2]).toMatch(/the first one wins\. So can 3 more before last\.$/)
  })
})
