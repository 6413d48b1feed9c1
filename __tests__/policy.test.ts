import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { decide, type Decision, type Grant } from '../src/policy.ts'
import { checkWhen } from '../src/policy/lint.ts'
import { parseSub } from '../src/policy/subject.ts'
import { parseWorkflowRef } from '../src/policy/workflow-ref.ts'
import { decisionTable } from '../src/report/decision.ts'
import { changedPolicyCases } from './hostile/changed-policy.ts'
import { policyCases, type PolicyRun } from './hostile/policy.ts'
import { claimsOf, failed, grantOf, sameRepository, whenOf, type Written } from './support/claims-of.ts'
import { runs } from './support/runs.ts'

const RUNS = { numRuns: runs(1000) }

function isList(when: PolicyRun['when']): when is readonly (readonly [string, Written])[] {
  return Array.isArray(when)
}

function decided(run: PolicyRun): Decision {
  const grants = isList(run.when)
    ? run.when.map(([target, when]) => grantOf(when, target))
    : [grantOf(run.when)]
  const facts = run.facts ? { pullRequest: run.facts } : sameRepository
  return decide(grants, claimsOf(run.claims, run.form), run.asked, facts)
}

function lintOf({ when }: PolicyRun): string {
  const findings = isList(when) ? [] : checkWhen(whenOf(when))
  return findings
    .filter(({ severity }) => severity === 'problem')
    .map(({ text }) => text)
    .join('\n')
}

/** A run as it went, in the words of the case; what the case leaves open is left out on both sides. */
function prove(run: PolicyRun): void {
  const decision = decided(run)
  const printed = decisionTable(decision, { colour: false }).join('\n')
  const warnings = decision.warnings.join('\n')
  const seen = {
    granted: decision.granted,
    target: run.target && decision.grant?.target,
    fails: run.fails && failed(decision.verdicts[0]?.checks ?? []).join(),
    says: run.says?.filter((part) => printed.includes(part)),
    warns: run.warns && (warnings.includes(run.warns) ? run.warns : warnings),
    warned: run.warns === '' && warnings !== '',
    lint: run.lint && (lintOf(run).includes(run.lint) ? run.lint : lintOf(run)),
  }
  const { granted, target, fails, says, warns, lint } = run
  expect(seen).toEqual({ granted, target, fails, says, warns, warned: false, lint })
}

describe('the hostile cases', () => {
  test.each(policyCases.map((one) => [`${one.id}, ${one.name}: ${one.expected}`, one] as const))(
    '%s',
    (_, { runs }) => {
      expect(runs.length).toBeGreaterThan(0)
      for (const run of runs) prove(run)
    },
  )

  test('are all there, each once, and only listed ones are met in other words', () => {
    const ids = policyCases.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.filter((id) => id.startsWith('policy-match-'))).toHaveLength(34)
    expect(ids.filter((id) => id.startsWith('event-')).toSorted()).toEqual([
      'event-02',
      'event-04',
      'event-05',
      'event-08',
      'event-10',
    ])
    for (const { id } of changedPolicyCases) expect(ids).toContain(id)
  })
})

