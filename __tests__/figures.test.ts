import { describe, expect, test } from '@jest/globals'
import { figures, queryLink, size } from '../src/report/figures.ts'
import { pageUrl } from '../src/report/links.ts'
import { freshness, outcomes, snapshots } from '../src/report/outcomes.ts'
import type { Section } from '../src/report/budget.ts'
import { summarise } from '../src/report/summary.ts'
import { warehouses } from '../src/warehouses/index.ts'
import { access, facts, node, report, result } from './support/report.ts'

const tested = (name: string, status: string) =>
  node({ name, status, resourceType: 'test', uniqueId: `test.shop.${name}`, seconds: 0.5 })
const source = (name: string, status: string, age?: number) =>
  node({ name, status, resourceType: 'source', ...(age === undefined ? {} : { age }) })
const shown = ({ head, pieces, tail }: Section): string =>
  `${head}${[...pieces].join('')}${tail}`.trim().replaceAll('<wbr>', '')

/** What each adapter writes, by the source of the versions that are tested here. */
const BIGQUERY = {
  _message: 'CREATE TABLE (1.2k rows, 3.4 GiB processed)',
  code: 'CREATE TABLE',
  rows_affected: 1204,
  bytes_processed: 3_650_722_201,
  bytes_billed: 3_651_141_632,
  location: 'EU',
  project_id: 'acme-prod',
  job_id: '0a1b2c3d-4e5f-6789-abcd-ef0123456789',
  slot_ms: 75_310,
}
const SNOWFLAKE = { code: 'SUCCESS', rows_affected: 12, query_id: '01b7a2c4-0604-9e3c-0000-0001a2b3c4d5' }

function historyOf(type: string, over: Readonly<Record<string, unknown>> = {}) {
  const warehouse = warehouses.get(type)
  if (!warehouse) throw new Error(`there is no warehouse ${type}`)
  const bound = warehouse.bind({ ...warehouse.example, ...over })
  return (query: Readonly<Record<string, unknown>> | undefined) => bound.history(query)
}

describe('the figures of a run', () => {
  test('are summed, with the nodes that weigh most first and a link to the job of each', () => {
    const nodes = [
      node({ name: 'small', adapterResponse: { ...BIGQUERY, bytes_billed: 10_485_760, job_id: 'j-1' } }),
      node({ name: 'fct_orders', adapterResponse: BIGQUERY }),
      node({ name: 'unknown', adapterResponse: {} }),
    ]
    expect(shown(figures(nodes, facts, { ...access, history: historyOf('bigquery') }))).toBe(
      [
        '### Work in the warehouse',
        '',
        '**2,408 rows** · **7.3 GB** read · **3.7 GB** billed · **2 min 31 s** of slots',
        '',
        '| node | |',
        '| :-- | :-- |',
        `| ✅ [<code>fct_orders</code>](https://github.com/acme/dbt/blob/${facts.sha}/warehouse/shop/models/stg_orders.sql) | 1,204 rows · 3.7 GB read · 3.7 GB billed · 1 min 15 s of slots · [<code>0a1b2c3d-4e…</code>](https://console.cloud.google.com/bigquery?project=acme-prod&j=bq:EU:0a1b2c3d-4e5f-6789-abcd-ef0123456789&page=queryresults) |`,
        `| ✅ [<code>small</code>](https://github.com/acme/dbt/blob/${facts.sha}/warehouse/shop/models/stg_orders.sql) | 1,204 rows · 3.7 GB read · 10.5 MB billed · 1 min 15 s of slots · [<code>j-1</code>](https://console.cloud.google.com/bigquery?project=acme-prod&j=bq:EU:j-1&page=queryresults) |`,
      ].join('\n'),
    )
  })

  test('are left out where the adapter reports rows at most', () => {
    const nodes = [node({ adapterResponse: { rows_affected: 3 } }), node({ adapterResponse: {} })]
    expect(figures(nodes, facts, access).total).toBe(0)
  })

  test.each([
    ['-1, which says nothing', { rows_affected: -1, query_id: 'q' }],
    ['text', { rows_affected: '12', query_id: 'q' }],
    ['no number', { rows_affected: Number.NaN, query_id: 'q' }],
  ])('count no rows where the adapter writes %s', (_, adapterResponse) => {
    expect(shown(figures([node({ adapterResponse })], facts, access))).not.toContain('row')
  })

  test('give the whole id of a query where nobody knows its page, and none for that of dbt-databricks', () => {
    expect(queryLink(node({ adapterResponse: SNOWFLAKE }), undefined).replaceAll('<wbr>', '')).toBe(
      `<code>${SNOWFLAKE.query_id}</code>`,
    )
    expect(queryLink(node({ adapterResponse: { query_id: 'N/A' } }), access)).toBe('')
  })

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [99_499, '99.5 kB'],
    [123_456_789, '123 MB'],
    [5e16, '50.0 PB'],
  ])('say %d bytes as %s', (bytes, said) => {
    expect(size(bytes)).toBe(said)
  })
})

