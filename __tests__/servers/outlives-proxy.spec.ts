import { expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { startIssuer } from '../support/issuer.ts'
import { auditLogOf, LATE_PROJECT, slowBy } from '../support/late.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { until } from '../support/lines.ts'
import { flawsOf, usesOf } from '../support/lives.ts'
import { AUDIENCE, logOf, QUIET, remainsOf, shopStep, snowflakeAt } from '../support/process.ts'
import { dbtPython } from '../support/python.ts'
import type { Scratch } from '../support/scratch.ts'
import { startSnowflake } from '../support/snowflake/front.ts'

/** Seconds that a token lives here. */
const LIFE = 30

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

/** A build whose threads log in one after the other, most of them after the end of the first token. */
async function build() {
  const issuer = await startIssuer({ ttl: LIFE })
  const trust = { issuer: issuer.issuer, subject: 'repo:o/r:ref:refs/heads/main', audiences: [AUDIENCE] }
  await using account = await startSnowflake({
    users: [{ user: 'GH', ...trust, defaultRole: 'TRANSFORMER' }],
    python: dbtPython(),
    slow: slowBy((LIFE + 2) * 1000),
  })
  const connection = snowflakeAt(account.port).replace('{ ', '{ threads: 8, connect_retries: 0, ')
  let paths: Scratch | undefined
  let held: Record<string, string> = {}
  try {
    await using step = await shopStep(issuer, dirname(dbtPython()), {
      files: LATE_PROJECT,
      // Nobody listens there: who asked this proxy for 127.0.0.1 would fail.
      env: { ...QUIET, HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' },
      inputs: { connection, 'keep-alive': 'proxy' },
      deadline: 300_000,
      prepare: (scratch) => void (paths = scratch),
      async during(_child, lines) {
        await until(lines, /START sql .*slow_1/)
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
      logins: account.logins.map(({ tokenSha256 }) => tokenSha256),
      lived: {
        life: LIFE,
        minted: issuer.minted,
        audit: auditLogOf(step),
        // The last model may get a thread that has logged in before.
        endedAt: Date.now(),
        uses: [
          ...usesOf(issuer.minted, account.logins, true),
          ...usesOf(issuer.minted, account.refusals, false),
        ],
      },
      held,
      leaks: [...scanForLeaks(secrets, { texts: held }), ...scanForLeaks(secrets, placesOf([step]))],
      remains: remainsOf(step),
    }
  } finally {
    await issuer.close()
  }
}

test('a run of dbt-snowflake outlives its token by the login proxy, and dbt never holds a token', async () => {
  const run = await build()
  expect({ exitCode: run.exitCode, log: run.exitCode === 0 ? '' : run.log }).toEqual({ exitCode: 0, log: '' })

  // Each login has a token of its own, which nobody else has used, and which was bought for it.
  const { logins, lived } = run
  expect(logins.length).toBeGreaterThanOrEqual(5)
  expect(new Set(logins).size).toBe(logins.length)
  const most = logins.length + 1 // the first, where dbt started too late for it
  expect(
    flawsOf(lived, { exchanges: [logins.length, most], oldest: 0.3, lives: 3, trades: 'driver' }),
  ).toEqual([])
  expect(run.masks).toEqual(expect.arrayContaining([...lived.minted]))
  const placeholder = /^eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0\.[\w-]+\.$/
  expect(run.masks).toContainEqual(expect.stringMatching(placeholder))

  expect(run.held['profiles.yml']).toMatch(/host: "127\.0\.0\.1"[^]*protocol: "http"/)
  expect(Object.keys(run.held)).toContainEqual(expect.stringMatching(/^environment of \d+$/))
  expect(Object.values(run.held).join('\n')).toMatch(/DBT_ENV_SECRET_DBT_OIDC_\w+=/)
  expect([run.leaks, run.remains]).toEqual([[], []])
}, 600_000)
