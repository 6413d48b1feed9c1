import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { linesOf } from './support/audit-lines.ts'
import { cli } from './support/cli.ts'
import { openJob } from './support/job.ts'

const log = (...jobs: Parameters<typeof linesOf>[0][]): string => `${jobs.flatMap(linesOf).join('\n')}\n`
const NIGHTLY = log({ at: '2026-11-20T01:00:00Z' })
const REFUSED = log({
  at: '2026-11-21T09:30:00Z',
  claims: { run_id: '2', actor: 'bob' },
  trades: ['refused'],
  result: 'failure',
})

describe('dbt-oidc audit', () => {
  test('tells who reached which target when, from what a real run has written', async () => {
    await using job = await openJob()
    await using step = await job.step()
    const written = readFileSync(step.outputs.get('audit-log') ?? '', 'utf8')
    const { code, stdout, stderr } = await cli(['audit', 'audit.jsonl'], { 'audit.jsonl': written })
    expect([code, stderr]).toEqual([0, ''])
    const [head, line, , end] = stdout.split('\n')
    expect(head).toMatch(
      /^from \(UTC\) +target +actor +repository +ref +run +grant +outcome +result +identity$/,
    )
    expect(line).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}prod +\S+ +o\/r +refs\/heads\/main +\d+\/1 +inputs +granted +success +repo:o\/r:ref:refs\/heads\/main$/,
    )
    expect(end).toBe('1 job by 1 actor at 1 target, 0 refused.')
  })

  test('reads every log below a directory, and a pipe', async () => {
    const files = { 'logs/a/one.jsonl': REFUSED, 'logs/b.jsonl': NIGHTLY, 'logs/readme.md': 'no log' }
    const { code, stdout } = await cli(['audit', 'logs', '--json'], files)
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { missing: [], reached: [{ actor: 'alice' }, { actor: 'bob', outcomes: ['refused'] }] },
    ])
    const piped = await cli(['audit', '-', '--csv'], {}, {}, process.execPath, NIGHTLY)
    expect(piped.stdout.split('\r\n').map((row) => row.slice(0, 26))).toEqual([
      '"from","to","target","outc',
      '"2026-11-20T01:00:00.000Z"',
      '',
    ])
  })

  test('takes no file for a target, and targets one by one', async () => {
    const files = { 'a.jsonl': NIGHTLY }
    const found = await cli(['audit', '--target', 'prod', '--actor', 'alice', 'a.jsonl', '--json'], files)
    expect([found.code, JSON.parse(found.stdout)]).toMatchObject([0, { reached: [{ actor: 'alice' }] }])
    const none = await cli(['audit', '--target', 'ci', '--target', 'dev', 'a.jsonl'], files)
    expect([none.code, none.stdout]).toEqual([0, 'Nobody: no record fits.\n'])
  })

  test('finds what was refused, and then ends with exit code 1', async () => {
    const files = { 'a.jsonl': NIGHTLY, 'b.jsonl': REFUSED }
    const found = await cli(['audit', 'a.jsonl', 'b.jsonl', '--refused'], files)
    expect([found.code, found.stdout.match(/^2026/gm)?.length]).toEqual([1, 1])
    const none = await cli(['audit', 'a.jsonl', 'b.jsonl', '--refused', '--until', '2026-11-20'], files)
    expect([none.code, none.stdout]).toEqual([0, 'Nobody: no record fits.\n'])
  })

  test('names what it cannot read beside what it can, and ends with exit code 3', async () => {
    const { code, stdout, stderr } = await cli(['audit', 'a.jsonl'], { 'a.jsonl': `${NIGHTLY}{"schema":1,` })
    expect([code, stdout.match(/^2026/gm)?.length]).toEqual([3, 1])
    expect(stderr).toBe("! a.jsonl:4 is no record of the action's audit log.\n")
    expect((await cli(['audit', 'none.jsonl'], {})).code).toBe(3)
  })

  test('keeps what it has read in one file by the order of time, and writes over none', async () => {
    const files = { 'a.jsonl': REFUSED, 'b.jsonl': NIGHTLY }
    const kept = await cli(['audit', 'a.jsonl', 'b.jsonl', '--out', 'all.jsonl', '--json'], files)
    expect([kept.code, kept.files]).toEqual([0, expect.arrayContaining(['all.jsonl'])])
    const refused = await cli(['audit', 'a.jsonl', '--out', 'b.jsonl'], files)
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('b.jsonl is there already.')])
  })

  test.each([
    [['audit'], 'There is nothing to read.'],
    [['audit', 'a', '--csv', '--json'], '--csv and --json are two forms.'],
    [['audit', 'a', '--since', 'soon'], 'Write 90d, 12h, 2026-09-01 or 2026-09-01T06:00Z.'],
    [['audit', 'a', '--refusd'], 'did you mean --refused?'],
  ])('%j is refused with exit code 2', async (args, said) => {
    const { code, stdout, stderr } = await cli(args, {})
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(said)])
  })
})
