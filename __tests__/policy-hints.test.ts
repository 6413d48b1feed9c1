import { describe, expect, test } from '@jest/globals'
import type { Facts } from '../src/policy.ts'
import { namedEvent, needsName, pullRequestCheck, refTypeCheck } from '../src/policy/events.ts'
import { hintFor } from '../src/policy/hints.ts'
import { subjectHint } from '../src/policy/subject.ts'
import { disarmed, quoted, visible } from '../src/policy/visible.ts'
import { claimsOf } from './support/claims-of.ts'

const ONLY_STARS =
  'patterns know `*` and `**` only, every other character stands for itself; several values are a list'
const STOPS = '`*` stops at `/` and `:`; `**` goes on over `/`'

describe('the hint at a claim that does not match', () => {
  test.each<readonly [string, readonly string[], string | undefined, string | undefined]>([
    [
      'environment',
      ['prod'],
      undefined,
      'the job names no environment; `environment:` of the job puts it into the token',
    ],
    ['job_workflow_sha', ['a'], undefined, 'only some servers put this claim into the token'],
    ['ref', ['a'], undefined, 'the token has no such claim'],
    ['actor', ['a'], '', 'the claim is empty, and an empty claim is not a value'],
    [
      'actor',
      ['a'],
      'a\u202e',
      'the value holds the invisible character U+202E, and such a value never matches',
    ],
    ['ref', ['main'], 'refs/heads/main', 'refs are written in full: "refs/heads/main"'],
    ['ref', ['v1'], 'refs/tags/v1', 'refs are written in full: "refs/tags/v1"'],
    [
      'ref',
      ['refs/heads/main'],
      'refs/heads/refs/heads/main',
      'this is a branch whose own name is "refs/heads/main", not that branch',
    ],
    [
      'ref',
      ['refs/heads/main'],
      'refs/pull/1/merge',
      'the run is for a pull request, whose ref is no branch; a grant names it by `event_name: pull_request`',
    ],
    ['ref', ['refs/heads/v*'], 'refs/tags/v1', 'this is a tag of that name, not the branch'],
    ['ref', ['refs/tags/v*'], 'refs/heads/v1', 'this is a branch of that name, not the tag'],
    ['ref', ['refs/heads/x'], 'refs/tags/v1', 'first differing character at position 6: "t"'],
    ['ref', ['refs/tags/x'], 'refs/heads/v1', 'first differing character at position 6: "h"'],
    // What stands before the name must be the word for a branch, and not just as long.
    ['ref', ['REFS/heads/a'], 'refs/tags/a', 'first differing character at position 1: "r"'],
    ['ref', ['refs/TAGS/a'], 'refs/heads/a', 'first differing character at position 6: "h"'],
    // Of a claim that is no ref nothing is said of refs.
    ['head_ref', ['main'], 'refs/heads/main', 'first differing character at position 1: "r"'],
    ['environment', ['PROD'], 'prod', 'only the case differs'],
    ['environment', ['prod'], 'PROD', 'only the case differs'],
    ['environment', ['prod'], ' prod ', 'only a leading or trailing space differs'],
    ['environment', [' prod'], 'prod', 'only a leading or trailing space differs'],
    ['environment', ['*/a*'], 'x/y/ab', STOPS],
    ['environment', ['**/a*'], 'x/y/ab/c', STOPS],
    // A colon holds every star.
    ['environment', ['a*'], 'a:b', 'first differing character at position 2: ":"'],
    ...['|', '^', '$', '(', ')', '[', ']', '+', '?', '\\'].map(
      (sign) => ['actor', [`a${sign}`], 'b', ONLY_STARS] as const,
    ),
    ['actor', ['a.b'], 'b', 'first differing character at position 1: "b"'],
    // The first pattern that is nearly the value is the one that was meant.
    ['actor', ['a', 'OCTOCAT'], 'octocat', 'only the case differs'],
    ['ref', ['refs/heads/x', 'main'], 'refs/heads/main', 'refs are written in full: "refs/heads/main"'],
    // What is said of a ref comes before what may be said of any text.
    ['ref', ['MAIN', 'main'], 'refs/heads/main', 'refs are written in full: "refs/heads/main"'],
    ['actor', ['a', 'b'], 'c', undefined],
    ['actor', [], 'c', undefined],
    ['actor', ['abcde'], 'abc', 'the value ends where the pattern goes on, after character 3'],
    ['actor', ['abc'], 'abcde', 'first differing character at position 4: "d"'],
    ['actor', ['a'], '~', 'first differing character at position 1: "~"'],
    ['actor', ['a'], 'é', 'first differing character at position 1: "é" (U+00E9)'],
    ['actor', ['a'], '😀', 'first differing character at position 1: "😀" (U+1F600)'],
    [
      'sub',
      ['repo:o/r:environment:prod'],
      'repo:o/r:ref:refs/heads/main',
      'the job names no environment, so `sub` has none',
    ],
  ])('%s: %j is not %j, for %j', (claim, expected, actual, hint) => {
    expect(hintFor(claim, expected, actual)).toBe(hint)
  })
})

