import { afterAll, describe, expect, test } from '@jest/globals'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { COMMANDS } from '../src/cli.ts'
import { exchanges as EXCHANGES } from '../src/exchanges/index.ts'
import { warehouses as WAREHOUSES } from '../src/warehouses/index.ts'
import { blocksOf, pageText } from './support/pages.ts'
import { checkout, FIRST_RUN, lineOf, SETUPS, typed, type Setup } from './support/setup.ts'

const home = mkdtempSync(join(tmpdir(), 'setup-pages-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Those that take the token itself, or none, are told by the pages of the warehouses. */
const UNTOLD = ['direct', 'none']

test('each warehouse and each exchange has a page that leads from nothing to a first run', () => {
  const exchanges = [...EXCHANGES.keys()].filter((name) => !UNTOLD.includes(name))
  const told = SETUPS.map(({ page }) => page)
  expect(told).toEqual(expect.arrayContaining(exchanges.map((name) => `docs/exchanges/${name}.md`)))
  const warehouses = [...WAREHOUSES.keys()].filter((type) => !told.includes(`docs/warehouses/${type}.md`))
  expect(warehouses).toEqual([])
})

test('the README has at most 250 lines, a workflow of at most 25 and three commands to paste', () => {
  expect(pageText('README.md').split('\n').length).toBeLessThanOrEqual(250)
  expect(FIRST_RUN.lines).toHaveLength(3)
})

test('the README names every command and what it answers', () => {
  const names = COMMANDS.map((make) => make().name()).filter((name) => name !== 'completion')
  const [, chapter = ''] = pageText('README.md').split('## The command line')
  expect(names.filter((name) => !chapter.includes(`| [\`${name}\`](docs/`))).toEqual([])
})

test('the README shows of the trust what is really in it', async () => {
  const directory = checkout(home, FIRST_RUN)
  await typed(lineOf(FIRST_RUN, 'trust'), directory)
  const real = readFileSync(join(directory, 'trust', 'prod-1.sql'), 'utf8').split('\n')
  const [shown = ''] = blocksOf('README.md', 'sql')
  expect(shown.trim().split('\n')).not.toEqual([])
  expect(real).toEqual(expect.arrayContaining(shown.trim().split('\n')))
})

/** What a setup writes, for whoever reads it as text. */
async function written(setup: Setup, directory: string): Promise<readonly string[]> {
  const trust = await typed(lineOf(setup, 'trust'), directory)
  expect({ code: trust.code, output: trust.output }).toEqual({ code: 0, output: expect.any(String) })
  const below = join(directory, 'trust')
  const names = existsSync(below) ? readdirSync(below) : []
  // What begins with a dot is this program's own.
  return names.filter((name) => !name.startsWith('.')).map((name) => `trust/${name}`)
}

const local = ({ page }: Setup): boolean => page === 'docs/warehouses/duckdb.md' || page.endsWith('/none.md')

describe.each([FIRST_RUN, ...SETUPS].map((setup) => ({ page: setup.page, setup })))('$page', ({ setup }) => {
  const directory = checkout(home, setup)

  test('has a workflow of at most 25 lines', () => {
    expect(setup.workflow).toMatch(/^# \.github\/workflows\//)
    expect(setup.workflow.trim().split('\n').length).toBeLessThanOrEqual(25)
  })

  if (!local(setup))
    test('names each file that `trust` writes for its policy, and no other', async () => {
      const files = await written(setup, directory)
      const told = new Set(setup.text.match(/trust\/[\w.-]*\w/g))
      expect([...told].toSorted()).toEqual(files.toSorted())
    })

  test('is a run in whose way `doctor` sees nothing', async () => {
    const doctor = await typed(lineOf(setup, 'doctor'), directory)
    expect([doctor.code, doctor.output]).toEqual([
      0,
      expect.stringContaining('Nothing seen from here keeps this from going through'),
    ])
    expect(doctor.output).not.toContain('✗')
  })
})
