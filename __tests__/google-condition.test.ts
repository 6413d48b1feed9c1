import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { celText, conditionOf, regexOf } from '../src/exchanges/google/condition.ts'
import type { OtherIssuer } from '../src/other-issuer.ts'
import { matches } from '../src/pattern.ts'
import type { TrustRule } from '../src/trust/rules.ts'
import { valueOf } from './support/models/google.ts'
import { runs } from './support/runs.ts'

function rule(when: Record<string, string[]>): TrustRule {
  return { grant: 'g', when: new Map(Object.entries(when)), subjects: [], exact: false, heldBySubject: [] }
}

function workflowFits(pattern: string, value: string): unknown {
  const condition = conditionOf([rule({ job_workflow_ref: [pattern] })])
  return valueOf(condition, { job_workflow_ref: value, event_name: 'push' })
}

describe('the condition', () => {
  test('means to Google what the patterns mean here', () => {
    const character = fc.constantFrom(...'a b / : . - + $ ( ) | { [ ? " \' é'.split(' '))
    const value = fc.string({ unit: character, maxLength: 8 })
    const pattern = fc
      .array(fc.oneof(character, fc.constantFrom('*', '**')), { minLength: 1, maxLength: 6 })
      .map((parts) => parts.join(''))
      .filter((text) => !text.includes('***'))
    fc.assert(
      fc.property(pattern, value, (one, text) => {
        const claims = { 'x-claim': text, event_name: 'push' }
        const verdict = valueOf(conditionOf([rule({ 'x-claim': [one] })]), claims)
        // As for the policy, an empty claim is one that says nothing.
        expect([one, text, verdict]).toEqual([one, text, text !== '' && matches(one, text)])
      }),
      { numRuns: runs(1000) },
    )
  })

  test('holds where one of several grants does, and an absent claim of another is no error', () => {
    const condition = conditionOf([
      rule({ environment: ['production'] }),
      rule({ ref: ['refs/heads/main', 'refs/heads/release/*'], event_name: ['push', 'schedule'] }),
      rule({ repo_property_tier: ['gold'], 'x-team': ['data'] }),
    ])
    const on = (claims: object): unknown => valueOf(condition, { ref: 'r', event_name: 'push', ...claims })
    expect(on({ environment: 'production' })).toBe(true)
    expect(on({ ref: 'refs/heads/release/9' })).toBe(true)
    expect(on({ ref: 'refs/heads/release/9/x' })).toBe(false)
    expect(on({ repo_property_tier: 'gold', 'x-team': 'data' })).toBe(true)
    expect(on({ repo_property_tier: 'gold' })).toBe(false)
    expect(on({ environment: 'production', event_name: 'issue_comment' })).toBe(false)
    expect(on({ ref: 'refs/heads/main', event_name: 'workflow_dispatch' })).toBe(false)
  })

  test('takes a workflow by its parts, whatever a branch or a file is called', () => {
    const folder = 'o/ci/.github/workflows/'
    // A branch called `evil@refs/heads/main`, and a file called `dbt.yml@evil.yml`.
    expect(workflowFits(`${folder}*@refs/heads/main`, `${folder}dbt.yml@refs/heads/main`)).toBe(true)
    expect(
      workflowFits(`${folder}**@refs/heads/main`, `${folder}dbt.yml@refs/heads/evil@refs/heads/main`),
    ).toBe(false)
    expect(workflowFits(`${folder}dbt.yml@**`, `${folder}dbt.yml@refs/heads/main`)).toBe(true)
    expect(workflowFits(`${folder}dbt.yml@**`, `${folder}dbt.yml@evil.yml@refs/heads/main`)).toBe(false)
    // A branch that is called like a path.
    const branch = `o/x/.github/workflows/evil.yml@refs/heads/b/.github/workflows/dbt.yml@v1`
    expect(workflowFits('o/**/.github/workflows/dbt.yml@*', 'o/x/.github/workflows/dbt.yml@v1')).toBe(true)
    expect(workflowFits('o/**/.github/workflows/dbt.yml@*', branch)).toBe(false)
  })

  test('takes a claim of nothing for none, as the policy does', () => {
    for (const star of ['*', '**']) {
      const condition = conditionOf([rule({ base_ref: [star] })])
      const on = (base_ref: string): unknown => valueOf(condition, { base_ref, event_name: 'push' })
      expect([on('main'), on('')]).toEqual([true, false])
    }
  })

  const UNNAMED =
    '!(assertion.event_name in ["pull_request_target", "workflow_run", "issue_comment", "issues", "discussion", "discussion_comment", "pull_request", "pull_request_review", "pull_request_review_comment"])'

  test.each<[string, Record<string, string[]>, string]>([
    [
      'claims that each token has, without asking whether it has them',
      Object.fromEntries(
        'sub repository repository_id repository_owner repository_owner_id ref sha event_name actor actor_id workflow run_id run_attempt'
          .split(' ')
          .map((claim) => [claim, ['x']]),
      ),
      'assertion.sub == "x" && assertion.repository == "x" && assertion.repository_id == "x" && assertion.repository_owner == "x" && assertion.repository_owner_id == "x" && assertion.ref == "x" && assertion.sha == "x" && assertion.event_name == "x" && assertion.actor == "x" && assertion.actor_id == "x" && assertion.workflow == "x" && assertion.run_id == "x" && assertion.run_attempt == "x"',
    ],
    [
      'others where they are there, by an index where CEL keeps the name for itself',
      { 'odd-claim': ['x'], for: ['y'], in: ['w'], _ok1: ['z'], event_name: ['push'] },
      '"odd-claim" in assertion && assertion["odd-claim"] == "x" && "for" in assertion && assertion["for"] == "y" && "in" in assertion && assertion["in"] == "w" && has(assertion._ok1) && assertion._ok1 == "z" && assertion.event_name == "push"',
    ],
    [
      'several values by a list, and stars beside them',
      { ref: ['a', 'x*'], environment: ['prod', 'dev'], event_name: ['push'] },
      '(assertion.ref == "a" || assertion.ref.matches("^x[^/:]*$")) && has(assertion.environment) && assertion.environment in ["prod", "dev"] && assertion.event_name == "push"',
    ],
    [
      'the events that a pattern never names',
      { event_name: ['push', 'x*', 'issues'] },
      `(assertion.event_name in ["push", "issues"] || assertion.event_name.matches("^x[^/:]*$")) && ${UNNAMED.replace('"issues", ', '')}`,
    ],
    ['all of them where none is named', { actor: ['a'] }, `assertion.actor == "a" && ${UNNAMED}`],
    [
      'a workflow by its parts',
      { job_workflow_ref: ['o/**/.github/workflows/*.yml@refs/heads/**'], event_name: ['push'] },
      'has(assertion.job_workflow_ref) && assertion.job_workflow_ref.matches("^o/[^@:]*/[.]github/workflows/[^/:]*[.]yml@refs/heads/[^:]*$") && assertion.event_name == "push"',
    ],
    [
      'a workflow whose file and ref are any',
      { workflow_ref: ['*/r/.github/workflows/**@**'], event_name: ['push'] },
      'has(assertion.workflow_ref) && assertion.workflow_ref.matches("^[^@/:]*/r/[.]github/workflows/[^/:]*@[^@/:]*(/[^:]*)?$") && assertion.event_name == "push"',
    ],
    [
      'a workflow at a tag',
      { job_workflow_ref: ['o/r/.github/workflows/x.yml@v*'], event_name: ['push'] },
      'has(assertion.job_workflow_ref) && assertion.job_workflow_ref.matches("^o/r/[.]github/workflows/x[.]yml@v[^@/:]*$") && assertion.event_name == "push"',
    ],
  ])('names %s', (_what, when, condition) => {
    expect(conditionOf([rule(when)])).toBe(condition)
  })

  test.each<[Partial<OtherIssuer>, Record<string, string[]>, string]>([
    [
      { like: 'kubernetes' },
      { sub: ['a'], 'kubernetes.io/namespace': ['n'], 'kubernetes.io/serviceaccount/name': ['s*', 't'] },
      'assertion.sub == "a" && "kubernetes.io" in assertion && "namespace" in assertion["kubernetes.io"] && assertion["kubernetes.io"]["namespace"] == "n" && "kubernetes.io" in assertion && "serviceaccount" in assertion["kubernetes.io"] && "name" in assertion["kubernetes.io"].serviceaccount && (assertion["kubernetes.io"].serviceaccount.name == "t" || assertion["kubernetes.io"].serviceaccount.name.matches("^s[^/:]*$"))',
    ],
    [
      {},
      { sub: ['a', 'b'], team: ['x'], in: ['y'] },
      'assertion.sub in ["a", "b"] && has(assertion.team) && assertion.team == "x" && "in" in assertion && assertion["in"] == "y"',
    ],
  ])(
    'asks at each step of the way to a claim of another issuer whether it is there: %j',
    (like, when, condition) => {
      const issuer = { name: 'o', url: 'https://o', like: undefined, claims: [], owners: [], ...like }
      expect(conditionOf([{ ...rule(when), other: { issuer, firm: [] } }])).toBe(condition)
    },
  )

  test.each([
    ['a', '"a"'],
    ['', '""'],
    ['"', `'"'`],
    ['a"b', `"a" + '"' + "b"`],
    ['"a" + "b"', `'"' + "a" + '"' + " + " + '"' + "b" + '"'`],
  ])('writes a text without an escape: %j is %s', (plain, written) => {
    expect(celText(plain)).toBe(written)
  })

  test.each(['a\\', 'a\nb', 'a\u202eb'])('has no text that CEL would read as another: %j', (text) => {
    for (const value of [text, `${text}*`])
      expect(() => conditionOf([rule({ environment: [value], event_name: ['push'] })])).toThrow(
        expect.objectContaining({ code: 'configuration' }),
      )
  })

  test('anchors a pattern at both ends and takes nothing in it for an operator', () => {
    expect(regexOf('refs/heads/v1.*')).toBe('^refs/heads/v1[.][^/:]*$')
    expect(regexOf('a*b**c.+?()[]{}|$')).toBe('^a[^/:]*b[^:]*c[.][+][?][(][)][[]][{][}][|][$]$')
    expect(() => regexOf('a^*')).toThrow(
      expect.objectContaining({
        code: 'configuration',
        problem: expect.stringMatching(/cannot be written as a condition/),
        remedy: expect.stringMatching(/^Write the values out/),
      }),
    )
  })
})
