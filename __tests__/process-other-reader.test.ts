import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CLI } from './support/cli.ts'
import { installDbtStub, type DbtStub } from './support/dbt-stub.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { PROJECT } from './support/job.ts'
import { otherJob, playIssuer, tokenOf } from './support/other-issuers.ts'
import { GITLAB } from './support/other-payloads.ts'

let issuer: Issuer
let dbt: DbtStub
let directory: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'other-reader-'))
  issuer = await startIssuer()
  // Far more than a pipe holds, before the work is done.
  dbt = await installDbtStub(join(directory, 'env'), {
    behaviours: {
      build: {
        repeat: [{ text: `${'x'.repeat(127)}\n`, times: 40_000 }],
        write: { made: 'all of it' },
        exit: 2,
      },
    },
  })
})
afterAll(async () => {
  await issuer.close()
  rmSync(directory, { recursive: true, force: true })
})

test('a reader that has seen enough ends no dbt: what it was to make is made, and its exit code is told', async () => {
  const url = playIssuer(issuer, 'gitlab')
  const policy = `
repository: acme/shop
issuers: { gitlab: { url: ${url}, like: gitlab } }
targets: { prod: { connection: { type: duckdb, path: prod.duckdb } } }
grants: [{ issuer: gitlab, target: prod, when: { project_path: acme/shop, ref: main, ref_type: branch } }]
`
  const { stderr } = await otherJob({
    args: [],
    shell: `{ '${process.execPath}' '${CLI}' run --issuer gitlab --token-variable DBT_TOKEN -- dbt build || echo "code $?" >&2; } | head -c 1
      cat made >&2`,
    files: { ...PROJECT, '.github/dbt-oidc.yml': policy },
    path: [dbt.bin],
    env: { GITHUB_SERVER_URL: issuer.serverUrl, DBT_TOKEN: tokenOf(issuer, url, GITLAB) },
  })
  expect(stderr).toBe('code 2\nall of it')
}, 60_000)
