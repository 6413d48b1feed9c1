import { describe, expect, test } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import type { Running } from './support/child.ts'
import { auditOf } from './support/job.ts'
import { openLeaseJob, type LeaseJob } from './support/lease-job.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { until } from './support/lines.ts'
import { logOf, remainsOf } from './support/process.ts'
import { OWN_NAME, variableOf } from './support/secret-names.ts'
import type { StepOptions, StepResult } from './support/step.ts'

/** What a runner grants a cancelled step, in milliseconds. */
const GRANTED = 7000

const passwords = ({ dbt }: LeaseJob): (string | undefined)[] =>
  dbt.runs().map(({ env }) => env[variableOf('PASSWORD', env)])

function audit(step: StepResult): Record<string, unknown>[] {
  return auditOf(readFileSync(step.outputs.get('audit-log') ?? '', 'utf8'))
}

/** Secrets that stand in what a runner shows of some steps. */
function shown(job: LeaseJob, steps: readonly StepResult[]): string[] {
  const { texts = {} } = placesOf(steps)
  return scanForLeaks(job.secrets(), { texts }).map(
    ({ secret, form, place }) => `${secret} as ${form} in ${place}`,
  )
}

const signalling =
  (signal: NodeJS.Signals, ready: (lines: AsyncIterable<string>) => Promise<unknown>) =>
  async (child: Running, lines: AsyncIterable<string>): Promise<void> => {
    await ready(lines)
    child.kill(signal)
  }
const whenReady = (signal: NodeJS.Signals): StepOptions => ({
  during: signalling(signal, (lines) => until(lines, /READY/)),
})

