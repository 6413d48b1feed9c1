import { describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseIdentity, identify } from '../src/process.ts'
import { auditOf, GRANTED, openJob, PROJECT, type Job } from './support/job.ts'
import { argumentsNow, holding } from './support/exposed.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { becomes, until } from './support/lines.ts'
import { remainsOf } from './support/process.ts'
import type { StepOptions, StepResult } from './support/step.ts'

const TOKEN_FILE = 'databricks-oidc-token'
const DATABRICKS = {
  ...GRANTED,
  run: '',
  connection:
    '{ type: databricks, host: acme.cloud.databricks.com, http_path: /sql/1.0/warehouses/w, schema: dbt, client_id: 8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10 }',
}

/** Seconds that a token lives: the first is replaced a few seconds after the step. */
const SHORT = { ttl: 10 }

const prepare = (job: Job, options: StepOptions = {}): Promise<StepResult> =>
  job.step({ inputs: DATABRICKS, ...options })

/** The token that a later step would find. */
const tokenOf = (step: StepResult): string =>
  readFileSync(join(step.outputs.get('profiles-dir') ?? '', TOKEN_FILE), 'utf8')

/** The process that the step has left, as its state names it; 0 for none. */
const keeperOf = (step: StepResult): number => parseIdentity(step.state.get('keeper') ?? '')?.pid ?? 0

const RENEWAL = /"use":"keep-alive"/
const auditText = (step: StepResult): string =>
  readFileSync(join(step.paths.temp, 'dbt-oidc-audit.jsonl'), 'utf8')

const lives = (pid: number): boolean => identify(pid) !== undefined

/** What anybody of this user, and root, can read of a process. */
const shownOf = (pid: number): string =>
  ['environ', 'cmdline'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'utf8')).join('\n')

/** Processes of a keeper that name this job's directory for temporary files. */
function keepersIn(step: StepResult): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const shown = shownOf(Number(name))
        return shown.includes('keeper.js') && shown.includes(`RUNNER_TEMP=${step.paths.temp}\0`)
      } catch {
        return false
      }
    })
    .map(Number)
}

describe('a step in prepared mode', () => {
  test('leaves a process that replaces the token, shows nothing of it, and ends with the post step', async () => {
    await using job = await openJob(SHORT)
    await using step = await prepare(job, { env: { RUNNER_TRACKING_ID: 'github_1' } })
    expect([step.exitCode, step.outputs.get('result')]).toEqual([0, 'prepared'])
    const pid = keeperOf(step)
    expect(keepersIn(step)).toEqual([pid])
    const [first] = job.issuer.minted
    expect(tokenOf(step)).toBe(first)
    await becomes(() => tokenOf(step) !== first)
    const shown = shownOf(pid)
    for (const secret of [...job.issuer.minted, job.issuer.requestToken, step.state.get('key') ?? ''])
      expect(shown).not.toContain(secret)
    const fresh = tokenOf(step)
    expect(holding(step.paths.root, fresh)).toEqual([`${TOKEN_FILE} 600 in 700`])
    const all = argumentsNow()
    for (const secret of [fresh, job.issuer.requestToken, step.state.get('marker') ?? ''])
      expect(all).not.toContain(secret)
    expect(shown).toContain('RUNNER_TRACKING_ID=github_1')
    expect(shown).not.toMatch(/ACTIONS_|INPUT_|STATE_|GITHUB_(?!SERVER_URL|WORKSPACE)/)
    const uses = auditOf(auditText(step))
    const renewals = uses.filter(({ use }) => use === 'keep-alive')
    expect(renewals[0]).toMatchObject({
      outcome: 'handed-over',
      decision: 'granted',
      grant: 'inputs',
      target: 'prod',
      trades: 'driver',
    })
    await using post = await step.post()
    expect([post.exitCode, lives(pid), remainsOf(step)]).toEqual([0, false, []])
    const secrets = Object.fromEntries(job.issuer.minted.map((token, at) => [`token ${at + 1}`, token]))
    const leaks = scanForLeaks(
      { ...secrets, 'request token': job.issuer.requestToken },
      placesOf([step, post]),
    )
    expect(leaks).toEqual([])
  }, 90_000)

  test.each([
    ['off', { ...DATABRICKS, 'keep-alive': 'off' }],
    ['until: profile', { ...DATABRICKS, until: 'profile' }],
    ['a credential that cannot be renewed', { ...GRANTED, run: '' }],
  ])('leaves no process with %s', async (_, inputs) => {
    await using job = await openJob(SHORT)
    await using step = await prepare(job, { inputs })
    expect([step.exitCode, step.state.has('keeper'), keepersIn(step)]).toEqual([0, false, []])
    await using post = await step.post()
    expect([post.exitCode, remainsOf(step)]).toEqual([0, []])
  })

  test('that is used twice leaves two, each ended by its own post step', async () => {
    await using job = await openJob(SHORT)
    await using first = await prepare(job)
    await using second = await prepare(job, { after: first })
    const pids = [keeperOf(first), keeperOf(second)] as const
    expect(new Set(keepersIn(first))).toEqual(new Set(pids))
    expect((await second.post()).exitCode).toBe(0)
    expect(pids.map(lives)).toEqual([true, false])
    const before = tokenOf(first)
    await becomes(() => tokenOf(first) !== before)
    expect((await first.post()).exitCode).toBe(0)
    expect([pids.map(lives), remainsOf(first)]).toEqual([[false, false], []])
  }, 90_000)

  test('that is cancelled on its way leaves none', async () => {
    await using job = await openJob(SHORT)
    await using step = await prepare(job, {
      async during(child, lines) {
        await until(lines, /^exchange/)
        child.kill('SIGINT')
      },
    })
    await using post = await step.post()
    expect([post.exitCode, keepersIn(step), remainsOf(step)]).toEqual([0, [], []])
  })
})

