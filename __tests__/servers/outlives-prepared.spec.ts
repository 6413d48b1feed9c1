import { beforeAll, describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseIdentity } from '../../src/process.ts'
import { runChild, type Ended } from '../support/child.ts'
import { startIssuer } from '../support/issuer.ts'
import { auditOf } from '../support/job.ts'
import { flawsOf, usesOf } from '../support/lives.ts'
import { AUDIENCE, logOf, PROJECT, QUIET, remainsOf, shopStep, snowflakeAt } from '../support/process.ts'
import { dbtPython } from '../support/python.ts'
import { sha256 } from '../support/snowflake/identity.ts'
import { startSnowflake } from '../support/snowflake/front.ts'
import type { StepResult } from '../support/step.ts'

/** Seconds that a token lives here. */
const LIFE = 30

const files = { ...PROJECT, 'models/one.sql': 'select 1 as id' }

/** A `run: dbt build` of a later step that begins when the first token has ended, after one or two uses of the action. */
async function buildLate(
  keepAlive: string,
  uses: readonly { readonly schema: string }[],
  meanwhile: (step: StepResult) => void = () => undefined,
) {
  await using issuer = await startIssuer({ ttl: LIFE })
  const trust = { issuer: issuer.issuer, subject: 'repo:o/r:ref:refs/heads/main', audiences: [AUDIENCE] }
  await using account = await startSnowflake({
    users: [{ user: 'GH', ...trust, defaultRole: 'TRANSFORMER' }],
    python: dbtPython(),
  })
  const bin = dirname(dbtPython())
  const steps: StepResult[] = []
  for (const { schema } of uses) {
    const connection = snowflakeAt(account.port)
      .replace('{ ', '{ connect_retries: 0, ')
      .replace('SHOP', schema)
    const inputs = { run: '', connection, 'keep-alive': keepAlive }
    const after = steps.at(-1)
    const env = after ? QUIET : { ...QUIET, PYTHONPATH: '/nowhere/else' }
    steps.push(await shopStep(issuer, bin, { files, env, inputs, ...(after ? { after } : {}) }))
  }
  const [first] = steps
  const last = steps.at(-1)
  if (!first || !last) throw new Error('no step was run')
  const early = issuer.minted.map(sha256)
  for (const step of steps) meanwhile(step)
  await sleep((LIFE + 5) * 1000)
  // What an earlier step has exported gives way to `env:` of a step alone, and the later steps here have none.
  const env = { ...last.laterEnv(), ...QUIET, PYTHONPATH: last.exportedEnv.get('PYTHONPATH') ?? '' }
  const built: Ended[] = []
  for (const { outputs } of steps) {
    const command = [join(bin, 'dbt'), 'build', '--profiles-dir', outputs.get('profiles-dir') ?? '']
    const cwd = last.paths.workspace
    built.push(await runChild(command, { cwd, env, deadline: 300_000 }))
  }
  const audit = auditOf(readFileSync(join(last.paths.temp, 'dbt-oidc-audit.jsonl'), 'utf8'))
  const posts: (number | null)[] = []
  const told: string[] = []
  for (const step of steps.toReversed()) {
    const post = await step.post()
    posts.push(post.exitCode)
    told.push(logOf(post))
  }
  const seen = [
    ...usesOf(issuer.minted, account.logins, true),
    ...usesOf(issuer.minted, account.refusals, false),
  ]
  const run = {
    lived: { life: LIFE, minted: issuer.minted, audit, uses: seen },
    pythonPath: last.exportedEnv.get('PYTHONPATH'),
    places: steps.map(({ outputs }) => outputs.get('profiles-dir')),
    built: built.map(({ exitCode, stdout }) => ({ exitCode, said: exitCode === 0 ? '' : stdout })),
    warned: built.map(({ stderr }) => stderr),
    told,
    logins: account.logins.map(({ tokenSha256 }) => tokenSha256),
    refusals: account.refusals.map(({ reason }) => reason),
    early,
    renewals: audit.filter(({ use }) => use === 'keep-alive').map(({ token_sha256 }) => token_sha256),
    posts,
    remains: remainsOf(last),
  }
  await last.dispose()
  return run
}

/** Ends the process that a step has left to renew its credential. */
function endKeeper({ state }: StepResult): void {
  process.kill(parseIdentity(state.get('keeper') ?? '')?.pid ?? 0, 'SIGKILL')
}

type Late = Awaited<ReturnType<typeof buildLate>>

describe('dbt-snowflake in a later step that begins when the first token has ended', () => {
  let off: Late
  let auto: Late
  // Two at once: they wait more than they work.
  beforeAll(async () => {
    ;[off, auto] = await Promise.all([
      buildLate('off', [{ schema: 'SHOP' }]),
      buildLate('auto', [{ schema: 'SHOP' }]),
    ])
  }, 600_000)

  test('is refused without keep-alive', () => {
    expect(off.built.map(({ exitCode }) => exitCode)).toEqual([2])
    expect([new Set(off.refusals), off.renewals]).toEqual([new Set(['expired']), []])
    expect([off.pythonPath, off.posts, off.remains]).toEqual([undefined, [0], []])
  })

  test('builds with it, by tokens that were minted meanwhile and are on record', () => {
    expect(auto.built).toEqual([{ exitCode: 0, said: '' }])
    expect([auto.refusals, auto.logins.length > 0]).toEqual([[], true])
    expect(auto.warned.join('')).not.toContain('dbt-oidc')
    // The step and the process that it has left replace a token when 40 % of its life is left.
    const bounds = { exchanges: [2, 5], oldest: 0.8, lives: 1, trades: 'driver' } as const
    expect(flawsOf(auto.lived, bounds)).toEqual([])
    expect(auto.renewals).toEqual(expect.arrayContaining(auto.logins))
    expect(auto.logins.filter((one) => auto.early.includes(one))).toEqual([])
    expect(auto.pythonPath).toBe(`${auto.places[0] ?? ''}:/nowhere/else`)
    expect([auto.posts, auto.remains]).toEqual([[0], []])
  })
})

describe('dbt-snowflake in such a step', () => {
  let ended: Late
  let twice: Late
  beforeAll(async () => {
    ;[ended, twice] = await Promise.all([
      buildLate('auto', [{ schema: 'SHOP' }], endKeeper),
      buildLate('auto', [{ schema: 'SHOP' }, { schema: 'OTHER' }]),
    ])
  }, 600_000)

  test('is refused and says why where somebody has ended the process that renews, and so does the post step', () => {
    expect(ended.built.map(({ exitCode }) => exitCode)).toEqual([2])
    expect([new Set(ended.refusals), ended.renewals]).toEqual([new Set(['expired']), []])
    expect(ended.warned[0]).toMatch(/dbt-oidc: the credential ended at \S+Z and nobody has renewed it/)
    expect(ended.told[0]).toContain('The process that renews the credential had ended before the job did')
    expect([ended.posts, ended.remains]).toEqual([[0], []])
  })

  test('builds with the profile of each of two uses', () => {
    expect(twice.built).toEqual([
      { exitCode: 0, said: '' },
      { exitCode: 0, said: '' },
    ])
    expect(twice.refusals).toEqual([])
    expect([twice.posts, twice.remains]).toEqual([[0, 0], []])
  })
})
