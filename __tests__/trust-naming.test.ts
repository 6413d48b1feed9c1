import { describe, expect, test } from '@jest/globals'
import { array, check, constantFrom, property, string, tuple } from 'fast-check'
import type { Grant } from '../src/policy.ts'
import { nameOf, nameOfSubject, type Named, type NameStyle } from '../src/trust/naming.ts'
import { trustRules } from '../src/trust/rules.ts'
import { runs } from './support/runs.ts'

const GITHUB = 'https://token.actions.githubusercontent.com'
const SNOWFLAKE: NameStyle = { prefix: 'GH', separator: '_', upper: true }
const TRINO: NameStyle = { prefix: 'dbt', separator: '-' }

function named(repository: string | string[], target: string, issuer = GITHUB): Named {
  const when = new Map([
    ['repository', [repository].flat()],
    ['environment', ['production']],
  ])
  const grant: Grant = { name: 'nightly', target, when, place: 'policy' }
  return { target, issuer, rules: trustRules([grant], target) }
}

describe('the name of what stands for a target on the other side', () => {
  test.each<[string, Named, NameStyle, RegExp]>([
    ['owner, repository and target', named('acme/dbt', 'prod'), SNOWFLAKE, /^GH_ACME_DBT_PROD$/],
    ['the same in small letters', named('acme/dbt', 'prod'), TRINO, /^dbt-acme-dbt-prod$/],
    ['the same for an owner in capitals', named('Acme/DBT', 'prod'), SNOWFLAKE, /^GH_ACME_DBT_PROD$/],
    [
      'a digest where a hyphen is lost',
      named('acme-x/dbt', 'prod'),
      SNOWFLAKE,
      /^GH_ACME_X_DBT_PROD_[0-9A-F]{12}$/,
    ],
    [
      'a digest where the case of the target is lost',
      named('acme/dbt', 'Prod'),
      TRINO,
      /^dbt-acme-dbt-prod-[0-9a-f]{12}$/,
    ],
    [
      'a digest where there are several',
      named(['acme/dbt', 'acme/b'], 'prod'),
      SNOWFLAKE,
      /^GH_ACME_B_PROD_[0-9A-F]{12}$/,
    ],
    [
      'a digest for another server',
      named('acme/dbt', 'prod', 'https://g.example'),
      SNOWFLAKE,
      /^GH_ACME_DBT_PROD_[0-9A-F]{12}$/,
    ],
    [
      'no more than 255 characters',
      named('acme/dbt', 'p'.repeat(400)),
      SNOWFLAKE,
      /^GH_ACME_DBT_P{230}_[0-9A-F]{12}$/,
    ],
  ])('is %s', (_, request, style, name) => {
    expect(nameOf(request, style)).toMatch(name)
    expect(nameOf(request, style).length).toBeLessThanOrEqual(255)
  })

  test('is that of no other repository and no other target', () => {
    const word = array(constantFrom('a', 'b', 'B', '-', '_', '.'), { minLength: 1, maxLength: 4 }).map(
      (all) => all.join(''),
    )
    const long = tuple(word, string({ minLength: 250, maxLength: 260 })).map((all) => all.join(''))
    const one = tuple(
      word,
      word,
      constantFrom(word, long).chain((part) => part),
    )
    const outcome = check(
      property(one, one, constantFrom(SNOWFLAKE, TRINO), ([o, r, t], [p, q, u], style) => {
        const same = `${o}/${r}`.toLowerCase() === `${p}/${q}`.toLowerCase() && t === u
        return (nameOf(named(`${o}/${r}`, t), style) === nameOf(named(`${p}/${q}`, u), style)) === same
      }),
      { numRuns: runs(3000) },
    )
    expect(outcome.counterexample).toBeNull()
  })

  test('of a subject depends on nothing else', () => {
    expect(nameOfSubject({ issuer: GITHUB }, 'repo:a/b:x')).toMatch(/^GITHUB_[0-9A-F]{12}$/)
    expect(nameOfSubject({ issuer: GITHUB }, 'repo:a/b:x')).not.toBe(
      nameOfSubject({ issuer: GITHUB }, 'repo:a/c:x'),
    )
  })
})
