import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import {
  formatFileCommand,
  OUTPUT_NAMES,
  outputsOf,
  outputsOfFailure,
  resultOf,
} from '../src/report/outputs.ts'
import { access, decision, denied, node, report, result } from './support/report.ts'
import { parseFileCommands } from './support/runner.ts'

const delimiter = 'ghadelimiter_0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9'
const write = (name: string, value: string, mark = delimiter): string =>
  formatFileCommand(name, value, mark, OUTPUT_NAMES)
const internal = expect.objectContaining({ code: 'internal' })

describe('an entry for a file of the runner', () => {
  test.each([
    'a\nevil=1',
    'a\nevil<<X\n1\nX',
    '',
    '\n',
    '\r\n',
    'a\r',
    ' x ',
    'a=b',
    '<<',
    'ghadelimiter_',
    '\u2028',
  ])('is read by the runner as one output with the exact value: %j', (value) => {
    expect([...parseFileCommands(write('target', value) + write('grant', 'x'))]).toEqual([
      ['target', value],
      ['grant', 'x'],
    ])
  })

  test('is read by the runner as it was written, whatever the values are', () => {
    const value = fc
      .array(
        fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\n', '\r', '=', '<<', 'evil=1', 'grant<<X')),
      )
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(value, value, (one, two) => {
        const file = write('target', one) + write('identity', two)
        expect(parseFileCommands(Buffer.from(file, 'utf8').toString('utf8'))).toEqual(
          new Map([
            ['target', one.toWellFormed()],
            ['identity', two.toWellFormed()],
          ]),
        )
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['the delimiter alone', delimiter],
    ['the delimiter on a line of its own', `x\n${delimiter}\nevil=1`],
    ['the delimiter inside a word', `x${delimiter}x`],
  ])('is refused when the value holds %s', (_, value) => {
    expect(() => write('target', value)).toThrow(internal)
  })

  test('does not repeat a value that it refuses', () => {
    expect(() => write('target', `hunter2 ${delimiter}`)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    )
  })

  test.each([
    'NODE_OPTIONS',
    'PATH',
    'target\nevil',
    'target=x',
    '',
    'Target',
    'constructor',
    '__proto__',
    delimiter,
  ])('is refused for a name that is not expected: %j', (name) => {
    expect(() => write(name, 'x')).toThrow(internal)
  })

  test.each(['a<<b', 'a=b', 'a\nb', ' a', ''])(
    'is refused for a name that the runner would misread, even if it is expected: %j',
    (name) => {
      expect(() => formatFileCommand(name, 'x', delimiter, [name])).toThrow(internal)
    },
  )

  test.each(['', 'EOF', 'short', `${delimiter}\n`, `a b ${delimiter}`])(
    'is refused with a delimiter that could be guessed or misread: %j',
    (mark) => {
      expect(() => write('target', 'x', mark)).toThrow(internal)
    },
  )
})

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

  test('of a failure before the decision do not say whether it was granted', () => {
    expect(outputsOfFailure({}, {})).toEqual({ result: 'failure' })
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
