import { describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { identify, parseIdentity } from '../src/process.ts'
import { auditOf, GRANTED, openJob, type Job } from './support/job.ts'
import { becomes, until } from './support/lines.ts'
import { logOf, remainsOf } from './support/process.ts'
import type { StepOptions, StepResult } from './support/step.ts'

// More than one use of the action at a time: in one job, and in two jobs of one machine, under one user.

const DATABRICKS =
  '{ type: databricks, host: acme.cloud.databricks.com, http_path: /sql/1.0/warehouses/w, schema: dbt, client_id: 8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10 }'
const PREPARED = { ...GRANTED, run: '', connection: DATABRICKS }
/** Seconds that a token lives: a process that renews has something to do. */
const SHORT = { ttl: 20 }

const opened = (): Promise<Job> => openJob(SHORT, {}, { 'dbt-databricks': '1.12.8' })
const prepare = (job: Job, options: StepOptions = {}): Promise<StepResult> =>
  job.step({ inputs: PREPARED, ...options })

const directoryOf = (step: StepResult): string => step.outputs.get('profiles-dir') ?? ''
const keeperOf = (step: StepResult): number => parseIdentity(step.state.get('keeper') ?? '')?.pid ?? 0
const lives = (pid: number): boolean => identify(pid) !== undefined
const tokenOf = (step: StepResult): string =>
  readFileSync(join(directoryOf(step), 'databricks-oidc-token'), 'utf8')
const isWhole = (step: StepResult): boolean =>
  lives(keeperOf(step)) && readdirSync(directoryOf(step)).includes('profiles.yml')
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const auditIn = (step: StepResult) =>
  auditOf(readFileSync(join(step.paths.temp, 'dbt-oidc-audit.jsonl'), 'utf8'))
const shasIn = (step: StepResult): unknown[] =>
  auditIn(step).flatMap((one) => (one.record === 'token' ? [one.token_sha256] : []))

describe('two uses in one job', () => {
  test.each([
    ['in reverse, as a runner does', true],
    ['in their order', false],
  ])(
    'leave later steps two profiles, and each post step ends and removes its own (%s)',
    async (_order, reversed) => {
      await using job = await opened()
      await using first = await prepare(job)
      await using second = await prepare(job, { after: first })
      expect([first.exitCode, second.exitCode]).toEqual([0, 0])
      expect(new Set(remainsOf(first))).toEqual(new Set([first, second].map(directoryOf)))
      expect(keeperOf(first)).not.toBe(keeperOf(second))
      expect([first, second].map(isWhole)).toEqual([true, true])
      // The environment of later steps is that of the last use.
      expect(second.laterEnv()).toMatchObject({ DBT_PROFILES_DIR: directoryOf(second) })
      const [early, late] = reversed ? [second, first] : [first, second]
      expect([(await early.post()).exitCode, existsSync(directoryOf(early)), isWhole(late)]).toEqual([
        0,
        false,
        true,
      ])
      expect(lives(keeperOf(early))).toBe(false)
      expect([(await late.post()).exitCode, remainsOf(late), lives(keeperOf(late))]).toEqual([0, [], false])
      expect(new Set(shasIn(late))).toEqual(new Set(job.issuer.minted.map(sha256)))
    },
  )

  test('of which one runs dbt and one prepares know each other’s exports, and touch nothing else of each other', async () => {
    await using job = await opened()
    await using prepared = await prepare(job)
    await using ran = await job.step({ inputs: { ...GRANTED, connection: DATABRICKS }, after: prepared })
    expect({ exitCode: ran.exitCode, log: ran.exitCode === 0 ? '' : logOf(ran) }).toEqual({
      exitCode: 0,
      log: '',
    })
    const [run] = job.dbt.runs()
    expect(run?.profilesDir).not.toBe(directoryOf(prepared))
    expect([remainsOf(ran), isWhole(prepared)]).toEqual([[directoryOf(prepared)], true])
    expect([(await ran.post()).exitCode, isWhole(prepared)]).toEqual([0, true])
    expect([(await prepared.post()).exitCode, remainsOf(prepared)]).toEqual([0, []])
  })

  test('of which one fails leave the other what it had', async () => {
    await using job = await opened()
    await using prepared = await prepare(job)
    await using denied = await prepare(job, {
      after: prepared,
      inputs: { ...PREPARED, ref: 'refs/heads/other' },
    })
    expect([denied.exitCode, (await denied.post()).exitCode, isWhole(prepared)]).toEqual([1, 0, true])
    expect([(await prepared.post()).exitCode, remainsOf(prepared)]).toEqual([0, []])
  })

  test('at one time write their lines of one audit log whole, each its own', async () => {
    await using job = await opened()
    await using before = await job.step({ inputs: { ...GRANTED, until: 'claims' } })
    const steps = await Promise.all(
      Array.from({ length: 4 }, () => job.step({ inputs: { ...GRANTED, run: 'build' }, after: before })),
    )
    expect(steps.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0])
    const records = auditIn(before)
    expect(records.filter(({ record }) => record === 'run').length).toBe(5)
    const decided = records.flatMap((one) => (one.record === 'token' ? [one.token_sha256] : []))
    expect(new Set(decided)).toEqual(new Set(job.issuer.minted.map(sha256)))
  })
})

