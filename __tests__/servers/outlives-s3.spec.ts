import { beforeAll, describe, expect, test } from '@jest/globals'
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { LAKE_BIN, openLake, type Lake } from '../support/aws/lake.ts'
import { REGION, serversBin } from '../support/aws/site.ts'
import { runChild } from '../support/child.ts'
import { auditLogOf, ROUNDS } from '../support/late.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { flawsOf, flawsOfEnded } from '../support/lives.ts'
import { logOf, remainsOf } from '../support/process.ts'

/** Seconds that keys live here. */
const LIFE = 30
/** Keys are replaced when 40 % of their life is left: the seven of three lives, and one for the start of dbt. */
const EXCHANGES = [5, 10] as const
const ENDED = /The credential had ended at \S+Z, before dbt was done, and nothing renewed it/

/** A lake whose keys are short-lived. */
async function openShort(): Promise<Lake> {
  const lake = await openLake()
  lake.live(LIFE)
  await lake.trust()
  return lake
}

type Models = (lake: Lake) => Readonly<Record<string, string>>

/** A run of these models alone, with keys of somebody else around. */
async function build(keepAlive: string, modelsFor: Models) {
  await using lake = await openShort()
  const account = lake.watch()
  const models = Object.entries(modelsFor(lake))
  const names = models.map(([name]) => name.split('.')[0])
  await using done = await lake.step(
    { run: `run --select ${names.join(' ')}`, 'keep-alive': keepAlive },
    {
      files: Object.fromEntries(models.map(([name, text]) => [`models/${name}`, text])),
      env: { AWS_ACCESS_KEY_ID: 'AKIAMINE', AWS_SECRET_ACCESS_KEY: 'mine' },
    },
  )
  return {
    exitCode: done.exitCode,
    log: logOf(done),
    lived: account(LIFE, auditLogOf(done)),
    leaks: scanForLeaks(lake.secrets(), placesOf([done])),
    remains: remainsOf(done),
  }
}

type Built = Awaited<ReturnType<typeof build>>

/** Both ways at once: they wait more than they work. */
const both = (models: Models): Promise<[Built, Built]> =>
  Promise.all([build('off', models), build('auto', models)])

/** Models in Python that take longer than keys live, one after the other, and one after each that goes to S3. */
const LATE = Object.fromEntries(
  Array.from({ length: ROUNDS }, (_, at) => at + 1).flatMap((round) => [
    [
      `slow_${round}.py`,
      [
        'import time',
        'def model(dbt, session):',
        '    dbt.config(materialized="table")',
        round > 1 ? `    dbt.ref("slow_${round - 1}")` : '',
        `    time.sleep(${LIFE + 2})`,
        '    return session.sql("select 1 as id")',
      ].join('\n'),
    ],
    [
      `late_${round}.sql`,
      [
        "{{ config(materialized='external') }}",
        `select * from {{ ref('slow_${round}') }}`,
        round > 1 ? `union all select * from {{ ref('late_${round - 1}') }}` : '',
      ].join('\n'),
    ],
  ]),
)

describe('a run of dbt-duckdb that outlives its keys for S3', () => {
  let off: Built
  let auto: Built
  beforeAll(async () => {
    ;[off, auto] = await both(() => LATE)
  }, 600_000)

  test('fails without keep-alive, and the log says why', () => {
    expect([off.exitCode, off.remains]).toEqual([1, []])
    expect(flawsOfEnded(off.lived, 'action')).toEqual([])
    expect(off.log).toMatch(ENDED)
  })

  test('passes with it: every node gets keys that live, to write with as to read with', () => {
    expect({ exitCode: auto.exitCode, log: auto.exitCode === 0 ? '' : auto.log }).toEqual({
      exitCode: 0,
      log: '',
    })
    const bounds = { exchanges: EXCHANGES, oldest: 0.8, lives: 3, trades: 'action' } as const
    expect(flawsOf(auto.lived, bounds)).toEqual([])
    expect(new Set(auto.lived.uses.map(({ id }) => id)).size).toBeGreaterThanOrEqual(3)
    expect([auto.leaks, auto.remains]).toEqual([[], []])
  })
})

