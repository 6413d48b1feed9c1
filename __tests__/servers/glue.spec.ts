import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { apply } from '../support/aws/account.ts'
import { openLakehouse, type Lakehouse } from '../support/aws/lakehouse/open.ts'
import { ACCOUNT, REGION, ROLE } from '../support/aws/site.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { logOf, remainsOf } from '../support/process.ts'
import { scalarText } from '../support/shape.ts'

const SESSION_ROLE = `arn:aws:iam::${ACCOUNT}:role/glue-session`

/** The role that a session runs as, which the user of the action has: it trusts Glue, and nobody's workflow. */
const THE_OTHER_ROLE = `
aws iam create-role --role-name glue-session --assume-role-policy-document '{
  "Version": "2012-10-17",
  "Statement": [{ "Effect": "Allow", "Principal": { "Service": "glue.amazonaws.com" }, "Action": "sts:AssumeRole" }]
}'
aws iam put-role-policy --role-name glue-session --policy-name lake --policy-document '{
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "Action": "glue:*", "Resource": "arn:aws:glue:${REGION}:${ACCOUNT}:*" },
    { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::acme-lake/dbt/*" }
  ]
}'`

const MODELS = {
  'models/first.sql':
    '{{ config(materialized="table") }} select 1 as id, cast(2 as decimal(10, 2)) as amount union all select 2, 3',
  'models/second.sql': 'select sum(amount) as total from {{ ref("first") }}',
  'tests/the_sum.sql': 'select * from {{ ref("second") }} where total <> 5',
}

let lake: Lakehouse

beforeAll(async () => {
  lake = await openLakehouse('glue', ['acme-lake'])
}, 60_000)

afterAll(async () => {
  await lake?.[Symbol.asyncDispose]()
})

beforeEach(() => trust())

type More = Readonly<Record<string, unknown>>

function inputs(more: More = {}): Record<string, string> {
  const { run = 'build --select first+', repository, ...connection } = more
  const output = {
    type: 'glue',
    role_arn: SESSION_ROLE,
    region: REGION,
    schema: 'analytics',
    location: 's3://acme-lake/dbt/',
    worker_type: 'G.1X',
    workers: 2,
    threads: 1,
    ...connection,
  }
  return {
    run: String(run),
    connection: JSON.stringify(output),
    identity: JSON.stringify({ role: ROLE, region: REGION }),
    ref: 'refs/heads/main',
    ...(repository === undefined ? {} : { repository: scalarText(repository) }),
  }
}

/** Lets the account know what the documents for these inputs say, and of the other role. */
async function trust(more: More = {}): Promise<void> {
  const { cloud } = lake.site
  cloud.providers.clear()
  cloud.roles.clear()
  apply(cloud, THE_OTHER_ROLE, ACCOUNT)
  for (const { text } of await lake.site.documents(inputs(more))) apply(cloud, text, ACCOUNT)
}

const roleOf = (id: string): string => lake.site.cloud.sessions.get(id)?.role.arn ?? ''

test('dbt-glue builds in a session that runs as the other role, opened with keys of the role of the workflow alone', async () => {
  await using done = await lake.step(inputs(), { files: MODELS })
  expect(logOf(done)).toContain('PASS=3 WARN=0 ERROR=0')
  expect([done.exitCode, remainsOf(done)]).toEqual([0, []])
  const calls = lake.calls()
  expect(new Set(calls.map(({ accessKeyId }) => roleOf(accessKeyId)))).toEqual(new Set([ROLE]))
  expect(calls.filter(({ action }) => action === 'glue:CreateSession').map(({ outcome }) => outcome)).toEqual(
    ['ok'],
  )
  expect([...lake.site.cloud.sessions.values()].map(({ role }) => role.arn)).toEqual([ROLE, SESSION_ROLE])
  expect([...lake.buckets.objects.keys()]).toEqual(['acme-lake/dbt/analytics/first/part-0.parquet'])
  // The trust says of it that it is not granted.
  const refused = calls.filter(({ outcome }) => outcome === 'AccessDeniedException')
  expect(refused.map(({ action }) => action)).toEqual(['lakeformation:BatchGrantPermissions'])
  expect(scanForLeaks(lake.secrets(), placesOf([done]))).toEqual([])
}, 200_000)

test('a trust for another repository refuses the run, by name, before dbt', async () => {
  await trust({ repository: 'o/x' })
  const before = lake.calls().length
  await using done = await lake.step(inputs())
  expect(logOf(done)).toContain('its trust policy does not fit the token')
  expect([done.exitCode, lake.calls().length - before, remainsOf(done)]).toEqual([1, 0, []])
}, 60_000)

describe('Glue refuses, and dbt says so', () => {
  test('a role that may pass another role only', async () => {
    await trust({ role_arn: `${SESSION_ROLE}-of-others` })
    await using done = await lake.step(inputs({ run: 'run --select first' }), { files: MODELS })
    expect(logOf(done)).toContain(`is not authorized to perform: iam:PassRole on resource: ${SESSION_ROLE}`)
    expect([done.exitCode, remainsOf(done)]).toEqual([1, []])
  }, 100_000)

  test('keys of a session that was ended meanwhile', async () => {
    await using done = await lake.step(
      { ...inputs({ run: 'run --select first' }), 'keep-alive': 'off' },
      {
        files: MODELS,
        async during(_child, lines) {
          for await (const line of lines) if (line.includes('Running with dbt')) break
          lake.site.cloud.sessions.clear()
        },
      },
    )
    expect(logOf(done)).toContain('UnrecognizedClientException')
    expect([done.exitCode, remainsOf(done)]).toEqual([1, []])
  }, 100_000)
})
