import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { auditOf, type Job } from './support/job.ts'
import { claimsOf } from './support/jwt.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { becomes, until } from './support/lines.ts'
import { sendJson } from './support/issuer-server.ts'
import { openOAuthJob } from './support/oauth-job.ts'
import type { OAuthServer } from './support/oauth-server.ts'
import { logOf, remainsOf } from './support/process.ts'
import type { Behaviour } from './support/dbt-stub.ts'
import type { StepOptions, StepResult } from './support/step.ts'

const interrupt = whenReady('SIGINT')
const killNow = whenReady('SIGKILL')

let job: Job
let server: OAuthServer

beforeEach(async () => {
  ;({ job, server } = await openOAuthJob())
})

afterEach(async () => {
  await job[Symbol.asyncDispose]()
})

describe('an access token whose server wants to know who gives it back', () => {
  test('is revoked with an ID token of its own when dbt is done', async () => {
    await using step = await run({})
    expect([step.exitCode, remainsOf(step)]).toEqual([0, []])
    expectRevoked([step])
    const uses = auditOf(readFileSync(step.outputs.get('audit-log') ?? '', 'utf8')).map(({ use }) => use)
    expect(uses.filter(Boolean)).toEqual(['decision', 'exchange', 'revocation'])
  })

  test('is revoked although the job was cancelled', async () => {
    await using step = await run({ hang: true }, { during: interrupt })
    expect([step.exitCode, remainsOf(step)]).toEqual([1, []])
    expect(logOf(step)).toContain('✗ cancelled')
    expectRevoked([step])
  })

  test('is revoked by the post step when the step was killed', async () => {
    await using step = await run({ hang: true }, { during: killNow, streamGrace: 100 })
    try {
      expect([step.signal, server.revoked]).toEqual(['SIGKILL', []])
      const post = await step.post()
      expect([post.exitCode, remainsOf(step)]).toEqual([0, []])
      expect(logOf(post)).toContain('The credential from oauth was revoked.')
      expectRevoked([step, post])
    } finally {
      const pid = job.dbt.runs()[0]?.pid
      if (pid) process.kill(pid, 'SIGKILL')
    }
  })

  test('is renewed in prepared mode, and at the end of the job both the first and the last are revoked', async () => {
    for (const [token, seconds] of [
      ['first', 30],
      ['last', 3600],
    ] as const)
      server.next.push((res) =>
        sendJson(res, { access_token: `oauth-${token}`, token_type: 'Bearer', expires_in: seconds }),
      )
    await using step = await run({}, {}, { run: '' })
    const fresh = join(step.outputs.get('profiles-dir') ?? '', 'keepalive-secret')
    expect([step.exitCode, readFileSync(fresh, 'utf8')]).toEqual([0, 'oauth-first'])
    await becomes(() => readFileSync(fresh, 'utf8') === 'oauth-last')
    // A later step may still hold what it has read in profiles.yml.
    expect(server.revoked).toEqual([])
    const post = await step.post()
    expect([post.exitCode, server.revoked, remainsOf(step)]).toEqual([0, ['oauth-first', 'oauth-last'], []])
  }, 90_000)

  test('that is refused fails the run, with the words of the server and what they mean', async () => {
    job.issuer.claims({ ref: 'refs/heads/dev' })
    await using step = await run({}, {}, { ref: 'refs/heads/dev' })
    expect([step.exitCode, remainsOf(step), server.revoked]).toEqual([1, [], []])
    expect(logOf(step)).toContain('refused the request: invalid_client (status 401).')
    expect(logOf(step)).toContain('no such subject: repo:o/r:ref:refs/heads/dev')
    expect(scanForLeaks(secrets(), placesOf([step]))).toEqual([])
  })
})

function expectRevoked(steps: readonly StepResult[]): void {
  expect(server.revoked).toEqual(server.issued)
  expect(server.issued).toHaveLength(1)
  const [traded, gaveBack] = server.bodies.map(
    (body) => new URLSearchParams(body).get('client_assertion') ?? '',
  )
  expect(claimsOf(gaveBack ?? '').jti).not.toBe(claimsOf(traded ?? '').jti)
  expect(scanForLeaks(secrets(), placesOf(steps))).toEqual([])
}

function secrets(): Record<string, string> {
  return Object.fromEntries(job.issuer.minted.map((token, at) => [`token ${at + 1}`, token]))
}

function whenReady(signal: NodeJS.Signals): NonNullable<StepOptions['during']> {
  return async (child, lines) => {
    await until(lines, /READY/)
    child.kill(signal)
  }
}

function run(
  behaviour: Behaviour,
  options: StepOptions = {},
  inputs: Readonly<Record<string, string>> = {},
): Promise<StepResult> {
  job.dbt.behave({ build: behaviour })
  const identity = {
    via: 'oauth',
    'token-url': server.tokenUrl,
    grant: 'client-credentials',
    'client-id': 'dbt',
    'revocation-url': server.revocationUrl,
  }
  return job.step({
    ...options,
    inputs: {
      run: 'build',
      connection: '{ type: trino, host: localhost, database: lake, schema: dbt }',
      identity: JSON.stringify(identity),
      ref: 'refs/heads/main',
      ...inputs,
    },
  })
}
