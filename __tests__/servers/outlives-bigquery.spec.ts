import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { openSetting } from '../support/google/setting.ts'
import { auditOf } from '../support/job.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { logOf, PROJECT, remainsOf } from '../support/process.ts'

/** Seconds that a token of GitHub's, and so one of the federated identity, lives here. */
const LIFE = 35
const late = '-- depends_on: {{ ref("slow") }}\nselect 1 as id'
const files = {
  ...PROJECT,
  'models/slow.sql': 'select 1 as id -- slow_model_marker',
  'models/late_1.sql': late,
  'models/late_2.sql': late,
  'models/late_3.sql': late,
}

/** A build whose first model takes longer than the first token lives. */
async function build(keepAlive: string) {
  await using setting = await openSetting({
    identity: {},
    ttl: LIFE,
    slow: { text: 'slow_model_marker', by: 40_000 },
    files,
  })
  const { issuer, google, bigquery, strangers } = setting
  await using step = await setting.build({}, { 'keep-alive': keepAlive })
  const tokens = Object.fromEntries(issuer.minted.map((token, at) => [`token ${at + 1}`, token]))
  const exchanges = google.seen.filter(({ host }) => host === 'sts')
  return {
    exitCode: step.exitCode,
    log: logOf(step),
    masks: step.fullLog.masks,
    minted: issuer.minted,
    /** The ID tokens that Google was shown, each exchange one. */
    traded: exchanges.map(({ body }) => new URLSearchParams(body).get('subject_token') ?? ''),
    statuses: new Set(exchanges.map(({ status }) => status)),
    refused: bigquery.calls.filter((call) => /40[13]$/.test(call)),
    strangers,
    leaks: scanForLeaks({ ...tokens, 'request token': issuer.requestToken }, placesOf([step])),
    remains: remainsOf(step),
    audit: auditOf(readFileSync(step.outputs.get('audit-log') ?? '', 'utf8')),
  }
}

describe('a run of dbt-bigquery that outlives its token', () => {
  test('fails without keep-alive, and the log says why', async () => {
    const run = await build('off')
    expect(run.exitCode).toBe(1)
    expect(run.refused).not.toEqual([])
    expect(run.log).toContain('a connection that dbt opens after that will be refused')
    expect([run.traded.length, run.strangers]).toEqual([1, []])
    expect(run.audit.filter(({ use }) => use === 'keep-alive')).toEqual([])
  }, 240_000)

  test('passes with it: the driver trades tokens that were minted while dbt ran', async () => {
    const run = await build('auto')
    expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({
      exitCode: 0,
      log: '',
    })
    expect([run.refused, run.statuses, run.leaks, run.remains]).toEqual([[], new Set([200]), [], []])
    // The action's own trade, and those of the driver, which wants 225 s of life and so trades before each request.
    const [first, ...others] = run.traded
    expect(others).not.toContain(first)
    expect(others.length).toBeGreaterThan(3)
    expect(run.minted).toEqual(expect.arrayContaining(run.traded))
    expect(run.masks).toEqual(expect.arrayContaining([...run.minted]))
    // Each token is one line; the driver shares one that is very young.
    const renewals = run.audit.filter(({ use }) => use === 'keep-alive')
    expect(renewals.map(({ outcome, trades }) => [outcome, trades])).toEqual(
      renewals.map(() => ['handed-over', 'driver']),
    )
    // The token of the decision was that of the action’s trade.
    expect(renewals.length).toBe(run.minted.length - 1)
    expect(renewals.length).toBe(new Set(others).size)
    // Google’s library asks nobody for the project of the provider.
    expect(run.strangers).toEqual([])
  }, 240_000)
})
