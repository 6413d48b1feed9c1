import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { GRANTED, openJob, remains } from './support/job.ts'
import { identify } from '../src/process.ts'

// What a step says goes nowhere: `/dev/full` says of every write that there is no space left.

let dist: string
beforeAll(() => {
  dist = mkdtempSync(join(tmpdir(), 'unread-'))
  writeFileSync(join(dist, 'package.json'), '{"type":"module"}')
  for (const script of ['main.js', 'post.js']) {
    const real = pathToFileURL(resolve(import.meta.dirname, '..', 'dist', script)).href
    // The lowest number that is free is given to what is opened next.
    writeFileSync(
      join(dist, script),
      `import { closeSync, openSync } from 'node:fs'
closeSync(1)
openSync('/dev/full', 'w')
await import(${JSON.stringify(real)})`,
    )
  }
})
afterAll(() => rmSync(dist, { recursive: true }))

describe('a step whose standard output takes nothing', () => {
  test('ends dbt, exits by 1, and leaves nothing', async () => {
    await using job = await openJob({}, { hang: true })
    await using step = await job.step({ dist })
    const [run] = job.dbt.runs()
    expect([step.exitCode, remains(step), step.outputs.get('result')]).toEqual([1, [], 'failure'])
    expect([run?.command, identify(run?.pid ?? 0)]).toEqual(['build', undefined])
  })

  test('has not succeeded, though all that was to be done is', async () => {
    await using job = await openJob()
    await using step = await job.step({ dist, inputs: { ...GRANTED, run: '', until: 'grant' } })
    expect([step.exitCode, step.outputs.get('granted'), remains(step)]).toEqual([1, 'true', []])
  })

  test('is no post step that has succeeded, even if these were its last words', async () => {
    await using job = await openJob()
    await using step = await job.step()
    // The last thing that it says, and it says so in vain.
    const gone = { STATE_keeper: '2147483647 1', STATE_directory: '', STATE_process: '' }
    const heard = await step.post({ env: gone })
    expect([heard.exitCode, heard.log.text]).toEqual([0, expect.stringContaining('had ended before')])
    await using unread = await job.step({ dist, inputs: { ...GRANTED, run: '', until: 'grant' } })
    expect((await unread.post({ env: gone })).exitCode).toBe(1)
  })
})
