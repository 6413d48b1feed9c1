import { expect, test } from '@jest/globals'
import { dirname } from 'node:path'
import { GRANTED, openJob, PROJECT } from '../support/job.ts'
import { logOf, remainsOf } from '../support/process.ts'
import { dbt2Python } from '../support/python.ts'

// dbt 2.0.0rc196 is the last one that comes from PyPI as it is; its drivers come from elsewhere when they are first used,
// so a login cannot be tried here. It parses a project with a profile, and does not look at the names of its keys then.

test.each([
  ['DuckDB', '{ type: duckdb, path: prod.duckdb }'],
  ['Snowflake', '{ type: snowflake, account: acme-prod, database: D, schema: S }'],
  [
    'Databricks',
    '{ type: databricks, host: a.cloud.databricks.com, http_path: /w, schema: s, client_id: 8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10 }',
  ],
])(
  'dbt 2 parses a project with the profile of %s, as the action runs it',
  async (_name, connection) => {
    await using job = await openJob()
    await using step = await job.step({
      inputs: { ...GRANTED, run: 'parse', connection },
      files: { ...PROJECT, 'models/orders.sql': 'select 1 as id' },
      path: [dirname(dbt2Python())],
    })
    expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : logOf(step) }).toEqual({
      exitCode: 0,
      log: '',
    })
    expect(logOf(step)).toContain("Finished 'parse' successfully for target 'prod'")
    expect(remainsOf(step)).toEqual([])
  },
  60_000,
)
