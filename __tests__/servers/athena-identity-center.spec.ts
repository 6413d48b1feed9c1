import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { APPLICATION, CENTER_HOST, INSTANCE, SESSION_ROLE, SETTINGS } from '../support/aws/center-bench.ts'
import { newDirectory, obey, type Directory } from '../support/aws/directory.ts'
import { newCenter } from '../support/aws/identity-center.ts'
import { athenaInputs, openAthena } from '../support/aws/lakehouse/athena-job.ts'
import type { Lakehouse } from '../support/aws/lakehouse/open.ts'
import { runInShell } from '../support/aws/real-shell.ts'
import { ACCOUNT, REGION } from '../support/aws/site.ts'
import { discovered } from '../support/aws/sts.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { logOf, remainsOf } from '../support/process.ts'

let lake: Lakehouse
let directory: Directory

beforeAll(async () => {
  lake = await openAthena()
  const { cloud, issuer } = lake.site
  directory = newDirectory(INSTANCE, APPLICATION)
  const center = newCenter({ cloud, directory, region: REGION, host: CENTER_HOST, keysOf: discovered })
  issuer.at(CENTER_HOST, center.handler)
  const shell = (await lake.site.documents(inputs(''))).filter(({ language }) => language === 'sh')
  obey(cloud, directory, await runInShell(shell.map(({ text }) => text)), ACCOUNT)
}, 60_000)

afterAll(async () => {
  await lake?.[Symbol.asyncDispose]()
})

const inputs = (run: string): Record<string, string> =>
  athenaInputs({ run, threads: 1, identity: { via: 'aws-identity-center', ...SETTINGS } })

const FILES = {
  'models/seen.sql': "select 1 as id, 'by a user' as how",
  'models/kept.sql': '{{ config(materialized="table") }} select id from {{ ref("seen") }}',
  'tests/seen_once.sql': 'select id from {{ ref("seen") }} group by id having count(*) > 1',
}

const callsAfter = (before: number) => lake.calls().slice(before)

test('dbt-athena makes and tests a view with keys that carry the user of the directory', async () => {
  await using done = await lake.step(inputs('build --select seen seen_once'), { files: FILES })
  expect(logOf(done)).toContain('PASS=2 WARN=0 ERROR=0')
  expect([done.exitCode, remainsOf(done)]).toEqual([0, []])
  const sessions = lake.calls().map(({ accessKeyId }) => lake.site.cloud.sessions.get(accessKeyId))
  expect(new Set(sessions.map((one) => one?.role.arn))).toEqual(new Set([SESSION_ROLE]))
  expect(new Set(sessions.map((one) => directory.users.get(one?.user ?? '')))).toEqual(
    new Set(['repo:o/r:ref:refs/heads/main']),
  )
  expect(scanForLeaks(lake.secrets(), placesOf([done]))).toEqual([])
}, 200_000)

// As the note of the row has it: dbt-athena itself asks S3 for the files of a table, and such keys may not.
test('a table it cannot make, since AWS lets no such keys list the objects of S3', async () => {
  const before = lake.calls().length
  await using done = await lake.step(inputs('run --select seen kept'), { files: FILES })
  expect(logOf(done)).toMatch(
    /is not authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::acme-lake"/,
  )
  expect([done.exitCode, remainsOf(done)]).toEqual([1, []])
  expect(callsAfter(before).at(-1)).toMatchObject({ action: 's3:ListBucket', outcome: 'AccessDenied' })
}, 200_000)

test('a directory without the user of this subject lets nobody in, and the log says whom it lacks', async () => {
  const before = lake.calls().length
  directory.users.clear()
  await using done = await lake.step(inputs('debug'))
  expect(logOf(done)).toContain('look for exactly one user named repo:o/r:ref:refs/heads/main')
  expect([done.exitCode, callsAfter(before), remainsOf(done)]).toEqual([1, [], []])
}, 100_000)
