import { expect, test } from '@jest/globals'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { GRANTED, openJob } from './support/job.ts'
import { parseRecord } from './support/shape.ts'
import type { StepOptions } from './support/step.ts'

const dist = resolve(import.meta.dirname, '..', 'dist')

/** Words that each vendor's SDK cannot do without, and nothing of ours holds. */
const WORDS = {
  aws: /AWSSecurityTokenServiceV20110615/,
  google: /gl-node\//,
  snowflake: /ERR_CONN_CREATE_INVALID_ACCOUNT/,
} as const

type Sdk = keyof typeof WORDS
const SDKS = Object.keys(WORDS) as Sdk[]

/** The chunks of the built action that hold a part of an SDK. */
function chunksOf(sdk: Sdk): string[] {
  const chunks = readdirSync(dist).filter((file) => file.endsWith('.js'))
  return chunks.filter((file) => WORDS[sdk].test(readFileSync(join(dist, file), 'utf8')))
}

/** The SDKs of which a step has loaded a file: V8 itself keeps the list. */
async function loadedBy(options: StepOptions): Promise<Sdk[]> {
  const directory = mkdtempSync(join(tmpdir(), 'loaded-'))
  try {
    const packages = { 'dbt-redshift': '1.11.1', 'dbt-snowflake': '1.12.3', 'dbt-bigquery': '1.12.1' }
    await using job = await openJob({}, {}, packages)
    await using _step = await job.step({ ...options, env: { NODE_V8_COVERAGE: directory } })
    const lists = readdirSync(directory).map((file) =>
      parseRecord(readFileSync(join(directory, file), 'utf8')),
    )
    const urls = lists.flatMap(
      ({ result }) => (Array.isArray(result) ? result : []) as { readonly url: string }[],
    )
    const files = urls.map(({ url }) => basename(url)).filter((file) => readdirSync(dist).includes(file))
    expect(files).toContain('main.js')
    return SDKS.filter((sdk) => chunksOf(sdk).some((file) => files.includes(file)))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const SNOWFLAKE = '{ type: snowflake, account: acme, database: D, schema: S }'
const ROLE = '{ role: arn:aws:iam::123456789012:role/dbt, region: eu-west-1 }'
const PROVIDER = '{ provider: projects/1/locations/global/workloadIdentityPools/github/providers/dbt-prod }'

test('each SDK is in the built action', () => {
  for (const sdk of SDKS) expect([sdk, chunksOf(sdk).length > 0]).toEqual([sdk, true])
})

test.each<[string, Record<string, string>, Sdk[]]>([
  ['DuckDB opens no SDK', {}, []],
  ['Snowflake opens none either: its driver logs in', { connection: SNOWFLAKE }, []],
  [
    'Redshift opens none: a form, a signature and an answer in XML are all that the trade takes',
    {
      connection: '{ type: redshift, host: 127.0.0.1, cluster_id: shop, dbname: dev, schema: dbt }',
      identity: ROLE,
    },
    [],
  ],
  [
    'BigQuery opens none: two requests are all that the trade takes',
    { connection: '{ type: bigquery, project: acme-prod, dataset: d }', identity: PROVIDER },
    [],
  ],
])('a run for %s', async (_name, inputs, sdks) => {
  expect(await loadedBy({ inputs: { ...GRANTED, ...inputs } })).toEqual(sdks)
})

test('a preflight at Snowflake opens its SDK, which proves that the list is whole', async () => {
  const connection = SNOWFLAKE.replace(
    'account: acme',
    'account: acme, host: 127.0.0.1, port: 9, protocol: http',
  )
  const loaded = await loadedBy({ inputs: { ...GRANTED, connection, preflight: 'true' } })
  expect(loaded).toContain('snowflake')
}, 60_000)
