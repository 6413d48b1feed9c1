import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { reset, status, truncated } from './support/faults.ts'
import { sendJson, type Handler } from './support/issuer-server.ts'
import type { Job } from './support/job.ts'
import { until } from './support/lines.ts'
import { openOAuthJob } from './support/oauth-job.ts'
import type { OAuthServer } from './support/oauth-server.ts'
import { logOf, remainsOf } from './support/process.ts'
import type { StepOptions, StepResult } from './support/step.ts'

// What an exchange may do to the built action: once, and then it is well again, or for good.

let job: Job
let server: OAuthServer

beforeEach(async () => {
  ;({ job, server } = await openOAuthJob())
})

afterEach(async () => {
  await job[Symbol.asyncDispose]()
})

/** Lets the exchange behave so, once for each. */
function answers(...handlers: readonly Handler[]): void {
  for (const handler of handlers)
    server.next.push((res: ServerResponse) => handler(res.req, res, () => undefined))
}

function granting(members: Readonly<Record<string, unknown>>): Handler {
  return (_req, res) =>
    sendJson(res, { access_token: 'oauth-odd', token_type: 'Bearer', expires_in: 600, ...members })
}

function run(more: Pick<StepOptions, 'during'> = {}): Promise<StepResult> {
  return job.step({
    ...more,
    inputs: {
      run: 'build',
      ref: 'refs/heads/main',
      connection:
        '{ type: trino, host: trino.acme.example, port: 443, user: dbt, database: lake, schema: shop, http_scheme: https }',
      identity: `{ via: oauth, token-url: "${server.tokenUrl}", grant: client-credentials, client-id: dbt }`,
    },
  })
}

/** Tokens that the exchange was shown. */
function shown(): string[] {
  return server.bodies.map((body) => new URLSearchParams(body).get('client_assertion') ?? '')
}

describe('an exchange that is well again', () => {
  test.each<[string, readonly Handler[]]>([
    ['after 503 twice (fault-exchange-01)', [status(503), status(503)]],
    ['after 5xx of every kind', [status(500), status(502), status(504)]],
    ['after 429 that asks for a second (fault-exchange-02)', [status(429, { 'retry-after': '1' })]],
    [
      'after 429 that names a date (fault-exchange-02)',
      [
        (req, res, drop) =>
          status(429, { 'retry-after': new Date(Date.now() + 1000).toUTCString() })(req, res, drop),
      ],
    ],
    ['after a connection that was reset', [reset]],
    ['after an answer that was cut', [truncated]],
  ])('%s gives the run its credential, for another token at each try', async (_, faults) => {
    answers(...faults)
    await using step = await run()
    expect([step.exitCode, remainsOf(step), job.dbt.runs().length]).toEqual([0, [], 1])
    expect(new Set(shown()).size).toBe(faults.length + 1)
  })
})

describe('an exchange that refuses', () => {
  test.each<[string, Handler, string]>([
    [
      'for longer than anybody waits (fault-exchange-02)',
      status(429, { 'retry-after': '99999' }),
      'exchange-unavailable',
    ],
    [
      'a grant that it does not know (fault-exchange-03)',
      (_req, res) => sendJson(res, { error: 'invalid_grant' }, 400),
      'exchange',
    ],
    ['by a token that is no bearer token (fault-exchange-09)', granting({ token_type: 'mac' }), 'exchange'],
  ])('%s is asked once, dbt is not started, and nothing stays', async (_, fault, code) => {
    answers(fault)
    await using step = await run()
    expect([step.exitCode, remainsOf(step), job.dbt.runs()]).toEqual([1, [], []])
    expect(shown()).toHaveLength(1)
    expect(logOf(step)).toContain(`✗ ${code}`)
  })
})

test('an exchange that answers 503 for as long as it is asked is given up after eight tries of which each is told, dbt is not started, and nothing stays', async () => {
  answers(...Array.from({ length: 20 }, () => status(503)))
  await using step = await run()
  expect([step.exitCode, step.outputs.get('result'), remainsOf(step)]).toEqual([1, 'failure', []])
  expect(job.dbt.runs()).toEqual([])
  expect([shown().length, new Set(shown()).size]).toEqual([8, 8])
  expect(logOf(step).match(/answered with status 503\. Trying again in \d+ s\.$/gm)).toHaveLength(7)
  expect(logOf(step)).toContain('✗ exchange-unavailable: ')
  const post = await step.post()
  expect([post.exitCode, post.log.text]).toEqual([0, ''])
})

test('a step that is cancelled while an exchange lets it wait ends in time, dbt never starts, and nothing stays', async () => {
  answers(status(503, { 'retry-after': '50' }))
  let sent = Infinity
  await using step = await run({
    async during(child, lines) {
      await until(lines, /Trying again in \d+ s/)
      sent = performance.now()
      child.kill('SIGINT')
    },
  })
  expect(performance.now() - sent).toBeLessThan(7000) // what a runner grants
  expect([step.exitCode, remainsOf(step), job.dbt.runs()]).toEqual([1, [], []])
  expect(shown()).toHaveLength(1)
  expect(logOf(step)).toContain('✗ cancelled: The job was cancelled.')
  expect((await step.post()).exitCode).toBe(0)
})

describe('a life', () => {
  test.each<[string, unknown, RegExp]>([
    ['that is not named', undefined, /^exchange {2}via oauth as dbt$/m],
    ['as text', '3600', /^exchange {2}via oauth as dbt, until 20/m],
    ['of thirty years', 1e9, /^exchange {2}via oauth as dbt, until 20[56]/m],
  ])('%s is taken (fault-exchange-07)', async (_, seconds, told) => {
    answers(granting({ expires_in: seconds }))
    await using step = await run()
    expect([step.exitCode, remainsOf(step)]).toEqual([0, []])
    expect(logOf(step)).toMatch(told)
  })

  test.each<[string, unknown, string]>([
    ['of nothing', 0, 'had ended when it came, at 20'],
    ['below nothing', -60, 'had ended when it came, at 20'],
    ['beyond all calendars', 1e300, 'ends at no time that there is'],
  ])('%s is refused, and dbt is not started with it (fault-exchange-07)', async (_, seconds, told) => {
    answers(granting({ expires_in: seconds }))
    await using step = await run()
    expect([step.exitCode, remainsOf(step), job.dbt.runs()]).toEqual([1, [], []])
    expect(logOf(step)).toContain(`✗ exchange: What came from oauth ${told}`)
  })
})