describe('decide', () => {
  test('grants the first grant that matches', () => {
    const grants = [
      grantOf({ ref: 'refs/heads/x' }, 'a'),
      grantOf({ ref: '**' }, 'b'),
      grantOf({ ref: '**' }, 'c'),
    ]
    expect(decide(grants, claimsOf()).grant).toBe(grants[1])
  })

  test('denies where there is no grant at all, and where no grant matches', () => {
    expect(decide([], claimsOf()).granted).toBe(false)
    expect(decide([grantOf({ ref: 'x' })], claimsOf()).granted).toBe(false)
  })

  test('grants nothing for an empty `when`, nor for an empty list of patterns', () => {
    expect(decide([grantOf({})], claimsOf()).granted).toBe(false)
    expect(decide([grantOf({ ref: [] })], claimsOf()).granted).toBe(false)
  })

  test('grants only the target asked for, and says which other would have been granted', () => {
    const decision = decide([grantOf({ ref: '**' }, 'dev'), grantOf({ ref: 'x' })], claimsOf(), 'prod')
    expect(decision.granted).toBe(false)
    expect(decision.verdicts.map(({ ok }) => ok)).toEqual([true, false])
    expect(decide([grantOf({ ref: '**' }, 'dev')], claimsOf(), 'nowhere').granted).toBe(false)
  })

  test('never matches an absent claim, whatever its name', () => {
    for (const claim of ['environment', 'constructor', '__proto__', 'toString']) {
      expect(decide([grantOf(Object.fromEntries([[claim, '**']]))], claimsOf()).granted).toBe(false)
    }
  })

  test('holds every condition that the inputs add to a grant, and marks them as theirs', () => {
    const grant: Grant = {
      ...grantOf({ ref: '**' }),
      narrow: whenOf({ environment: 'prod', ref: 'refs/heads/main' }),
    }
    const decision = decide([grant], claimsOf({ environment: 'staging' }))
    expect(decision.granted).toBe(false)
    expect(decision.verdicts[0]?.checks.map(({ claim, ok, source }) => [claim, ok, source])).toEqual([
      ['ref', true, undefined],
      ['environment', false, 'input'],
      ['ref', true, 'input'],
    ])
    expect(decide([grant], claimsOf({ environment: 'prod' })).granted).toBe(true)
  })

  test('does not take an event for named because an input names it', () => {
    const grant: Grant = { ...grantOf({ ref: '**' }), narrow: whenOf({ event_name: 'workflow_run' }) }
    expect(decide([grant], claimsOf({ event_name: 'workflow_run' })).granted).toBe(false)
  })

  test.each([undefined, '', 'Pull_Request', 'pull_request ', 'push\n'])(
    'denies the event %j, even where the grant names it',
    (event) => {
      const claims = claimsOf({ event_name: event })
      expect(decide([grantOf({ ref: '**' })], claims).granted).toBe(false)
      expect(decide([grantOf({ event_name: event ?? '**' })], claims).granted).toBe(false)
    },
  )

  test.each(['push', 'schedule', 'workflow_dispatch', 'release', 'merge_group'])(
    'needs no name for %s',
    (event) => {
      expect(decide([grantOf({ ref: '**' })], claimsOf({ event_name: event })).granted).toBe(true)
    },
  )

  test('denies a pull request of which it knows nothing, and cares for no event file otherwise', () => {
    const grants = [grantOf({ event_name: ['pull_request', 'push'] })]
    expect(decide(grants, claimsOf({ event_name: 'pull_request', ref: 'refs/pull/1/merge' })).granted).toBe(
      false,
    )
    expect(decide(grants, claimsOf()).granted).toBe(true)
  })

  test('warns of a second target that the same run would get, unless one was asked for', () => {
    const grants = [grantOf({ ref: '**' }, 'a'), grantOf({ ref: 'refs/heads/main' }, 'b')]
    expect(decide(grants, claimsOf()).warnings).toEqual([expect.stringContaining('"b" to this run as well')])
    expect(decide(grants, claimsOf(), 'b').warnings).toEqual([])
  })

  test('warns of a granted event that outsiders can start', () => {
    const event = 'issue_comment'
    expect(decide([grantOf({ event_name: event })], claimsOf({ event_name: event })).warnings).toEqual([
      expect.stringContaining('without write access'),
    ])
  })
})

test('a workflow that lies in no folder of workflows fits no pattern for one', () => {
  for (const claim of ['workflow_ref', 'job_workflow_ref']) {
    const grant = grantOf({ [claim]: 'o/r/.github/workflows/d**@refs/heads/*' })
    const on = (file: string): boolean =>
      decide([grant], claimsOf({ [claim]: `o/r/.github/workflows/${file}@refs/heads/main` })).granted
    expect([on('dbt.yml'), on('d/evil.yml'), on('d@evil.yml@x')]).toEqual([true, false, true])
  }
})

