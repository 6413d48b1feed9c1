import { afterAll, describe, expect, test } from '@jest/globals'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { snippetsOf } from '../support/pages.ts'
import { checkout, FIRST_RUN, lineOf, SETUPS, typed, type Setup, type Typed } from '../support/setup.ts'

// The ways from nothing to a first run, played by somebody who has nothing but the text of the page.
const ROOT = join(import.meta.dirname, '..', '..')
const home = mkdtempSync(join(tmpdir(), 'setup-'))

afterAll(() => rmSync(home, { recursive: true, force: true }))

/** The line of docs/rehearse.md that plays a workflow against whoever its trust lets in. */
const rehearsal =
  snippetsOf('docs/rehearse.md')
    .flatMap(({ text }) => text.split('\n'))
    .find((line) => line.startsWith('npm run rehearse -- --workflow ../dbt/')) ?? ''

/** `npm run` shows its own lines and adds nothing. */
function rehearse(directory: string, repository: string): Promise<Typed> {
  return typed(
    rehearsal
      .replace('npm run rehearse --', `${process.execPath} scripts/tasks/rehearse.ts`)
      .replaceAll('../dbt', directory)
      .replace('acme/dbt', repository),
    ROOT,
  )
}

function setupOf(page: string): Setup {
  const setup = [FIRST_RUN, ...SETUPS].find((one) => one.page === page)
  if (!setup) throw new Error(`${page} leads to no first run`)
  return setup
}

/** The same for another repository, whose policy names itself. */
function elsewhere(setup: Setup): Setup {
  const policy = setup.policy.replace('acme/dbt', 'acme/other').replace('7654321', '7654399')
  return { ...setup, policy }
}

describe.each([
  ['README.md', /390303/],
  ['docs/warehouses/snowflake.md', /390303/],
  ['docs/warehouses/bigquery.md', /rejected by the attribute condition/],
  ['docs/warehouses/redshift.md', /AWS refused AssumeRoleWithWebIdentity/],
])('%s', (page, refusal) => {
  const setup = setupOf(page)
  const directory = checkout(home, setup)

  test('ends in a green build, once the trust is pasted', async () => {
    const trust = await typed(lineOf(setup, 'trust'), directory)
    expect([trust.code, trust.output]).toEqual([0, expect.stringContaining('trust/prod-1.')])
    const { code, output } = await rehearse(directory, 'acme/dbt')
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' })
    expect(output).toMatch(/PASS=16 WARN=0 ERROR=0/)
  }, 300_000)

  test('lets in no other repository, whatever that one says of itself', async () => {
    const other = checkout(home, elsewhere(setup))
    cpSync(join(directory, 'trust'), join(other, 'trust'), { recursive: true })
    const { code, output } = await rehearse(other, 'acme/other')
    expect(code).toBe(1)
    expect(output).toMatch(refusal)
    expect(output).not.toContain('Completed successfully')
  }, 300_000)

  if (setup.policy !== '')
    test('another repository is refused by the policy, before it asks anybody', async () => {
      const { code, output } = await rehearse(directory, 'acme/other')
      expect([code, output]).toEqual([1, expect.stringContaining('no-grant')])
    }, 120_000)
})
