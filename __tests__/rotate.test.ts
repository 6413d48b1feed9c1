import { describe, expect, test } from '@jest/globals'
import { nextAudience } from '../src/trust/rotate/next.ts'
import { edited } from '../src/trust/rotate/policy-edit.ts'
import { auditLine, runRecord, tokenRecord } from '../src/report/audit.ts'
import { tokenRecords, usesOf } from '../src/trust/rotate/uses.ts'
import { claims, report, result } from './support/report.ts'

const both = { use: 'urn:new', also: 'urn:old' }

describe('the edit of a policy', () => {
  test.each<[string, string, string]>([
    [
      'replaces the value and leaves comments, quotes and order alone',
      `# ours\ntargets:\n  prod:   # the one\n    audience:  'urn:old' # since spring\n    connection: { type: "trino" }\n`,
      `# ours\ntargets:\n  prod:   # the one\n    audience:  { use: urn:new, also: urn:old } # since spring\n    connection: { type: "trino" }\n`,
    ],
    [
      'brings a key that was not there, above the first one, as that is indented',
      'targets:\n  dev: { connection: { type: duckdb } }\n  prod:\n      # where it is\n      connection:\n        type: trino\n',
      'targets:\n  dev: { connection: { type: duckdb } }\n  prod:\n      # where it is\n      audience: { use: urn:new, also: urn:old }\n      connection:\n        type: trino\n',
    ],
    [
      'goes into braces as well',
      'targets: { prod: { connection: { type: trino } } }',
      'targets: { prod: { audience: { use: urn:new, also: urn:old }, connection: { type: trino } } }',
    ],
    [
      'takes the place of a map over several lines',
      'targets:\n  prod:\n    audience:\n      use: urn:old\n      also: urn:older\n    connection: { type: trino }\n',
      'targets:\n  prod:\n    audience:\n      { use: urn:new, also: urn:old }\n    connection: { type: trino }\n',
    ],
  ])('%s', (_name, before, after) => {
    expect(edited(before, 'prod', { path: ['audience'], value: both })).toBe(after)
  })

  test('writes a text that YAML would take for something else in quotes', () => {
    const value = edited('targets:\n  prod:\n    audience: x\n', 'prod', {
      path: ['audience'],
      value: '# a: b',
    })
    expect(value).toBe('targets:\n  prod:\n    audience: "# a: b"\n')
  })

  test('goes below the identity of the target', () => {
    const text = 'targets:\n  prod:\n    identity:\n      via: aws\n      role: arn:1\n'
    expect(edited(text, 'prod', { path: ['identity', 'role'], value: 'arn:2' })).toBe(
      text.replace('arn:1', 'arn:2'),
    )
  })

  test('is refused where there is nothing that the key could stand in', () => {
    const edit = { path: ['identity', 'role'], value: 'arn:2' }
    expect(() => edited('targets:\n  prod:\n    audience: x\n', 'prod', edit)).toThrow(
      'The target prod of the policy has no place for `identity.role`.',
    )
  })
})

test.each([
  ['https://acme.snowflakecomputing.com', 'https://acme.snowflakecomputing.com/2026-q4'],
  ['https://acme.snowflakecomputing.com/2026-q3', 'https://acme.snowflakecomputing.com/2026-q4'],
  ['sts.amazonaws.com/2026-q4', 'sts.amazonaws.com/2026-q4.2'],
  ['sts.amazonaws.com/2026-q4.2', 'sts.amazonaws.com/2026-q4.3'],
  ['sts.amazonaws.com/2025-q4.9', 'sts.amazonaws.com/2026-q4'],
])('the audience after %s is %s', (old, next) => {
  expect(nextAudience(old, new Date('2026-11-24T12:00:00Z'))).toBe(next)
})

describe('who still uses the old', () => {
  const HOUR = 3_600_000
  const now = new Date('2026-11-24T12:00:00Z')
  const at = (hoursAgo: number): string => new Date(now.getTime() - hoursAgo * HOUR).toISOString()
  const line = (hoursAgo: number, aud: string, more: object = {}): string =>
    auditLine({
      ...tokenRecord({
        time: new Date(now.getTime() - hoursAgo * HOUR),
        use: 'exchange',
        outcome: 'exchanged',
        target: 'prod',
        access: { warehouse: 'redshift', via: 'aws', identity: 'role/one' },
        sha256: '0'.repeat(64),
        claims: {
          ...claims,
          aud,
          all: new Map([
            ['repository', 'acme/dbt'],
            ['ref', 'refs/heads/main'],
            ['run_id', '7'],
          ]),
        },
      }),
      ...more,
    })
  const uses = (lines: readonly string[]) =>
    usesOf(tokenRecords(lines.join('\n'), 'audit.jsonl'), {
      target: 'prod',
      old: { audience: 'old' },
      fresh: { audience: 'new' },
      now,
      quiet: 24 * HOUR,
    })

  test('is nobody once the last old use is before the first new one, and older than a run may live', () => {
    expect(uses([line(90, 'old'), line(80, 'new'), line(2, 'new')])).toEqual({
      old: [],
      fresh: 2,
      since: new Date(at(80)),
    })
  })

  test('is whoever came by the old one after the move, however long ago', () => {
    const { old } = uses([line(200, 'new'), line(100, 'old')])
    expect(old).toEqual([{ time: new Date(at(100)), who: 'acme/dbt refs/heads/main run 7', started: false }])
  })

  test('is nobody who came late and has moved since', () => {
    expect(uses([line(200, 'new'), line(100, 'old'), line(90, 'new')]).old).toEqual([])
  })

  test('may be a run that began before the move and lives', () => {
    expect(uses([line(5, 'old'), line(3, 'new')]).old.map(({ started }) => started)).toEqual([true])
  })

  test('is no other target, and not the decision, whose audience is its own', () => {
    const lines = [line(1, 'new'), line(0, 'old', { target: 'dev' }), line(0, 'old', { use: 'decision' })]
    expect(uses(lines)).toMatchObject({ old: [], fresh: 1 })
  })

  test('is told by the identity where that is what changes', () => {
    const records = tokenRecords([line(1, 'a'), line(2, 'a', { identity: 'role/two' })].join('\n'), 'f')
    const { old, fresh } = usesOf(records, {
      target: 'prod',
      old: { audience: 'a', identity: 'role/one' },
      fresh: { audience: 'a', identity: 'role/two' },
      now,
      quiet: 0,
    })
    expect([old.length, fresh]).toEqual([1, 1])
  })

  test('is told from nothing but whole records, and the line that is none is named', () => {
    const run = runRecord(report(result([])), { time: now, result: 'success', seconds: 1 })
    expect(tokenRecords(`${auditLine(run)}\n\n`, 'f')).toEqual([])
    expect(() => tokenRecords(`${line(1, 'a')}\n{"record":"tok`, 'audit.jsonl')).toThrow(
      'audit.jsonl:2 is no record of the action’s audit log.'.replace('’', "'"),
    )
  })
})
