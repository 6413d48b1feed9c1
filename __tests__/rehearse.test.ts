import { describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jobOf } from '../scripts/rehearse/job.ts'
import { decideLogin, parseLogin } from './support/snowflake/login.ts'
import { accountOf } from './support/snowflake/trust.ts'
import { workflowOf } from './support/page-workflow.ts'

const ROOT = join(import.meta.dirname, '..')

/** A rehearsal with these files of the trust directory; undefined for none of it. */
async function rehearse(
  workflow: string,
  trust: Readonly<Record<string, string>> | undefined,
): Promise<{ readonly code: number; readonly output: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'rehearse-'))
  try {
    writeFileSync(join(directory, 'dbt.yml'), workflow)
    if (trust) mkdirSync(join(directory, 'trust'))
    for (const [name, text] of Object.entries(trust ?? {}))
      writeFileSync(join(directory, 'trust', name), text)
    const given = ['--workflow', join(directory, 'dbt.yml'), '--trust', join(directory, 'trust')]
    const args = ['scripts/tasks/rehearse.ts', ...given, '--repository', 'acme/dbt']
    return await new Promise((done) => {
      execFile(process.execPath, args, { cwd: ROOT, timeout: 60_000 }, (error, stdout, stderr) =>
        done({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
      )
    })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const BIGQUERY = 'GRANT `roles/bigquery.dataEditor` ON SCHEMA `p.d` TO "serviceAccount:a";'
const SNOWFLAKE = 'CREATE ROLE IF NOT EXISTS T;'

describe('a rehearsal that cannot begin ends, with what is wrong and what to do', () => {
  test.each<[string, string, Readonly<Record<string, string>> | undefined, RegExp]>([
    ['no trust directory', 'snowflake.md', undefined, /trust is no directory/],
    ['an empty trust directory', 'snowflake.md', {}, /holds no trust document/],
    ['no user in the trust', 'snowflake.md', { 'prod-1.sql': SNOWFLAKE }, /creates a service user/],
    [
      "another warehouse's document",
      'bigquery.md',
      { 'prod-1.sql': SNOWFLAKE },
      /BigQuery cannot read \S+prod-1\.sql: no statement of this stand-in: CREATE ROLE/,
    ],
    [
      "another warehouse's document beside the right one",
      'snowflake.md',
      { 'prod-1.sql': SNOWFLAKE, 'prod-2.sql': BIGQUERY },
      /Snowflake cannot read \S+prod-2\.sql/,
    ],
    ['an unknown command', 'bigquery.md', { 'prod-1.sh': 'gcloud projects list' }, /read \S+prod-1\.sh/],
    ['a warehouse without a stand-in', 'trino.md', {}, /no stand-in for the warehouse trino/],
  ])('%s', async (_name, page, trust, text) => {
    const { code, output } = await rehearse(workflowOf(page), trust)
    expect([code, output]).toEqual([1, expect.stringMatching(text)])
    expect(output).toMatch(/^✗ configuration: /)
    expect(output).toContain('\n→ ')
  })

  test('a misspelt warehouse', async () => {
    const { output } = await rehearse(
      workflowOf('snowflake.md').replace('type: snowflake', 'type: snoflake'),
      {},
    )
    expect(output).toContain('did you mean snowflake?')
  })
})

test('a job that may not ask for a token on GitHub may not in a rehearsal', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rehearse-'))
  try {
    const whole = workflowOf('snowflake.md')
    const mayAsk = [whole, whole.replace(/^ *id-token: write\n/m, '')].map((text) => {
      writeFileSync(join(directory, 'dbt.yml'), text)
      return jobOf(join(directory, 'dbt.yml'), 'acme/dbt', undefined).mayAsk
    })
    expect(mayAsk).toEqual([true, false])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

const TRUST = /```sql\n([\s\S]*?)\n```/.exec(
  readFileSync(join(ROOT, 'docs', 'warehouses', 'snowflake.md'), 'utf8'),
)?.[1]

describe('the stand-in of Snowflake holds what the document grants', () => {
  test.each([
    ['all of it', /^$/, undefined],
    ['without GRANT ROLE', /^GRANT ROLE .*$/m, '390189'],
    ['without USAGE of the warehouse', /^GRANT USAGE ON WAREHOUSE .*$/m, '390201'],
    ['without USAGE of the database', /^GRANT USAGE, CREATE SCHEMA ON DATABASE .*$/m, '390201'],
  ])('%s', async (_name, line, code) => {
    const { users, rights } = accountOf((TRUST ?? '').replace(line, ''))
    const [user] = users
    if (!user) throw new Error('the document creates no user')
    const asked = 'roleName=TRANSFORMER&warehouse=TRANSFORMING&databaseName=ANALYTICS&schemaName=DBT'
    const data = { AUTHENTICATOR: 'WORKLOAD_IDENTITY', PROVIDER: 'OIDC', TOKEN: 'a token' }
    const request = parseLogin(JSON.stringify({ data }), new URLSearchParams(asked))
    const decided = await decideLogin(request, async () => ({ user }), rights)
    expect('reason' in decided ? decided.code : undefined).toBe(code)
  })
})
