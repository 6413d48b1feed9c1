import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDatabase, type DatabaseSite } from '../support/aws/database.ts'
import { serversBin } from '../support/aws/site.ts'
import { runChild } from '../support/child.ts'
import { auditLogOf, lateModels } from '../support/late.ts'
import { flawsOf, flawsOfEnded } from '../support/lives.ts'
import { logOf, remainsOf } from '../support/process.ts'

/** Seconds that a password lives here. */
const LIFE = 30

let rds: DatabaseSite

beforeAll(async () => {
  rds = await openDatabase()
}, 120_000)

afterAll(async () => {
  await rds[Symbol.asyncDispose]()
})

beforeEach(async () => {
  rds.live(LIFE)
  await rds.trust()
})

/** Three models of which each takes longer than a password lives, and with each a late one. */
async function build(keepAlive: string) {
  const account = rds.watch()
  const before = rds.front.logins.length
  const slow = `{{ config(materialized="table") }} select 1 as id from (select pg_sleep(${LIFE + 2})) s`
  await using done = await rds.site.step(
    rds.inputs({ run: 'run --select slow_1+', 'keep-alive': keepAlive }),
    { files: lateModels(() => slow, '{{ config(materialized="table") }} select 1 as id') },
  )
  const logins = rds.front.logins.slice(before)
  return {
    exitCode: done.exitCode,
    log: logOf(done),
    lived: account(LIFE, auditLogOf(done)),
    details: logins.flatMap(({ detail }) => (detail === '' ? [] : [detail])),
    remains: remainsOf(done),
  }
}

describe('a run of dbt-postgres whose password PostgreSQL takes until it ends', () => {
  test('fails without keep-alive, and the log says why', async () => {
    const run = await build('off')
    expect([run.exitCode, run.remains]).toEqual([1, []])
    expect(flawsOfEnded(run.lived, 'action')).toEqual([])
    expect(new Set(run.details)).toEqual(new Set(['password authentication failed for user "dbt_prod"']))
    expect(run.log).toContain('FATAL:  password authentication failed for user "dbt_prod"')
    expect(run.log).toMatch(/The credential had ended at \S+Z, before dbt was done, and nothing renewed it/)
  }, 600_000)

  test('passes with it: each connection takes the password that is in the file then', async () => {
    const run = await build('auto')
    expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({
      exitCode: 0,
      log: '',
    })
    // A password is replaced when 40 % of its life is left: the seven of three lives, and one for the start of dbt.
    const bounds = { exchanges: [5, 10], oldest: 0.8, lives: 3, trades: 'action' } as const
    expect(flawsOf(run.lived, bounds)).toEqual([])
    expect(new Set(run.lived.uses.map(({ id }) => id)).size).toBeGreaterThanOrEqual(3)
    expect(run.remains).toEqual([])
  }, 600_000)
})

test('in prepared mode a later step that begins when the first password has ended logs in by the exported file', async () => {
  const account = rds.watch()
  await using prepared = await rds.site.step(rds.inputs({ run: '' }))
  expect([prepared.exitCode, prepared.exportedEnv.has('PGPASSFILE')]).toEqual([0, true])
  await sleep((LIFE + 5) * 1000)
  const command = [join(serversBin(), 'dbt'), '--no-version-check', 'debug', '--connection']
  const later = await runChild(command, {
    cwd: prepared.paths.workspace,
    env: prepared.laterEnv(),
    deadline: 300_000,
  })
  expect(later.stdout).toContain('All checks passed!')
  expect(rds.front.logins.at(-1)).toMatchObject({ user: 'dbt_prod', admitted: true })
  await using post = await prepared.post()
  expect([post.exitCode, remainsOf(post)]).toEqual([0, []])
  const bounds = { exchanges: [2, 5], oldest: 0.8, lives: 1, trades: 'action' } as const
  expect(flawsOf(account(LIFE, auditLogOf(prepared)), bounds)).toEqual([])
}, 600_000)
