import { describe, expect, test } from '@jest/globals'
import { GRANTED, openJob, PROJECT } from './support/job.ts'
import { snowflakeAt } from './support/process.ts'
import type { StepOptions, StepResult } from './support/step.ts'

const FORK = {
  token: false,
  event: { pull_request: { head: { repo: { full_name: 'x/r' } }, base: { repo: { full_name: 'o/r' } } } },
}
const DEPENDABOT = { token: false, env: { GITHUB_ACTOR: 'dependabot[bot]' } }
const EXCUSED: readonly (readonly [string, StepOptions])[] = [
  ['a fork', FORK],
  ['Dependabot', DEPENDABOT],
]
const MISTAKES: readonly (readonly [string, StepOptions, string])[] = [
  ['both variables', { token: false }, 'GitHub gave it no address to ask at.'],
  [
    'the token alone',
    { env: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined } },
    'ACTIONS_ID_TOKEN_REQUEST_TOKEN is missing.',
  ],
  [
    'the address alone, which is empty',
    { env: { ACTIONS_ID_TOKEN_REQUEST_URL: '' } },
    'ACTIONS_ID_TOKEN_REQUEST_URL is missing.',
  ],
]

/** What stands in the job's directories, and what was asked of anybody. */
const traces = (step: StepResult): unknown[] => [step.requests, step.leftBehind(), step.exportedEnv.size]
const NONE = [[], [], 0]

function without(mode: string, inputs: StepOptions['inputs'] = GRANTED): Pick<StepOptions, 'inputs'> {
  return { inputs: { ...inputs, 'without-token': mode } }
}

describe('a job without the permission', () => {
  test.each(MISTAKES)('that lacks %s fails, whatever `without-token` says', async (_, options, sentence) => {
    await using job = await openJob()
    for (const mode of ['fail', 'skip', 'parse']) {
      await using step = await job.step({ ...options, ...without(mode) })
      expect([step.exitCode, step.outputs.get('result'), traces(step)]).toEqual([1, 'failure', NONE])
      expect(step.log.text).toContain('✗ id-token-permission')
      expect(step.log.text).toContain(sentence)
      expect(step.summary).toContain('❌ This run failed: <code>id-token-permission</code>')
    }
    expect(job.dbt.runs()).toEqual([])
  })

  test('is shown the block for the job and the one for a calling workflow', async () => {
    await using job = await openJob()
    await using step = await job.step({ token: false })
    expect(step.log.lines).toContain('      permissions:')
    expect(step.log.lines).toContain('        id-token: write')
    expect(step.log.lines).toContain('          uses: OWNER/REPOSITORY/.github/workflows/dbt.yml@REF')
    expect(step.log.commands.filter(({ name }) => name === 'error')).toHaveLength(1)
    await using after = await step.post()
    expect([after.exitCode, traces(after)]).toEqual([0, NONE])
  })

  test('is told of its configuration first', async () => {
    await using job = await openJob()
    await using step = await job.step({ token: false, inputs: { ...GRANTED, ref: '' } })
    expect(step.exitCode).toBe(1)
    expect(step.log.text).toContain('✗ configuration')
    expect(step.log.text).not.toContain('id-token-permission')
  })
})

