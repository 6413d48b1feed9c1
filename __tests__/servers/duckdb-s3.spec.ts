import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { S3_PLUGIN } from '../../src/warehouses/duckdb/plugin.ts'
import { LAKE_BIN, openLake, type Lake } from '../support/aws/lake.ts'
import { runChild } from '../support/child.ts'
import { logOf, remainsOf } from '../support/process.ts'
import type { StepResult } from '../support/step.ts'

let lake: Lake

beforeAll(async () => {
  lake = await openLake()
})

afterAll(async () => {
  await lake[Symbol.asyncDispose]()
})

beforeEach(() => lake.trust())

function step(): Promise<StepResult> {
  return lake.step(
    {},
    {
      files: {
        'models/lake.sql': "{{ config(materialized='external') }} select * from {{ ref('raw_orders') }}",
        'models/back.sql': "{{ config(materialized='table') }} select count(*) as n from {{ ref('lake') }}",
      },
    },
  )
}

test('dbt writes to and reads from the bucket that the connection names, with the keys of the role', async () => {
  await using done = await step()
  const { s3, site } = lake
  expect(logOf(done)).toContain('PASS=18 WARN=0 ERROR=0')
  expect([done.exitCode, remainsOf(done)]).toEqual([0, []])
  expect([...s3.objects.keys()]).toEqual(['acme-lake/dbt/lake.parquet'])
  const [session] = site.cloud.sessions.keys()
  expect(
    new Set(s3.calls.filter(({ outcome }) => outcome === 'ok').map(({ accessKeyId }) => accessKeyId)),
  ).toEqual(new Set([session]))
  expect(new Set(s3.calls.map(({ action }) => action))).toEqual(new Set(['s3:GetObject', 's3:PutObject']))
}, 200_000)

test('a role without the right to the bucket is refused by it, and dbt says so', async () => {
  for (const { policies } of lake.site.cloud.roles.values()) policies.length = 0
  await using done = await step()
  expect(done.exitCode).toBe(1)
  expect(logOf(done)).toMatch(/403|AccessDenied|Forbidden/)
  expect(lake.s3.calls.at(-1)?.outcome).toBe('AccessDenied')
}, 200_000)

test('a trust for another branch ends the run before dbt', async () => {
  const before = lake.s3.calls.length
  await lake.trust({ ref: 'refs/heads/release' })
  await using done = await step()
  expect(logOf(done)).toContain('its trust policy does not fit the token')
  expect([done.exitCode, lake.s3.calls.length - before]).toEqual([1, 0])
}, 60_000)

// Four nodes with the keys that are there at the start, then three with others, of which the first meets a conflict.
const CURSORS = `
import os, oidc_s3
class Credentials:
    def secrets_sql(self):
        return ["credential_chain", "of somebody else"]
class Cursor:
    fails = False
    def execute(self, statement):
        print(statement, "fails" if self.fails else "done")
        if self.fails:
            raise RuntimeError("Catalog write-write conflict")
plugin = oidc_s3.Plugin("oidc_s3", {}, Credentials())
for _ in range(4):
    plugin.configure_cursor(Cursor())
with open(os.environ["AWS_SHARED_CREDENTIALS_FILE"], "w") as file:
    file.write("others")
failing = Cursor()
failing.fails = True
for cursor in (failing, Cursor(), Cursor()):
    plugin.configure_cursor(cursor)
`

test('secrets are made anew once for each new set of keys, and once more where that was not possible', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'oidc-s3-'))
  writeFileSync(join(directory, 'oidc_s3.py'), S3_PLUGIN)
  const env = { PYTHONPATH: directory, AWS_SHARED_CREDENTIALS_FILE: join(directory, 'keys') }
  writeFileSync(env.AWS_SHARED_CREDENTIALS_FILE, 'first')
  const ended = await runChild([join(LAKE_BIN, 'python'), '-c', CURSORS], { cwd: directory, env })
  rmSync(directory, { recursive: true })
  expect([ended.stderr, ended.stdout.trim().split('\n')]).toEqual([
    '',
    ['credential_chain done', 'credential_chain fails', 'credential_chain done'],
  ])
}, 60_000)
