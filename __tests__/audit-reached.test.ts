import { describe, expect, test } from '@jest/globals'
import { readAudit, together } from '../src/audit/read.ts'
import { reachedBy, type Reached } from '../src/audit/reached.ts'
import { isWanted, momentOf, type Wanted } from '../src/audit/select.ts'
import { csvOf } from '../src/audit/told.ts'
import { jsonOf } from '../src/json.ts'
import { linesOf, type LoggedJob } from './support/audit-lines.ts'

const NIGHTLY = { at: '2026-11-20T01:00:00Z', trades: ['exchanged', 'exchanged', 'exchanged'] } as const
const BY_HAND: LoggedJob = {
  at: '2026-11-21T09:30:00Z',
  claims: { run_id: '2', actor: 'bob', event_name: 'workflow_dispatch' },
  trades: ['refused'],
  result: 'failure',
}
const FOREIGN: LoggedJob = {
  at: '2026-11-22T12:00:00Z',
  claims: { run_id: '3', actor: 'eve', ref: 'refs/heads/try' },
  denied: true,
}

const reached = (...jobs: readonly LoggedJob[]): readonly Reached[] =>
  reachedBy(readAudit(jobs.flatMap(linesOf).join('\n'), 'audit.jsonl').records)

describe('who reached which target', () => {
  test('is one line for each job, however often it renewed its credential, with how its run ended', () => {
    expect(reached(NIGHTLY)).toEqual([
      {
        from: '2026-11-20T01:00:00.000Z',
        to: '2026-11-20T01:01:00.000Z',
        target: 'prod',
        outcomes: ['exchanged'],
        results: ['success'],
        actor: 'alice',
        repository: 'acme/dbt',
        ref: 'refs/heads/main',
        environment: 'production',
        event: 'schedule',
        run: '9876543210',
        attempt: '2',
        grant: 'nightly',
        warehouse: 'snowflake',
        via: 'direct',
        identity: 'repo:acme/dbt:environment:production',
        tokens: 4,
        expiresAt: '2026-11-20T02:00:02.000Z',
        errors: [],
        invocations: ['d924179a-1658-4d19-88c7-60384d8d6d16'],
        issuer: 'https://token.actions.githubusercontent.com',
        subject: 'repo:acme/dbt:environment:production',
      },
    ])
  })

  test('keeps jobs, attempts, targets and verdicts apart, and goes by time whatever the order of the files', () => {
    const again = { ...NIGHTLY, at: '2026-11-20T03:00:00Z', claims: { run_attempt: '3' } }
    const both = reached(FOREIGN, again, { ...NIGHTLY, target: 'staging' }, BY_HAND, NIGHTLY)
    expect(both.map(({ from, target, outcomes }) => [from.slice(5, 16), target, ...outcomes])).toEqual([
      ['11-20T01:00', 'staging', 'exchanged'],
      ['11-20T01:00', 'prod', 'exchanged'],
      ['11-20T03:00', 'prod', 'exchanged'],
      ['11-21T09:30', 'prod', 'refused'],
      ['11-22T12:00', 'prod', 'denied'],
    ])
  })

  test('counts a record once, however often its file is given', () => {
    const log = readAudit(linesOf(NIGHTLY).join('\n'), 'a')
    expect(together([log, log]).records).toHaveLength(log.records.length)
  })

  test('names the lines that are no record, and reads the others', () => {
    const [first = '', second = ''] = linesOf(NIGHTLY)
    expect(readAudit(`${first}\n\n${second.slice(0, 40)}\n[]\n`, 'a\u001b[2J.jsonl')).toMatchObject({
      records: [{ use: 'decision' }],
      faults: [
        "a\\u{1b}[2J.jsonl:3 is no record of the action's audit log.",
        "a\\u{1b}[2J.jsonl:4 is no record of the action's audit log.",
      ],
    })
  })

  test('reads who it was of other issuers as well', () => {
    const all = new Map([
      ['project_path', 'acme/gitlab'],
      ['user_login', 'carol'],
      ['pipeline_id', '77'],
    ])
    const [line = ''] = linesOf(NIGHTLY)
    const record = JSON.parse(line) as { claims: Record<string, string> }
    const { iss = '', sub = '', aud = '', jti = '' } = record.claims
    const other = { ...record, claims: { iss, sub, aud, jti, ...Object.fromEntries(all) } }
    expect(reachedBy(readAudit(JSON.stringify(other), 'a').records)).toMatchObject([
      { repository: 'acme/gitlab', actor: 'carol', run: '77', attempt: null },
    ])
  })
})

