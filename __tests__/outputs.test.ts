import { describe, expect, test } from '@jest/globals'
import { outputsOf, outputsOfFailure, resultOf } from '../src/report/outputs.ts'
import { access, decision, denied, node, report, result } from './support/report.ts'

describe('the outputs of the action', () => {
  const places = {
    profilesDir: '/tmp/p',
    runResults: '/w/target/run_results.json',
    artifactsDir: '/w/target',
    auditLog: '/tmp/a.jsonl',
  }

  test('tell all of a run that succeeded', () => {
    expect(outputsOf(report(result([node()])), places)).toEqual({
      'profiles-dir': '/tmp/p',
      target: 'prod',
      grant: 'nightly',
      granted: 'true',
      identity: 'repo:acme/dbt:environment:production',
      'expires-at': '2026-11-24T09:26:18.500Z',
      result: 'success',
      'run-results': '/w/target/run_results.json',
      'artifacts-dir': '/w/target',
      'audit-log': '/tmp/a.jsonl',
    })
  })

  test('leave out what there is not', () => {
    expect(
      outputsOf(
        report(result([], { exitCode: 2 }), { access: { ...access, via: 'none', expiresAt: null } }),
        {},
      ),
    ).toEqual({
      target: 'prod',
      grant: 'nightly',
      granted: 'true',
      identity: access.identity,
      result: 'failure',
    })
  })

  test('of a denial say that nothing was granted, and name no target', () => {
    expect(outputsOfFailure({ decision: denied }, { auditLog: '/tmp/a.jsonl' })).toEqual({
      granted: 'false',
      result: 'failure',
      'audit-log': '/tmp/a.jsonl',
    })
  })

  test('of a failure before the decision say that nothing was granted', () => {
    expect(outputsOfFailure({}, {})).toEqual({ granted: 'false', result: 'failure' })
  })

  test('of a run that stopped after its grant name grant and target', () => {
    expect(outputsOf({ decision, access: undefined, result: undefined }, {}, 'grant')).toEqual({
      target: 'prod',
      grant: 'nightly',
      granted: 'true',
      result: 'stopped',
    })
  })

  test.each([
    [result([]), undefined, 'success'],
    [result([], { exitCode: 1 }), undefined, 'failure'],
    [undefined, undefined, 'prepared'],
    [undefined, 'exchange', 'stopped'],
  ] as const)('say in one word what became of the run (%#)', (of, until, expected) => {
    expect(resultOf({ result: of }, until)).toBe(expected)
  })
})
