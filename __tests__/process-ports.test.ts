import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BROKERED, trustBrokered } from './support/google/brokered.ts'
import { GRANTED, openJob } from './support/job.ts'
import { logOf, remainsOf, snowflakeAt } from './support/process.ts'

/** What the system says when every port is taken, for the step alone. */
const TAKEN = `
import { Server } from 'node:net'
Server.prototype.listen = function () {
  process.nextTick(() => this.emit('error', Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' })))
  return this
}
`

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ports-'))
  writeFileSync(join(directory, 'taken.mjs'), TAKEN)
})
afterAll(() => rmSync(directory, { recursive: true }))

const env = (): Record<string, string> => ({ NODE_OPTIONS: `--import ${join(directory, 'taken.mjs')}` })

describe('where no port of the machine is free', () => {
  test('dbt gets a credential that is not renewed, and the log says so', async () => {
    await using job = await openJob({}, {}, { 'dbt-bigquery': '1.12.1' })
    await trustBrokered(job)
    await using step = await job.step({ inputs: BROKERED, env: env() })
    expect([step.exitCode, step.outputs.get('result')]).toEqual([0, 'success'])
    expect(logOf(step)).toContain(
      'No port of 127.0.0.1 could be opened, so that dbt gets a credential that is not renewed.',
    )
    expect(job.dbt.runs().at(-1)?.profiles).toContain('method: "oauth-secrets"')
  })

  test('`keep-alive: proxy` fails by name, since nothing else was wanted, and leaves nothing', async () => {
    await using job = await openJob({}, {}, { 'dbt-snowflake': '1.12.3' })
    const inputs = { ...GRANTED, connection: snowflakeAt(9), 'keep-alive': 'proxy' }
    await using step = await job.step({ inputs, env: env() })
    expect([step.exitCode, job.dbt.runs().filter(({ command }) => command === 'build')]).toEqual([1, []])
    expect(logOf(step)).toContain(
      'port: No port of 127.0.0.1 could be opened for the login proxy of `keep-alive: proxy`.',
    )
    expect(remainsOf(step)).toEqual([])
  })
})
