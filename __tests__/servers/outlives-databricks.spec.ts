import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runChild } from '../support/child.ts'
import { installDatabricksDbt } from '../support/databricks/dbt.ts'
import { startWorkspace, type Workspace } from '../support/databricks/workspace.ts'
import { startIssuer, type Issuer } from '../support/issuer.ts'
import { auditLogOf } from '../support/late.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { flawsOf, flawsOfEnded, usesOf, type Lived } from '../support/lives.ts'
import { logOf, PROJECT, QUIET, remainsOf } from '../support/process.ts'
import { sha256 } from '../support/snowflake/identity.ts'
import { runStep, type StepResult } from '../support/step.ts'
import { secure, type Secure } from '../support/tls.ts'

/** Seconds that GitHub's token, and an access token that was bought with it, lives here. */
const LIFE = 30
/** Replaced when 40 % of its life is left: the seven of three lives, and one for the start of dbt. */
const EXCHANGES = [5, 10] as const
const CLIENT = '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10'
/** Who trades, and how many of a prepared job's first tokens have been traded before anything has logged in. */
const WAYS = [
  ['direct', 'driver', 0],
  ['oauth', 'action', 1],
] as const

type Way = (typeof WAYS)[number]

let bin: string
beforeAll(() => {
  bin = installDatabricksDbt()
})
afterAll(() => rmSync(bin, { recursive: true, force: true }))

/** A workspace behind TLS, and an issuer that it trusts. */
interface Place extends AsyncDisposable {
  readonly issuer: Issuer
  readonly workspace: Workspace
  readonly front: Secure
  step(via: string, inputs: Readonly<Record<string, string>>): Promise<StepResult>
  lived(trades: Way[1], audit: Lived['audit']): Lived
  secrets(): Record<string, string>
}

async function openPlace(): Promise<Place> {
  await using making = new AsyncDisposableStack()
  const issuer = making.use(await startIssuer({ ttl: LIFE }))
  // The audience names the port of the front, which is not known before there is one.
  const handled: { workspace?: Workspace } = {}
  const front = making.use(
    await secure(['127.0.0.1'], { answer: (res, req) => handled.workspace?.handle(req, res) }),
  )
  const host = `127.0.0.1:${front.port}`
  const policy = {
    issuer: issuer.issuer,
    audiences: [`https://${host}/oidc/v1/token`],
    subject: 'repo:o/r:ref:refs/heads/main',
  }
  const workspace = making.use(await startWorkspace(CLIENT, [policy], LIFE))
  handled.workspace = workspace
  const kept = making.move()
  return {
    issuer,
    workspace,
    front,
    step(via, inputs) {
      const connection = {
        type: 'databricks',
        host,
        http_path: '/sql/1.0/warehouses/w',
        schema: 'dbt',
        client_id: CLIENT,
      }
      return runStep({
        issuer,
        files: PROJECT,
        path: [bin],
        env: {
          ...QUIET,
          NODE_EXTRA_CA_CERTS: front.ca,
          REQUESTS_CA_BUNDLE: front.ca,
          DBT_TEST_SECONDS: String(LIFE * 3.2),
        },
        deadline: 300_000,
        inputs: {
          run: 'debug',
          connection: JSON.stringify(connection),
          identity: JSON.stringify({ via }),
          ref: 'refs/heads/main',
          ...inputs,
        },
      })
    },
    lived(trades, audit) {
      const shown = workspace.requests.map(({ form, at, accepted }) => ({
        tokenSha256: sha256(form['subject_token'] ?? ''),
        at,
        accepted,
      }))
      const traded = shown.map(({ tokenSha256 }) => tokenSha256)
      const ofGitHub = [true, false].flatMap((ok) =>
        usesOf(
          issuer.minted,
          shown.filter(({ accepted }) => accepted === ok),
          ok,
        ),
      )
      return {
        life: LIFE,
        minted: issuer.minted,
        audit,
        // The SDK trades a token as often as it likes.
        traded: trades === 'driver' ? [...new Set(traded)] : traded,
        uses: [...ofGitHub, ...workspace.uses],
      }
    },
    secrets() {
      const tokens = [...issuer.minted, ...workspace.issued, issuer.requestToken]
      return Object.fromEntries(tokens.map((token, at) => [`token ${at + 1}`, token]))
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** Three lives of the adapter's credentials in one step. */
async function build([via, trades]: Way, keepAlive: string) {
  await using place = await openPlace()
  await using step = await place.step(via, { 'keep-alive': keepAlive })
  return {
    exitCode: step.exitCode,
    log: logOf(step),
    lived: place.lived(trades, auditLogOf(step)),
    leaks: scanForLeaks(place.secrets(), placesOf([step])),
    remains: remainsOf(step),
  }
}

/** A step that begins when the first tokens of a prepared job have ended, and takes one more life. */
async function buildLater([via, trades]: Way) {
  await using place = await openPlace()
  await using prepared = await place.step(via, { run: '' })
  const early = place.issuer.minted.length
  await sleep((LIFE + 5) * 1000)
  const later = await runChild([join(bin, 'dbt'), 'debug'], {
    cwd: prepared.paths.workspace,
    env: { ...prepared.laterEnv(), DBT_TEST_SECONDS: String(LIFE) },
    deadline: 300_000,
  })
  await using post = await prepared.post()
  const lived = place.lived(trades, auditLogOf(prepared))
  const first = new Set(place.issuer.minted.slice(0, early).map(sha256))
  return {
    exitCodes: [prepared.exitCode, later.exitCode, post.exitCode],
    said: later.exitCode === 0 ? '' : later.stderr,
    lived,
    tradedAtOnce: lived.traded?.filter((digest) => first.has(digest)).length,
    remains: remainsOf(post),
  }
}

describe.each(WAYS)('the credentials of dbt-databricks by `via: %s`', (...way) => {
  const [, trades, atOnce] = way
  let off: Awaited<ReturnType<typeof build>>
  let auto: Awaited<ReturnType<typeof build>>
  let later: Awaited<ReturnType<typeof buildLater>>
  // All at once: they wait more than they work.
  beforeAll(async () => {
    ;[off, auto, later] = await Promise.all([build(way, 'off'), build(way, 'auto'), buildLater(way)])
  }, 600_000)

  test('are refused without keep-alive when they have ended, and the log says why', () => {
    expect([off.exitCode, off.remains]).toEqual([1, []])
    expect(flawsOfEnded(off.lived, trades)).toEqual([])
    expect(off.log).toMatch(/The credential had ended at \S+Z, before dbt was done, and nothing renewed it/)
  })

  test('live with it for three lives, in the connection that was opened first as in the last', () => {
    expect({ exitCode: auto.exitCode, log: auto.exitCode === 0 ? '' : auto.log }).toEqual({
      exitCode: 0,
      log: '',
    })
    const bounds = { exchanges: EXCHANGES, oldest: 0.8, lives: 3, trades } as const
    expect(flawsOf(auto.lived, bounds)).toEqual([])
    expect(auto.lived.traded?.length).toBeGreaterThanOrEqual(4)
    expect([auto.leaks, auto.remains]).toEqual([[], []])
  })

  test('live in a step that begins when the first ones of a prepared job have ended', () => {
    expect([later.exitCodes, later.said, later.remains]).toEqual([[0, 0, 0], '', []])
    expect(flawsOf(later.lived, { exchanges: [3, 7], oldest: 0.8, lives: 2, trades })).toEqual([])
    expect(later.tradedAtOnce).toBe(atOnce)
  })
})
