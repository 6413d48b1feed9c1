import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { checkPlaceholders, fillPlaceholders } from '../src/placeholders.ts'
import { claimsOf } from './support/claims-of.ts'
import { runs } from './support/runs.ts'

const RUNS = { numRuns: runs(1000) }
const pull = claimsOf({ event_name: 'pull_request', ref: 'refs/pull/17/merge', head_ref: 'Feature/ABC-1--x' })

describe('a placeholder', () => {
  test.each([
    ['pr_{pull_request}', 'pr_17'],
    ['{head_ref}', 'feature_abc_1_x'],
    ['a{actor}b{run_id}', 'aoctocatb900001'],
    ['{repository}', 'o_r'],
  ])('%s becomes %s', (text, expected) => {
    expect(fillPlaceholders(text, pull)).toEqual({ text: expected })
    expect(checkPlaceholders(text)).toEqual([])
  })

  test('holds only lower-case letters, digits and single underscores, at most 40 of them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (value) => {
        const filled = fillPlaceholders('{head_ref}', claimsOf({ head_ref: value }))
        expect('text' in filled ? filled.text : 'none').toMatch(/^(?!.*__)[a-z0-9_]{1,40}$/)
      }),
      RUNS,
    )
  })

  test('is cut after 40 characters', () => {
    expect(fillPlaceholders('x_{head_ref}', claimsOf({ head_ref: 'a'.repeat(50) }))).toEqual({
      text: `x_${'a'.repeat(40)}`,
    })
  })

  test.each([
    ['{pull_request}', 'needs a run for a pull request'],
    ['{environment}', 'needs the claim `environment`'],
    ['{head_ref}', 'needs the claim `head_ref`'],
  ])('%s is an error where the token has no such value', (text, problem) => {
    expect(fillPlaceholders(text, claimsOf())).toEqual({ problem: expect.stringContaining(problem) })
  })

  test.each([
    'refs/pull/x/merge',
    'refs/heads/refs/pull/1/merge',
    'refs/pull/1/merge/2',
    'refs/pull//merge',
    'refs/pull/1/merge\n',
  ])('{pull_request} makes no number of the ref %j', (ref) => {
    expect(fillPlaceholders('{pull_request}', claimsOf({ ref }))).toHaveProperty('problem')
  })

  test.each(['///', '日本', 'a\u202eb'])('is an error where the value %j leaves no identifier', (value) => {
    expect(fillPlaceholders('{head_ref}', claimsOf({ head_ref: value }))).toHaveProperty('problem')
  })

  test.each([
    ['{pull-request}', '{pull_request}'],
    ['{Head_Ref}', '{head_ref}'],
    ['{enviroment}', '{environment}'],
    ['{branch}', '{ref}'],
  ])('%s is a mistake that is answered with %s', (text, meant) => {
    expect(fillPlaceholders(text, pull)).toEqual({
      problem: expect.stringContaining(`did you mean ${meant}?`),
    })
    expect(checkPlaceholders(text)).toEqual([expect.stringContaining(`did you mean ${meant}?`)])
  })

  test('is never filled from what a value holds', () => {
    expect(fillPlaceholders('{head_ref}', claimsOf({ head_ref: '{actor}' }))).toEqual({ text: '_actor_' })
  })
})

describe('text that is not ours', () => {
  test.each([
    "{{ env_var('X') }}",
    '{{ref}}',
    '{{ {ref} }}',
    '{% if {ref} %}',
    '{# {ref} #}',
    '{{ {ref} unclosed',
    '{"ref": 1}',
    '{}',
    '{ ref }',
    '${ref}',
    'Driver={ODBC Driver 18 for SQL Server}',
    'Driver={FreeTDS};x',
    '{1}',
    'a } b { c',
  ])('passes through as it is: %s', (text) => {
    expect(fillPlaceholders(text, pull)).toEqual({ text })
    expect(checkPlaceholders(text)).toEqual([])
  })

  test('passes through beside a placeholder', () => {
    expect(fillPlaceholders("{{ env_var('DB') }}_{pull_request}_{# {ref} #}", pull)).toEqual({
      text: "{{ env_var('DB') }}_17_{# {ref} #}",
    })
  })

  test('passes through whatever it is, as long as it has no brace', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const plain = text.replaceAll('{', '')
        expect(fillPlaceholders(plain, pull)).toEqual({ text: plain })
      }),
      RUNS,
    )
  })
})