describe('a renamed repository', () => {
  const pinned = { repository: 'o/r', repository_id: '456' }

  test('under another owner is denied unless the owner is pinned by id as well', () => {
    const claims = claimsOf({ repository: 'p/r' })
    const decision = decide([grantOf(pinned)], claims)
    expect(decision.granted).toBe(false)
    expect(decision.verdicts[0]?.checks).toEqual([
      {
        claim: 'repository',
        expected: ['o/r'],
        actual: 'p/r',
        ok: false,
        hint: 'the id is the same but the owner is another: pin `repository_owner_id` as well, or name "p/r"',
      },
      { claim: 'repository_id', expected: ['456'], actual: '456', ok: true },
    ])
    const pins = { ...pinned, repository_owner_id: '123' }
    expect(decide([grantOf(pins)], claims).verdicts[0]?.checks[0]).toEqual({
      claim: 'repository',
      expected: ['o/r'],
      actual: 'p/r',
      ok: true,
      hint: 'the repository was renamed; its id, which the grant pins, is the same',
      rule: 'renamed',
    })
    expect(decide([grantOf(pins)], claims).granted).toBe(true)
    // An owner whose id is another, or only fits a pattern, is no pin.
    expect(decide([grantOf({ ...pins, repository_owner_id: '12*' })], claims).granted).toBe(false)
    expect(decide([grantOf(pins)], claimsOf({ repository: 'p/r', repository_owner_id: '9' })).granted).toBe(
      false,
    )
  })

  test('is the same where one of several names has its owner, and not where only a pattern does', () => {
    const renamed = claimsOf({ repository: 'o/new' })
    expect(decide([grantOf({ ...pinned, repository: ['p/r', 'o/r'] })], renamed).granted).toBe(true)
    expect(decide([grantOf({ ...pinned, repository: 'o/r*' })], renamed).granted).toBe(false)
    expect(decide([grantOf({ ...pinned, repository: 'or' })], claimsOf({ repository: 'ox' })).granted).toBe(
      false,
    )
  })

  test.each([
    [{ repository: 'o/r', repository_id: '4*' }, {}],
    [{ repository: 'o/r', repository_id: ['456', '4*'] }, {}],
    // What may be written in another way is the repository, and nothing else of the grant.
    [{ ref: 'refs/heads/x', repository_id: '456' }, {}],
    [pinned, { repository_id: '999' }],
    [{ ...pinned, ref: 'refs/heads/x' }, {}],
    [pinned, { repository: 'o/r\n' }],
    [pinned, { repository: '' }],
    [{ ...pinned, repository: 'r' }, { repository: 'new' }],
  ])('is denied where the id is not pinned, or anything else differs: %j %j', (when, claims) => {
    expect(decide([grantOf(when)], claimsOf({ repository: 'o/new', ...claims })).granted).toBe(false)
  })
})

const gitlab = {
  ...claimsOf({ event_name: 'pull_request', ref: 'refs/heads/main' }),
  from: 'gitlab',
  iss: 'https://gitlab.example',
}
const theirs = (written: Written): Grant => ({ ...grantOf(written), issuer: 'gitlab' })

