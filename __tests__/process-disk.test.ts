import { describe, expect, test } from '@jest/globals'
import { readdirSync, rmSync } from 'node:fs'
import { GRANTED, openJob, remains } from './support/job.ts'
import { canMount, mounted, type Mounted } from './support/mounted.ts'
import { logOf } from './support/process.ts'

// `/dev/full` says of every write that there is no space left.

describe('where the disk is full', () => {
  test('a summary that cannot be written is a warning, and the run succeeds (fault-disk-04)', async () => {
    await using job = await openJob()
    await using step = await job.step({ env: { GITHUB_STEP_SUMMARY: '/dev/full' } })
    expect([step.exitCode, job.dbt.runs().length, remains(step)]).toEqual([0, 1, []])
    expect(logOf(step)).toContain('##[warning]The job summary could not be written.\n')
  })

  test('an output that cannot be written fails the step, and nothing stays (fault-disk-04)', async () => {
    await using job = await openJob()
    await using step = await job.step({ env: { GITHUB_OUTPUT: '/dev/full' } })
    expect([step.exitCode, remains(step)]).toEqual([1, []])
    expect(logOf(step)).toContain(
      '✗ file: The runner’s file GITHUB_OUTPUT cannot be written: the disk is full.\n',
    )
  })

  test('a temporary directory that takes nothing ends the run before dbt', async () => {
    await using job = await openJob()
    await using step = await job.step({ env: { RUNNER_TEMP: '/proc' } })
    expect([step.exitCode, job.dbt.runs()]).toEqual([1, []])
    expect(logOf(step)).toContain('✗ file: /proc/dbt-oidc-audit.jsonl cannot be written')
  })

  test.each([
    ['GITHUB_STATE', '', 'prepared mode'],
    ['GITHUB_STATE', 'build', 'a run'],
    ['GITHUB_ENV', '', 'prepared mode'],
  ])('%s that cannot be written fails the step (%s, %s), and nothing stays', async (name, run) => {
    await using job = await openJob()
    await using step = await job.step({ inputs: { ...GRANTED, run }, env: { [name]: '/dev/full' } })
    expect([step.exitCode, job.dbt.runs(), remains(step)]).toEqual([1, [], []])
    expect(logOf(step)).toContain(`✗ file: The runner’s file ${name} cannot be written: the disk is full.\n`)
  })

  test('a post step that finds its directory gone has nothing to say (fault-disk-06)', async () => {
    await using job = await openJob()
    await using step = await job.step({ inputs: { ...GRANTED, run: '' } })
    rmSync(step.outputs.get('profiles-dir') ?? '', { recursive: true })
    const post = await step.post()
    expect([step.exitCode, post.exitCode, post.log.text, remains(step)]).toEqual([0, 0, '', []])
  })
})

const opened = (kib: number): Mounted => {
  const room = mounted(kib)
  if (!room) throw new Error('nothing could be mounted')
  return room
}

// A small file system of its own takes root, and a machine that lets root mount.
const SMALL = canMount()
describe('a temporary directory', () => {
  if (!SMALL) return test.todo('of few pages: only root can mount one')

  const AUDIT = 'dbt-oidc-audit.jsonl'
  const leftIn = ({ path }: Mounted): string[] => readdirSync(path).filter((name) => name !== AUDIT)
  // Each file takes a page of 4 KiB: the audit log, the marker of the directory, the profile.
  test.each([
    [4, 'The private directory could not be made in'],
    [8, 'profiles.yml could not be written'],
  ])(
    'with room for %i KiB is full half way: the run ends before dbt, and leaves no part of a file',
    async (kib, told) => {
      await using job = await openJob()
      using room = opened(kib)
      await using step = await job.step({ env: { RUNNER_TEMP: room.path } })
      expect([step.exitCode, step.outputs.get('result'), job.dbt.runs()]).toEqual([1, 'failure', []])
      expect(logOf(step)).toMatch(new RegExp(`✗ file: ${told}.*: the disk is full\\.`))
      expect(leftIn(room)).toEqual([])
      const post = await step.post({ env: { RUNNER_TEMP: room.path } })
      expect([post.exitCode, post.log.text]).toEqual([0, ''])
    },
  )

  test('with room enough is as good as any', async () => {
    await using job = await openJob()
    using room = opened(256)
    await using step = await job.step({ env: { RUNNER_TEMP: room.path } })
    expect([step.exitCode, job.dbt.runs().length, leftIn(room)]).toEqual([0, 1, []])
  })

  test('that is read-only ends the run before dbt', async () => {
    await using job = await openJob()
    using room = opened(64)
    room.seal()
    await using step = await job.step({ env: { RUNNER_TEMP: room.path } })
    expect([step.exitCode, job.dbt.runs(), readdirSync(room.path)]).toEqual([1, [], []])
    expect(logOf(step)).toMatch(/✗ file: .* cannot be written: the file system is read-only\./)
  })
})
