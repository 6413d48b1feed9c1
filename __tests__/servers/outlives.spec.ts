import { beforeAll, describe, expect, test } from '@jest/globals'
import { dirname } from 'node:path'
import { startIssuer } from '../support/issuer.ts'
import { auditLogOf, LATE_PROJECT, slowBy } from '../support/late.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { flawsOf, flawsOfEnded, usesOf } from '../support/lives.ts'
import { AUDIENCE, logOf, QUIET, remainsOf, shopStep, snowflakeAt } from '../support/process.ts'
import { dbtPython } from '../support/python.ts'
import { startSnowflake } from '../support/snowflake/front.ts'

/** Seconds that a token lives here. */
const LIFE = 30

/** A build whose threads log in one after the other, most of them after the end of the first token. */
async function build(keepAlive: string) {
  await using issuer = await startIssuer({ ttl: LIFE })
  const trust = { issuer: issuer.issuer, subject: 'repo:o/r:ref:refs/heads/main', audiences: [AUDIENCE] }
  await using account = await startSnowflake({
    users: [{ user: 'GH', ...trust, defaultRole: 'TRANSFORMER' }],
    python: dbtPython(),
    slow: slowBy((LIFE + 2) * 1000),
  })
  const connection = snowflakeAt(account.port).replace('{ ', '{ threads: 8, connect_retries: 0, ')
  await using step = await shopStep(issuer, dirname(dbtPython()), {
    files: LATE_PROJECT,
    env: QUIET,
    inputs: { connection, 'keep-alive': keepAlive },
    deadline: 300_000,
  })
  const secrets = Object.fromEntries(issuer.minted.map((token, at) => [`token ${at + 1}`, token]))
  const uses = [
    ...usesOf(issuer.minted, account.logins, true),
    ...usesOf(issuer.minted, account.refusals, false),
  ]
  return {
    exitCode: step.exitCode,
    log: logOf(step),
    masks: step.fullLog.masks,
    refusals: account.refusals.map(({ reason }) => reason),
    // The last model may get a thread that has logged in before.
    lived: { life: LIFE, minted: issuer.minted, audit: auditLogOf(step), uses, endedAt: Date.now() },
    leaks: scanForLeaks(secrets, placesOf([step])),
    remains: remainsOf(step),
  }
}

describe('a run of dbt-snowflake that outlives its token', () => {
  let off: Awaited<ReturnType<typeof build>>
  let auto: Awaited<ReturnType<typeof build>>
  beforeAll(async () => {
    ;[off, auto] = await Promise.all([build('off'), build('auto')])
  }, 600_000)

  test('fails without keep-alive, and the log says why', () => {
    expect(off.exitCode).toBe(1)
    expect(flawsOfEnded(off.lived, 'driver')).toEqual([])
    expect(new Set(off.refusals)).toEqual(new Set(['expired']))
    expect(off.log).toContain('a connection that dbt opens after that will be refused')
    expect(off.log).toContain('390303')
    expect(off.log).toMatch(/The credential had ended at \S+Z, before dbt was done, and nothing renewed it/)
    expect(off.log).toContain('Leave `keep-alive: off` out')
  })

  test('passes with it: each late login has a token that was minted while dbt ran, and each token is on record', () => {
    expect({ exitCode: auto.exitCode, log: auto.exitCode === 0 ? '' : auto.log }).toEqual({
      exitCode: 0,
      log: '',
    })
    // A token is replaced when 40 % of its life is left: the seven of three lives, and one for the start of dbt.
    const bounds = { exchanges: [5, 10], oldest: 0.8, lives: 3, trades: 'driver' } as const
    expect(flawsOf(auto.lived, bounds)).toEqual([])
    expect(new Set(auto.lived.uses.map(({ id }) => id)).size).toBeGreaterThanOrEqual(3)
    expect(auto.masks).toEqual(expect.arrayContaining([...auto.lived.minted]))
    expect([auto.leaks, auto.remains]).toEqual([[], []])
  })
})