const day = (date: string): Date => new Date(`${date}T00:00:00Z`)

describe('what is looked for', () => {
  const all = reached(NIGHTLY, BY_HAND, FOREIGN)
  test.each<[string, Wanted, string[]]>([
    ['everything', {}, ['alice', 'bob', 'eve']],
    ['a target that nobody asked for', { targets: ['dev'] }, []],
    ['some people', { actors: ['eve', 'alice'] }, ['alice', 'eve']],
    ['what was refused, by whomever', { refused: true }, ['bob', 'eve']],
    ['from a moment on', { since: day('2026-11-21') }, ['bob', 'eve']],
    ['until before a moment', { until: day('2026-11-22') }, ['alice', 'bob']],
    [
      'a moment within a job',
      { since: new Date('2026-11-20T01:00:30Z'), until: day('2026-11-21') },
      ['alice'],
    ],
  ])('%s', (_name, wanted, actors) => {
    expect(all.filter((one) => isWanted(one, wanted)).map(({ actor }) => actor)).toEqual(actors)
  })

  const now = new Date('2026-11-24T12:00:00Z')
  test.each([
    ['90d', '2026-08-26T12:00:00.000Z', '2026-08-26T12:00:00.000Z'],
    ['12h', '2026-11-24T00:00:00.000Z', '2026-11-24T00:00:00.000Z'],
    ['2w', '2026-11-10T12:00:00.000Z', '2026-11-10T12:00:00.000Z'],
    ['2026-09-01', '2026-09-01T00:00:00.000Z', '2026-09-02T00:00:00.000Z'],
    ['2026-09-01T06:00', '2026-09-01T06:00:00.000Z', '2026-09-01T06:00:00.000Z'],
    ['2026-09-01T06:00+02:00', '2026-09-01T04:00:00.000Z', '2026-09-01T04:00:00.000Z'],
    ['2026-02-31', undefined, undefined],
    ['2026-02-31T10:00', undefined, undefined],
    ['2026-01-01T25:00', undefined, undefined],
    ['yesterday', undefined, undefined],
    ['', undefined, undefined],
  ])('%j as a beginning and as an end', (text, since, until) => {
    expect([momentOf(text, now)?.toISOString(), momentOf(text, now, true)?.toISOString()]).toEqual([
      since,
      until,
    ])
  })
})

/** As RFC 4180 reads it. */
const rowsOf = (csv: string): string[][] =>
  csv
    .trimEnd()
    .split('\r\n')
    .map((row) =>
      [...row.matchAll(/"((?:[^"]|"")*)"(?:,|$)/g)].map(([, cell = '']) => cell.replaceAll('""', '"')),
    )

describe('CSV', () => {
  test.each([
    "=cmd|' /C calc'!A0",
    '+1+1',
    '-2+3',
    '@SUM(A1)',
    '\t=1',
    '  =1',
    '"=1',
    '\uff1d1+1',
    '%0A=1',
    '|x',
  ])('has no formula in it: %j', (actor) => {
    const [head, row] = rowsOf(csvOf(reached({ ...BY_HAND, claims: { ...BY_HAND.claims, actor } })))
    const at = head?.indexOf('actor') ?? -1
    expect(row?.[at]).toMatch(/^'|^\\u/)
    expect(row).toHaveLength(head?.length ?? 0)
    for (const cell of row ?? []) expect(cell).not.toMatch(/^\s*[=+\-@|%\uff1d]/)
  })

  test('keeps quotes, commas and line ends within their cell', () => {
    const ref = 'a",\r\n"=1'
    const rows = rowsOf(csvOf(reached({ ...BY_HAND, claims: { ref } }, NIGHTLY)))
    expect(rows.map((row) => row.length)).toEqual([22, 22, 22])
    expect(rows.flat()).toContain('a",\\u{d}\\u{a}"=1')
  })
})

test('JSON holds nothing that could steer a terminal or turn its text around, and reads back as it was', () => {
  const value = { text: 'a\u009b31m\u202eb\u{e0041}\u2028\u001b[2J' }
  const text = jsonOf(value)
  expect(text).not.toMatch(/[\p{Cf}\p{Zl}\u007f-\u009f]/u)
  expect(JSON.parse(text)).toEqual(value)
})
