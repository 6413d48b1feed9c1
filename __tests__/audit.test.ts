import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { auditSchema } from '../scripts/generate/audit-schema.ts'
import { auditLine, runRecord, tokenRecord, type TokenUse } from '../src/report/audit.ts'
import { auditRecordSchema } from '../src/report/audit-record.ts'
import { auditRecords } from './support/audit-schema.ts'
import {
  access,
  artifacts,
  claims,
  decision,
  denied,
  line,
  node,
  nodes,
  report,
  result,
} from './support/report.ts'
import { runs } from './support/runs.ts'

const time = new Date('2026-11-24T08:26:15.354Z')
const sha256 = 'ab'.repeat(32)
const use: TokenUse = {
  time,
  use: 'exchange',
  outcome: 'exchanged',
  claims,
  sha256,
  decision: 'granted',
  grant: 'nightly',
  target: 'prod',
  access,
  trades: 'action',
  expiresAt: access.expiresAt,
}
const who = {
  iss: claims.iss,
  sub: claims.sub,
  aud: claims.aud,
  jti: claims.jti,
  repository: 'acme/dbt',
  repository_id: '456',
  repository_owner_id: '123',
  ref: 'refs/heads/main',
  sha: '8f14e45fceea167a5a36dedd4bea2543f0b1c2d3',
  environment: 'production',
  event_name: 'schedule',
  actor: 'alice',
  actor_id: '1001',
  workflow_ref: 'acme/dbt/.github/workflows/nightly.yml@refs/heads/main',
  job_workflow_ref: 'acme/dbt/.github/workflows/nightly.yml@refs/heads/main',
  run_id: '9876543210',
  run_attempt: '2',
  check_run_id: '55501',
}

