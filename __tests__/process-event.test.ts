import { describe, expect, test } from '@jest/globals'
import { GRANTED, openJob } from './support/job.ts'

const PULL = { event_name: 'pull_request', ref: 'refs/pull/7/merge', base_ref: 'main', head_ref: 'feature' }
const NAMED = { ...GRANTED, ref: 'refs/pull/**', claims: '{ event_name: pull_request }' }
const pullFrom = (head: string, base = 'o/r') => ({
  pull_request: { head: { repo: { full_name: head } }, base: { repo: { full_name: base } } },
})

describe('a run is denied because of', () => {
  test.each([
    'pull_request_target',
    'workflow_run',
    'issues',
    'issue_comment',
    'discussion_comment',
    'pull_request',
  ])(
    'the event %s, unless the grant names it and no pattern does (event-02, -04, -05, -08)',
    async (event_name) => {
      await using job = await openJob({ claims: { event_name } })
      for (const claims of ['', "{ event_name: '**' }", "{ event_name: [push, '*'] }"]) {
        await using step = await job.step({ inputs: { ...GRANTED, claims } })
        expect([step.exitCode, step.outputs.get('granted')]).toEqual([1, 'false'])
        expect(step.log.text).toContain(
          `add to \`when\`, or to the input \`claims\`: event_name: ${event_name}`,
        )
      }
      expect(job.dbt.runs()).toEqual([])
      await using named = await job.step({ inputs: { ...GRANTED, claims: `{ event_name: ${event_name} }` } })
      expect([named.exitCode, named.outputs.get('granted')]).toEqual([0, 'true'])
    },
  )

  test.each([
    ['is missing', null],
    ['is half-written', '{"pull_request": {'],
    ['says nothing of the pull request', { action: 'synchronize' }],
    ['is about another repository', pullFrom('x/r', 'x/r')],
  ])('a pull request whose event file %s', async (_, event) => {
    await using job = await openJob({ claims: PULL })
    await using own = await job.step({ inputs: NAMED, event: pullFrom('o/r') })
    expect(own.exitCode).toBe(0)
    await using step = await job.step({ inputs: NAMED, event })
    expect([step.exitCode, step.outputs.get('granted')]).toEqual([1, 'false'])
    expect(step.log.text).toContain('so it is taken to come from a fork')
    expect(job.dbt.runs()).toHaveLength(1)
  })
})
