import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { openLake, type Lake } from '../support/aws/lake.ts'
import { logOf, remainsOf } from '../support/process.ts'
import type { StepResult } from '../support/step.ts'

let lake: Lake

beforeAll(async () => {
  lake = await openLake()
})

afterAll(async () => {
  await lake[Symbol.asyncDispose]()
})

beforeEach(() => lake.trust())

function step(): Promise<StepResult> {
  return lake.step(
    {},
    {
      files: {
        'models/lake.sql': "{{ config(materialized='external') }} select * from {{ ref('raw_orders') }}",
        'models/back.sql': "{{ config(materialized='table') }} select count(*) as n from {{ ref('lake') }}",
      },
    },
  )
}

test('dbt writes to and reads from the bucket that the connection names, with the keys of the role', async () => {
  await using done = await step()
  const { s3, site } = lake
  expect(logOf(done)).toContain('PASS=18 WARN=0 ERROR=0')
  expect([done.exitCode, remainsOf(done)]).toEqual([0, []])
  expect([...s3.objects.keys()]).toEqual(['acme-lake/dbt/lake.parquet'])
  const [session] = site.cloud.sessions.keys()
  expect(
    new Set(s3.calls.filter(({ outcome }) => outcome === 'ok').map(({ accessKeyId }) => accessKeyId)),
  ).toEqual(new Set([session]))
  expect(new Set(s3.calls.map(({ action }) => action))).toEqual(new Set(['s3:GetObject', 's3:PutObject']))
}, 200_000)

test('a role without the right to the bucket is refused by it, and dbt says so', async () => {
  for (const { policies } of lake.site.cloud.roles.values()) policies.length = 0
  await using done = await step()
  expect(done.exitCode).toBe(1)
  expect(logOf(done)).toMatch(/403|AccessDenied|Forbidden/)
  expect(lake.s3.calls.at(-1)?.outcome).toBe('AccessDenied')
}, 200_000)

test('a trust for another branch ends the run before dbt', async () => {
  const before = lake.s3.calls.length
  await lake.trust({ ref: 'refs/heads/release' })
  await using done = await step()
  expect(logOf(done)).toContain('its trust policy does not fit the token')
  expect([done.exitCode, lake.s3.calls.length - before]).toEqual([1, 0])
}, 60_000)
