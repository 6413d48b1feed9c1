import { describe, expect, test } from '@jest/globals'
import * as faults from './support/faults.ts'
import { openJob, remains } from './support/job.ts'

type Handler = ReturnType<typeof faults.status>

const PASSING: [string, Handler[]][] = [
  ['500 twice', [faults.status(500), faults.status(500)]],
  ['429 with Retry-After', [faults.status(429, { 'retry-after': '1' })]],
  ['408', [faults.status(408)]],
  ['a connection that is reset', [faults.reset]],
  ['a body that is cut off', [faults.truncated]],
]

const LASTING: [string, Handler, string][] = [
  ['401', faults.status(401), 'id-token-permission'],
  ['403', faults.status(403), 'id-token-permission'],
  ['an HTML page', faults.html, 'id-token-response'],
  ['an empty body', faults.body(''), 'id-token-response'],
  ['an object without a value', faults.body('{}'), 'id-token-response'],
  ['a value that is no string', faults.value({ a: 1 }), 'id-token-response'],
  ['a value with a command in it', faults.value('aaa\n::error::evil'), 'id-token-response'],
  ['a body that is always cut off', faults.truncated, 'id-token-'],
  ['a redirect', faults.redirect('http://127.0.0.1:1/'), 'id-token-'],
]

describe("GitHub's endpoint, seen by the built action", () => {
  test.each(PASSING)('%s, then fine: the run goes on', async (_, handlers) => {
    await using job = await openJob()
    job.issuer.next('idtoken', ...handlers)
    await using step = await job.step()
    expect(step.exitCode).toBe(0)
    expect(step.outputs.get('result')).toBe('success')
  })

  test.each(LASTING)(
    '%s for ever: exit 1, a code, nothing printed raw, nothing left',
    async (_, handler, code) => {
      await using job = await openJob()
      job.issuer.always('idtoken', handler)
      await using step = await job.step({ deadline: 120_000 })
      expect(step.exitCode).toBe(1)
      expect(step.log.text).toContain(`✗ ${code}`)
      expect(step.log.commands.filter(({ name }) => name === 'error')).toHaveLength(1)
      expect(step.log.text).not.toMatch(/^.*::error::evil/m)
      expect(job.dbt.runs()).toEqual([])
      expect(remains(step)).toEqual([])
    },
    150_000,
  )
})