describe('a credential on loan', () => {
  test('is masked, reaches dbt under our own name only, is told with its end, and is given back', async () => {
    await using job = await openLeaseJob({ leak: ['stdout', 'stderr'] })
    await using step = await job.step()
    const [lease] = job.lender.leases
    const [run] = job.dbt.runs()
    expect([step.exitCode, step.outputs.get('result')]).toEqual([0, 'success'])
    expect(job.lender.events).toEqual(['lease 1', 'revoke 1'])
    expect(step.fullLog.masks).toContain(lease?.password)
    expect(step.fullLog.text).toContain(`${variableOf('PASSWORD', run?.env)}=***`)
    expect(shown(job, [step])).toEqual([])
    const names = Object.entries(run?.env ?? {}).filter(([, value]) => value.includes(lease?.password ?? '?'))
    expect(names.map(([name]) => name)).toEqual([expect.stringMatching(OWN_NAME)])
    const granted = Date.parse(step.outputs.get('expires-at') ?? '') - 3_600_000
    expect(granted).toBeGreaterThanOrEqual(lease?.grantedAt ?? Infinity)
    expect(granted).toBeLessThanOrEqual(Date.now())
    expect(logOf(step)).toContain(`until ${step.outputs.get('expires-at')}`)
    expect(step.outputs.get('identity')).toBe('lease of repo:o/r:ref:refs/heads/main')
  })

  test('is named in the profile, not held by it; its file is private and gone in the end', async () => {
    await using job = await openLeaseJob()
    await using step = await job.step()
    const [run] = job.dbt.runs()
    expect(run?.profiles).toContain(`password: "{{ env_var('${variableOf('PASSWORD', run?.env)}') }}"`)
    expect(run?.profiles).toContain('user: "lessee"')
    expect(run?.files).toContainEqual({ path: 'ledger-password', type: 'file', mode: '600' })
    expect(run?.profiles).toContain(`password_file: "${run?.profilesDir}/ledger-password"`)
    expect(remainsOf(step)).toEqual([])
  })

  test('leaves two audit lines, for one token where the decision serves the first trade', async () => {
    await using job = await openLeaseJob()
    await using step = await job.step()
    const lines = audit(step).filter(({ use }) => use !== undefined)
    expect(lines.map(({ use, outcome }) => [use, outcome])).toEqual([
      ['decision', 'granted'],
      ['exchange', 'exchanged'],
    ])
    expect(job.issuer.minted).toHaveLength(1)
    expect(scanForLeaks(job.secrets(), { texts: { audit: JSON.stringify(audit(step)) } })).toEqual([])
  })

  test('is given back when dbt fails', async () => {
    await using job = await openLeaseJob({ exit: 1 })
    await using step = await job.step()
    expect([step.exitCode, step.outputs.get('result')]).toEqual([1, 'failure'])
    expect(job.lender.events).toEqual(['lease 1', 'revoke 1'])
  })

  test.each<NodeJS.Signals>(['SIGINT', 'SIGTERM'])('is given back on %s while dbt runs', async (signal) => {
    await using job = await openLeaseJob({ hang: true, leak: ['stdout'] })
    await using step = await job.step(whenReady(signal))
    expect(step.exitCode).toBe(1)
    expect(logOf(step)).toContain('✗ cancelled')
    expect(job.lender.events).toEqual(['lease 1', 'revoke 1'])
    expect([remainsOf(step), shown(job, [step])]).toEqual([[], []])
  })

  test('that nobody takes back does not hold up a cancelled job', async () => {
    await using job = await openLeaseJob({ hang: true })
    job.lender.always('/revoke', () => undefined)
    let sent = 0
    await using step = await job.step({
      async during(child, lines) {
        await until(lines, /READY/)
        sent = performance.now()
        child.kill('SIGINT')
      },
    })
    expect(performance.now() - sent).toBeLessThan(GRANTED)
    expect([step.exitCode, shown(job, [step])]).toEqual([1, []])
    expect(logOf(step)).toContain(
      'The credential could not be revoked (no answer in time). The post step tries',
    )
    expect(logOf(step)).toContain('✗ cancelled: ')
    const [directory = ''] = remainsOf(step)
    expect(readdirSync(directory).toSorted()).toEqual(['.dbt-oidc', 'revocation'])
    job.lender.usual('/revoke')
    const post = await step.post()
    expect([post.exitCode, job.lender.open(), remainsOf(step)]).toEqual([0, [], []])
    expect(logOf(post)).toContain('this is the second and last try.')
    expect(logOf(post)).toContain('The credential from lease was revoked.')
    expect(shown(job, [step, post])).toEqual([])
  })

  test('is given back by the post step, out of the sealed file, when the step was killed', async () => {
    await using job = await openLeaseJob({ hang: true })
    await using step = await job.step({ ...whenReady('SIGKILL'), streamGrace: 100 })
    expect([step.signal, job.lender.events]).toEqual(['SIGKILL', ['lease 1']])
    const [directory = ''] = remainsOf(step)
    const sealed = readFileSync(`${directory}/revocation`, 'utf8')
    expect(scanForLeaks(job.secrets(), { texts: { sealed, state: step.commandFiles.state } })).toEqual([])
    const post = await step.post()
    expect([post.exitCode, job.lender.events, remainsOf(step)]).toEqual([0, ['lease 1', 'revoke 1'], []])
    expect(logOf(post)).toContain('The credential from lease was revoked.')
    expect(shown(job, [step, post])).toEqual([])
  })

  test('that the post step cannot give back is no reason to leave its files: it fails and removes them', async () => {
    await using job = await openLeaseJob()
    await using step = await job.step({ inputs: { run: '' } })
    job.lender.always('/revoke', (res, body) => res.writeHead(500).end(JSON.stringify(body)))
    const post = await step.post()
    expect([post.exitCode, remainsOf(step)]).toEqual([1, []])
    expect(logOf(post)).toContain('Cleaning up did not succeed.')
    expect(shown(job, [step, post])).toEqual([])
  })

  test('that cannot be given back ends by itself: the run says so, and its own result stands', async () => {
    await using job = await openLeaseJob()
    job.lender.always('/revoke', (res, body) => res.writeHead(403).end(JSON.stringify(body)))
    await using step = await job.step()
    expect(step.exitCode).toBe(0)
    expect(logOf(step)).toContain('The credential could not be revoked')
    expect(remainsOf(step).map((path) => readdirSync(path).toSorted())).toEqual([['.dbt-oidc', 'revocation']])
    const post = await step.post()
    expect([post.exitCode, remainsOf(step), shown(job, [step, post])]).toEqual([0, [], []])
    expect(logOf(post)).toContain('Cleaning up did not succeed. The lease service answered with status 403.')
  })

  test('is not sealed with a key that another step has: nothing is sent, and the files go', async () => {
    await using job = await openLeaseJob()
    await using step = await job.step({ inputs: { run: '' } })
    const post = await step.post({ env: { STATE_key: Buffer.alloc(32).toString('base64url') } })
    expect([post.exitCode, job.lender.events, remainsOf(step)]).toEqual([1, ['lease 1'], []])
  })
})

