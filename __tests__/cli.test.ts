import { describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { writeFiles } from './support/scratch.ts'
import { usersOf } from './support/snowflake/trust.ts'

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const POLICY = `
repository: acme/dbt
targets:
  prod:
    connection: { type: snowflake, account: acme-prod, role: T, database: PROD, schema: DBT }
  local:
    connection: { type: duckdb }
grants:
  - { target: prod, when: { environment: production } }
  - { target: local, when: { ref: refs/heads/main } }
`

const WORKFLOW = `
on: push
jobs:
  dbt:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: acme/dbt-oidc@v1
        with:
          run: build
          environment: production
          connection: |
            type: snowflake
            account: acme-prod
            database: PROD
            schema: DBT
`

/** Runs the built command line in a directory with these files. */
async function cli(
  args: readonly string[],
  files: Record<string, string>,
): Promise<Ended & { files: string[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'cli-'))
  try {
    writeFiles(directory, files)
    const script = resolve(import.meta.dirname, '..', 'dist', 'cli.js')
    const env = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1' }
    const ended = await new Promise<Ended>((done) => {
      execFile(process.execPath, [script, ...args], { cwd: directory, env }, (error, stdout, stderr) =>
        done({ code: error ? Number(error.code) : 0, stdout, stderr }),
      )
    })
    return { ...ended, files: readdirSync(directory, { recursive: true }).map(String) }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const withPolicy = { '.github/dbt-oidc.yml': POLICY }

describe('dbt-oidc trust', () => {
  test('prints what Snowflake has to run, for one target', async () => {
    const ended = await cli(['trust', '--target', 'prod'], withPolicy)
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    expect(usersOf(ended.stdout)).toEqual([
      {
        user: 'GH_DBT_PROD',
        defaultRole: 'T',
        issuer: 'https://token.actions.githubusercontent.com',
        subject: 'repo:acme/dbt:environment:production',
        audiences: ['snowflakecomputing.com'],
      },
    ])
  })

  test('reads the inputs of a workflow', async () => {
    const ended = await cli(['trust', '--workflow', 'dbt.yml', '--repository', 'acme/dbt'], {
      'dbt.yml': WORKFLOW,
    })
    expect(ended.code).toBe(0)
    expect(usersOf(ended.stdout).map(({ subject }) => subject)).toEqual([
      'repo:acme/dbt:environment:production',
    ])
  })

  test('gives JSON with the claims of each document, and files by target', async () => {
    const asJson = await cli(['trust', '--json'], withPolicy)
    expect(JSON.parse(asJson.stdout)).toMatchObject([{ target: 'prod', language: 'sql', checkedHere: [] }])
    const written = await cli(['trust', '--out', 'trust'], withPolicy)
    expect(written.files).toContain('trust/prod-1.sql')
  })

  test('says that nobody has to trust anything for DuckDB', async () => {
    const ended = await cli(['trust', '--target', 'local'], withPolicy)
    expect(ended.stdout).toContain('# Nothing to paste for local (DuckDB via none)')
  })

  test.each<[string, string[], Record<string, string>, RegExp]>([
    ['an unknown target', ['--target', 'prd'], withPolicy, /no target prd; did you mean prod\?/],
    ['no repository', ['--workflow', 'w.yml'], { 'w.yml': WORKFLOW }, /repository is not known/],
    [
      'an expression',
      ['--workflow', 'w.yml'],
      { 'w.yml': WORKFLOW.replace('production', '${{ vars.E }}') },
      /is an expression/,
    ],
    ['no such step', ['--workflow', 'w.yml'], { 'w.yml': 'jobs: {}' }, /has no step with/],
    ['a broken policy', [], { '.github/dbt-oidc.yml': 'repository: a/b\ntargets: {' }, /dbt-oidc\.yml:2/],
  ])('refuses %s with exit code 1 and a remedy', async (_name, args, files, text) => {
    const ended = await cli(['trust', ...args], files)
    expect([ended.code, ended.stdout]).toEqual([1, ''])
    expect(ended.stderr).toMatch(text)
    expect(ended.stderr).toContain('→ ')
  })
})
