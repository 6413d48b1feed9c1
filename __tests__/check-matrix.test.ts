import { describe, expect, test } from '@jest/globals'
import { admits, fnmatch, type Rule } from '../src/check/deployment.ts'
import { ANY_OTHER, type Ground } from '../src/check/ground.ts'
import { matrix, unreached, type Cell } from '../src/check/matrix.ts'
import { samplesOf } from '../src/check/samples.ts'
import type { Grant } from '../src/policy.ts'

const refOf = (name: string, isProtected?: boolean): Ground['refs'][number] => ({
  ref: `refs/heads/${name}`,
  isProtected,
})

const GROUND: Ground = {
  repository: 'o/r',
  issuer: 'https://issuer.example',
  ids: { repositoryId: '456', ownerId: '123' },
  forms: ['name'],
  defaultBranch: 'main',
  standing: new Map(),
  refs: [refOf('main', true), refOf('develop', false), ANY_OTHER],
  environments: [
    { name: 'production', rule: { kind: 'protected' }, there: true },
    { name: 'staging', rule: { kind: 'any' }, there: true },
  ],
}

function grant(name: string, target: string, when: Readonly<Record<string, string>>): Grant {
  const entries = Object.entries(when).map(([claim, pattern]) => [claim, [pattern]] as const)
  return { name, target, when: new Map(entries), place: `policy:${name}` }
}

/** What a run of this kind finds under a target. */
function cell(
  grants: readonly Grant[],
  target: string,
  [environment, event, ref]: readonly [string | undefined, string, string],
  ground: Partial<Ground> = {},
): Cell & { readonly deployment: string } {
  const rows = matrix(grants, [target], { ...GROUND, ...ground })
  const found = rows.filter(
    (row) => row.environment === environment && row.events.includes(event) && row.refs.includes(ref),
  )
  // Each run is in exactly one row.
  expect(found).toHaveLength(1)
  const [row] = found
  return { ...(row?.cells.get(target) ?? { kind: 'closed' }), deployment: row?.deployment ?? '' }
}

const PROD = grant('nightly', 'prod', { ref: 'refs/heads/main', environment: 'production' })

describe('the matrix', () => {
  test('answers whether staging can reach production', () => {
    expect(cell([PROD], 'prod', ['staging', 'push', 'main'])).toMatchObject({ kind: 'closed' })
    expect(cell([PROD], 'prod', ['production', 'push', 'main'])).toMatchObject({
      kind: 'reached',
      grant: 'nightly',
      first: true,
      deployment: 'allowed',
    })
  })

  test('keeps what the policy grants apart from what GitHub lets happen', () => {
    const anyRef = grant('wide', 'prod', { environment: 'production' })
    expect(cell([anyRef], 'prod', ['production', 'push', 'main'])).toMatchObject({ deployment: 'allowed' })
    const refused = cell([anyRef], 'prod', ['production', 'push', 'develop'])
    expect(refused).toMatchObject({ kind: 'reached', deployment: 'refused' })
    // Whether a rule would protect a branch that nobody has made yet is not known.
    expect(cell([anyRef], 'prod', ['production', 'push', 'any other branch'])).toMatchObject({
      deployment: 'unknown',
    })
  })

  test('shows as open, with their names, what depends on claims that nobody knows', () => {
    const reusable = grant('reusable', 'prod', {
      environment: 'staging',
      job_workflow_ref: 'o/w/.github/workflows/dbt.yml@refs/heads/main',
    })
    expect(cell([reusable], 'prod', ['staging', 'push', 'main'])).toMatchObject({
      kind: 'open',
      claims: ['job_workflow_ref'],
    })
    expect(cell([reusable], 'prod', ['production', 'push', 'main'])).toMatchObject({ kind: 'closed' })
  })

  test('knows that an event of strangers is granted by name only', () => {
    const wide = grant('wide', 'ci', { base_ref: 'main' })
    expect(cell([wide], 'ci', [undefined, 'pull_request', 'main'])).toMatchObject({ kind: 'closed' })
    const named = grant('pulls', 'ci', { event_name: 'pull_request', base_ref: 'main' })
    expect(cell([named], 'ci', [undefined, 'pull_request', 'main'])).toMatchObject({ kind: 'reached' })
    expect(cell([named], 'ci', [undefined, 'pull_request', 'develop'])).toMatchObject({ kind: 'closed' })
  })

  test('takes no grant that names nothing for one that is merely not decided', () => {
    expect(cell([grant('empty', 'prod', {})], 'prod', [undefined, 'push', 'main'])).toMatchObject({
      kind: 'closed',
    })
  })

  test('has pull requests into branches, and none into tags', () => {
    const tag = { ref: 'refs/tags/v1', isProtected: undefined }
    const rows = matrix([PROD], ['prod'], { ...GROUND, refs: [...GROUND.refs, tag], environments: [] })
    const into = rows.filter(({ events }) => events.includes('pull_request')).flatMap(({ refs }) => refs)
    expect(into).toEqual(['main', 'develop', 'any other branch'])
  })

  test('asks about events that a grant names, on the branches on which GitHub starts them', () => {
    const nightly = grant('nightly', 'prod', { event_name: 'schedule' })
    const rows = matrix([nightly], ['prod'], GROUND).filter(({ events }) => events.includes('schedule'))
    expect(rows.map(({ refs }) => refs)).toEqual([['main'], ['main'], ['main']])
  })

  test('marks a target that a run gets only when it asks for it', () => {
    const other = grant('first', 'dev', { ref: 'refs/heads/main' })
    expect(cell([other, PROD], 'prod', ['production', 'push', 'main'])).toMatchObject({ first: false })
    expect(cell([other, PROD], 'dev', ['production', 'push', 'main'])).toMatchObject({ first: true })
  })

  test('compares a subject in the form that the repository has', () => {
    const bySub = grant('bySub', 'prod', { sub: 'repo:o@123/r@456:environment:production' })
    const at = ['production', 'push', 'main'] as const
    expect(cell([bySub], 'prod', at)).toMatchObject({ kind: 'closed' })
    expect(cell([bySub], 'prod', at, { forms: ['id'] })).toMatchObject({ kind: 'reached' })
    expect(cell([bySub], 'prod', at, { forms: ['name', 'id'] })).toMatchObject({ kind: 'reached' })
  })

  test('names the grants that reach nothing', () => {
    const never = grant('never', 'prod', { environment: 'preview' })
    const rows = matrix([PROD, never], ['prod'], GROUND)
    expect(unreached([PROD, never], rows)).toEqual([never])
  })

  test('has a sample of every branch or tag that a grant asks for and that is not there', () => {
    const tags = grant('tags', 'prod', { ref: 'refs/tags/v*' })
    const missing = grant('missing', 'prod', { ref: 'refs/heads/release' })
    const refs = [...GROUND.refs, ...samplesOf([PROD, tags, missing], GROUND.refs)]
    expect(refs.slice(3)).toEqual([
      { ref: 'refs/tags/vx', label: 'tag v*', isProtected: undefined },
      { ref: 'refs/heads/release', isProtected: undefined },
    ])
    expect(cell([tags], 'prod', [undefined, 'push', 'tag v*'], { refs })).toMatchObject({ kind: 'reached' })
  })
})