describe('a grant for the tokens of another issuer', () => {
  test('holds for its tokens alone, and one for GitHub for none of them', () => {
    expect(decide([theirs({ ref: '**' })], gitlab).granted).toBe(true)
    const strangers = decide([theirs({ ref: '**' })], claimsOf()).verdicts[0]
    expect(strangers?.ok).toBe(false)
    expect(strangers?.checks).toEqual([
      {
        claim: 'iss',
        expected: ['gitlab'],
        actual: 'https://token.actions.githubusercontent.com',
        ok: false,
      },
    ])
    const githubs = decide([grantOf({ ref: '**' })], gitlab).verdicts[0]
    expect(githubs?.ok).toBe(false)
    expect(githubs?.checks).toEqual([
      { claim: 'iss', expected: ['GitHub'], actual: 'https://gitlab.example', ok: false },
    ])
  })

  test('is held to each of its claims, and to none of the rules for events of GitHub', () => {
    expect(decide([theirs({ ref: '**', actor: 'nobody' })], gitlab).verdicts[0]?.checks).toStrictEqual([
      { claim: 'ref', expected: ['**'], actual: 'refs/heads/main', ok: true },
      {
        claim: 'actor',
        expected: ['nobody'],
        actual: 'octocat',
        ok: false,
        hint: 'first differing character at position 1: "o"',
      },
    ])
    expect(decide([theirs({ ref: '**', actor: 'nobody' })], gitlab).granted).toBe(false)
  })

  test('has no hint that knows how GitHub writes a ref or a subject', () => {
    const [ref, sub] =
      decide([theirs({ ref: 'main', sub: 'repo:o/r:environment:p' })], gitlab).verdicts[0]?.checks ?? []
    expect(ref).toEqual({ claim: 'ref', expected: ['main'], actual: 'refs/heads/main', ok: false })
    expect(sub).toEqual({
      claim: 'sub',
      expected: ['repo:o/r:environment:p'],
      actual: 'repo:o/r:pull_request',
      ok: false,
    })
  })

  test('grants nothing without a condition', () => {
    const verdict = decide([theirs({})], gitlab).verdicts[0]
    expect(verdict?.ok).toBe(false)
    expect(verdict?.checks).toEqual([
      {
        claim: 'when',
        expected: ['at least one claim'],
        actual: undefined,
        ok: false,
        hint: 'a grant without conditions grants nothing',
        rule: 'empty',
      },
    ])
  })
})

describe('properties', () => {
  const pattern = fc.constantFrom(
    'refs/heads/main',
    'refs/heads/*',
    'refs/**',
    'refs/tags/v1',
    'refs/heads/dev',
  )
  const event = fc.constantFrom('push', 'pull_request', 'workflow_run', '*', 'schedule')
  const written = fc.record({ ref: pattern, event_name: event }, { requiredKeys: [] })
  const grants = fc
    .array(fc.tuple(written, fc.constantFrom('prod', 'dev', 'ci')), { maxLength: 6 })
    .map((all) => all.map(([when, target], index) => grantOf(when, target, `grants[${index}]`)))
  const claims = fc
    .record({
      ref: fc.constantFrom('refs/heads/main', 'refs/heads/dev', 'refs/tags/v1'),
      event_name: fc.constantFrom('push', 'pull_request', 'workflow_run', 'schedule'),
    })
    .map((given) => claimsOf(given))

  test('the verdict for a named target does not depend on the order of grants', () => {
    const shuffled = grants.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    )
    fc.assert(
      fc.property(shuffled, claims, fc.constantFrom('prod', 'dev'), ([one, other], token, asked) => {
        const [a, b] = [
          decide(one, token, asked, sameRepository),
          decide(other, token, asked, sameRepository),
        ]
        expect(a.granted).toBe(b.granted)
        expect(a.grant?.target).toBe(b.grant?.target)
      }),
      RUNS,
    )
  })

  test('nothing is granted that is not a grant whose every check holds, and grants of other targets add nothing', () => {
    fc.assert(
      fc.property(grants, claims, fc.constantFrom(undefined, 'prod'), (all, token, asked) => {
        const decision = decide(all, token, asked, sameRepository)
        const holding = decision.verdicts.filter(
          ({ checks }) => checks.length > 0 && checks.every(({ ok }) => ok),
        )
        const candidates = holding.filter(({ grant }) => asked === undefined || grant.target === asked)
        expect(decision.granted).toBe(candidates.length > 0)
        expect(decision.grant).toBe(candidates[0]?.grant)
        if (asked === undefined) return
        const only = all.filter(({ target }) => target === asked)
        expect(decide(only, token, asked, sameRepository).grant).toBe(decision.grant)
      }),
      RUNS,
    )
  })

  test('one more condition never grants more', () => {
    fc.assert(
      fc.property(written, claims, (when, token) => {
        const wide = decide([grantOf(when)], token, undefined, sameRepository)
        const narrow = decide([grantOf({ ...when, actor: 'octo*' })], token, undefined, sameRepository)
        expect(Object.keys(when).length > 0 && narrow.granted && !wide.granted).toBe(false)
      }),
      RUNS,
    )
  })
})

