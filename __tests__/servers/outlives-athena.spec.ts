import { beforeAll, describe, expect, test } from '@jest/globals'
import { athenaInputs, openAthena, trustAthena } from '../support/aws/lakehouse/athena-job.ts'
import { auditLogOf, LATE_PROJECT, slowBy } from '../support/late.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { flawsOf, flawsOfEnded } from '../support/lives.ts'
import { logOf, remainsOf } from '../support/process.ts'

/** Seconds that keys live here. */
const LIFE = 12

/** A run of three queries of which each takes longer than keys live, and with each but the first a late one. */
async function build(keepAlive: string) {
  await using lake = await openAthena()
  lake.live(LIFE)
  lake.slow(slowBy((LIFE + 1) * 1000))
  await trustAthena(lake)
  const account = lake.watch()
  await using done = await lake.step(athenaInputs({ run: 'run --select slow_1+', keepAlive, threads: 2 }), {
    files: LATE_PROJECT,
  })
  return {
    exitCode: done.exitCode,
    log: logOf(done),
    lived: account(LIFE, auditLogOf(done)),
    leaks: scanForLeaks(lake.secrets(), placesOf([done])),
    remains: remainsOf(done),
  }
}

describe('a run of dbt-athena that outlives the keys that it started with', () => {
  let off: Awaited<ReturnType<typeof build>>
  let auto: Awaited<ReturnType<typeof build>>
  beforeAll(async () => {
    // Both at once: they wait more than they work.
    ;[off, auto] = await Promise.all([build('off'), build('auto')])
  }, 300_000)

  test('fails without keep-alive, and the log says why', () => {
    expect([off.exitCode, off.remains]).toEqual([1, []])
    expect(flawsOfEnded(off.lived, 'action')).toEqual([])
    expect(off.log).toContain('The security token included in the request is expired')
    expect(off.log).toMatch(/The credential had ended at \S+Z, before dbt was done, and nothing renewed it/)
  })

  test('passes with it: the driver asks for keys anew, and each token is on record', () => {
    expect({ exitCode: auto.exitCode, log: auto.exitCode === 0 ? '' : auto.log }).toEqual({
      exitCode: 0,
      log: '',
    })
    const bounds = { exchanges: [5, 14], oldest: 1, lives: 3, trades: 'action' } as const
    expect(flawsOf(auto.lived, bounds)).toEqual([])
    expect(new Set(auto.lived.uses.map(({ id }) => id)).size).toBeGreaterThanOrEqual(3)
    expect([auto.leaks, auto.remains]).toEqual([[], []])
  })
})
