import { describe, expect, test } from '@jest/globals'
import { expressionsOf } from '../src/exchanges/entra/flexible.ts'
import { matches } from '../src/pattern.ts'
import type { TrustDocument } from '../src/trust.ts'
import { grantOf, type Written } from './support/claims-of.ts'
import { trustRules } from '../src/trust/rules.ts'
import { GRANT, ISSUER, wayNamed } from './support/trust/ways.ts'

const { environment: _environment, ...BY_REF } = GRANT

async function documentFor(grants: readonly Written[]): Promise<TrustDocument | undefined> {
  const way = wayNamed('postgres-entra')
  const [document] = await way.documents('commands', { grants, identity: { flexible: true } })
  return document
}

const expressionsFor = (written: Written, issuer = ISSUER): readonly string[] =>
  expressionsOf({
    target: 'prod',
    via: 'entra',
    issuer,
    audience: 'a',
    audiences: ['a'],
    rules: trustRules([grantOf(written)], 'prod'),
    identity: '',
  })

/** The language as Microsoft describes it: comparisons of whole values, `*` and `?` in `matches`, joined by `and`. */
function letsIn(expression: string, claims: Readonly<Record<string, string>>): boolean {
  return expression.split(' and ').every((part) => {
    const [, claim = '', how, comparand = ''] = /^claims\['(\w+)'\] (eq|matches) '([^']*)'$/.exec(part) ?? []
    const value = claims[claim]
    if (how === undefined || value === undefined) return false
    if (how === 'eq') return value === comparand
    const regex = comparand
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')
    return new RegExp(`^${regex}$`, 's').test(value)
  })
}

/** A grant for so many patterns of branches. */
function refs(count: number): Written {
  return { ...BY_REF, ref: Array.from({ length: count }, (_, at) => `refs/heads/r${at}/**`) }
}

describe('a flexible credential', () => {
  test('names the subject and the ids, without one of which Entra takes none for GitHub', () => {
    const { repository, repository_id: id, ref } = BY_REF
    expect(expressionsFor({ repository, repository_id: id, ref })).toEqual([
      "claims['sub'] eq 'repo:acme/dbt:ref:refs/heads/main' and claims['repository_id'] eq '7654321'",
    ])
    expect(() => expressionsFor({ repository, ref })).toThrow(/pins no id of its repository/)
    expect(() => expressionsFor({ repository, ref, repository_id: '76*' })).toThrow(/pins no id/)
    expect(() => expressionsFor({ repository, ref, repository_id: ['7654321', '76*'] })).toThrow(/pins no id/)
  })

  test('lets in what the pattern means, in both forms of the subject, and no other repository', () => {
    const all = expressionsFor({ ...BY_REF, ref: 'refs/heads/release/**' })
    const ids = { repository_id: '7654321', repository_owner_id: '1234567' }
    const isIn = (sub: string, more = {}): boolean =>
      all.some((expression) => letsIn(expression, { sub, ...ids, ...more }))
    expect(isIn('repo:acme/dbt:ref:refs/heads/release/2026/11')).toBe(true)
    expect(isIn('repo:acme@1234567/dbt@7654321:ref:refs/heads/release/1')).toBe(true)
    expect(isIn('repo:acme/dbt:ref:refs/heads/main')).toBe(false)
    expect(isIn('repo:acme/dbt:ref:refs/heads/release/1', { repository_id: '9' })).toBe(false)
  })

  test('holds of a pattern what means the same there, and says so of the ids and the workflow', async () => {
    const workflow = 'acme/dbt/.github/workflows/dbt.yml@refs/heads/main'
    const held = await documentFor([{ ...BY_REF, ref: 'refs/heads/release/**', job_workflow_ref: workflow }])
    expect(held?.heldThere.toSorted()).toEqual([
      'job_workflow_ref',
      'ref',
      'repository',
      'repository_id',
      'repository_owner_id',
    ])
    // Its star runs over a slash, where ours ends.
    expect(matches('refs/heads/*', 'refs/heads/a/b')).toBe(false)
    expect((await documentFor([{ ...BY_REF, ref: 'refs/heads/*' }]))?.checkedHere).toContain('ref')
  })

  test('leaves to the action a list of workflows of which one has a star, and writes two stars as its one', async () => {
    const workflow = 'acme/dbt/.github/workflows/dbt.yml@refs/heads/main'
    const named = { ...BY_REF, job_workflow_ref: [workflow, 'acme/dbt/.github/workflows/*@refs/heads/main'] }
    expect((await documentFor([named]))?.checkedHere).toContain('job_workflow_ref')
    const [expression] = expressionsFor({ ...BY_REF, ref: 'refs/heads/release/**' })
    expect(expression).toMatch(/^claims\['sub'\] matches 'repo:[^']*:ref:refs\/heads\/release\/\*' and /)
  })

  test('is one of at most twenty', async () => {
    expect((await documentFor([refs(10)]))?.text.match(/^az rest /gm)).toHaveLength(20)
    await expect(documentFor([refs(11)])).rejects.toThrow(/need 22 federated credentials/)
  })

  test.each(["it's", 'what?'])(
    'is refused where %s would mean something else in its language',
    async (name) => {
      await expect(documentFor([{ ...GRANT, environment: name }])).rejects.toThrow(
        /cannot be written into an expression/,
      )
    },
  )

  test('is refused for an issuer of which Entra takes none', () => {
    expect(() => expressionsFor(BY_REF, `${ISSUER}/acme`)).toThrow(/for tokens of .* only/)
  })
})
