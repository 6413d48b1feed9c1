import { describe, expect, test } from '@jest/globals'
import type { Behaviour } from './support/dbt-stub.ts'
import { GRANTED, openJob, PROJECT, type Job } from './support/job.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { OWN_NAME } from './support/secret-names.ts'
import type { StepResult } from './support/step.ts'

const SNOWFLAKE = {
  ...GRANTED,
  connection: '{ type: snowflake, account: acme, database: D, schema: S }',
}
const PACKAGES = { 'dbt-snowflake': '1.12.3' }

/** Every token of the job and the token that asks for them. */
function secretsOf({ issuer }: Job): Record<string, string> {
  const minted = issuer.minted.map((token, index) => [`token ${index + 1}`, token] as const)
  return { ...Object.fromEntries(minted), 'request token': issuer.requestToken }
}

async function run(
  behaviour: Behaviour,
  inputs: Record<string, string> = SNOWFLAKE,
): Promise<{ job: Job; step: StepResult; post: StepResult }> {
  const job = await openJob({}, behaviour, PACKAGES)
  const step = await job.step({ inputs, files: PROJECT })
  const post = await step.post()
  // An open server would keep the test process alive.
  await job.issuer.close()
  return { job, step, post }
}

describe('the secrets of a run', () => {
  test('are nowhere but in the environment of dbt, under our own names', async () => {
    const { job, step, post } = await run({ stdout: 'quiet\n' })
    expect(step.exitCode).toBe(0)
    expect(job.issuer.minted.length).toBeGreaterThan(0)
    expect(scanForLeaks(secretsOf(job), placesOf([step, post], job.dbt.runs()))).toEqual([])
    const names = Object.entries(job.dbt.runs()[0]?.env ?? {}).filter(([, value]) =>
      job.issuer.minted.includes(value),
    )
    expect(names.map(([name]) => name)).toEqual([expect.stringMatching(OWN_NAME)])
  })

  test('stay hidden in the log although dbt prints them on both streams', async () => {
    const { job, step, post } = await run({ leak: ['stdout', 'stderr'] })
    const leaks = scanForLeaks(secretsOf(job), placesOf([step, post], job.dbt.runs()))
    expect(leaks.filter(({ place }) => /log/.test(place) && !place.includes('/'))).toEqual([])
    expect(step.fullLog.text).toContain('***')
  })

  test('are found by the scan wherever dbt puts them', async () => {
    const { job, step, post } = await run({ leak: ['target', 'logs', 'workspace'] })
    const places = scanForLeaks(secretsOf(job), placesOf([step, post], job.dbt.runs())).map(
      ({ place }) => place,
    )
    for (const place of ['target/', 'logs/', 'workspace/']) expect(places.join('\n')).toContain(place)
  })

  test('of a later line of `run` are new, and never show in the log either', async () => {
    const { job, step, post } = await run({ leak: ['stdout'] }, { ...SNOWFLAKE, run: 'build\nbuild\nbuild' })
    expect(step.exitCode).toBe(0)
    const leaks = scanForLeaks(secretsOf(job), placesOf([step, post], job.dbt.runs()))
    expect(leaks.filter(({ place }) => /log/.test(place) && !place.includes('/'))).toEqual([])
  })

  test('of the step do not reach dbt: neither the request token, nor GITHUB_TOKEN, nor clouds (secret-leak-12)', async () => {
    await using job = await openJob({}, {}, PACKAGES)
    await using step = await job.step({
      inputs: SNOWFLAKE,
      env: {
        GITHUB_TOKEN: 'ghs_secret',
        AWS_SECRET_ACCESS_KEY: 'aws_secret',
        ACTIONS_RUNTIME_TOKEN: 'rt_secret',
      },
    })
    expect(step.exitCode).toBe(0)
    const seen = JSON.stringify(job.dbt.runs()[0]?.env)
    for (const secret of ['ghs_secret', 'aws_secret', 'rt_secret', job.issuer.requestToken])
      expect(seen).not.toContain(secret)
    expect(job.dbt.runs()[0]?.argv.join(' ')).not.toContain(job.issuer.minted[0] ?? 'none')
  })

  test('are masked before anything else is printed (secret-leak-07)', async () => {
    const { job, step } = await run({})
    const [token = ''] = job.issuer.minted
    const masked = step.stdout.indexOf(`::add-mask::${token}`)
    expect(masked).toBeGreaterThanOrEqual(0)
    expect(step.stdout.indexOf(token.split('.')[1] ?? '')).toBeGreaterThanOrEqual(masked)
  })

  test('of prepared mode stand in a file that only we can read, outside of the workspace (secret-leak-16)', async () => {
    await using job = await openJob({}, {}, PACKAGES)
    const { run: _, ...prepared } = SNOWFLAKE
    await using step = await job.step({ inputs: prepared })
    const profile = step.leftBehind().find(({ path }) => path.endsWith('/profiles.yml'))
    expect(profile?.path).toMatch(/^temp\/dbt-oidc-[0-9a-f]{24}\/profiles\.yml$/)
    expect(Number.parseInt(String(profile?.mode), 8) & 0o777).toBe(0o600)
    await using post = await step.post()
    expect(post.leftBehind().filter(({ path }) => path.includes('profiles.yml'))).toEqual([])
  })

  test.each([
    ['packages-install-path', 'packages-install-path in '],
    ['target-path', 'target-path in '],
    ['log-path', 'log-path in '],
    ['profile', 'packages.yml lists 1 package'],
  ])('of the step cannot be read by an expression of dbt_project.yml either: %s', async (key, sentence) => {
    await using job = await openJob({}, {}, PACKAGES)
    const project = PROJECT['dbt_project.yml'].replace(/^profile:.*\n/m, key === 'profile' ? '' : '$&')
    const files = {
      'dbt_project.yml': `${project}${key}: "{{ env_var('ACTIONS_ID_TOKEN_REQUEST_TOKEN') }}"\n`,
      'packages.yml': 'packages:\n  - package: a/b\n    version: 1.0.0\n',
    }
    await using step = await job.step({ inputs: SNOWFLAKE, files })
    expect(scanForLeaks({ request: job.issuer.requestToken }, placesOf([step], job.dbt.runs()))).toEqual([])
    expect(step.log.text).toContain(sentence)
    expect(step.fullLog.masks).toContain(job.issuer.requestToken)
  })
})