const WITHOUT = 'the grant writes `sub` with names only, the token has the form with ids'
const WITH = 'the grant writes `sub` with ids, the token has the form with names only'
const IN_ENVIRONMENT =
  'the job has an environment, and GitHub then writes the environment into `sub` in place of the ref'

describe('the hint at a subject', () => {
  test.each<readonly [string, string, string | undefined]>([
    [
      'repo:o/r:ref:refs/heads/main',
      'repo:o@1/r@2:ref:refs/heads/main',
      `${WITHOUT}; write sub: "repo:o@1/r@2:ref:refs/heads/main" here and in the trust`,
    ],
    [
      'repo:o@1/r@2:pull_request',
      'repo:o/r:environment:prod',
      `${WITH}; write sub: "repo:o/r:pull_request" here and in the trust; the part behind the repository differs as well`,
    ],
    // Either id alone makes it the form with ids.
    ['repo:o/r:a', 'repo:o@1/r:a', `${WITHOUT}; write sub: "repo:o@1/r:a" here and in the trust`],
    ['repo:o/r:a', 'repo:o/r@2:a', `${WITHOUT}; write sub: "repo:o/r@2:a" here and in the trust`],
    ['repo:x/r:a', 'repo:o@1/r@2:a', `${WITHOUT}, and the repository is another one`],
    ['repo:o/x:a', 'repo:o@1/r@2:a', `${WITHOUT}, and the repository is another one`],
    ['repo:o/r:ref:refs/heads/main', 'repo:o/r:environment:prod', IN_ENVIRONMENT],
    ['repo:o@1/r@2:ref:a', 'repo:o@1/r@2:environment:prod', IN_ENVIRONMENT],
    [
      'repo:o/r:environment:prod',
      'repo:o/r:ref:refs/heads/main',
      'the job names no environment, so `sub` has none',
    ],
    [
      'repo:o/r:ref:refs/heads/main',
      'repo:o/r:pull_request',
      'the run is for a pull request, whose `sub` ends in `pull_request`',
    ],
    ['repo:o/r:environment:prod', 'repo:o/r:environment:dev', undefined],
    ['repo:o/r:pull_request', 'repo:o/r:ref:refs/heads/main', undefined],
    // Where the grant leaves the repository open, or the subject is a customised one, there is no telling what was meant.
    ['repo:*/r:ref:a', 'repo:o/r:environment:prod', undefined],
    ['tier:gold', 'repo:o/r:environment:prod', undefined],
    ['repo:o/r:ref:a', 'tier:gold', undefined],
  ])('%s is not %s: %s', (pattern, sub, hint) => {
    expect(subjectHint(pattern, sub)).toBe(hint)
  })
})

describe('the check of an event', () => {
  const BY_NAME =
    'this event may run what others have written, so a grant must name it literally; if that is meant, add to `when`, or to the input `claims`: event_name: issues'

  test('lists what others may start', () => {
    const events = [
      'pull_request_target',
      'workflow_run',
      'issue_comment',
      'issues',
      'discussion',
      'discussion_comment',
      'pull_request',
      'pull_request_review',
      'pull_request_review_comment',
    ]
    expect(events.filter(needsName)).toEqual(events)
    expect([undefined, 'Push', 'push ', ' push', 'push1', ''].filter(needsName)).toHaveLength(6)
    expect(['push', 'merge_group'].filter(needsName)).toEqual([])
  })

  test('holds for a name that stands in the grant, and says which one must', () => {
    expect(namedEvent(['push', 'issues'], 'issues')).toEqual({
      claim: 'event_name',
      expected: ['push', 'issues'],
      actual: 'issues',
      ok: true,
    })
    const failed = { claim: 'event_name', ok: false, rule: 'event' }
    expect(namedEvent(['iss*'], 'issues')).toEqual({
      ...failed,
      expected: ['iss*'],
      actual: 'issues',
      hint: BY_NAME,
    })
    expect(namedEvent(undefined, 'issues')).toEqual({
      ...failed,
      expected: ['(must be named by the grant)'],
      actual: 'issues',
      hint: BY_NAME,
    })
    expect(namedEvent(undefined, undefined)).toEqual({
      ...failed,
      expected: ['an event'],
      actual: undefined,
      hint: 'the token does not say which event started the run',
    })
    expect(namedEvent(['Issues'], 'Issues')).toEqual({
      ...failed,
      expected: ['Issues'],
      actual: 'Issues',
      hint: 'GitHub has no event of such a name',
    })
  })
})