/**
 * The AWS SDK for Python in the process of dbt, with one client for three lives. It is made to want new keys in the
 * shares of their life in which it wants them of keys that live an hour: 15 minutes before the end, at the latest 10.
 */
function byBoto3({ s3: { port } }: Lake): Record<string, string> {
  const [packages = ''] = globSync(join(dirname(serversBin()), 'lib', 'python3*', 'site-packages'))
  const text = [
    'import os, sys, time',
    'def model(dbt, session):',
    '    dbt.config(materialized="table")',
    `    sys.path.append(${JSON.stringify(packages)})`,
    '    import boto3',
    '    from botocore.config import Config',
    '    from botocore.credentials import RefreshableCredentials',
    `    RefreshableCredentials._advisory_refresh_timeout = ${LIFE / 4}`,
    `    RefreshableCredentials._mandatory_refresh_timeout = ${LIFE / 6}`,
    '    profile = None if "AWS_CONTAINER_CREDENTIALS_FULL_URI" in os.environ else "dbt-oidc"',
    '    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, request_checksum_calculation="when_required")',
    `    s3 = boto3.Session(profile_name=profile).client("s3", region_name="${REGION}", endpoint_url="http://127.0.0.1:${port}", config=config)`,
    `    end = time.monotonic() + ${LIFE * 3.2}`,
    '    while time.monotonic() < end:',
    '        s3.put_object(Bucket="acme-lake", Key="dbt/boto3", Body=b"still here")',
    '        s3.get_object(Bucket="acme-lake", Key="dbt/boto3")["Body"].read()',
    '        time.sleep(1)',
    '    return session.sql("select 1 as id")',
  ].join('\n')
  return { 'python.py': text }
}

describe('boto3 in a run that outlives its keys', () => {
  let off: Built
  let auto: Built
  beforeAll(async () => {
    ;[off, auto] = await both(byBoto3)
  }, 600_000)

  test('is refused without keep-alive, and the log says why', () => {
    expect([off.exitCode, off.remains]).toEqual([1, []])
    expect(flawsOfEnded(off.lived, 'action')).toEqual([])
    expect(off.log).toContain('ExpiredToken')
    expect(off.log).toMatch(ENDED)
  })

  test('goes on with it: one client asks the container endpoint for keys before those that it has end', () => {
    expect({ exitCode: auto.exitCode, log: auto.exitCode === 0 ? '' : auto.log }).toEqual({
      exitCode: 0,
      log: '',
    })
    const bounds = { exchanges: EXCHANGES, oldest: 0.9, lives: 3, trades: 'action' } as const
    expect(flawsOf(auto.lived, bounds)).toEqual([])
    const names = new Set(auto.lived.uses.map(({ id }) => id))
    expect(names.size).toBeGreaterThanOrEqual(4)
    // It asks when it needs some, and not for each request.
    expect(names.size).toBeLessThan(auto.lived.uses.length / 4)
    expect([auto.leaks, auto.remains]).toEqual([[], []])
  })
})

test('in prepared mode a later step that begins when the first keys have ended writes and reads with new ones', async () => {
  await using lake = await openShort()
  const account = lake.watch()
  await using prepared = await lake.step(
    { run: '' },
    { files: { 'models/lake.sql': "{{ config(materialized='external') }} select 1 as id" } },
  )
  const early = [...lake.site.cloud.sessions.keys()].at(-1)
  await sleep((LIFE + 5) * 1000)
  const command = [join(LAKE_BIN, 'dbt'), '--no-version-check', 'run', '--select', 'lake']
  const later = await runChild(command, {
    cwd: prepared.paths.workspace,
    env: prepared.laterEnv(),
    deadline: 300_000,
  })
  expect({ exitCode: later.exitCode, said: later.exitCode === 0 ? '' : later.stdout }).toEqual({
    exitCode: 0,
    said: '',
  })
  await using post = await prepared.post()
  expect([post.exitCode, remainsOf(post)]).toEqual([0, []])
  const seen = account(LIFE, auditLogOf(prepared))
  expect(flawsOf(seen, { exchanges: [2, 5], oldest: 0.8, lives: 1, trades: 'action' })).toEqual([])
  expect(seen.uses.map(({ id }) => id)).not.toContain(early)
}, 600_000)
