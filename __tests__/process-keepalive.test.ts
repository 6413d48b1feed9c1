import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { auditOf, GRANTED, openJob } from './support/job.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { until } from './support/lines.ts'
import { remainsOf } from './support/process.ts'

const TOKEN_FILE = 'databricks-oidc-token'
const DATABRICKS = {
  ...GRANTED,
  connection:
    '{ type: databricks, host: acme.cloud.databricks.com, http_path: /sql/1.0/warehouses/w, schema: dbt, client_id: 8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10 }',
}
const PACKAGES = { 'dbt-databricks': '1.12.8' }

/** Tokens live so short here that the first is replaced while dbt, which waits for that, still runs. */
const SHORT = { ttl: 12 }

test('a file that dbt reads late holds a fresh token, minted while dbt ran and masked before dbt could print it', async () => {
  await using job = await openJob(SHORT, { watch: [TOKEN_FILE] }, PACKAGES)
  await using step = await job.step({ inputs: DATABRICKS })
  await using post = await step.post()
  expect([step.exitCode, step.outputs.get('result')]).toEqual([0, 'success'])
  const [first, second] = job.issuer.minted
  expect(step.fullLog.masks).toEqual(expect.arrayContaining([first, second]))
  expect(step.fullLog.text).toContain('first ***')
  expect(step.fullLog.text).toContain('then ***')
  const secrets = Object.fromEntries(job.issuer.minted.map((token, at) => [`token ${at + 1}`, token]))
  const leaks = scanForLeaks({ ...secrets, 'request token': job.issuer.requestToken }, placesOf([step, post]))
  expect(leaks).toEqual([])
  const uses = auditOf(readFileSync(step.outputs.get('audit-log') ?? '', 'utf8')).filter(({ use }) => use)
  expect(uses.slice(0, 3).map(({ use, outcome, trades }) => [use, outcome, trades])).toEqual([
    ['decision', 'granted', null],
    ['exchange', 'handed-over', 'driver'],
    ['keep-alive', 'handed-over', 'driver'],
  ])
  expect(remainsOf(step)).toEqual([])
}, 60_000)

test('an outage of GitHub while dbt runs is told, and dbt has a fresh token when it is over', async () => {
  await using job = await openJob(SHORT, { watch: [TOKEN_FILE] }, PACKAGES)
  const { issuer } = job
  await using step = await job.step({
    inputs: DATABRICKS,
    async during(_child, lines) {
      await until(lines, /first \S/)
      issuer.always('idtoken', (_request, response) => void response.writeHead(403).end())
      await until(lines, /could not be renewed/)
      issuer.always('idtoken', undefined)
    },
  })
  expect([step.exitCode, step.fullLog.text.includes('then ***')]).toEqual([0, true])
}, 60_000)
