import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import duckdb from '../../src/warehouses/duckdb.ts'
import { apply, openSession } from '../support/aws/account.ts'
import { startS3, type S3 } from '../support/aws/s3.ts'
import { ACCOUNT, openSite, REGION, ROLE, serversBin, type Site } from '../support/aws/site.ts'
import { runChild } from '../support/child.ts'
import { logOf, remainsOf } from '../support/process.ts'
import type { StepResult } from '../support/step.ts'

const bin = serversBin('duckdb')

let site: Site
let s3: S3
let installed: string

// What DuckDB would download by itself, put there by DuckDB from the packages.
const INSTALL = `
import duckdb, glob, sys
for file in glob.glob(sys.prefix + '/lib/python*/site-packages/duckdb_extension_*/**/*.duckdb_extension', recursive=True):
    duckdb.connect().execute(f"INSTALL '{file}'")
`

beforeAll(async () => {
  installed = mkdtempSync(join(tmpdir(), 'duckdb-'))
  const ended = await runChild([join(bin, 'python'), '-c', INSTALL], { cwd: '/', env: { HOME: installed } })
  if (ended.exitCode !== 0) throw new Error(ended.stderr)
  site = await openSite(bin)
  s3 = await startS3(site.cloud, REGION)
})

afterAll(async () => {
  await s3[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
  rmSync(installed, { recursive: true, force: true })
})

beforeEach(async () => {
  site.cloud.providers.clear()
  site.cloud.roles.clear()
  for (const { text } of await site.documents(inputs())) apply(site.cloud, text, ACCOUNT)
})

function inputs(): Record<string, string> {
  const secret = { type: 's3', endpoint: `127.0.0.1:${s3.port}`, use_ssl: false, url_style: 'path' }
  const connection = {
    type: 'duckdb',
    path: 'prod.duckdb',
    external_root: 's3://acme-lake/dbt',
    secrets: [secret],
  }
  return {
    run: 'build',
    connection: JSON.stringify(connection),
    identity: JSON.stringify({ via: 'aws', role: ROLE, region: REGION }),
    ref: 'refs/heads/main',
  }
}

function step(): Promise<StepResult> {
  return site.step(inputs(), {
    prepare({ workspace, home }) {
      cpSync(installed, home, { recursive: true })
      writeFileSync(
        join(workspace, 'models', 'lake.sql'),
        "{{ config(materialized='external') }} select * from {{ ref('raw_orders') }}",
      )
      writeFileSync(
        join(workspace, 'models', 'back.sql'),
        "{{ config(materialized='table') }} select count(*) as n from {{ ref('lake') }}",
      )
    },
  })
}

test('dbt writes to and reads from the bucket that the connection names, with the keys of the role', async () => {
  await using done = await step()
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
  for (const { policies } of site.cloud.roles.values()) policies.length = 0
  await using done = await step()
  expect(done.exitCode).toBe(1)
  expect(logOf(done)).toMatch(/403|AccessDenied|Forbidden/)
  expect(s3.calls.at(-1)?.outcome).toBe('AccessDenied')
}, 200_000)

test('a trust for another branch ends the run before dbt', async () => {
  const before = s3.calls.length
  site.cloud.roles.clear()
  for (const { text } of await site.documents({ ...inputs(), ref: 'refs/heads/release' }))
    apply(site.cloud, text, ACCOUNT)
  await using done = await step()
  expect(logOf(done)).toContain('its trust policy does not fit the token')
  expect([done.exitCode, s3.calls.length - before]).toEqual([1, 0])
}, 60_000)

// The way of dbt-duckdb with a secret: made once, for the life of the process.
const LATER = `
import duckdb, json, os, sys
ask = json.loads(sys.argv[1])
for name, content in ask['old'].items(): open(os.path.join(ask['directory'], name), 'w').write(content)
options = ', '.join(key + " " + (value if key in ('type', 'provider') else "'" + value + "'") for key, value in ask['secret'].items())
connection = duckdb.connect()
connection.execute(f'create secret ({options})')
for name, content in ask['new'].items(): open(os.path.join(ask['directory'], name), 'w').write(content)
print(connection.execute("select count(*) from 's3://acme-lake/dbt/lake.parquet'").fetchall())
`

test('keys that have expired are looked up again in the file that was replaced meanwhile', async () => {
  const [role] = site.cloud.roles.values()
  if (!role) throw new Error('no role')
  const carried = [-1, 900].map((life) => {
    const session = openSession(site.cloud, role, 'dbt-456-1-1', life, [])
    const credential = {
      kind: 'aws',
      ...session,
      region: REGION,
      expiresAt: new Date(session.expiresAt),
    } as const
    const { connection } = inputs()
    return duckdb.bind(JSON.parse(connection ?? '')).carry(credential, installed)
  })
  const [old, fresh] = carried
  const secrets = old?.fields['secrets']
  const secret =
    secrets?.kind === 'list' && secrets.items[0]?.kind === 'map' ? [...secrets.items[0].fields] : []
  const written = secret.map(([key, value]) => [
    key,
    value.kind === 'text' ? value.text : value.kind === 'plain' ? value.source : '',
  ])
  const ask = {
    directory: installed,
    old: old?.files,
    new: fresh?.files,
    secret: Object.fromEntries(written),
  }
  const { stdout, stderr } = await runChild([join(bin, 'python'), '-c', LATER, JSON.stringify(ask)], {
    cwd: '/',
    env: { HOME: installed, ...old?.env },
  })
  expect(stderr).toBe('')
  expect(stdout.trim()).toMatch(/^\[\(\d+,\)\]$/)
  expect(s3.calls.map(({ outcome }) => outcome)).toContain('ExpiredToken')
}, 60_000)
