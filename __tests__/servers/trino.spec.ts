import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTrino, type Trino } from '../../scripts/servers/trino.ts'
import type { Target } from '../../src/config/target.ts'
import { trustDocuments } from '../../src/trust/request.ts'
import { selfSigned, type Certificate } from '../support/certificate.ts'
import { claimsOf } from '../support/claims-of.ts'
import { configOf } from '../support/config-of.ts'
import { startIssuer, type Issuer } from '../support/issuer.ts'
import { newKey } from '../support/jwt.ts'
import { auditLogOf, LATE_PROJECT, slowBy } from '../support/late.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { flawsOf, flawsOfEnded, usesOf } from '../support/lives.ts'
import { logOf, remainsOf } from '../support/process.ts'
import type { StepResult } from '../support/step.ts'
import { startTrinoFront } from '../support/trino/front.ts'
import { asking, buildOn, filesOf, trinoInputs } from './trino-job.ts'

const AUDIENCE = 'https://localhost'
/** Seconds that a token lives where that matters; Trino looks at it with every statement. */
const LIFE = 10

let directory: string
let issuer: Issuer
let tls: Certificate
let target: Target
let trino: Trino

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'trino-'))
  issuer = await startIssuer({ claims: { environment: 'production' } })
  tls = selfSigned(['localhost', '127.0.0.1'])
  writeFileSync(join(directory, 'ca.pem'), tls.cert)
  const config = await configOf({ serverUrl: issuer.serverUrl, inputs: inputs(443) })
  const [one] = config.targets.values()
  if (!one) throw new Error('no target')
  target = one
  const [properties, users, rules] = await trustDocuments(config, target)
  // The server gets our documents as they are.
  const authentication = properties?.text ?? ''
  trino = await startTrino({ directory, tls, authentication, files: filesOf(directory, users, rules) })
}, 600_000)

afterAll(async () => {
  await trino?.[Symbol.asyncDispose]()
  await issuer?.close()
  rmSync(directory, { recursive: true, force: true })
}, 60_000)

describe('the built action', () => {
  test('builds the demo project on a Trino that verifies the token by our own documents', async () => {
    await using step = await build({ preflight: 'true' })
    expect(logOf(step)).toMatch(/preflight: .*\n.*✓ user +dbt-o-r-prod-[0-9a-f]{12}\n.*✓ catalog +memory\n/)
    expect(logOf(step)).toContain('PASS=16 WARN=0 ERROR=0')
    expect([step.exitCode, remainsOf(step)]).toEqual([0, []])
    expect(scanForLeaks({ token: issuer.minted.at(-1) ?? '' }, placesOf([step]))).toEqual([])
  }, 300_000)

  test.each<[string, Record<string, string>, RegExp]>([
    [
      'another subject',
      { environment: 'staging' },
      /Trino maps no user to the subject `repo:o\/r:environment:staging`/,
    ],
    [
      'another audience',
      { audience: 'https://else' },
      /takes tokens for the audience `https:\/\/localhost`, and this one is for `https:\/\/else`/,
    ],
  ])(
    'fails on a token with %s, and the log says what Trino says',
    async (_name, given, explained) => {
      issuer.claims({ environment: given.environment ?? 'production' })
      try {
        await using step = await build(given)
        expect([step.exitCode, remainsOf(step)]).toEqual([1, []])
        expect(explain(logOf(step))).toMatch(explained)
      } finally {
        issuer.claims({ environment: 'production' })
      }
    },
    300_000,
  )
})

/** A build of models that take longer, one after the other, than three tokens live. */
async function outlive(keepAlive: string) {
  await using front = await startTrinoFront({ port: trino.port, tls, slow: slowBy((LIFE + 2) * 1000) })
  const before = issuer.minted.length
  await using step = await buildOn(issuer, { ...inputs(front.port), 'keep-alive': keepAlive }, LATE_PROJECT)
  const minted = issuer.minted.slice(before)
  const { statements } = front
  const seen = (ok: boolean) =>
    usesOf(
      minted,
      statements.filter(({ status }) => (status === 200) === ok),
      ok,
    )
  const named = Object.fromEntries(minted.map((token, at) => [`token ${at + 1}`, token]))
  return {
    exitCode: step.exitCode,
    log: logOf(step),
    lived: { life: LIFE, minted, audit: auditLogOf(step), uses: [...seen(true), ...seen(false)] },
    leaks: scanForLeaks(named, placesOf([step])),
    remains: remainsOf(step),
  }
}

