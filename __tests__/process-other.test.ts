import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openJob, type Job } from './support/job.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { playOAuth, type OAuthServer } from './support/oauth-server.ts'
import { logOf } from './support/process.ts'
import type { StepResult } from './support/step.ts'

let job: Job
let server: OAuthServer

beforeEach(async () => {
  job = await openJob({}, { texts: ['keepalive.json', 'keepalive-secret'] }, { 'dbt-acmedb': '1.0.0' })
  server = playOAuth(job.issuer)
})

afterEach(async () => {
  await job[Symbol.asyncDispose]()
})

test('an adapter of somebody has its credential in the field that was marked, by name, and its plugin told', async () => {
  trust('repo:o/r:ref:refs/heads/main')
  await using step = await run()
  expect([step.exitCode, step.outputs.get('result')]).toEqual([0, 'success'])
  const [dbt] = job.dbt.runs()
  const [name = ''] = Object.keys(dbt?.env ?? {}).filter((one) => one.startsWith('DBT_ENV_SECRET_'))
  expect(dbt?.profiles).toContain(`ticket: "{{ env_var('${name}') }}"`)
  const told: unknown = JSON.parse(dbt?.texts['keepalive.json'] ?? '{}')
  expect(told).toMatchObject({ credentials: 'dbt.adapters.acmedb.Plugin', field: 'ticket' })
  const token = dbt?.env[name] ?? ''
  expect(dbt?.texts['keepalive-secret']).toBe(token)
  expect(scanForLeaks({ token, 'request token': job.issuer.requestToken }, placesOf([step]))).toEqual([])
}, 60_000)

test('an adapter of somebody is not even started where the server trusts another subject', async () => {
  trust('repo:o/r:ref:refs/heads/other')
  await using step = await run()
  expect([step.exitCode, job.dbt.runs()]).toEqual([1, []])
  expect(logOf(step)).toContain('subject')
}, 60_000)

function trust(subject: string): void {
  server.trust({
    issuer: job.issuer.issuer,
    keys: `${job.issuer.issuer}/.well-known/jwks`,
    audience: server.tokenUrl,
    subjects: [subject],
  })
}

function run(): Promise<StepResult> {
  const identity = {
    via: 'oauth',
    'token-url': server.tokenUrl,
    grant: 'client-credentials',
    'client-id': 'dbt',
  }
  return job.step({
    inputs: {
      run: 'build',
      connection: '{ type: acmedb, host: db.acme.test, schema: dbt, ticket: "{credential}" }',
      identity: JSON.stringify(identity),
      ref: 'refs/heads/main',
    },
  })
}
