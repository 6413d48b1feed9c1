import { describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cli } from './support/cli.ts'

// Somebody gives the command line something that is not meant for it: a secret, a place where no file can be, a file that is not there.

const FILES = {
  '.github/dbt-oidc.yml': `repository: acme/dbt
targets:
  prod:
    connection: { type: snowflake, account: acme, role: R, database: D, schema: S }
grants:
  - { target: prod, when: { environment: production } }
`,
}

/** Each is put together here, so that no scanner takes this file for a leak. */
const SECRETS: readonly (readonly [string, string])[] = [
  ['a JWT', `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvIn0.${'c2ln'.repeat(8)}`],
  ['a token of GitHub', `ghs_${'a1B2'.repeat(9)}`],
  ['a token of GitLab', `glpat-${'a1B2'.repeat(5)}`],
  ['a token of Vault', `hvs.${'a1B2'.repeat(6)}`],
  ['a key of AWS', `AKIA${'A1B2'.repeat(4)}`],
  ['a token of Databricks', `dapi${'a1b2'.repeat(8)}`],
  ['a private key', `-----BEGIN ${['PRIVATE', 'KEY'].join(' ')}-----`],
]

describe.each(SECRETS)('%s', (_, secret) => {
  test.each<readonly string[]>([
    ['check', '--ref', secret],
    ['check', '--claim', `actor=${secret}`],
    ['check', '--claim', secret],
    ['check', '--environment', secret, '--json'],
    ['check', '--all', '--branches', 'main', secret],
    ['doctor', '--ref', secret],
    ['doctor', '--claim', `actor=${secret}`, '--json'],
  ])('is not printed back by %s %s', async (...words) => {
    const { code, stdout, stderr } = await cli(words, FILES)
    expect(stdout + stderr).not.toContain(secret)
    expect([code, stdout]).toEqual([2, ''])
  })
})

test('a claim without its value is not printed either: it may be a secret that nobody knows by its form', async () => {
  const { code, stderr } = await cli(['check', '--claim', 'hunter2-and-more'], FILES)
  expect(stderr).toContain('--claim: It is no `name=value`.')
  expect(stderr).not.toContain('hunter2')
  expect(code).toBe(2)
})

describe('trust --out', () => {
  test.each([
    '/proc/dbt-oidc',
    '/proc/dbt-oidc/deeper',
    '/proc/self/fd',
    '/dev/null',
    '/dev/null/x',
    '/sys/x',
  ])(
    '%s ends with what is wrong',
    async (place) => {
      const { code, stderr } = await cli(['trust', '--out', place], FILES)
      expect(stderr).toMatch(/configuration: \/\S+ (?:is a file|cannot be written to|cannot be read)/)
      expect(code).toBe(3)
    },
    20_000,
  )

  test('a pipe is not waited for', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pipe-'))
    try {
      execFileSync('mkfifo', [join(directory, 'pipe')])
      const { code, stderr } = await cli(['trust', '--out', join(directory, 'pipe')], FILES)
      expect(stderr).toContain('is a file.')
      expect(code).toBe(3)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })

  test('makes the directories on the way', async () => {
    const { code, files } = await cli(['trust', '--out', 'a/b/c'], FILES)
    expect([code, files.some((file) => file.startsWith('a/b/c/prod-1'))]).toEqual([0, true])
  })
})

test.each(['--audit', '--trust'])(
  'rotate misses a file of %s before it plans anything, in either phase',
  async (option) => {
    const { code, stdout, stderr } = await cli(['rotate', option, 'gone.jsonl'], FILES)
    expect(stderr).toContain('gone.jsonl cannot be read')
    expect([code, stdout]).toEqual([3, ''])
  },
)