describe('a deployment rule', () => {
  // docs.github.com, "Managing environments for deployment", and Ruby's documentation of File.fnmatch.
  test.each<[string, string, boolean]>([
    ['main', 'main', true],
    ['main', 'Main', false],
    ['main', 'main2', false],
    ['release/*', 'release/1.0', true],
    ['release/*', 'release/1.0/fix', false],
    ['release/**/*', 'release/1.0/fix', true],
    ['release/**/*', 'release/1.0', true],
    ['**/main', 'main', true],
    ['**/main', 'a/b/main', true],
    ['*', 'a/b', false],
    ['**', 'a/b', false],
    ['v?', 'v1', true],
    ['v?', 'v/', false],
    ['v[0-9]', 'v7', true],
    ['v[!0-9]', 'v7', false],
    ['v[^0-9]', 'vx', true],
    ['v[a-z', 'va', false],
    ['v[z-a]', 'va', false],
    ['a.b', 'axb', false],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['refs/pull/*/merge', 'refs/pull/1/merge', true],
  ])('%s and the name %s: %s', (pattern, name, expected) => {
    expect(fnmatch(pattern, name)).toBe(expected)
  })

  const named: Rule = {
    kind: 'named',
    names: [
      { type: 'branch', pattern: 'main' },
      { type: 'tag', pattern: 'v*' },
    ],
  }
  test.each<[Rule, string, boolean | undefined, boolean | undefined]>([
    [named, 'refs/heads/main', undefined, true],
    [named, 'refs/tags/main', undefined, false],
    [named, 'refs/tags/v1', undefined, true],
    [named, 'refs/heads/v1', undefined, false],
    [{ kind: 'protected' }, 'refs/heads/main', true, true],
    [{ kind: 'protected' }, 'refs/heads/main', false, false],
    [{ kind: 'protected' }, 'refs/heads/main', undefined, undefined],
    [{ kind: 'protected' }, 'refs/pull/1/merge', true, false],
    [{ kind: 'any' }, 'refs/pull/1/merge', undefined, true],
    [{ kind: 'unknown' }, 'refs/heads/main', true, undefined],
  ])('%j and %s (protected: %s): %s', (rule, ref, isProtected, expected) => {
    expect(admits(rule, ref, isProtected)).toBe(expected)
  })
})
