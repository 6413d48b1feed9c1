import { describe, expect, test } from '@jest/globals'
import { trustDocuments } from '../src/trust/request.ts'
import { configOf } from './support/config-of.ts'
import * as faults from './support/faults.ts'
import type { Issuer } from './support/issuer.ts'
import type { Handler, OriginHandler } from './support/issuer-server.ts'
import { openJob, remains, type Job } from './support/job.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { logOf } from './support/process.ts'
import { exampleOf, ROWS, type Row } from './support/rows.ts'
import { TRADERS, type Trader } from './support/traders.ts'

// What every exchange does when what stands at the other side is ill: each through the built action, at a stand-in that
// verifies, and that first answers as it is told here.

const MAIN = 'refs/heads/main'
const MARK = 'what-the-other-side-wrote'

/** One row for each exchange that somebody here can stand for; `oauth` has process-exchange-faults.test.ts. */
const FAMILIES: readonly Row[] = ['aws', 'entra', 'google', 'vault'].map((via) => {
  const row = ROWS.find((one) => one.via === via && TRADERS[via])
  if (!row) throw new Error(`no row is bought via ${via}`)
  return row
})

interface Ill extends AsyncDisposable {
  readonly job: Job
  readonly trader: Trader
  readonly inputs: Readonly<Record<string, string>>
  /** How often the other side was asked. */
  readonly asked: () => number
}

/** A job whose other side trusts it, and behaves so once for each of `first`, or for ever as `always`. */
async function ill(row: Row, first: readonly Handler[], always?: Handler): Promise<Ill> {
  const { adapter } = row.warehouse
  const type = (exampleOf(row).connection as { readonly type?: string }).type
  const dbtPackage = row.warehouse.type === 'other' ? `dbt-${type}` : adapter.package
  const job = await openJob({}, {}, { [dbtPackage]: adapter.bad[0]?.below ?? '9.9.9' })
  const faultsLeft = [...first]
  let asked = 0
  const front =
    (well: OriginHandler): OriginHandler =>
    (req, res, path) => {
      asked += 1
      const fault = faultsLeft.shift() ?? always
      return fault ? fault(req, res, () => undefined) : well(req, res, path)
    }
  const issuer: Issuer = {
    ...job.issuer,
    at: (host, handler) => job.issuer.at(host, front(handler)),
    route: (prefix, handler) => job.issuer.route(prefix, front(handler)),
  }
  const trader = TRADERS[row.via]?.(issuer)
  if (!trader) throw new Error(`nobody stands for ${row.via}`)
  const example = exampleOf(row)
  const inputs = {
    run: 'build',
    connection: JSON.stringify(example.connection),
    identity: JSON.stringify({ ...example.identity, ...trader.identity }),
    ref: MAIN,
    claims: '{ repository_id: 456, repository_owner_id: 123 }',
    'keep-alive': 'off',
  }
  const config = await configOf({ serverUrl: job.issuer.serverUrl, inputs })
  const documents = await Promise.all([...config.targets.values()].map((one) => trustDocuments(config, one)))
  trader.trust(documents.flat())
  return { job, trader, inputs, asked: () => asked, [Symbol.asyncDispose]: () => job[Symbol.asyncDispose]() }
}

const buildsOf = ({ dbt }: Job): number => dbt.runs().filter(({ command }) => command === 'build').length

describe.each(FAMILIES)('$via', (row) => {
  test.each<[string, readonly Handler[]]>([
    ['503 twice', [faults.status(503, {}, MARK), faults.status(503, {}, MARK)]],
    ['429', [faults.status(429, { 'retry-after': '1' }, MARK)]],
    ['a connection that was reset', [faults.reset]],
    ['an answer that was cut', [faults.truncated]],
  ])('after %s buys with a fresh token, and dbt runs', async (_what, first) => {
    await using ailing = await ill(row, first)
    const { job, inputs, asked } = ailing
    await using step = await job.step({ inputs })
    expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : logOf(step) }).toEqual({
      exitCode: 0,
      log: '',
    })
    expect([buildsOf(job), remains(step)]).toEqual([1, []])
    expect(asked()).toBeGreaterThan(first.length)
    expect(new Set(job.issuer.minted).size).toBe(job.issuer.minted.length)
    expect(step.fullLog.text).not.toContain(MARK)
  })

  test.each<[string, Handler]>([
    ['a page of a proxy', faults.body(`<!DOCTYPE html><title>${MARK}</title>`, 'text/html')],
    ['a redirect', faults.redirect(`http://127.0.0.1:1/${MARK}`)],
    ['nothing but reset connections', faults.reset],
    ['an answer without end', faults.flood(1_000_000)],
  ])(
    'that has %s for everybody ends the run by a code, before dbt, and leaves nothing',
    async (_what, always) => {
      await using ailing = await ill(row, [], always)
      const { job, trader, inputs } = ailing
      await using step = await job.step({ inputs })
      expect([step.exitCode, step.outputs.get('result'), buildsOf(job)]).toEqual([1, 'failure', 0])
      expect(logOf(step)).toMatch(/✗ exchange(?:-unavailable)?: /)
      const errors = step.fullLog.commands.filter(({ name }) => name === 'error')
      expect([errors.length, step.fullLog.text.includes(MARK)]).toEqual([1, false])
      const tokens = Object.fromEntries(job.issuer.minted.map((token, at) => [`token ${at + 1}`, token]))
      expect([remains(step), trader.handedOut(), scanForLeaks(tokens, placesOf([step]))]).toEqual([
        [],
        [],
        [],
      ])
      const post = await step.post()
      expect([post.exitCode, post.log.text]).toEqual([0, ''])
    },
  )
})

test('a remedy that names the command line says how it is called: by the repository and version of this very action', async () => {
  const [row] = FAMILIES.filter(({ via }) => via === 'vault')
  if (!row) throw new Error('nothing is bought via vault')
  const nowhere = { errors: ['role "dbt" could not be found'] }
  await using ailing = await ill(row, [], faults.status(400, {}, JSON.stringify(nowhere)))
  const { job, inputs } = ailing
  await using step = await job.step({ inputs })
  const call = 'make the role, as `npx github:acme/dbt-oidc#v1 trust` prints it'
  const [error] = step.fullLog.commands.filter(({ name }) => name === 'error')
  expect(logOf(step)).toContain(call)
  expect(error?.data).toContain(call)
  expect(step.summary).toContain(
    'make the role, as <code>npx github:acme/dbt-oidc&#35;v1 trust</code> prints it',
  )
  await using local = await job.step({
    inputs,
    env: { GITHUB_ACTION_REPOSITORY: '', GITHUB_ACTION_REF: '' },
  })
  expect(logOf(local)).toContain('make the role, as `dbt-oidc trust` prints it')
})