describe('a credential on loan in prepared mode', () => {
  test('stands in the private profile until the post step, which gives it back', async () => {
    await using job = await openLeaseJob()
    await using step = await job.step({ inputs: { run: '' } })
    expect([step.exitCode, step.outputs.get('result'), job.lender.events]).toEqual([
      0,
      'prepared',
      ['lease 1'],
    ])
    expect(step.outputs.has('credential')).toBe(false)
    expect(scanForLeaks(job.secrets(), placesOf([step]))).toEqual([])
    const post = await step.post()
    expect([post.exitCode, job.lender.events, remainsOf(step)]).toEqual([0, ['lease 1', 'revoke 1'], []])
    expect(scanForLeaks(job.secrets(), placesOf([step, post]))).toEqual([])
  })

  test('is an output only where the workflow asks for it, masked, with a warning', async () => {
    await using job = await openLeaseJob()
    await using step = await job.step({ inputs: { run: '', 'output-credential': 'true' } })
    const [lease] = job.lender.leases
    expect(step.outputs.get('credential')).toBe(lease?.password)
    expect(step.fullLog.masks).toContain(lease?.password)
    const warnings = step.fullLog.commands.filter(({ name }) => name === 'warning')
    expect(warnings.map(({ data }) => data).join('\n')).toContain('every later step that reads it can use it')
    const places = scanForLeaks(job.secrets(), placesOf([step])).map(({ place }) => place)
    expect(new Set(places)).toEqual(new Set(['GITHUB_OUTPUT']))
    await step.post()
    expect(job.lender.open()).toEqual([])
  })
})

describe('an `output-credential` beside `run`', () => {
  const inputs = { 'output-credential': 'true' }

  test('is refused before anything is asked for: what is given back at the end is of no use to later steps', async () => {
    await using job = await openLeaseJob()
    await using step = await job.step({ inputs })
    expect([step.exitCode, step.outputs.has('credential'), job.lender.events]).toEqual([1, false, []])
    expect([job.issuer.minted, job.dbt.runs()]).toEqual([[], []])
    expect(logOf(step)).toContain('✗ configuration')
    expect(logOf(step)).toContain('input "output-credential"')
  })

  test('is none where `until` stops before dbt', async () => {
    await using job = await openLeaseJob()
    await using step = await job.step({ inputs: { ...inputs, until: 'profile' } })
    expect([step.exitCode, step.outputs.get('credential')]).toEqual([0, job.lender.leases[0]?.password])
    await step.post()
    expect(job.lender.open()).toEqual([])
  })
})

describe('a credential with little of its life left', () => {
  test('is bought anew before each line of `run` and the old one given back; none of them ever shows', async () => {
    await using job = await openLeaseJob({ leak: ['stdout', 'stderr'], stdout: 'no line end' })
    job.lender.lasting(0.05)
    await using step = await job.step({ inputs: { run: 'build\nbuild\nbuild' } })
    expect(step.exitCode).toBe(0)
    const used = passwords(job)
    expect(used).toHaveLength(3)
    expect(new Set(used).size).toBe(3)
    expect(job.issuer.minted.length).toBe(job.lender.leases.length)
    expect(new Set(job.lender.leases.map(({ jti }) => jti)).size).toBe(job.lender.leases.length)
    expect(job.lender.open()).toEqual([])
    for (const password of used) expect(step.fullLog.masks).toContain(password)
    expect(shown(job, [step])).toEqual([])
    expect(step.fullLog.text.split(`${variableOf('PASSWORD', job.dbt.runs()[0]?.env)}=***`).length - 1).toBe(
      6,
    )
    const trades = audit(step).filter(({ use }) => use === 'exchange' || use === 'keep-alive')
    expect(trades.map(({ use }) => use)).toEqual(['exchange', ...trades.slice(1).map(() => 'keep-alive')])
    expect(trades.at(-1)?.expires_at).toBe(step.outputs.get('expires-at'))
  })

  test('keeps its private file in step: dbt finds the password of its own line there', async () => {
    await using job = await openLeaseJob()
    job.lender.lasting(0.05)
    const held: string[] = []
    job.dbt.behave({ build: { hang: true } })
    await using step = await job.step({
      inputs: { run: 'debug\nbuild' },
      async during(child, lines) {
        await until(lines, /READY/)
        held.push(readFileSync(`${job.dbt.runs().at(-1)?.profilesDir}/ledger-password`, 'utf8'))
        child.kill('SIGINT')
      },
    })
    expect(step.exitCode).toBe(1)
    expect(new Set(passwords(job)).size).toBe(2)
    expect(held).toEqual([passwords(job).at(-1)])
    expect(job.lender.open()).toEqual([])
  })

  test('that cannot be bought anew ends the run before the next line, and nothing is left open', async () => {
    await using job = await openLeaseJob()
    job.lender.lasting(0.05)
    job.dbt.behave({ build: { stdout: 'the first line\n' } })
    await using step = await job.step({
      inputs: { run: 'build\nbuild' },
      onStdout: (chunk) => {
        if (chunk.includes('the first line'))
          job.lender.expect({ subject: 'repo:o/other:ref:refs/heads/main' })
      },
    })
    expect([step.exitCode, job.dbt.runs().length]).toEqual([1, 1])
    expect(logOf(step)).toContain('✗ exchange: ')
    expect([job.lender.open(), remainsOf(step), shown(job, [step])]).toEqual([[], [], []])
  })

  test('that is being bought anew when the job is cancelled: the wait ends in time, and the old one is given back', async () => {
    await using job = await openLeaseJob({ stdout: 'the first line\n' })
    job.lender.lasting(0.05)
    let sent = 0
    await using step = await job.step({
      inputs: { run: 'build\nbuild' },
      onStdout(chunk, child) {
        // With spaces: a mask that is printed before may hold any short word.
        if (!chunk.includes('the first line')) return
        job.lender.always('/lease', () => {
          sent = performance.now()
          child.kill('SIGINT')
        })
      },
    })
    expect(performance.now() - sent).toBeLessThan(GRANTED)
    expect([step.exitCode, job.dbt.runs().length]).toEqual([1, 1])
    expect(logOf(step)).toContain('✗ cancelled: ')
    expect([job.lender.open(), remainsOf(step), shown(job, [step])]).toEqual([[], [], []])
  })
})

