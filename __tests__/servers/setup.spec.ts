import { afterAll, describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { blocksOf } from '../support/readme.ts'

// The chapter "Set it up" of the README, played by somebody who has nothing but its text.
const ROOT = join(import.meta.dirname, '..', '..')
const PUBLISHED = 'npx github:OWNER/dbt-oidc#<sha>'
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const CHAPTER = README.split(/^## /m).find((one) => one.startsWith('Set it up\n')) ?? ''
const WORKFLOW = /```yaml\n(# \.github\/workflows\/dbt\.yml\n[^]*?)^```$/m.exec(CHAPTER)?.[1] ?? ''
const home = mkdtempSync(join(tmpdir(), 'setup-'))

afterAll(() => rmSync(home, { recursive: true, force: true }))

interface Ended {
  readonly code: number
  readonly output: string
}

/** A line of the README as typed in a directory: what is published is this build of it. */
function typed(line: string, cwd: string): Promise<Ended> {
  const own = `${process.execPath} ${join(ROOT, 'dist', 'cli.js')}`
  const command = line.replace(PUBLISHED, own)
  const { GITHUB_TOKEN: _one, GH_TOKEN: _other, GITHUB_ACTIONS: _job, ...env } = process.env
  return new Promise((done) => {
    execFile('sh', ['-c', command], { cwd, env }, (error, stdout, stderr) =>
      done({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    )
  })
}

/** The first words of a block name the file that it is. */
function blockFor(start: string): string {
  const [block, ...others] = blocksOf('README.md', 'yaml').filter((one) => one.startsWith(start))
  if (block === undefined || others.length > 0) throw new Error(`not one block begins with ${start}`)
  return block
}

/** The one line of the chapters that begins so. */
function lineOf(start: string): string {
  const lines = blocksOf('README.md', 'sh').flatMap((block) => block.split('\n'))
  const [line, ...others] = lines.filter((one) => one.startsWith(start))
  if (line === undefined || others.length > 0) throw new Error(`not one line begins with ${start}`)
  return line
}

/** A checkout with what the chapter says, in the directory that the rehearsal's line leads to. */
function checkout(warehouse: string, edit: (policy: string) => string = (text) => text): string {
  const directory = join(mkdtempSync(join(home, 'new-')), 'dbt')
  const files = {
    '.github/dbt-oidc.yml': edit(blockFor(`# .github/dbt-oidc.yml, for ${warehouse}`)),
    '.github/workflows/dbt.yml': WORKFLOW,
  }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  return directory
}

const rehearsal = lineOf('npm run rehearse -- --workflow ../dbt/')
/** `npm run` shows its own lines and adds nothing. */
const rehearse = (directory: string, repository: string): Promise<Ended> =>
  typed(
    rehearsal
      .replace('npm run rehearse --', `${process.execPath} scripts/tasks/rehearse.ts`)
      .replaceAll('../dbt', directory)
      .replace('acme/dbt', repository),
    ROOT,
  )

test('the chapter is: write the policy, run `trust`, paste, run `doctor`', () => {
  expect(CHAPTER.match(/^### \d.*$/gm)).toEqual([
    '### 1. Write the policy',
    '### 2. Run `trust`',
    '### 3. Paste',
    '### 4. Run `doctor`',
  ])
  for (const word of ['trust', 'doctor']) expect(CHAPTER).toContain(`\`\`\`sh\n${PUBLISHED} ${word}`)
})

describe.each([
  ['Snowflake', /390303/],
  ['BigQuery', /rejected by the attribute condition/],
  ['Redshift', /AWS refused AssumeRoleWithWebIdentity/],
])('the chapter, for %s', (warehouse, refusal) => {
  const directory = checkout(warehouse)

  test('writes the trust, and doctor sees nothing in the way', async () => {
    const trust = await typed(lineOf(`${PUBLISHED} trust --out`), directory)
    expect({ code: trust.code, output: trust.output }).toEqual({
      code: 0,
      output: expect.stringContaining('trust/prod-1.'),
    })
    const doctor = await typed(lineOf(`${PUBLISHED} doctor`), directory)
    expect([doctor.code, doctor.output]).toEqual([
      0,
      expect.stringContaining('Nothing seen from here keeps this from going through'),
    ])
    expect(doctor.output).not.toContain('✗')
  }, 60_000)

  test('ends in a green build, once that is pasted', async () => {
    const { code, output } = await rehearse(directory, 'acme/dbt')
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' })
    expect(output).toMatch(/PASS=16 WARN=0 ERROR=0/)
  }, 300_000)

  test('another repository is refused by the policy', async () => {
    const { code, output } = await rehearse(directory, 'acme/other')
    expect([code, output]).toEqual([1, expect.stringContaining('no-grant')])
  }, 120_000)

  test('and with a policy of its own by the warehouse’s side', async () => {
    const other = checkout(warehouse, (text) =>
      text.replace('acme/dbt', 'acme/other').replace('7654321', '7654399'),
    )
    cpSync(join(directory, 'trust'), join(other, 'trust'), { recursive: true })
    const { code, output } = await rehearse(other, 'acme/other')
    expect(code).toBe(1)
    expect(output).toContain('grants[0] → prod')
    expect(output).toMatch(refusal)
    expect(output).not.toContain('Completed successfully')
  }, 300_000)
})