describe('a run of dbt-trino that outlives its token', () => {
  beforeAll(() => issuer.ttl(LIFE))
  afterAll(() => issuer.ttl(300))

  test('fails without keep-alive, and the log says why', async () => {
    const run = await outlive('off')
    expect([run.exitCode, run.remains]).toEqual([1, []])
    expect(flawsOfEnded(run.lived, 'driver')).toEqual([])
    expect(run.log).toMatch(/The credential had ended at \S+Z, before dbt was done, and nothing renewed it/)
    expect(explain(run.log)).toMatch(/The token ended while dbt was at work/)
  }, 300_000)

  test('passes with it: dbt’s plugin reads a token that lives at each connection', async () => {
    const run = await outlive('auto')
    expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({
      exitCode: 0,
      log: '',
    })
    // A token is replaced when 40 % of its life is left, so in six seconds, for as long as dbt runs.
    const bounds = { exchanges: [5, 30], oldest: 0.8, lives: 3, trades: 'driver' } as const
    expect(flawsOf(run.lived, bounds)).toEqual([])
    expect(new Set(run.lived.uses.map(({ id }) => id)).size).toBeGreaterThanOrEqual(3)
    expect([run.leaks, run.remains]).toEqual([[], []])
  }, 300_000)
})

describe('Trino', () => {
  test('knows the token as the user of our mapping', async () => {
    expect(
      await asking(trino.port, tls).statement(issuer.mint(AUDIENCE), 'select current_user'),
    ).toMatchObject({ status: 200 })
    const rows = await asking(trino.port, tls).rows(issuer.mint(AUDIENCE), 'select current_user')
    expect(rows).toEqual([[expect.stringMatching(/^dbt-o-r-prod-[0-9a-f]{12}$/)]])
  }, 60_000)

  test.each<[string, () => string | Promise<string>, RegExp]>([
    [
      'another subject',
      () => issuer.mint(AUDIENCE, { environment: 'staging' }),
      /maps no user to the subject/,
    ],
    [
      'a subject that only begins like ours',
      () => issuer.mint(AUDIENCE, { sub: 'repo:o/r:environment:production-2' }),
      /maps no user to the subject/,
    ],
    ['another audience', () => issuer.mint('https://else'), /takes tokens for the audience/],
    [
      'another issuer',
      () => issuer.mint(AUDIENCE, { iss: `${issuer.issuer}/acme` }),
      /does not take tokens of the issuer/,
    ],
    [
      'an expired token',
      () => issuer.mint(AUDIENCE, { exp: Math.floor(Date.now() / 1000) - 90 }),
      /The token ended/,
    ],
    [
      'a foreign signature',
      async () => issuer.sign(issuer.payload(AUDIENCE), { key: await newKey() }),
      /does not find the key/,
    ],
    [
      'a foreign signature under our key id',
      async () =>
        issuer.sign(issuer.payload(AUDIENCE), { key: await newKey(), header: { kid: issuer.key().kid } }),
      /does not find the key/,
    ],
  ])(
    'refuses %s, and our sentence names it',
    async (_name, forge, explained) => {
      const { status, body } = await asking(trino.port, tls).statement(await forge(), 'select 1')
      expect(status).toBe(401)
      // As dbt-trino shows it.
      expect(explain(`error 401: b'${body}'`)).toMatch(explained)
    },
    60_000,
  )

  test.each([
    'create schema memory.other',
    'create table memory.default.t (a int)',
    'select * from system.runtime.queries',
  ])(
    'lets the user of our rules not do: %s',
    async (sql) => {
      await expect(asking(trino.port, tls).rows(issuer.mint(AUDIENCE), sql)).rejects.toThrow('Access Denied')
    },
    60_000,
  )
})

function build(given: Readonly<Record<string, string>>): Promise<StepResult> {
  return buildOn(issuer, { ...inputs(trino.port), ...given })
}

function inputs(port: number): Record<string, string> {
  return trinoInputs(port, join(directory, 'ca.pem'))
}

function explain(said: string): string | undefined {
  return target.bound.diagnose(said, claimsOf({ iss: issuer.issuer, environment: 'staging' }))?.problem
}
