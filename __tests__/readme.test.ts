import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { INPUTS } from '../src/config/inputs.ts'
import { configOf } from './support/config-of.ts'
import { blocksOf, PAGES, usesIn } from './support/readme.ts'
import { isRecord, scalarText } from './support/shape.ts'

const named = (page: string) => (text: string) => ({ page, text, head: text.split('\n', 1)[0] ?? '' })
const all = PAGES.flatMap((page) => blocksOf(page, 'yaml').map(named(page)))
const blocks = all.filter(({ page }) => page === 'README.md')
const workflows = all.filter(({ text }) => text.includes('uses:'))
const policies = blocks.filter(({ text }) => /^targets:/m.test(text))

// docs.github.com, "Workflow syntax for GitHub Actions".
const WORKFLOW = ['name', 'run-name', 'on', 'permissions', 'env', 'defaults', 'concurrency', 'jobs']
const JOB =
  'name permissions needs if runs-on environment concurrency outputs env defaults steps timeout-minutes'
const STEP = 'id if name uses run working-directory shell with env continue-on-error timeout-minutes'

function known(node: unknown, keys: readonly string[]): void {
  for (const key of Object.keys(isRecord(node) ? node : {})) expect(keys).toContain(key)
}

describe('a workflow of the documentation', () => {
  test.each(workflows)('is one that GitHub reads: $page, $head', ({ text }) => {
    const workflow: unknown = parse(text)
    if (isRecord(workflow)) known(workflow, WORKFLOW)
    const jobs = isRecord(workflow) && isRecord(workflow['jobs']) ? Object.values(workflow['jobs']) : []
    for (const job of jobs) known(job, JOB.split(' '))
    const steps = jobs.flatMap((job): unknown[] =>
      isRecord(job) && Array.isArray(job['steps']) ? job['steps'] : [],
    )
    for (const step of Array.isArray(workflow) ? workflow : steps) known(step, STEP.split(' '))
    const uses = usesIn(workflow)
    expect(uses.length).toBeGreaterThan(0)
    // `with:` knows texts, numbers and booleans; a YAML map there makes the whole workflow invalid.
    for (const use of uses)
      for (const value of Object.values(use.with))
        expect(['string', 'number', 'boolean']).toContain(typeof value)
  })

  test.each(workflows)('gives this action inputs that it accepts: $page, $head', async ({ text }) => {
    for (const use of usesIn(parse(text)).filter(({ uses }) => uses.startsWith('OWNER/dbt-oidc'))) {
      known(use.with, INPUTS)
      const inputs = Object.fromEntries(
        Object.entries(use.with).map(([name, value]) => [name, scalarText(value)]),
      )
      const policy = policies[0]?.text ?? ''
      const alone = inputs['connection'] !== undefined
      expect((await configOf({ inputs, ...(alone ? {} : { policy }) })).warnings).toEqual([])
    }
  })
})

describe('a policy of the README', () => {
  test.each(policies)('is accepted: $head', async ({ text }) => {
    const { targets, grants } = await configOf({ policy: text })
    expect(targets.size).toBeGreaterThan(0)
    expect(grants.length).toBeGreaterThan(0)
  })
})

test.each([
  ['a policy', 'targets:\n'],
  ['a workflow for Snowflake', 'type: snowflake'],
  ['a workflow that needs no account', 'type: duckdb'],
  ['a later step that runs dbt', '- run: dbt build'],
])('the README shows %s', (_, text) => {
  expect(blocks.some((block) => block.text.includes(text))).toBe(true)
})