describe('a run that GitHub gives no token', () => {
  test.each([
    ['a fork', FORK, 'id-token-fork', 'This pull request comes from x/r, not from o/r itself'],
    ['Dependabot', DEPENDABOT, 'id-token-dependabot', 'Dependabot started this run'],
  ])(
    'because of %s fails with the cause and the way out (event-06, -07)',
    async (_, options, code, cause) => {
      await using job = await openJob()
      await using step = await job.step(options)
      expect([step.exitCode, step.outputs.get('result'), traces(step)]).toEqual([1, 'failure', NONE])
      expect(step.log.text).toContain(`✗ ${code}`)
      expect(step.log.text).toContain(cause)
      expect(step.outputs.has('audit-log')).toBe(false)
      expect(step.log.text).toContain('`without-token: parse` runs `dbt parse` without credentials instead')
      expect(job.dbt.runs()).toEqual([])
    },
  )

  test.each(EXCUSED)('because of %s may do nothing at all', async (_, options) => {
    await using job = await openJob()
    await using step = await job.step({ ...options, ...without('skip') })
    expect([step.exitCode, step.conclusion, traces(step)]).toEqual([0, 'success', NONE])
    expect([...step.outputs]).toEqual([
      ['granted', 'false'],
      ['result', 'skipped'],
    ])
    expect(step.log.commands.map(({ name }) => name)).toEqual(['notice'])
    expect(step.summary).toContain('## ⏭️ Skipped: this run gets no ID token')
    expect(step.summary).toMatch(/gets? no ID token\.|gives such runs no ID token\./)
    expect(step.summary).toContain(
      'no credential was asked for. dbt was not started. `without-token: skip` asks',
    )
    expect(job.dbt.runs()).toEqual([])
  })

  test.each(EXCUSED)('because of %s may have its project parsed without a credential', async (_, options) => {
    await using job = await openJob({}, {}, { 'dbt-duckdb': null, 'dbt-snowflake': '1.12.3' })
    const inputs = { ...GRANTED, connection: snowflakeAt(9), run: 'deps\nbuild --full-refresh\ntest' }
    await using step = await job.step({ ...options, ...without('parse', inputs) })
    expect([step.exitCode, traces(step)]).toEqual([0, NONE])
    expect([...step.outputs]).toEqual([
      ['granted', 'false'],
      ['result', 'parsed'],
    ])
    const runs = job.dbt.runs()
    expect(runs.map(({ command }) => command)).toEqual(['deps', 'parse'])
    for (const { env } of runs)
      expect(Object.keys(env).filter((name) => name.startsWith('DBT_ENV_SECRET_'))).toEqual([])
    expect(runs.at(-1)?.profiles).toMatch(/^ +account: "acme"$/m)
    expect(runs.at(-1)?.profiles).not.toContain('DBT_ENV_SECRET_')
    expect(step.summary).toContain('## ☑️ Parsed only: this run gets no ID token')
    expect(step.summary).toContain('Nothing was built or tested, and no warehouse was reached.')
    expect(runs.map(({ profilesDirMode }) => profilesDirMode)).toEqual(['700', '700'])
    await using after = await step.post()
    expect([after.exitCode, traces(after)]).toEqual([0, NONE])
  })

  test('fails where its project cannot be parsed', async () => {
    await using job = await openJob()
    job.dbt.behave({ parse: { stderr: 'Compilation Error\n', exit: 2 } })
    await using step = await job.step({ ...FORK, ...without('parse') })
    expect([step.exitCode, step.outputs.get('result'), traces(step)]).toEqual([1, 'failure', NONE])
    expect(step.summary).toContain('## ❌ dbt could not parse the project')
    await using quiet = await job.step({
      ...FORK,
      ...without('parse', { ...GRANTED, summary: 'false' }),
    })
    expect([quiet.exitCode, quiet.summary]).toEqual([1, ''])
  })

  test('is parsed for the target that it asks for, and gets none of its grants', async () => {
    const policy = `targets:
  prod: { connection: { type: duckdb, path: prod.duckdb } }
  ci: { connection: { type: duckdb, path: ci.duckdb } }
grants:
  - { target: prod, when: { ref: refs/heads/main } }
  - { target: ci, when: { event_name: pull_request } }
`
    await using job = await openJob()
    const files = { ...PROJECT, '.github/dbt-oidc.yml': policy }
    const inputs = { run: 'build', target: 'ci' }
    await using step = await job.step({ ...FORK, files, ...without('parse', inputs) })
    expect([step.exitCode, step.outputs.get('granted')]).toEqual([0, 'false'])
    expect(job.dbt.runs().map(({ command }) => command)).toEqual(['parse'])
    expect(job.dbt.runs()[0]?.argv.slice(-2)).toEqual(['--target', 'ci'])
  })

  test('is none of these where the token is there: the grants decide alone', async () => {
    await using job = await openJob()
    await using step = await job.step({ env: DEPENDABOT.env, ...without('skip') })
    expect([step.exitCode, step.outputs.get('granted'), step.outputs.get('result')]).toEqual([
      0,
      'true',
      'success',
    ])
  })
})
