import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { startIssuer } from '../support/issuer.ts'
import { auditOf } from '../support/job.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { AUDIENCE, logOf, PROJECT, QUIET, remainsOf, shopStep, snowflakeAt } from '../support/process.ts'
import { dbtPython } from '../support/python.ts'
import { sha256 } from '../support/snowflake/identity.ts'
import { startSnowflake } from '../support/snowflake/front.ts'

/** Seconds that a token lives here, and milliseconds that the first model takes: the others connect after its end. */
const LIFE = 30
const SLOW = { text: 'slow_model_marker', by: 40_000 }

const late = '-- depends_on: {{ ref("slow") }}\nselect 1 as id'
const files = {
  ...PROJECT,
  'models/slow.sql': 'select 1 as id -- slow_model_marker',
  'models/late_1.sql': late,
  'models/late_2.sql': late,
  'models/late_3.sql': late,
}

/** A build with four threads of which three log in after the end of the first token. */
async function build(keepAlive: string) {
  const issuer = await startIssuer({ ttl: LIFE })
  const trust = { issuer: issuer.issuer, subject: 'repo:o/r:ref:refs/heads/main', audiences: [AUDIENCE] }
  await using account = await startSnowflake({
    users: [{ user: 'GH', ...trust, defaultRole: 'TRANSFORMER' }],
    python: dbtPython(),
    slow: SLOW,
  })
  const connection = snowflakeAt(account.port).replace('{ ', '{ threads: 4, connect_retries: 0, ')
  try {
    await using step = await shopStep(issuer, dirname(dbtPython()), {
      files,
      env: QUIET,
      inputs: { connection, 'keep-alive': keepAlive },
      deadline: 150_000,
    })
    const secrets = Object.fromEntries(issuer.minted.map((token, at) => [`token ${at + 1}`, token]))
    return {
      exitCode: step.exitCode,
      log: logOf(step),
      masks: step.fullLog.masks,
      minted: issuer.minted,
      logins: account.logins.map(({ tokenSha256 }) => tokenSha256),
      refusals: account.refusals.map(({ reason }) => reason),
      leaks: scanForLeaks(secrets, placesOf([step])),
      remains: remainsOf(step),
      audit: auditOf(readFileSync(step.outputs.get('audit-log') ?? '', 'utf8')),
    }
  } finally {
    await issuer.close()
  }
}

describe('a run of dbt-snowflake that outlives its token', () => {
  test('fails without keep-alive, and the log says why', async () => {
    const run = await build('off')
    expect(run.exitCode).toBe(1)
    expect(new Set(run.refusals)).toEqual(new Set(['expired']))
    expect(run.log).toContain('a connection that dbt opens after that will be refused')
    expect(run.log).toContain('390303')
  }, 200_000)

  test('passes with it: each late login has a token that was minted while dbt ran', async () => {
    const run = await build('auto')
    expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({
      exitCode: 0,
      log: '',
    })
    expect(run.refusals).toEqual([])
    const first = sha256(run.minted[0] ?? '')
    const others = run.logins.filter((one) => one !== first)
    expect(others.length).toBeGreaterThanOrEqual(3)
    expect(run.minted.map(sha256)).toEqual(expect.arrayContaining(others))
    expect(run.masks).toEqual(expect.arrayContaining([...run.minted]))
    expect([run.leaks, run.remains]).toEqual([[], []])
    const renewals = run.audit.filter(({ use }) => use === 'keep-alive')
    expect(renewals.map(({ outcome }) => outcome)).toEqual(renewals.map(() => 'handed-over'))
    expect(renewals.length).toBe(run.minted.length - 1)
  }, 200_000)
})
