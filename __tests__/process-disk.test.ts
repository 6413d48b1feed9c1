import { describe, expect, test } from '@jest/globals'
import { openJob, remains } from './support/job.ts'
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
})
