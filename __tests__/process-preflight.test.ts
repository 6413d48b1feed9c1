import { expect, test } from '@jest/globals'
import { openJob } from './support/job.ts'
import { AUDIENCE, logOf, remainsOf, snowflakeAt } from './support/process.ts'
import { dbtPython } from './support/python.ts'
import { startSnowflake } from './support/snowflake/front.ts'
import type { StepResult } from './support/step.ts'

const PACKAGES = { 'dbt-snowflake': '1.12.3' }
const INPUTS = { run: 'build', ref: 'refs/heads/main', preflight: 'true' }

interface Preflown {
  readonly step: StepResult
  readonly log: string
  readonly clients: readonly string[]
  readonly dbtRuns: number
}

/** A step with a preflight at a Snowflake that trusts this subject; dbt itself is the stub. */
async function preflown(subject: string, connection: (port: number) => string): Promise<Preflown> {
  await using job = await openJob({}, {}, PACKAGES)
  await using account = await startSnowflake({
    users: [
      { user: 'GH', issuer: job.issuer.issuer, subject, audiences: [AUDIENCE], defaultRole: 'TRANSFORMER' },
    ],
    python: dbtPython(),
  })
  await using step = await job.step({ inputs: { ...INPUTS, connection: connection(account.port) } })
  expect(remainsOf(step)).toEqual([])
  return {
    step,
    log: logOf(step),
    clients: account.logins.map(({ client }) => client),
    dbtRuns: job.dbt.runs().filter(({ command }) => command === 'build').length,
  }
}

const otherUser = (port: number): string => snowflakeAt(port).replace('{ ', '{ user: GH_OTHER, ')
const MAIN = 'repo:o/r:ref:refs/heads/main'

test('tells who Snowflake says we are, through snowflake-sdk, and then starts dbt', async () => {
  const { step, log, clients, dbtRuns } = await preflown(MAIN, snowflakeAt)
  expect([step.exitCode, clients, dbtRuns]).toEqual([0, ['JavaScript'], 1])
  expect(log).toMatch(
    /preflight: who the warehouse says we are\n.*✓ account +acme\n.*✓ user +GH\n.*✓ role +TRANSFORMER/,
  )
}, 60_000)

test('stops before dbt where Snowflake takes us for somebody else', async () => {
  const { step, log, dbtRuns } = await preflown(MAIN, otherUser)
  expect([step.exitCode, dbtRuns]).toEqual([1, 0])
  expect(log).toContain(
    '✗ exchange: The user of the profile is not the user that Snowflake finds for the token.',
  )
  expect(log).toContain('390309')
}, 60_000)

test('is refused with the cause, the comparison and the statement that would repair the trust', async () => {
  const { step, log, dbtRuns } = await preflown('repo:o/r:environment:production', snowflakeAt)
  expect([step.exitCode, dbtRuns]).toEqual([1, 0])
  expect(log).toContain('✗ exchange: Snowflake does not accept the token')
  expect(log).toContain('✓ sub  "repo:o/r:ref:refs/heads/main"')
  expect(log).toContain("SUBJECT = 'repo:o/r:ref:refs/heads/main'")
}, 60_000)

test('says for DuckDB that there is nobody to ask', async () => {
  await using job = await openJob()
  await using step = await job.step({
    inputs: { ...INPUTS, connection: '{ type: duckdb, path: prod.duckdb }' },
  })
  expect(step.exitCode).toBe(0)
  expect(logOf(step)).toContain('preflight: DuckDB has no login that could be checked')
})