describe('the published schema', () => {
  test('is the one that the records are made by', () => {
    expect(readFileSync(join(import.meta.dirname, '..', 'schema-audit.json'), 'utf8')).toBe(auditSchema())
  })

  test('takes the records of uses and runs, of another issuer as well, and a field more of a later version', () => {
    const other = { ...claims, from: 'gitlab', all: new Map([['project_path', 'acme/dbt']]) }
    const lines = [
      tokenRecord(use),
      tokenRecord({ ...use, claims: other }),
      runRecord(report(result(nodes)), { time, result: 'success', seconds: 1 }),
    ].map(auditLine)
    expect(auditRecords(lines.join('\n'))).toHaveLength(3)
    expect(auditRecordSchema.safeParse({ ...tokenRecord(use), later: 1 }).success).toBe(true)
  })

  test.each([
    ['a token where its digest should be', { token_sha256: 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln' }],
    ['an outcome that nobody knows', { outcome: 'maybe' }],
    ['a field without a name in it', { more: 1 }],
    ['a claim that is no text', { claims: { ...who, run_id: 7 } }],
    ['a time of another zone', { time: '2026-11-24T08:26:15.354+01:00' }],
  ])('refuses %s', (_what, over) => {
    expect(() => auditRecords(JSON.stringify({ ...tokenRecord(use), ...over }))).toThrow('schema')
  })
})

describe('the record of a token use', () => {
  test('says who, by which grant, as whom, until when and with what outcome, in this order', () => {
    expect(auditLine(tokenRecord(use))).toBe(
      JSON.stringify({
        schema: 1,
        record: 'token',
        time: '2026-11-24T08:26:15.354Z',
        use: 'exchange',
        outcome: 'exchanged',
        error: null,
        decision: 'granted',
        grant: 'nightly',
        target: 'prod',
        policy: null,
        warehouse: 'snowflake',
        via: 'direct',
        identity: 'repo:acme/dbt:environment:production',
        trades: 'action',
        expires_at: '2026-11-24T09:26:18.500Z',
        token_sha256: sha256,
        claims: who,
      }),
    )
  })

  test('of a denial has the same keys, and null for what there is not', () => {
    const record = tokenRecord({
      time,
      use: 'decision',
      outcome: 'denied',
      claims: { ...claims, all: new Map() },
      sha256,
      decision: 'denied',
      error: 'no-grant',
    })
    expect(Object.keys(record)).toEqual(Object.keys(tokenRecord(use)))
    expect(record).toMatchObject({
      outcome: 'denied',
      error: 'no-grant',
      grant: null,
      target: null,
      identity: null,
      expires_at: null,
    })
    expect(JSON.parse(auditLine(record)).claims).toEqual({
      ...Object.fromEntries(Object.keys(who).map((name) => [name, null])),
      iss: who.iss,
      sub: who.sub,
      aud: who.aud,
      jti: who.jti,
    })
  })

  test('holds no claim but the listed ones, however the others are called', () => {
    const all = new Map([
      ...claims.all,
      ['secret', 'hunter2'],
      ['__proto__', 'hunter2'],
      ['constructor', 'hunter2'],
    ])
    expect(auditLine(tokenRecord({ ...use, claims: { ...claims, all } }))).not.toContain('hunter2')
  })

  test('takes nothing from its sources but the listed fields', () => {
    const generous = {
      ...use,
      token: 'hunter2',
      access: { ...access, credential: 'hunter2' },
      claims: { ...claims, text: 'hunter2' },
    }
    expect(auditLine(tokenRecord(generous))).not.toContain('hunter2')
  })
})

describe('the record of a run', () => {
  test('says how it ended, what ran and what became of the nodes', () => {
    const lines = [
      line([], { command: 'dbt deps', artifacts: null, seconds: 1.23456 }),
      line(nodes, {
        command: 'dbt build --vars "{token: hunter2}"',
        exitCode: 1,
        artifacts: artifacts(nodes),
      }),
    ]
    expect(
      auditLine(
        runRecord(report({ lines, ok: false }), { time, result: 'failure', seconds: 12.34567, error: 'dbt' }),
      ),
    ).toBe(
      JSON.stringify({
        schema: 1,
        record: 'run',
        time: '2026-11-24T08:26:15.354Z',
        result: 'failure',
        error: 'dbt',
        decision: 'granted',
        grant: 'nightly',
        target: 'prod',
        policy: null,
        warehouse: 'snowflake',
        via: 'direct',
        identity: 'repo:acme/dbt:environment:production',
        expires_at: '2026-11-24T09:26:18.500Z',
        seconds: 12.346,
        dbt_version: '1.12.6',
        invocations: [
          { command: 'deps', invocation_id: null, exit_code: 0, signal: null, seconds: 1.235 },
          {
            command: 'build',
            invocation_id: 'd924179a-1658-4d19-88c7-60384d8d6d16',
            exit_code: 1,
            signal: null,
            seconds: 6.83,
          },
        ],
        counts: { error: 1, fail: 1, skipped: 1, success: 2, warn: 1 },
        claims: who,
      }),
    )
  })

  test.each([
    ['denied', { decision: denied, access: undefined, result: undefined }, 'failure'],
    ['prepared', { decision, access, result: undefined }, 'prepared'],
    ['stopped before a decision', { decision: undefined, access: undefined, result: undefined }, 'stopped'],
    [
      'killed',
      { decision, access, result: result([], { exitCode: undefined, signal: 'SIGKILL', artifacts: null }) },
      'failure',
    ],
  ] as const)('has the same keys when the run was %s', (_, over, ended) => {
    const full = runRecord(report(result(nodes)), { time, result: 'success', seconds: 1 })
    const record = runRecord({ claims, ...over }, { time, result: ended, seconds: 1 })
    expect(Object.keys(record)).toEqual(Object.keys(full))
    expect(record['result']).toBe(ended)
  })

  test('shows of a command only the verb of dbt, since the rest may hold a secret', () => {
    const commands = [
      'dbt --log-level debug test',
      'dbt hunter2',
      'dbt run-operation hunter2 --args "{x: hunter2}"',
      'build',
    ]
    const record = runRecord(
      report({ lines: commands.map((command) => line([node()], { command })), ok: true }),
      { time, result: 'success', seconds: 1 },
    )
    expect(record['invocations']).toMatchObject([
      { command: 'test' },
      { command: null },
      { command: 'run-operation' },
      { command: 'build' },
    ])
    expect(auditLine(record)).not.toContain('hunter2')
  })
})

describe('a line of the audit log', () => {
  test('is one line for every reader, holds no command of the runner, and reads back as it was', () => {
    const text = fc
      .array(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.constantFrom(
            '\n',
            '\r',
            '\u2028',
            '\u2029',
            '\u0085',
            '##[error]',
            '###[',
            '::error::x',
            '"',
            '\\',
            '\ud800',
          ),
        ),
      )
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, text, text, (identity, ref, grant) => {
        const all = new Map([...claims.all, ['ref', ref]])
        const record = tokenRecord({
          ...use,
          grant,
          claims: { ...claims, all },
          access: { ...access, identity },
        })
        const json = auditLine(record)
        expect(json).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
        expect(json).not.toContain('##[')
        expect(json.startsWith('{')).toBe(true)
        expect(json.isWellFormed()).toBe(true)
        expect(JSON.parse(json)).toEqual(record)
        auditRecords(json)
      }),
      { numRuns: runs(1000) },
    )
  })
})
