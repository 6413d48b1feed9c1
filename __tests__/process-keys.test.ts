import { describe, expect, test } from '@jest/globals'
import * as faults from './support/faults.ts'
import { sendJson, type Handler } from './support/issuer-server.ts'
import { openJob, GRANTED } from './support/job.ts'
import { newKey } from './support/jwt.ts'
import { until } from './support/lines.ts'
import { logOf, remainsOf } from './support/process.ts'
import type { StepResult } from './support/step.ts'

// The keys of the issuer, by which every token is believed: what happens to them on the way, and when they change.

const MARK = 'what-the-other-side-wrote'
type Endpoint = 'discovery' | 'jwks'

const asked = ({ requests }: StepResult, what: Endpoint): number =>
  requests.filter(({ path }) => path.endsWith(what === 'jwks' ? '/jwks' : '/openid-configuration')).length

describe('keys that come at last', () => {
  test.each<[string, Endpoint, readonly Handler[]]>([
    ['after 503 twice', 'discovery', [faults.status(503), faults.status(503)]],
    ['after 500', 'jwks', [faults.status(500, {}, MARK)]],
    ['after 429 that asks for a second', 'jwks', [faults.status(429, { 'retry-after': '1' })]],
    ['after a connection that was reset', 'discovery', [faults.reset]],
    ['after an answer that was cut', 'jwks', [faults.truncated]],
    ['after a page of a proxy', 'jwks', [faults.html]],
    ['after a set without keys', 'jwks', [faults.body('{"keys":[]}')]],
  ])('%s (%s) let the run go on', async (_what, endpoint, handlers) => {
    await using job = await openJob()
    job.issuer.next(endpoint, ...handlers)
    await using step = await job.step()
    expect([step.exitCode, job.dbt.runs().length, remainsOf(step)]).toEqual([0, 1, []])
    expect(asked(step, endpoint)).toBe(handlers.length + 1)
    expect(step.fullLog.text).not.toContain(MARK)
  })
})

const elsewhere =
  (uri: string): Handler =>
  (req, res) =>
    sendJson(res, { issuer: `http://${req.headers.host}/_services/token`, jwks_uri: uri })

describe('keys that never come', () => {
  test.each<[string, Endpoint, Handler, number]>([
    ['for a status that is final', 'discovery', faults.status(404, {}, MARK), 1],
    ['for a page of a proxy', 'discovery', faults.body(`<!DOCTYPE html>${MARK}`, 'text/html'), 3],
    [
      'for the document of another issuer',
      'discovery',
      (_req, res) => sendJson(res, { issuer: 'https://evil.example', jwks_uri: 'https://evil.example/keys' }),
      1,
    ],
    ['for keys at another origin', 'discovery', elsewhere('http://127.0.0.1:1/keys'), 1],
    ['for a redirect', 'jwks', faults.redirect('http://127.0.0.1:1/keys'), 1],
    ['for a set that never holds one', 'jwks', faults.body('{"keys":[]}'), 3],
    ['for a set without end', 'jwks', faults.flood(300_000), 3],
  ])('%s (%s) end the run before anything is bought', async (_what, endpoint, handler, times) => {
    await using job = await openJob()
    job.issuer.always(endpoint, handler)
    await using step = await job.step()
    expect([step.exitCode, step.outputs.get('result'), job.dbt.runs()]).toEqual([1, 'failure', []])
    expect([remainsOf(step), asked(step, endpoint)]).toEqual([[], times])
    expect(logOf(step)).toContain('✗ keys: ')
    expect(logOf(step)).not.toContain(MARK)
    const post = await step.post()
    expect([post.exitCode, post.log.text]).toEqual([0, ''])
  })
})

const WATCHED = 'databricks-oidc-token'
const DATABRICKS = {
  ...GRANTED,
  connection:
    '{ type: databricks, host: acme.cloud.databricks.com, http_path: /sql/1.0/warehouses/w, schema: dbt, client_id: 8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10 }',
}

describe('keys that change', () => {
  test('between the set that was fetched ahead and the token are fetched once more', async () => {
    await using job = await openJob()
    const old = [job.issuer.key().jwk]
    await job.issuer.rotate()
    job.issuer.next('jwks', (_req, res) => sendJson(res, { keys: old }))
    await using step = await job.step()
    expect([step.exitCode, asked(step, 'jwks'), remainsOf(step)]).toEqual([0, 2, []])
  })

  test('to one that the issuer does not have are asked for twice, and no more', async () => {
    await using job = await openJob()
    const others = [(await newKey()).jwk]
    job.issuer.always('jwks', (_req, res) => sendJson(res, { keys: others }))
    await using step = await job.step()
    expect([step.exitCode, asked(step, 'jwks'), job.dbt.runs(), remainsOf(step)]).toEqual([1, 2, [], []])
    expect(logOf(step)).toContain('✗ keys: The token names a key that the issuer ')
  })

  test('while dbt runs are fetched once more, and dbt has a fresh token under the new one', async () => {
    await using job = await openJob({ ttl: 12 }, { watch: [WATCHED] }, { 'dbt-databricks': '1.12.8' })
    await using step = await job.step({
      inputs: DATABRICKS,
      async during(_child, lines) {
        await until(lines, /first \S/)
        await job.issuer.rotate()
      },
    })
    expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : logOf(step) }).toEqual({
      exitCode: 0,
      log: '',
    })
    expect(step.fullLog.text).toContain('then ***')
    expect([asked(step, 'jwks'), remainsOf(step)]).toEqual([2, []])
  }, 60_000)
})
