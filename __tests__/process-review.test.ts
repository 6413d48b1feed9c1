import { describe, expect, test } from '@jest/globals'
import { openJob, PROJECT, remains } from './support/job.ts'
import { logOf } from './support/process.ts'
import type { StepResult } from './support/step.ts'

const DAY = 86_400_000

/** The date so many days ago, as a reviewer writes it. */
const daysAgo = (days: number): string => new Date(Date.now() - days * DAY).toISOString().slice(0, 10)

const policyOf = (days: number, review = ''): string => `
repository: o/r
${review}
targets:
  prod: { connection: { type: duckdb, path: prod.duckdb } }
grants:
  - name: nightly
    target: prod
    when: { ref: refs/heads/main }
    reviewed: ${daysAgo(days)}
`

const warnings = ({ log }: StepResult): string[] =>
  log.commands.filter(({ name }) => name === 'warning').map(({ data }) => data)

async function reviewed(
  days: number,
  review?: string,
): Promise<StepResult & { readonly asked: number; readonly ran: number }> {
  await using job = await openJob()
  const files = { ...PROJECT, '.github/dbt-oidc.yml': policyOf(days, review) }
  const step = await job.step({ files, inputs: { run: 'build' } })
  return { ...step, asked: job.issuer.requests.length, ran: job.dbt.runs().length }
}

describe('a grant', () => {
  test.each([
    ['90 days ago, by the usual limit', 90, undefined],
    ['31 days ago, where the policy allows 31', 31, 'review: { warn: 31d, fail: 60d }'],
  ])('that was reviewed %s runs without a word', async (_title, days, review) => {
    const step = await reviewed(days, review)
    expect([step.exitCode, step.ran, warnings(step)]).toEqual([0, 1, []])
    expect(step.summary).not.toContain('reviewed')
  })

  test.each([
    ['91 days ago, by the usual limit', 91, undefined],
    ['32 days ago, where the policy allows 31', 32, 'review: { warn: 31d, fail: 60d }'],
  ])(
    'that was reviewed %s runs, and is warned of in log, annotation and summary',
    async (_title, days, review) => {
      const step = await reviewed(days, review)
      const said = `the grant \`nightly\` was last reviewed ${days} days ago.`
      expect([step.exitCode, step.ran]).toEqual([0, 1])
      expect(warnings(step)).toEqual([
        expect.stringMatching(/^\.github\/dbt-oidc\.yml:10:15: the grant `nightly`/),
      ])
      expect(warnings(step)[0]).toContain(said)
      expect(step.summary).toContain(`last reviewed ${days} days ago`)
    },
  )

  test('that was reviewed before `review.fail` is refused before anything is asked of anybody', async () => {
    const step = await reviewed(61, 'review: { warn: 31d, fail: 60d }')
    const said = 'The grant was last reviewed 61 days ago; `review.fail` allows 60.'
    expect([step.exitCode, step.ran, step.asked, remains(step)]).toEqual([1, 0, 0, []])
    expect(logOf(step)).toContain(`.github/dbt-oidc.yml:10:15: ${said}`)
    expect(step.summary).toContain('61 days ago')
    expect(step.outputs.get('granted')).toBe('false')
  })

  test('that names a day to come, or none of the calendar, is refused as well', async () => {
    const step = await reviewed(-3)
    expect([step.exitCode, step.asked]).toEqual([1, 0])
    expect(logOf(step)).toContain('lies in the future')
  })
})
