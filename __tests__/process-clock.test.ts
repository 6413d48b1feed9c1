import { describe, expect, test } from '@jest/globals'
import { openJob } from './support/job.ts'
import { logOf, remainsOf } from './support/process.ts'

// The clock of the machine, and that by which GitHub dates its tokens and its answers.

describe('a clock that is', () => {
  test.each<[string, number, string]>([
    ['five minutes behind', 300, 'slow'],
    ['five minutes ahead', -300, 'fast'],
    ['a minute behind', 60, 'slow'],
    ['a minute ahead', -60, 'fast'],
  ])('%s is named, with how much, by the date of an answer of GitHub', async (_what, skew, told) => {
    await using job = await openJob()
    job.issuer.skew(skew)
    await using step = await job.step()
    expect([step.exitCode, job.dbt.runs(), remainsOf(step)]).toEqual([1, [], []])
    // `Date` counts whole seconds, and the answer is underway for a moment.
    const [, seconds = '', how] =
      /✗ clock-skew: .* it is (\d+) s (\w+), and at most 30 s/.exec(logOf(step)) ?? []
    expect(how).toBe(told)
    expect(Math.abs(Number(seconds) - Math.abs(skew))).toBeLessThanOrEqual(3)
    expect(logOf(step)).toContain('→ Set the clock of the runner')
    const post = await step.post()
    expect([post.exitCode, post.log.text]).toEqual([0, ''])
  })

  test.each([
    ['behind', 20],
    ['ahead', -20],
  ])('%s by less than the leeway hinders nobody', async (_what, skew) => {
    await using job = await openJob()
    job.issuer.skew(skew)
    await using step = await job.step()
    expect([step.exitCode, job.dbt.runs().length, remainsOf(step)]).toEqual([0, 1, []])
  })

  test('right leaves a token that is too old to be told as what it is', async () => {
    await using job = await openJob()
    const now = Math.floor(Date.now() / 1000)
    job.issuer.claims({ iat: now - 700, nbf: now - 700, exp: now - 400 })
    await using step = await job.step()
    expect([step.exitCode, job.dbt.runs(), remainsOf(step)]).toEqual([1, [], []])
    expect(logOf(step)).toMatch(/✗ token-claims: The token expired at 20/)
    expect(logOf(step)).not.toContain('clock-skew')
  })
})
