import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { logOf, PROJECT, QUIET, shopStep } from './support/process.ts'
import { dbtPython } from './support/python.ts'
import { parseRecord } from './support/shape.ts'
import type { StepOptions, StepResult } from './support/step.ts'

const bin = dirname(dbtPython())
const files = {
  ...PROJECT,
  'models/orders.sql': 'select 1 as id',
  'models/daily.sql': "select * from {{ ref('orders') }}",
}

let issuer: Issuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer.close())

const step = (options: StepOptions): Promise<StepResult> => shopStep(issuer, bin, { env: QUIET, ...options })

const inSchema = (schema: string): string => `{ type: duckdb, path: shop.duckdb, schema: ${schema} }`

/** A run whose artifacts are in `earlier/`, and then a changed model. */
async function earlier(): Promise<StepResult> {
  const done = await step({ files, inputs: { connection: inSchema('main'), 'artifacts-dir': 'earlier' } })
  expect({ exitCode: done.exitCode, log: done.exitCode === 0 ? '' : logOf(done) }).toEqual({
    exitCode: 0,
    log: '',
  })
  writeFileSync(
    join(done.paths.workspace, 'models/daily.sql'),
    "select id + 1 as id from {{ ref('orders') }}",
  )
  return done
}

function ranIn({ outputs }: StepResult): readonly string[] {
  const { results } = JSON.parse(readFileSync(outputs.get('run-results') ?? '', 'utf8')) as {
    results: { unique_id: string; relation_name: string }[]
  }
  return results.map(({ unique_id }) => unique_id)
}

describe('an earlier run', () => {
  test('tells a later one what has changed, and what has not stays where it was built', async () => {
    await using first = await earlier()
    expect(first.outputs.get('artifacts-dir')).toBe(join(first.paths.workspace, 'earlier'))
    await using second = await step({
      after: first,
      inputs: {
        connection: inSchema('pr_7'),
        state: 'earlier',
        run: 'build --select state:modified+ --defer',
      },
    })
    expect({ exitCode: second.exitCode, log: second.exitCode === 0 ? '' : logOf(second) }).toEqual({
      exitCode: 0,
      log: '',
    })
    expect(ranIn(second)).toEqual(['model.shop.daily'])
    const compiled = readFileSync(join(second.paths.workspace, 'target/run/shop/models/daily.sql'), 'utf8')
    expect(compiled).toContain('"shop"."pr_7"."daily')
    expect(compiled).toContain('"shop"."main"."orders"')
  })

  test('leaves its artifacts also where dbt has failed, and none that somebody else left there', async () => {
    await using done = await step({
      files: { ...files, 'models/broken.sql': 'select nothing from nowhere', 'target/catalog.json': '{}' },
      inputs: { 'artifacts-dir': 'out/now' },
    })
    expect(done.outputs.get('result')).toBe('failure')
    expect(readdirSync(join(done.paths.workspace, 'out/now')).toSorted()).toEqual([
      'manifest.json',
      'run_results.json',
      'semantic_manifest.json',
    ])
  })

  test('has no secret of the job in its artifacts, which are still JSON', async () => {
    const models = [{ name: 'orders', description: `as "${issuer.requestToken}" says` }]
    await using done = await step({
      files: { ...files, 'models/schema.yml': JSON.stringify({ version: 2, models }) },
      inputs: { 'artifacts-dir': 'out', run: 'parse' },
    })
    const here = (path: string): string =>
      readFileSync(join(done.paths.workspace, path, 'manifest.json'), 'utf8')
    expect(here('target').includes(issuer.requestToken)).toBe(true)
    expect(here('out').includes(issuer.requestToken)).toBe(false)
    const nodes = JSON.stringify(parseRecord(here('out'))['nodes'])
    expect(nodes.includes(String.raw`"description":"as \"***\" says"`)).toBe(true)
  })

  test('is copied neither from nor to where a link leads', async () => {
    await using done = await step({
      files,
      inputs: { 'artifacts-dir': 'out' },
      prepare: ({ workspace, home }) => symlinkSync(home, join(workspace, 'out')),
    })
    expect([done.exitCode, logOf(done)]).toEqual([
      1,
      expect.stringContaining('a link leads out of the workspace'),
    ])
    expect(readdirSync(done.paths.home).filter((name) => name.endsWith('.json'))).toEqual([])
  })
})

describe('an earlier run that is not there', () => {
  const MANIFEST = JSON.stringify({ metadata: { dbt_schema_version: 'https://x/dbt/manifest/v12.json' } })

  test.each<[string, Record<string, string>, string, string]>([
    ['no directory', {}, 'There is no directory `earlier`', 'has to fetch the artifacts'],
    [
      'another file',
      { 'earlier/run_results.json': '{}' },
      'has no `manifest.json`, only `run_results.json`',
      'has to fetch',
    ],
    [
      'a directory within',
      { 'earlier/dbt-state/manifest.json': MANIFEST },
      'only `dbt-state`',
      'Name `earlier/dbt-state`, which has one',
    ],
    [
      'half a file',
      { 'earlier/manifest.json': MANIFEST.slice(0, -3) },
      '`earlier/manifest.json` is no manifest of dbt',
      'has to fetch',
    ],
    [
      'another kind of file',
      { 'earlier/manifest.json': '{"metadata":{}}' },
      'is no manifest of dbt',
      'has to fetch',
    ],
  ])('is told before a token is asked for: %s', async (_what, more, problem, remedy) => {
    const before = issuer.minted.length
    await using done = await step({ files: { ...files, ...more }, inputs: { state: 'earlier' } })
    expect(done.exitCode).toBe(1)
    expect(logOf(done)).toContain(problem)
    expect(logOf(done)).toContain(remedy)
    expect(issuer.minted).toHaveLength(before)
  })

  test('is told of an empty directory, and of the one that dbt writes to', async () => {
    await using first = await step({ files: { ...files, 'earlier/x': '' }, inputs: { run: 'parse' } })
    rmSync(join(first.paths.workspace, 'earlier/x'))
    await using empty = await step({ after: first, inputs: { state: 'earlier' } })
    expect(logOf(empty)).toContain('The directory `earlier`, which `state` names, is empty.')
    await using own = await step({ after: first, inputs: { state: 'target' } })
    expect(logOf(own)).toContain('`state` names `target`, where this run itself writes.')
    await using onto = await step({ after: first, inputs: { 'artifacts-dir': 'target' } })
    expect(logOf(onto)).toContain('`artifacts-dir` names `target`, where dbt itself writes.')
    expect(existsSync(join(first.paths.workspace, 'target/manifest.json'))).toBe(true)
  })
})
