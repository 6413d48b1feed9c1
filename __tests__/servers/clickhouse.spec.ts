import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { dirname, join } from 'node:path'
import { trustDocuments } from '../../src/trust/request.ts'
import { startClickHouseFront, trusting } from '../support/clickhouse/front.ts'
import { configOf } from '../support/config-of.ts'
import { startIssuer, type Issuer } from '../support/issuer.ts'
import { auditLogOf, LATE_PROJECT, slowBy } from '../support/late.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { flawsOf, usesOf } from '../support/lives.ts'
import { logOf, QUIET, remainsOf } from '../support/process.ts'
import { pythonOf } from '../support/python.ts'
import { startEmulator, type Emulator } from '../support/snowflake/emulator.ts'
import { runStep, type StepResult } from '../support/step.ts'
import { projectFiles } from './trino-job.ts'

// An adapter of which nothing is known here, with an engine of its own: ClickHouse, and before it who takes a token for its password.

const AUDIENCE = 'https://clickhouse.acme.test'
/** Seconds that a token lives where that matters. */
const LIFE = 10

let issuer: Issuer
let engine: Emulator
let document: string

beforeAll(async () => {
  issuer = await startIssuer({ claims: { environment: 'production' } })
  engine = await startEmulator(
    pythonOf('further'),
    join(import.meta.dirname, '..', 'support', 'clickhouse', 'engine.py'),
  )
  const config = await configOf({ serverUrl: issuer.serverUrl, inputs: inputs(1) })
  const [target] = config.targets.values()
  const [trust] = target ? await trustDocuments(config, target) : []
  document = trust?.text ?? ''
}, 120_000)

afterAll(async () => {
  await engine?.[Symbol.asyncDispose]()
  await issuer?.close()
})

function inputs(port: number, more: Record<string, unknown> = {}): Record<string, string> {
  const connection = {
    type: 'clickhouse',
    driver: 'http',
    host: '127.0.0.1',
    port,
    user: 'dbt',
    password: '{credential}',
    schema: 'shop',
    threads: 2,
    ...more,
  }
  return {
    run: 'build',
    connection: JSON.stringify(connection),
    identity: '{ via: direct }',
    audience: AUDIENCE,
    repository: 'o/r',
    environment: 'production',
  }
}

function build(
  given: Record<string, string>,
  files: Readonly<Record<string, string>> = projectFiles(),
): Promise<StepResult> {
  const path = [dirname(pythonOf('further'))]
  return runStep({ issuer, files, path, env: QUIET, inputs: given, deadline: 240_000 })
}

describe('dbt-clickhouse at a ClickHouse that takes a verified token for the password', () => {
  test('builds the demo project with the token of this run', async () => {
    await using front = await startClickHouseFront({ port: engine.port, admit: trusting(document) })
    const before = issuer.minted.length
    await using step = await build(inputs(front.port))
    expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : logOf(step) }).toEqual({
      exitCode: 0,
      log: '',
    })
    expect(logOf(step)).toContain('PASS=16 WARN=0 ERROR=0')
    expect(front.statements.length).toBeGreaterThan(30)
    expect(front.statements.filter(({ accepted }) => !accepted)).toEqual([])
    const secrets = Object.fromEntries(issuer.minted.slice(before).map((token, at) => [`token${at}`, token]))
    expect([remainsOf(step), scanForLeaks(secrets, placesOf([step]))]).toEqual([[], []])
  }, 300_000)

  test.each<[string, (text: string) => string]>([
    ['another subject', (text) => text.replaceAll('environment:production', 'environment:staging')],
    ['another audience', (text) => text.replace(/(Audience: ).*/, '$1https://else')],
    ['another issuer', (text) => text.replace(/(Trusted issuer: ).*/, '$1https://else')],
  ])(
    'refuses it where that trusts %s, and nothing is left',
    async (_name, change) => {
      expect(change(document)).not.toBe(document)
      await using front = await startClickHouseFront({ port: engine.port, admit: trusting(change(document)) })
      await using step = await build(inputs(front.port), { ...LATE_PROJECT })
      expect([step.exitCode, remainsOf(step)]).toEqual([1, []])
      expect(logOf(step)).toContain('AUTHENTICATION_FAILED')
      expect(front.statements.filter(({ accepted }) => accepted)).toEqual([])
    },
    300_000,
  )
})

test('a connection for each node has the token of that moment, by the plugin that knows nothing of the adapter', async () => {
  issuer.ttl(LIFE)
  try {
    await using front = await startClickHouseFront({
      port: engine.port,
      admit: trusting(document),
      slow: slowBy((LIFE + 2) * 1000),
    })
    const before = issuer.minted.length
    await using step = await build(inputs(front.port, { reuse_connections: false }), LATE_PROJECT)
    expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : logOf(step) }).toEqual({
      exitCode: 0,
      log: '',
    })
    const minted = issuer.minted.slice(before)
    const uses = usesOf(minted, front.statements, true)
    const lived = { life: LIFE, minted, audit: auditLogOf(step), uses }
    const bounds = { exchanges: [5, 30], oldest: 1, lives: 3, trades: 'action' } as const
    expect(flawsOf(lived, bounds)).toEqual([])
    expect(new Set(uses.map(({ id }) => id)).size).toBeGreaterThanOrEqual(3)
  } finally {
    issuer.ttl(300)
  }
}, 300_000)
