import { expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { startIssuer } from '../support/issuer.ts'
import { auditOf } from '../support/job.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { until } from '../support/lines.ts'
import { AUDIENCE, logOf, PROJECT, QUIET, remainsOf, shopStep, snowflakeAt } from '../support/process.ts'
import { dbtPython } from '../support/python.ts'
import type { Scratch } from '../support/scratch.ts'
import { sha256 } from '../support/snowflake/identity.ts'
import { startSnowflake } from '../support/snowflake/front.ts'

/** Seconds that a token lives here, and milliseconds that the first model takes: the others connect after its end. */
const LIFE = 30
const SLOW = { text: 'slow_model_marker', by: 40_000 }

const late = '-- depends_on: {{ ref("slow") }}\nselect 1 as id'
const files = {
  ...PROJECT,
  'models/slow.sql': 'select 1 as id -- slow_model_marker',
  'models/late_1.sql': late,
  'models/late_2.sql': late,
  'models/late_3.sql': late,
}

/** Every private file of the step, and the environments of dbt and what it has started. */
function heldByDbt(paths: Scratch): Record<string, string> {
  const [directory = ''] = remainsOf({ paths })
  const found = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
  const texts = found.map(({ parentPath, name }) => [name, read(join(parentPath, name))] as const)
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const ours = pids.filter((pid) => read(`/proc/${pid}/cmdline`).includes(directory))
  const environments = ours.map((pid) => [`environment of ${pid}`, read(`/proc/${pid}/environ`)] as const)
  return Object.fromEntries([...texts, ...environments])
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // the process has ended
  }
}

/** A build with four threads of which three log in after the end of the first token. */
async function build() {
  const issuer = await startIssuer({ ttl: LIFE })
  const trust = { issuer: issuer.issuer, subject: 'repo:o/r:ref:refs/heads/main', audiences: [AUDIENCE] }
  await using account = await startSnowflake({
    users: [{ user: 'GH', ...trust, defaultRole: 'TRANSFORMER' }],
    python: dbtPython(),
    slow: SLOW,
  })
  const connection = snowflakeAt(account.port).replace('{ ', '{ threads: 4, connect_retries: 0, ')
  let paths: Scratch | undefined
  let held: Record<string, string> = {}
  try {
    await using step = await shopStep(issuer, dirname(dbtPython()), {
      files,
      // Nobody listens there: who asked this proxy for 127.0.0.1 would fail.
      env: { ...QUIET, HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' },
      inputs: { connection, 'keep-alive': 'proxy' },
      deadline: 150_000,
      prepare: (scratch) => void (paths = scratch),
      async during(_child, lines) {
        await until(lines, /START sql .*slow/)
        if (paths) held = heldByDbt(paths)
      },
    })
    const secrets = {
      ...Object.fromEntries(issuer.minted.map((token, at) => [`token ${at + 1}`, token])),
      'request token': issuer.requestToken,
    }
    return {
      exitCode: step.exitCode,
      log: logOf(step),
      masks: step.fullLog.masks,
      minted: issuer.minted,
      logins: account.logins.map(({ tokenSha256 }) => tokenSha256),
      refusals: account.refusals,
      held,
      leaks: [...scanForLeaks(secrets, { texts: held }), ...scanForLeaks(secrets, placesOf([step]))],
      remains: remainsOf(step),
      audit: auditOf(readFileSync(step.outputs.get('audit-log') ?? '', 'utf8')),
    }
  } finally {
    await issuer.close()
  }
}

test('a run of dbt-snowflake outlives its token by the login proxy, and dbt never holds a token', async () => {
  const run = await build()
  expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })
  expect(run.refusals).toEqual([])

  const { logins } = run
  expect(logins.length).toBeGreaterThanOrEqual(4)
  expect(new Set(logins).size).toBe(logins.length)
  expect(run.minted.map(sha256)).toEqual(expect.arrayContaining(logins))
  expect(run.masks).toEqual(expect.arrayContaining([...run.minted]))
  const placeholder = /^eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0\.[\w-]+\.$/
  expect(run.masks).toContainEqual(expect.stringMatching(placeholder))

  const handed = run.audit.filter(({ use }) => use === 'exchange' || use === 'keep-alive')
  expect(handed.map(({ token_sha256: token }) => token)).toEqual(expect.arrayContaining(logins))
  const renewals = handed.filter(({ use }) => use === 'keep-alive')
  expect(renewals.length).toBeGreaterThanOrEqual(3)
  expect(renewals.map(({ outcome, trades }) => [outcome, trades])).toEqual(
    renewals.map(() => ['handed-over', 'driver']),
  )

  expect(run.held['profiles.yml']).toMatch(/host: "127\.0\.0\.1"[^]*protocol: "http"/)
  expect(Object.keys(run.held)).toContainEqual(expect.stringMatching(/^environment of \d+$/))
  expect(Object.values(run.held).join('\n')).toMatch(/DBT_ENV_SECRET_DBT_OIDC_\w+=/)
  expect([run.leaks, run.remains]).toEqual([[], []])
}, 200_000)