describe('two jobs of one machine', () => {
  test('with directories of their own mix neither files nor tokens nor processes, and one ends without the other', async () => {
    await using one = await opened()
    await using other = await opened()
    const [a, b] = await Promise.all([prepare(one), prepare(other)])
    await using _a = a
    await using _b = b
    expect([isWhole(a), isWhole(b)]).toEqual([true, true])
    expect(keeperOf(a)).not.toBe(keeperOf(b))
    expect([one.issuer.minted.includes(tokenOf(a)), other.issuer.minted.includes(tokenOf(b))]).toEqual([
      true,
      true,
    ])
    expect([remainsOf(a), remainsOf(b)]).toEqual([[directoryOf(a)], [directoryOf(b)]])
    expect([(await a.post()).exitCode, remainsOf(a), isWhole(b)]).toEqual([0, [], true])
    const before = tokenOf(b)
    await becomes(() => tokenOf(b) !== before)
    expect([(await b.post()).exitCode, remainsOf(b)]).toEqual([0, []])
    expect(shasIn(a).filter((sha) => shasIn(b).includes(sha))).toEqual([])
    expect(new Set(shasIn(a))).toEqual(new Set(one.issuer.minted.map(sha256)))
    expect(new Set(shasIn(b))).toEqual(new Set(other.issuer.minted.map(sha256)))
  }, 90_000)

  test('of which one is cancelled: the dbt of the other goes on', async () => {
    await using one = await openJob({}, { hang: true })
    await using other = await openJob({}, { hang: true })
    const cancelled = Promise.withResolvers<void>()
    const [a, b] = await Promise.all([
      one
        .step({
          async during(child, lines) {
            await until(lines, /READY/)
            child.kill('SIGINT')
          },
        })
        .finally(() => cancelled.resolve()),
      other.step({
        async during(child, lines) {
          await until(lines, /READY/)
          await cancelled.promise
          const [run] = other.dbt.runs()
          expect([
            lives(run?.pid ?? 0),
            readdirSync(run?.profilesDir ?? '').includes('profiles.yml'),
          ]).toEqual([true, true])
          expect(other.dbt.signals()).toEqual([])
          child.kill('SIGINT')
        },
      }),
    ])
    await using _a = a
    await using _b = b
    expect([a.exitCode, b.exitCode, remainsOf(a), remainsOf(b)]).toEqual([1, 1, [], []])
    expect([one.dbt.signals(), other.dbt.signals()]).toEqual([['SIGINT'], ['SIGINT']])
  })
})

/** As a runner does before a job and after it. */
function emptied({ paths }: StepResult): void {
  for (const name of readdirSync(paths.temp)) rmSync(join(paths.temp, name), { recursive: true })
  mkdirSync(join(paths.temp, '_runner_file_commands'), { recursive: true })
}
/** The next job: it has nothing of the environment of the one before. */
const nextJob = (job: Job, { paths }: StepResult): Promise<StepResult> =>
  prepare(job, { after: { paths, carried: { env: {}, path: [] } } as unknown as StepResult })

describe('a job after another in the same directory', () => {
  test('that the runner has emptied: a late post step finds nothing, and what the next job has stays', async () => {
    await using job = await opened()
    await using before = await prepare(job)
    emptied(before)
    await using next = await nextJob(job, before)
    expect([next.exitCode, remainsOf(next)]).toEqual([0, [directoryOf(next)]])
    const late = await before.post()
    expect([late.exitCode, remainsOf(next), isWhole(next)]).toEqual([0, [directoryOf(next)], true])
    // What the emptied job had left ends, by its post step or by itself.
    await becomes(() => !lives(keeperOf(before)))
    expect([(await next.post()).exitCode, remainsOf(next), lives(keeperOf(next))]).toEqual([0, [], false])
  }, 60_000)

  test('that nobody has emptied: a late post step removes its own, and what the next job has stays', async () => {
    await using job = await opened()
    await using before = await prepare(job)
    await using next = await nextJob(job, before)
    expect((await before.post()).exitCode).toBe(0)
    expect([remainsOf(next), isWhole(next), lives(keeperOf(before))]).toEqual([
      [directoryOf(next)],
      true,
      false,
    ])
    expect([(await next.post()).exitCode, remainsOf(next)]).toEqual([0, []])
  })

  test('whose renewing process got the number of one before is not ended by that one’s post step', async () => {
    await using job = await opened()
    await using before = await prepare(job)
    await using next = await nextJob(job, before)
    const [, began = ''] = (before.state.get('keeper') ?? '').split(' ')
    expect(began).not.toBe('')
    // The number of the next job's, with the start of the one before.
    const reused = `${keeperOf(next)} ${began}`
    const late = await before.post({ env: { STATE_keeper: reused } })
    expect([late.exitCode, isWhole(next), existsSync(directoryOf(before))]).toEqual([0, true, false])
    expect((await next.post()).exitCode).toBe(0)
    // Its directory is gone, and so it ends by itself.
    await becomes(() => !lives(keeperOf(before)))
  }, 60_000)

  test('whose state names the directory of another job deletes nothing of it', async () => {
    await using job = await opened()
    await using before = await prepare(job)
    await using next = await nextJob(job, before)
    const late = await before.post({ env: { STATE_directory: directoryOf(next) } })
    expect([late.exitCode, isWhole(next)]).toEqual([1, true])
    expect(logOf(late)).toContain('Cleaning up did not succeed.')
    expect(remainsOf(next).map((path) => basename(path))).toHaveLength(2)
    for (const step of [next, before]) expect((await step.post()).exitCode).toBe(0)
    expect(remainsOf(next)).toEqual([])
  })
})
