import { beforeAll, describe, expect, test } from '@jest/globals'
import { openSetting } from '../support/google/setting.ts'
import { auditLogOf, LATE_PROJECT, slowBy } from '../support/late.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { flawsOf, flawsOfEnded, usesOf } from '../support/lives.ts'
import { logOf, remainsOf } from '../support/process.ts'
import { sha256 } from '../support/snowflake/identity.ts'

/** Seconds that a token of GitHub's, and so one of the federated identity, lives here. */
const LIFE = 30

/** A build whose models take longer, one after the other, than three tokens live. */
async function build(keepAlive: string) {
  await using setting = await openSetting({
    identity: {},
    ttl: LIFE,
    slow: slowBy((LIFE + 2) * 1000),
    files: LATE_PROJECT,
  })
  const { issuer, google, bigquery, strangers } = setting
  await using step = await setting.build({}, { 'keep-alive': keepAlive })
  const tokens = Object.fromEntries(issuer.minted.map((token, at) => [`token ${at + 1}`, token]))
  const exchanges = google.seen.filter(({ host }) => host === 'sts')
  /** The ID tokens that Google was shown, each exchange one. */
  const shown = exchanges.map(({ body, at, status }) => {
    const token = new URLSearchParams(body).get('subject_token') ?? ''
    return { tokenSha256: sha256(token), at, ok: status === 200 }
  })
  const uses = [true, false].flatMap((ok) =>
    usesOf(
      issuer.minted,
      shown.filter((one) => one.ok === ok),
      ok,
    ),
  )
  const traded = shown.map(({ tokenSha256 }) => tokenSha256)
  return {
    exitCode: step.exitCode,
    log: logOf(step),
    masks: step.fullLog.masks,
    calls: bigquery.calls.length,
    // The tokens that the driver showed to BigQuery, and those that it had them for.
    lived: {
      life: LIFE,
      minted: issuer.minted,
      audit: auditLogOf(step),
      traded: [...new Set(traded)],
      uses: [...uses, ...google.tokens.uses],
    },
    traded,
    strangers,
    leaks: scanForLeaks({ ...tokens, 'request token': issuer.requestToken }, placesOf([step])),
    remains: remainsOf(step),
  }
}

describe('a run of dbt-bigquery that outlives its token', () => {
  let off: Awaited<ReturnType<typeof build>>
  let auto: Awaited<ReturnType<typeof build>>
  beforeAll(async () => {
    ;[off, auto] = await Promise.all([build('off'), build('auto')])
  }, 600_000)

  test('fails without keep-alive, and the log says why', () => {
    expect(off.exitCode).toBe(1)
    expect(flawsOfEnded(off.lived, 'driver')).toEqual([])
    expect(off.log).toContain('a connection that dbt opens after that will be refused')
    expect(off.log).toMatch(/The credential had ended at \S+Z, before dbt was done, and nothing renewed it/)
    expect([off.traded.length, off.strangers]).toEqual([1, []])
  })

  test('passes with it: the driver trades tokens that were minted while dbt ran, each of them on record', () => {
    expect({ exitCode: auto.exitCode, log: auto.exitCode === 0 ? '' : auto.log }).toEqual({
      exitCode: 0,
      log: '',
    })
    // Google's library wants 225 s of life and so trades before each request; it shares a token that is very young.
    const bounds = { exchanges: [5, auto.calls + 1], oldest: 0.3, lives: 3, trades: 'driver' } as const
    expect(flawsOf(auto.lived, bounds)).toEqual([])
    // What nobody has traded was asked for in vain.
    expect(auto.lived.traded.length).toBe(auto.lived.minted.length)
    const [first, ...others] = auto.traded
    expect(others).not.toContain(first)
    expect(auto.masks).toEqual(expect.arrayContaining([...auto.lived.minted]))
    expect([auto.leaks, auto.remains]).toEqual([[], []])
    // Google’s library asks nobody for the project of the provider.
    expect(auto.strangers).toEqual([])
  })
})