const facts = (pullRequest: Facts['pullRequest']): Facts => ({ pullRequest })

describe('the check of the event file', () => {
  test('is made for each event of a pull request, and for no other', () => {
    const unreadable = facts({ kind: 'unreadable' })
    expect(pullRequestCheck('push', unreadable)).toBeUndefined()
    expect(pullRequestCheck(undefined, unreadable)).toBeUndefined()
    for (const event of ['pull_request', 'pull_request_target', 'pull_request_review'])
      expect(pullRequestCheck(event, unreadable)?.ok).toBe(false)
  })

  test('says whose code it is, where it is not the code of the repository itself', () => {
    expect(pullRequestCheck('pull_request', facts({ kind: 'same' }))).toBeUndefined()
    expect(pullRequestCheck('pull_request', facts({ kind: 'fork', head: 'm/r', base: 'o/r' }))).toEqual({
      claim: 'head repository',
      expected: ['o/r'],
      actual: 'm/r',
      ok: false,
      hint: 'the event file says that the pull request comes from "m/r"',
      rule: 'pull-request',
    })
    expect(pullRequestCheck('pull_request', facts({ kind: 'unreadable' }))).toEqual({
      claim: 'head repository',
      expected: ['the repository itself'],
      actual: undefined,
      ok: false,
      hint: 'the event file does not say where the pull request comes from, so it is taken to come from a fork',
      rule: 'pull-request',
    })
  })
})

describe('the check that a ref is what its type says', () => {
  test.each([
    ['refs/heads/a', 'tag', 'branch'],
    ['refs/pull/1/merge', 'tag', 'branch'],
    ['refs/tags/a', 'branch', 'tag'],
  ])('%s is no %s', (ref, type, expected) => {
    expect(refTypeCheck(claimsOf({ ref, ref_type: type }))).toEqual({
      claim: 'ref_type',
      expected: [expected],
      actual: type,
      ok: false,
      hint: `the token contradicts itself: its ref is "${ref}"`,
      rule: 'consistency',
    })
  })

  test.each([
    ['refs/heads/a', 'branch'],
    ['refs/tags/a', 'tag'],
    ['refs/heads/a', undefined],
    ['refs/heads/a', ''],
    [undefined, 'tag'],
    ['', 'tag'],
    // Of other refs nobody knows the type.
    ['refs/notes/a', 'tag'],
    ['refs/notes/a', 'branch'],
    ['a/refs/heads/a', 'tag'],
  ])('says nothing of %j and %j', (ref, type) => {
    expect(refTypeCheck(claimsOf({ ref, ref_type: type }))).toBeUndefined()
  })
})

describe('a text for a log', () => {
  test.each([
    ['##[error]x', '\\u{23}#[error]x'],
    ['###[x', '#\\u{23}#[x'],
    ['a#[ #a[ ## #[ ##', 'a#[ #a[ ## #[ ##'],
    ['a\\b', 'a\\u{5c}b'],
    ['a\u202e\nb', 'a\\u{202e}\\u{a}b'],
    ['é😀', 'é😀'],
  ])('shows %j as %s', (text, shown) => {
    expect(visible(text)).toBe(shown)
  })

  test('is cut behind 300 characters where it stands in a sentence', () => {
    expect(quoted('a'.repeat(300))).toBe(`"${'a'.repeat(300)}"`)
    expect(quoted(`${'a'.repeat(299)}bc`)).toBe(`"${'a'.repeat(299)}b…"`)
  })
})

describe('a text for a terminal', () => {
  test.each([
    ['a\u001b[31mb', 'a\\u{1b}[31mb'],
    ['a\rb\u0000', 'a\\u{d}b\\u{0}'],
    ['\u009b\u202e\u2066', '\\u{9b}\\u{202e}\\u{2066}'],
    ['a\u2028\u2029b', 'a\\u{2028}\\u{2029}b'],
  ])('shows %j as %s', (text, shown) => {
    expect(disarmed(text)).toBe(shown)
  })

  test('keeps its lines, its tabs, and all that can be seen', () => {
    const text = 'é😀\n\t##[x] \\ ::a\n'
    expect(disarmed(text)).toBe(text)
  })
})
