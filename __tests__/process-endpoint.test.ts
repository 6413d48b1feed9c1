import { describe, expect, test } from '@jest/globals'
import * as faults from './support/faults.ts'
import type { Handler } from './support/issuer-server.ts'
import { openJob, remains, type Job } from './support/job.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { logOf, remainsOf } from './support/process.ts'
import type { StepResult } from './support/step.ts'

/** Stands in every answer that has room for a text; no log may repeat it. */
const MARK = 'what-the-other-side-wrote'

const asked = ({ requests }: StepResult): number => requests.filter(({ path }) => path === '/idtoken').length

function leaksOf({ issuer }: Job, steps: readonly StepResult[]): unknown[] {
  const tokens = Object.fromEntries(issuer.minted.map((token, at) => [`token ${at + 1}`, token]))
  return scanForLeaks({ ...tokens, 'request token': issuer.requestToken }, placesOf(steps))
}

const passing: readonly [string, readonly Handler[]][] = [
  ['500 twice', [faults.status(500, {}, MARK), faults.status(500, {}, MARK)]],
  ['503, then 502', [faults.status(503, {}, MARK), faults.status(502, {}, MARK)]],
  ['429 with a Retry-After of one second', [faults.status(429, { 'retry-after': '1' }, MARK)]],
  ['a reset connection', [faults.reset]],
  ['a body that is shorter than promised, and a dropped connection', [faults.truncated]],
  ['silence until the deadline', [faults.hang]],
]

// An answer that makes no sense may be a proxy's and is asked for again, though not for long.
const lasting: readonly [string, Handler, string, number][] = [
  ['401', faults.status(401, {}, MARK), 'id-token-permission', 1],
  ['403', faults.status(403, {}, MARK), 'id-token-permission', 1],
  ['404', faults.status(404, {}, MARK), 'id-token-endpoint', 1],
  ['an HTML page', faults.body(`<!DOCTYPE html>${MARK}`, 'text/html'), 'id-token-response', 3],
  ['an empty body', faults.body(''), 'id-token-response', 3],
  ['`{}`', faults.body('{}'), 'id-token-response', 3],
  ['a list', faults.body(`["${MARK}"]`), 'id-token-response', 3],
  ['a value that is a number', faults.value(7), 'id-token-response', 3],
  ['a value that is an object', faults.value({ value: MARK }), 'id-token-response', 3],
  ['a value that is empty', faults.value(''), 'id-token-response', 3],
  ['a value that is no token', faults.value(MARK), 'token-format', 1],
  [
    'a value that gives commands',
    faults.value(`a\n::set-output name=result::${MARK}`),
    'id-token-response',
    3,
  ],
  ['a body without end', faults.flood(1_000_000), 'id-token-response', 1],
]

describe("a fault of GitHub's endpoint that passes", () => {
  test.each(passing)('%s: is asked again, and the run is as if nothing had been', async (_, handlers) => {
    await using job = await openJob()
    job.issuer.next('idtoken', ...handlers)
    await using step = await job.step()
    expect([step.exitCode, step.outputs.get('result'), job.dbt.runs().length]).toEqual([0, 'success', 1])
    expect(asked(step)).toBe(handlers.length + 1)
    expect(step.fullLog.text).not.toContain(MARK)
    expect([remainsOf(step), leaksOf(job, [step])]).toEqual([[], []])
  })
})

describe("a fault of GitHub's endpoint that lasts", () => {
  test.each(lasting)(
    '%s: exit 1, its code, no word of the answer, nothing left',
    async (_, handler, code, tries) => {
      await using job = await openJob()
      job.issuer.always('idtoken', handler)
      await using step = await job.step()
      expect([step.exitCode, step.outputs.get('result'), job.dbt.runs()]).toEqual([1, 'failure', []])
      expect(logOf(step)).toContain(`✗ ${code}: `)
      const errors = step.fullLog.commands.filter(({ name }) => name === 'error')
      expect(errors.map(({ properties }) => properties.title)).toEqual([`dbt-oidc: ${code}`])
      expect(asked(step)).toBe(tries)
      const said = step.stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'))
      expect([...said, step.stderr, step.summary].join('\n')).not.toContain(MARK)
      expect(step.fullLog.commands.map(({ name }) => name)).not.toContain('set-output')
      expect([remains(step), leaksOf(job, [step])]).toEqual([[], []])
      const post = await step.post()
      expect([post.exitCode, post.log.text]).toEqual([0, ''])
    },
  )

  test('500 for as long as patience lasts: exit 1, how often it was asked, and nothing left', async () => {
    await using job = await openJob()
    // A wait that is longer than all that is left cannot be worth a try.
    job.issuer.always('idtoken', faults.status(500, { 'retry-after': '3600' }, MARK))
    await using step = await job.step()
    expect([step.exitCode, asked(step), job.dbt.runs()]).toEqual([1, 1, []])
    expect(logOf(step)).toContain('✗ id-token-endpoint: ')
    expect(step.fullLog.text).not.toContain(MARK)
    expect(remains(step)).toEqual([])
  })
})
