import { describe, expect, test } from '@jest/globals'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { identify, parseIdentity } from '../src/process.ts'
import { GRANTED, openJob, remains, type Job } from './support/job.ts'
import { becomes } from './support/lines.ts'
import { logOf, remainsOf } from './support/process.ts'
import type { StepResult } from './support/step.ts'

const DATABRICKS = {
  ...GRANTED,
  run: '',
  connection:
    '{ type: databricks, host: acme.cloud.databricks.com, http_path: /sql/1.0/warehouses/w, schema: dbt, client_id: 8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10 }',
}

const prepare = (job: Job, dist?: string): Promise<StepResult> =>
  job.step({ inputs: DATABRICKS, ...(dist !== undefined && { dist }) })

const keeperOf = (step: StepResult): number => parseIdentity(step.state.get('keeper') ?? '')?.pid ?? 0
const lives = (pid: number): boolean => identify(pid) !== undefined

/** The built action with another program in the keeper's place. */
function distWith(keeper: string) {
  const directory = mkdtempSync(join(tmpdir(), 'dist-'))
  const dist = join(directory, 'dist')
  cpSync(resolve(import.meta.dirname, '..', 'dist'), dist, { recursive: true })
  writeFileSync(join(dist, 'keeper.js'), keeper)
  return { dist, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) }
}

const NOTE = `const { writeFileSync, writeSync } = require('node:fs')
writeFileSync(process.env.RUNNER_TEMP + '/pid', String(process.pid))
`

const noted = (step: StepResult): number => Number(readFileSync(join(step.paths.temp, 'pid'), 'utf8'))

describe('a step in prepared mode', () => {
  test('ends when the process that renews has answered, and not before', async () => {
    using changed = distWith(`setTimeout(() => {
        require('node:fs').writeFileSync(process.env.RUNNER_TEMP + '/began', '')
        require('./index.js').keeper()
      }, 1500)`)
    await using job = await openJob()
    await using step = await prepare(job, changed.dist)
    expect([existsSync(join(step.paths.temp, 'began')), step.exitCode]).toEqual([true, 0])
    expect(logOf(step)).toContain('the credential is renewed until the post step')
    expect(lives(keeperOf(step))).toBe(true)
    await using post = await step.post()
    expect([post.exitCode, lives(keeperOf(step))]).toEqual([0, false])
  })

  test.each([
    ['ends at once', 'process.exit(3)', 'ended at once with exit code 3'],
    ['cannot even be read', 'this is no program', 'ended at once with exit code 1'],
    ['says something else', `${NOTE}writeSync(3, 'well'); process.exit(4)`, 'ended at once with exit code 4'],
    ['never answers', `${NOTE}setInterval(() => undefined, 1000)`, 'did not answer'],
  ])('goes on with a warning where the process that renews %s', async (_how, keeper, said) => {
    using changed = distWith(keeper)
    await using job = await openJob()
    await using step = await prepare(job, changed.dist)
    expect([step.exitCode, step.outputs.get('result')]).toEqual([0, 'prepared'])
    const warnings = step.log.commands.filter(({ name }) => name === 'warning').map(({ data }) => data)
    expect(warnings).toContain(
      `The process that renews the credential ${said}: later steps go on with the present one until it ends.`,
    )
    expect([keeperOf(step), logOf(step).includes('is renewed until')]).toEqual([0, false])
    if (keeper.startsWith(NOTE)) await becomes(() => !lives(noted(step)))
    await using post = await step.post()
    // The step has told it already.
    expect([post.exitCode, logOf(post).includes('renews'), remainsOf(step)]).toEqual([0, false, []])
  })
})

test('a step that is cancelled while it waits for the answer ends at once, and leaves neither process nor file', async () => {
  using changed = distWith(`${NOTE}setInterval(() => undefined, 1000)`)
  await using job = await openJob()
  let temp = ''
  await using step = await job.step({
    inputs: DATABRICKS,
    dist: changed.dist,
    prepare: (scratch) => void (temp = scratch.temp),
    async during(child) {
      await becomes(() => existsSync(join(temp, 'pid')))
      child.kill('SIGINT')
    },
  })
  const post = await step.post()
  await becomes(() => !lives(noted(step)))
  expect([post.exitCode, remainsOf(step)]).toEqual([0, []])
  expect([step.exitCode, step.outputs.get('result')]).toEqual([1, 'failure'])
})

describe('a post step', () => {
  test('says that the process that renews was ended by somebody, and cleans up all the same', async () => {
    await using job = await openJob()
    await using step = await prepare(job)
    process.kill(keeperOf(step), 'SIGKILL')
    await becomes(() => !lives(keeperOf(step)))
    await using post = await step.post()
    expect([post.exitCode, remains(step).filter((path) => !path.includes('_github_workflow'))]).toEqual([
      0,
      [],
    ])
    expect(logOf(post)).toContain('The process that renews the credential had ended before the job did')
  })

  test('ends one that hears nothing any more', async () => {
    await using job = await openJob()
    await using step = await prepare(job)
    process.kill(keeperOf(step), 'SIGSTOP')
    await using post = await step.post()
    expect([post.exitCode, lives(keeperOf(step)), remainsOf(step)]).toEqual([0, false, []])
    expect(logOf(post)).not.toContain('had ended before')
  })
})