describe('the history of a warehouse', () => {
  const id = { query_id: SNOWFLAKE.query_id }
  test.each<[string, string, Readonly<Record<string, unknown>>, string | undefined, string | undefined]>([
    [
      'Snowflake by organisation and account',
      'snowflake',
      { account: 'ACME-PROD-EU' },
      'https://app.snowflake.com/acme/prod-eu/#/compute/history/queries',
      `https://app.snowflake.com/acme/prod-eu/#/compute/history/queries/${id.query_id}/detail`,
    ],
    [
      'Snowflake by locator',
      'snowflake',
      { account: 'xy12345.eu-west-1' },
      'https://app.snowflake.com/eu-west-1/xy12345/#/compute/history/queries',
      `https://app.snowflake.com/eu-west-1/xy12345/#/compute/history/queries/${id.query_id}/detail`,
    ],
    [
      'Snowflake behind a private link',
      'snowflake',
      { account: 'acme-prod', host: 'acme-prod.privatelink.snowflakecomputing.com' },
      undefined,
      undefined,
    ],
    [
      'BigQuery',
      'bigquery',
      { project: 'acme-prod', execution_project: 'acme-jobs' },
      'https://console.cloud.google.com/bigquery?project=acme-jobs',
      undefined,
    ],
    [
      'Databricks',
      'databricks',
      { host: 'acme.cloud.databricks.com' },
      'https://acme.cloud.databricks.com/sql/history',
      `https://acme.cloud.databricks.com/sql/history?queryId=${id.query_id}`,
    ],
    [
      'Athena',
      'athena',
      { region_name: 'eu-west-1' },
      'https://eu-west-1.console.aws.amazon.com/athena/home?region=eu-west-1#/query-editor/history',
      undefined,
    ],
    [
      'Athena in China',
      'athena',
      { region_name: 'cn-north-1' },
      'https://console.amazonaws.cn/athena/home?region=cn-north-1#/query-editor/history',
      undefined,
    ],
    [
      'a workgroup of Redshift',
      'redshift',
      {},
      'https://eu-west-1.console.aws.amazon.com/redshiftv2/home?region=eu-west-1#serverless-workgroup?workgroup=analytics',
      undefined,
    ],
    [
      'Trino',
      'trino',
      { host: 'trino.acme.example', port: 8443 },
      'https://trino.acme.example:8443/ui/',
      `https://trino.acme.example:8443/ui/query.html?${id.query_id}`,
    ],
    ['DuckDB, which has none', 'duckdb', {}, undefined, undefined],
  ])('%s', (_, type, over, all, one) => {
    expect(historyOf(type, over)(undefined)).toBe(all)
    expect(historyOf(type, over)(id)).toBe(one)
    // dbt's own word on a node that failed.
    expect(historyOf(type, over)({})).toBe(undefined)
  })

  test('makes no address of an id that is none', () => {
    for (const type of ['snowflake', 'databricks', 'trino'])
      expect(historyOf(type)({ query_id: '../x)[y](http://z' })).toBe(undefined)
    expect(historyOf('bigquery')({ job_id: 'a b', location: 'EU' })).toBe(undefined)
  })

  test('stands in the summary beside the identity', () => {
    const markdown = summarise(
      report(result([node()]), { access: { ...access, history: historyOf('snowflake') } }),
      facts,
    )
    expect(markdown).toContain(
      '| History | [what the warehouse itself has recorded](https://app.snowflake.com/',
    )
  })

  test.each([
    ['javascript:alert(1)', undefined],
    ['no address', undefined],
    ['https://a.example/x)y(z?q=[1]&copy;', 'https://a.example/x%29y%28z?q=%5B1%5D&copy%3B'],
  ])('is linked to from Markdown as an address alone: %s', (url, expected) => {
    expect(pageUrl(url)).toBe(expected)
  })
})

describe('what became of the nodes', () => {
  test('is told of tests apart from what was built', () => {
    const nodes = [
      node({ name: 'a', seconds: 3 }),
      node({ name: 'b', status: 'error', seconds: 1 }),
      node({ name: 'c', resourceType: 'seed', seconds: 0.5 }),
      tested('x', 'pass'),
      tested('y', 'pass'),
      tested('z', 'warn'),
      node({ name: 's', resourceType: 'source', status: 'pass' }),
    ]
    expect(outcomes(nodes).map(shown)).toEqual([
      '### Built\n\n| | | time |\n| :-- | :-- | --: |\n| model | **1** error · **1** success | 4.0 s |\n| seed | **1** success | 0.50 s |',
      '### Tests\n\n| | | time |\n| :-- | :-- | --: |\n| test | **1** warn · **2** pass | 1.5 s |',
    ])
  })

  test('is told of sources by their age, the oldest first, and of what nobody knows before that', () => {
    expect(
      shown(
        freshness([
          source('orders', 'pass', 1800),
          source('payments', 'error', 180_000),
          source('refunds', 'runtime error'),
        ]),
      ),
    ).toBe(
      '### Source freshness\n\n| source | last loaded before |\n| :-- | --: |\n| ❌ <code>refunds</code> | nobody knows |\n| ❌ <code>payments</code> | 50 h 0 min |\n| ✅ <code>orders</code> | 30 min 0 s |',
    )
  })

  test('is told of snapshots with the rows that they took in', () => {
    const taken = node({
      name: 'customers_history',
      resourceType: 'snapshot',
      adapterResponse: { rows_affected: 1204 },
      seconds: 2,
    })
    expect(shown(snapshots([taken]))).toBe(
      '### Snapshots\n\n| snapshot | rows | time |\n| :-- | --: | --: |\n| ✅ <code>customers_history</code> | 1,204 | 2.0 s |',
    )
  })

  test('is told of the first fifty snapshots and sources, and that there are more', () => {
    const many = Array.from({ length: 60 }, (_, at) => node({ name: `s${at}`, resourceType: 'snapshot' }))
    expect(shown(snapshots(many))).toContain('The first 50 of 60 snapshots.')
    expect(freshness(many.map((each) => ({ ...each, resourceType: 'source' }))).total).toBe(50)
  })
})
