import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { athenaInputs, openAthena, trustAthena } from '../support/aws/lakehouse/athena-job.ts'
import type { Lakehouse } from '../support/aws/lakehouse/open.ts'
import { ACCOUNT, REGION } from '../support/aws/site.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { logOf, remainsOf } from '../support/process.ts'

let lake: Lakehouse

beforeAll(async () => {
  lake = await openAthena()
}, 60_000)

afterAll(async () => {
  await lake?.[Symbol.asyncDispose]()
})

beforeEach(() => trustAthena(lake))

test('dbt-athena builds the demo project with keys of the role alone, which may do what our documents print', async () => {
  await using done = await lake.step(athenaInputs())
  expect(logOf(done)).toContain('PASS=16 WARN=0 ERROR=0')
  expect([done.exitCode, remainsOf(done)]).toEqual([0, []])
  const [session] = lake.site.cloud.sessions.keys()
  const calls = lake.calls()
  expect(new Set(calls.map(({ accessKeyId }) => accessKeyId))).toEqual(new Set([session]))
  expect(new Set(calls.map(({ outcome }) => outcome))).toEqual(new Set(['ok', 'EntityNotFoundException']))
  // What was read from CSV, computed and tested lies where the connection says.
  const places = [...lake.buckets.objects.keys()].map((key) => key.replace(/\/[^/]+\/[^/]+$/, ''))
  expect(places.toSorted()).toEqual(
    ['customers', 'orders', 'raw_customers', 'raw_orders', 'raw_payments'].map(
      (name) => `acme-lake/dbt/analytics/${name}`,
    ),
  )
  expect(scanForLeaks(lake.secrets(), placesOf([done]))).toEqual([])
}, 200_000)

describe('a broken trust is named', () => {
  test.each([
    ['another branch', { ref: 'refs/heads/release' }],
    ['another repository', { repository: 'o/x' }],
  ])(
    '%s',
    async (_name, trusted) => {
      await trustAthena(lake, trusted)
      const before = lake.calls().length
      await using done = await lake.step(athenaInputs())
      expect(logOf(done)).toContain('its trust policy does not fit the token')
      expect([done.exitCode, lake.calls().length - before, remainsOf(done)]).toEqual([1, 0, []])
    },
    60_000,
  )
})

describe('Athena refuses, and dbt says so', () => {
  test('a right for another workgroup', async () => {
    await trustAthena(lake, { work_group: 'else' })
    await using done = await lake.step(athenaInputs({ run: 'debug' }))
    expect(logOf(done)).toContain(
      `is not authorized to perform: athena:StartQueryExecution on resource: arn:aws:athena:${REGION}:${ACCOUNT}:workgroup/dbt`,
    )
    expect([done.exitCode, remainsOf(done)]).toEqual([1, []])
    expect(lake.calls().at(-1)?.outcome).toBe('AccessDeniedException')
  }, 100_000)

  test('keys of a session that was ended meanwhile', async () => {
    await using done = await lake.step(athenaInputs({ run: 'debug', keepAlive: 'off' }), {
      async during(_child, lines) {
        for await (const line of lines) if (line.includes('Running with dbt')) break
        lake.site.cloud.sessions.clear()
      },
    })
    expect(logOf(done)).toContain('UnrecognizedClientException')
    expect([done.exitCode, remainsOf(done)]).toEqual([1, []])
    expect(lake.calls().at(-1)).toMatchObject({ outcome: 'UnrecognizedClientException', accessKeyId: '' })
  }, 100_000)
})
