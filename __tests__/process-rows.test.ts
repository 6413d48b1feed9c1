import { describe, expect, test } from '@jest/globals'
import { trustDocuments } from '../src/trust/request.ts'
import { configOf } from './support/config-of.ts'
import { openJob, remains, type Job } from './support/job.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { logOf } from './support/process.ts'
import { exampleOf, STUBBED, type Row } from './support/rows.ts'
import type { StepResult } from './support/step.ts'
import { TRADERS, type Trader } from './support/traders.ts'

// Rows whose warehouse nothing here stands for, or only a slow server: the built action buys from a server that verifies, by our own
// documents, and dbt is a stub that holds what was bought. What the warehouse would say is not asked here.

const MAIN = 'refs/heads/main'
/** Private files in which a credential may stand. */
const TEXTS = ['aws-credentials', 'pgpass', 'keepalive-secret']

/** A job whose trader trusts this ref of the repository. */
async function opened(row: Row, ref: string): Promise<{ readonly job: Job; readonly trader: Trader }> {
  const { adapter } = row.warehouse
  const job = await openJob({}, {}, { [packageOf(row)]: adapter.bad[0]?.below ?? '9.9.9' })
  const trader = TRADERS[row.via]?.(job.issuer)
  if (!trader) throw new Error(`nobody stands for ${row.via}`)
  job.dbt.behave({ build: { texts: TEXTS, ...(trader.login && { login: trader.login }) } })
  const config = await configOf({ serverUrl: job.issuer.serverUrl, inputs: inputsOf(row, trader, ref) })
  const documents = await Promise.all([...config.targets.values()].map((one) => trustDocuments(config, one)))
  trader.trust(documents.flat())
  return { job, trader }
}

function inputsOf(row: Row, { identity }: Trader, ref = MAIN): Record<string, string> {
  const example = exampleOf(row)
  return {
    run: 'build',
    connection: JSON.stringify(example.connection),
    identity: JSON.stringify({ ...example.identity, ...identity }),
    ref,
    claims: '{ repository_id: 456, repository_owner_id: 123 }',
    // Where a driver would ask for its credential, the stub does not.
    'keep-alive': 'off',
  }
}

/** Of any other adapter it is made of its type. */
function packageOf(row: Row): string {
  const { type } = exampleOf(row).connection as { readonly type?: string }
  return row.warehouse.type === 'other' ? `dbt-${type}` : row.warehouse.adapter.package
}

const buildsOf = ({ dbt }: Job) => dbt.runs().filter(({ command }) => command === 'build')

function leaksOf(job: Job, trader: Trader, step: StepResult) {
  const secrets = [...job.issuer.minted, ...trader.handedOut()]
  return scanForLeaks(
    Object.fromEntries(secrets.map((secret, at) => [`secret ${at + 1}`, secret])),
    placesOf([step]),
  )
}

describe.each(STUBBED)('$row', (row) => {
  test('dbt holds what was bought for the run that the trust names, and nobody else does', async () => {
    const { job, trader } = await opened(row, MAIN)
    await using _open = job
    await using step = await job.step({ inputs: inputsOf(row, trader) })
    expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : logOf(step) }).toEqual({
      exitCode: 0,
      log: '',
    })
    const [run, ...more] = buildsOf(job)
    const bought = trader.handedOut().at(-1)
    expect([bought === undefined, more]).toEqual([false, []])
    expect(JSON.stringify([run?.env, run?.texts])).toContain(bought)
    expect([remains(step), leaksOf(job, trader, step)]).toEqual([[], []])
  })

  test('a trust for another branch refuses the run, by name, and leaves nothing', async () => {
    const { job, trader } = await opened(row, 'refs/heads/release')
    await using _open = job
    await using step = await job.step({ inputs: inputsOf(row, trader) })
    // Where nobody trades it is the warehouse that refuses, and dbt that hears it.
    const code = trader.login === undefined ? 'exchange' : 'dbt'
    expect([step.exitCode, step.outputs.get('result')]).toEqual([1, 'failure'])
    expect(logOf(step)).toContain(`✗ ${code}: `)
    expect(buildsOf(job)).toHaveLength(code === 'dbt' ? 1 : 0)
    expect(code === 'dbt' ? [] : trader.handedOut()).toEqual([])
    expect([remains(step), leaksOf(job, trader, step)]).toEqual([[], []])
  })
})