test('each use of a token is on record with the policy file that let it, also after the step', async () => {
  await using job = await openJob(SHORT)
  const policy = `repository: o/r
targets: { prod: { connection: ${DATABRICKS.connection} } }
grants: [{ target: prod, when: { ref: refs/heads/main } }]
`
  const files = { ...PROJECT, '.github/dbt-oidc.yml': policy }
  await using step = await job.step({ files, inputs: { run: '' } })
  await becomes(() => RENEWAL.test(auditText(step)))
  expect((await step.post()).exitCode).toBe(0)
  const records = auditOf(auditText(step)).filter(({ record }) => record === 'token')
  const facts = {
    place: '.github/dbt-oidc.yml',
    commit: null,
    sha256: createHash('sha256').update(policy).digest('hex'),
  }
  expect(new Set(records.map(({ use }) => use))).toEqual(new Set(['decision', 'exchange', 'keep-alive']))
  expect(records.map(({ policy: by }) => by)).toEqual(records.map(() => facts))
})

describe('the process that a step has left', () => {
  test('is not missed by a post step that finds it killed', async () => {
    await using job = await openJob(SHORT)
    await using step = await prepare(job)
    await becomes(() => RENEWAL.test(auditText(step)))
    process.kill(keeperOf(step), 'SIGKILL')
    await becomes(() => !lives(keeperOf(step)))
    await using post = await step.post()
    expect([post.exitCode, remainsOf(step)]).toEqual([0, []])
  }, 60_000)

  test('ends when its directory is gone', async () => {
    await using job = await openJob(SHORT)
    await using step = await prepare(job)
    await becomes(() => RENEWAL.test(auditText(step)))
    expect(lives(keeperOf(step))).toBe(true)
    rmSync(step.outputs.get('profiles-dir') ?? '', { recursive: true })
    await becomes(() => !lives(keeperOf(step)))
  }, 60_000)

  test('ends when GitHub refuses the request token for good', async () => {
    await using job = await openJob(SHORT)
    await using step = await prepare(job)
    await becomes(() => RENEWAL.test(auditText(step)))
    expect(lives(keeperOf(step))).toBe(true)
    job.issuer.always('idtoken', (_request, response) => void response.writeHead(401).end())
    await becomes(() => !lives(keeperOf(step)))
    expect(existsSync(step.outputs.get('profiles-dir') ?? '')).toBe(true)
    await using post = await step.post()
    expect([post.exitCode, remainsOf(step)]).toEqual([0, []])
  }, 60_000)

  test('takes no token that says something else than the one on which the grant was decided', async () => {
    await using job = await openJob(SHORT)
    await using step = await prepare(job)
    const first = tokenOf(step)
    const asked = job.issuer.minted.length
    job.issuer.claims({ actor: 'somebody-else' })
    await becomes(() => job.issuer.minted.length >= asked + 2)
    expect(tokenOf(step)).toBe(first)
    await using post = await step.post()
    expect(post.exitCode).toBe(0)
  }, 60_000)
})