describe('parseSub', () => {
  test.each([
    ['repo:o/r:ref:refs/heads/main', { owner: 'o', repo: 'r', context: 'ref:refs/heads/main' }],
    [
      'repo:o@123/r@456:environment:a%3Ab/c',
      { owner: 'o', ownerId: '123', repo: 'r', repoId: '456', context: 'environment:a%3Ab/c' },
    ],
    ['repo:o/r:pull_request', { owner: 'o', repo: 'r', context: 'pull_request' }],
    ['repo:o/r', { owner: 'o', repo: 'r', context: '' }],
    ['repo:acme@1/dbt@2:a', { owner: 'acme', ownerId: '1', repo: 'dbt', repoId: '2', context: 'a' }],
    ['a:repo:o/r:pull_request', undefined],
    ['repo:o@x/r@456:pull_request', undefined],
    ['repo:o/r/s:pull_request', undefined],
    ['repo:o:pull_request', undefined],
    ['repository_owner_id:123:ref:refs/heads/main', undefined],
    ['', undefined],
  ])('reads %j as %j', (sub, expected) => {
    expect(parseSub(sub)).toStrictEqual(expected)
  })
})

describe('parseWorkflowRef', () => {
  const folder = 'o/r/.github/workflows/'
  test.each([
    ['basic.yml@refs/heads/main', 'basic.yml', 'refs/heads/main'],
    ['nested.yml@evil.yml@refs/heads/main', 'nested.yml@evil.yml', 'refs/heads/main'],
    ['basic.yml@refs/heads/misleading@branch.yml', 'basic.yml', 'refs/heads/misleading@branch.yml'],
    [`basic.yml@${'a'.repeat(40)}`, 'basic.yml', 'a'.repeat(40)],
    ['@.yml@refs/tags/v1', '@.yml', 'refs/tags/v1'],
    ['a.yml@refs/heads/a@b', 'a.yml', 'refs/heads/a@b'],
    ['a.yml@refs/heads/a@b/c@d', 'a.yml', 'refs/heads/a@b/c@d'],
    ['a.yml@refs/heads/.github/workflows/b.yml@c', 'a.yml', 'refs/heads/.github/workflows/b.yml@c'],
    ['a.yml@refs/tags/@', 'a.yml', 'refs/tags/@'],
    ['a.yml@refs/pull/7/merge', 'a.yml', 'refs/pull/7/merge'],
    [`a.yml@${'0'.repeat(64)}`, 'a.yml', '0'.repeat(64)],
    ['a.yml@v1', 'a.yml', 'v1'],
    ['a b.yml@refs/heads/main', 'a b.yml', 'refs/heads/main'],
    ['a%2Fb.yml@refs/heads/main', 'a%2Fb.yml', 'refs/heads/main'],
    ['日本.yaml@refs/heads/é', '日本.yaml', 'refs/heads/é'],
    ['a.yml@@refs/heads/main', 'a.yml@', 'refs/heads/main'],
    ['a.yml@refs/heads/main@refs/heads/evil', 'a.yml', 'refs/heads/main@refs/heads/evil'],
  ])('reads %s', (text, file, ref) => {
    expect(parseWorkflowRef(folder + text)).toEqual({ path: folder + file, ref })
  })

  test.each([
    '',
    'x@y',
    `${'x'.repeat(40)}@y`,
    folder,
    `${folder}a.yml`,
    `${folder}@refs/heads/main`,
    `${folder}a/b.yml@refs/heads/main`,
    'o/r/.github/workflow/a.yml@refs/heads/main',
    '.github/workflows/a.yml@refs/heads/main',
  ])('makes nothing of %j', (text) => {
    expect(parseWorkflowRef(text)).toBeUndefined()
  })
})