describe('a trade that fails', () => {
  test.each([
    ['another audience', { audience: 'somebody-else' }],
    ['another subject', { subject: 'repo:o/other:ref:refs/heads/main' }],
  ])(
    'because the other side expects %s: exit 1, refused on record, and nothing of the token',
    async (_, other) => {
      await using job = await openLeaseJob()
      job.lender.expect(other)
      await using step = await job.step()
      expect([step.exitCode, job.dbt.runs(), job.lender.events]).toEqual([1, [], ['refuse']])
      expect(logOf(step)).toContain('✗ exchange: The lease service answered with status 400.')
      expect(audit(step).map(({ outcome }) => outcome)).toContain('refused')
      expect([remainsOf(step), shown(job, [step])]).toEqual([[], []])
      expect((await step.post()).exitCode).toBe(0)
    },
  )

  test('with an answer that echoes the assertion: the text is redacted and short (secret-leak-09)', async () => {
    await using job = await openLeaseJob()
    job.lender.always('/lease', (res, { token }) => {
      const text = String(token)
      const echo = {
        hint: '-'.repeat(200),
        assertion: text,
        parts: text.split('.'),
        url: encodeURIComponent(text),
      }
      res.writeHead(400).end(`assertion=${text} ${JSON.stringify(echo)} ${'long '.repeat(2000)}`)
    })
    await using step = await job.step()
    expect(step.exitCode).toBe(1)
    const told = step.stdout.split('\n').filter((line) => /assertion/.test(line))
    expect(told.length).toBeGreaterThan(0)
    for (const line of told) expect(line.length).toBeLessThanOrEqual(520)
    expect(told.join('\n')).toContain('assertion=***')
    expect(shown(job, [step])).toEqual([])
    // Not only what the runner would hide: no assertion is printed at all after its masks.
    const [token = ''] = job.issuer.minted
    const printed = step.stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'))
    expect(printed.join('\n')).not.toContain(token.split('.')[1])
  })

  test('with a status of 500 is no refusal: `exchange-unavailable`, and unavailable on record', async () => {
    await using job = await openLeaseJob()
    job.lender.always('/lease', (res, body) => res.writeHead(500).end(JSON.stringify(body)))
    await using step = await job.step()
    expect([step.exitCode, job.dbt.runs()]).toEqual([1, []])
    expect(logOf(step)).toContain('✗ exchange-unavailable: ')
    expect(audit(step).map(({ outcome }) => outcome)).toContain('unavailable')
    expect([remainsOf(step), shown(job, [step])]).toEqual([[], []])
  })

  test('with an answer that is no lease is a fault that shows nothing of the answer', async () => {
    await using job = await openLeaseJob()
    job.lender.always('/lease', (res, body) => res.writeHead(200).end(`<html>${String(body.token)}`))
    await using step = await job.step()
    expect([step.exitCode, job.dbt.runs(), remainsOf(step)]).toEqual([1, [], []])
    expect(shown(job, [step])).toEqual([])
  })

  test('because the job was cancelled while the other side was silent ends in time', async () => {
    await using job = await openLeaseJob()
    let sent = 0
    const asked = new Promise<void>((resolve) => job.lender.always('/lease', () => resolve()))
    await using step = await job.step({
      during: async (child) => {
        await asked
        sent = performance.now()
        child.kill('SIGINT')
      },
    })
    expect(performance.now() - sent).toBeLessThan(GRANTED)
    expect([step.exitCode, job.dbt.runs(), remainsOf(step)]).toEqual([1, [], []])
    expect(logOf(step)).toContain('✗ cancelled: ')
  })
})
