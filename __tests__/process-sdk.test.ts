import { expect, test } from '@jest/globals'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { GRANTED, openJob } from './support/job.ts'
import { parseRecord } from './support/shape.ts'
import type { StepOptions } from './support/step.ts'

const dist = resolve(import.meta.dirname, '..', 'dist')

/** Chunks of the built action that hold a part of AWS's SDK, by words that it cannot do without. */
const AWS = readdirSync(dist).filter(
  (file) =>
    file.endsWith('.js') &&
    /AWSSecurityTokenServiceV20110615|aws4_request/.test(readFileSync(join(dist, file), 'utf8')),
)

/** The files of the built action that a step has loaded: V8 itself keeps the list. */
async function loadedBy(options: StepOptions): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'loaded-'))
  try {
    await using job = await openJob({}, {}, { 'dbt-redshift': '1.11.1' })
    await using _step = await job.step({ ...options, env: { NODE_V8_COVERAGE: directory } })
    const lists = readdirSync(directory).map((file) =>
      parseRecord(readFileSync(join(directory, file), 'utf8')),
    )
    const urls = lists.flatMap(
      ({ result }) => (Array.isArray(result) ? result : []) as { readonly url: string }[],
    )
    return urls.map(({ url }) => basename(url)).filter((file) => readdirSync(dist).includes(file))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

test('a run for DuckDB opens no file of the SDK of AWS', async () => {
  const loaded = await loadedBy({ inputs: GRANTED })
  expect(loaded).toContain('main.js')
  expect(AWS.length).toBeGreaterThan(0)
  expect(loaded.filter((file) => AWS.includes(file))).toEqual([])
})

test('a run for Redshift does, which proves that the list is whole', async () => {
  const connection = '{ type: redshift, host: 127.0.0.1, cluster_id: shop, dbname: dev, schema: dbt }'
  const identity = '{ role: arn:aws:iam::123456789012:role/dbt, region: eu-west-1 }'
  const loaded = await loadedBy({ inputs: { ...GRANTED, connection, identity } })
  expect(loaded.filter((file) => AWS.includes(file)).length).toBeGreaterThan(0)
})
