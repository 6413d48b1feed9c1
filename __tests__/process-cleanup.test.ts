import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Running } from './support/child.ts'
import { installDbtStub, type Behaviour, type DbtRun, type DbtStub } from './support/dbt-stub.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { until } from './support/lines.ts'
import { logOf, remainsOf, shopStep } from './support/process.ts'
import type { StepOptions, StepResult } from './support/step.ts'

/** What a runner grants a cancelled step, in milliseconds. */
const GRANTED = 7000

let scratch: string
let issuer: Issuer
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'process-cleanup-'))
  issuer = await startIssuer()
})
afterAll(async () => {
  await issuer.close()
  rmSync(scratch, { recursive: true, force: true })
})

const hanging = (more: Behaviour = {}): Promise<DbtStub> =>
  installDbtStub(mkdtempSync(join(scratch, 'stub-')), { behaviours: { build: { hang: true, ...more } } })
const step = (dbt: DbtStub, options: StepOptions = {}): Promise<StepResult> =>
  shopStep(issuer, dbt.bin, options)

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A dead one keeps its number until somebody asks for its exit code.
    const stat = `/proc/${pid}/stat`
    return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'))
  } catch {
    return false
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** A process ends some moments after its signal; whether it does is the question, not when. */
async function gone(pid: number | null | undefined): Promise<void> {
  if (!pid) throw new Error('there was no process')
  while (lives(pid)) await turn()
}

/** Signals the step once it says so, and tells how long its end took from there. */
function signalling(signal: NodeJS.Signals, ready: (lines: AsyncIterable<string>) => Promise<unknown>) {
  let sent = 0
  return {
    during: async (child: Running, lines: AsyncIterable<string>): Promise<void> => {
      await ready(lines)
      sent = performance.now()
      child.kill(signal)
    },
    took: (): number => performance.now() - sent,
  }
}

const whenReady = (lines: AsyncIterable<string>): Promise<string> => until(lines, /READY/)

describe('a cancelled step', () => {
  test.each<[NodeJS.Signals, Behaviour, string[]]>([
    ['SIGINT', {}, ['SIGINT']],
    ['SIGINT', { ignore: ['SIGINT'], grandchild: 50 }, ['SIGINT', 'SIGTERM']],
    ['SIGINT', { ignore: ['SIGINT', 'SIGTERM'] }, ['SIGINT', 'SIGTERM']],
    ['SIGTERM', { ignore: ['SIGINT'] }, ['SIGINT', 'SIGTERM']],
  ])('by %s while dbt does %j ends in time with all that it started', async (signal, behaviour, heard) => {
    const dbt = await hanging(behaviour)
    const cancel = signalling(signal, whenReady)
    await using done = await step(dbt, { during: cancel.during })
    expect(cancel.took()).toBeLessThan(GRANTED)
    expect([done.exitCode, done.heldOpen, remainsOf(done)]).toEqual([1, false, []])
    expect(logOf(done)).toContain('✗ cancelled: The job was cancelled while dbt ran.')
    expect(dbt.signals()).toEqual(heard)
    const [run] = dbt.runs()
    await gone(run?.pid)
    if (behaviour.grandchild) await gone(run?.grandchild)
    expect((await done.post()).exitCode).toBe(0)
  })

  test('has removed its directory while dbt still ends, and a second SIGINT ends dbt at once', async () => {
    const dbt = await hanging({ ignore: ['SIGINT', 'SIGTERM'] })
    await using done = await step(dbt, {
      async during(child, lines) {
        await whenReady(lines)
        const [run] = dbt.runs()
        expect(readdirSync(run?.profilesDir ?? '')).toContain('profiles.yml')
        child.kill('SIGINT')
        while (existsSync(run?.profilesDir ?? '') || dbt.signals().length === 0) await turn()
        expect(lives(run?.pid ?? 0)).toBe(true)
        child.kill('SIGINT')
      },
    })
    expect([done.exitCode, dbt.signals(), remainsOf(done)]).toEqual([1, ['SIGINT'], []])
    await gone(dbt.runs()[0]?.pid)
  })

  test.each<NodeJS.Signals>(['SIGINT', 'SIGTERM'])(
    'by %s while GitHub is silent ends in time, and dbt never starts',
    async (signal) => {
      const dbt = await hanging()
      const asked = new Promise<void>((resolve) => issuer.next('idtoken', () => resolve()))
      const cancel = signalling(signal, () => asked)
      await using done = await step(dbt, { during: cancel.during })
      expect(cancel.took()).toBeLessThan(GRANTED)
      expect([done.exitCode, dbt.runs(), remainsOf(done)]).toEqual([1, [], []])
      expect(logOf(done)).toContain('✗ cancelled: The job was cancelled.')
      expect((await done.post()).exitCode).toBe(0)
    },
  )
})

/** A dbt whose step was killed. */
async function orphaned(dbt: DbtStub): Promise<{ run: DbtRun; done: StepResult }> {
  const cancel = signalling('SIGKILL', whenReady)
  const done = await step(dbt, { during: cancel.during, streamGrace: 100 })
  const [run] = dbt.runs()
  if (!run) throw new Error('dbt did not start')
  return { run, done }
}

function end(pid: number): void {
  if (lives(pid)) process.kill(pid, 'SIGKILL')
}

/** A step that leaves its directory to the post step. */
const prepared = async (): Promise<StepResult> => step(await hanging(), { inputs: { run: '' } })

/** A directory with a file in it that is nobody's to delete. */
function foreign(directory: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  writeFileSync(join(directory, 'keep'), 'mine')
  return directory
}
const content = (directory: string): string => readFileSync(join(directory, 'keep'), 'utf8')

const siblingOf = ({ paths }: StepResult): string => join(paths.temp, `dbt-oidc-${'0'.repeat(24)}`)

describe('the post step', () => {
  test.each<[Behaviour, string[]]>([
    [{ grandchild: 50 }, ['SIGINT']],
    [{ ignore: ['SIGINT'] }, ['SIGINT', 'SIGTERM']],
    [{ ignore: ['SIGINT', 'SIGTERM'] }, ['SIGINT', 'SIGTERM']],
  ])(
    'ends the dbt of a step that was killed (dbt does %j), and then removes the files',
    async (how, heard) => {
      const dbt = await hanging(how)
      const { run, done } = await orphaned(dbt)
      await using _ = done
      try {
        expect([done.signal, done.conclusion, lives(run.pid)]).toEqual(['SIGKILL', 'failure', true])
        expect(remainsOf(done)).toEqual([run.profilesDir])
        let livedOn: boolean | undefined
        const posted = await done.post({
          async during() {
            while (existsSync(run.profilesDir ?? '')) await turn()
            livedOn = lives(run.pid)
          },
        })
        expect([posted.exitCode, remainsOf(done), livedOn]).toEqual([0, [], false])
        expect(logOf(posted)).toContain('dbt still ran without its step, and was ended.')
        expect(dbt.signals()).toEqual(heard)
        if (how.grandchild) await gone(run.grandchild)
      } finally {
        end(run.pid)
      }
    },
  )

  test.each<[string, (process: string) => string]>([
    [
      'that started at another time',
      (process) => process.replace(/\d$/, (digit) => `${(Number(digit) + 1) % 10}`),
    ],
    ['whose start nobody noted', (process) => process.replace(/ .*/, '')],
  ])('leaves a process alone %s: its number was given again', async (_what, changed) => {
    const dbt = await hanging()
    const { run, done } = await orphaned(dbt)
    await using _ = done
    try {
      const posted = await done.post({ env: { STATE_process: changed(done.state.get('process') ?? '') } })
      expect([posted.exitCode, remainsOf(done), lives(run.pid), dbt.signals()]).toEqual([0, [], true, []])
      expect(logOf(posted)).not.toContain('was ended')
    } finally {
      end(run.pid)
    }
  })

  test.each<[string, (done: StepResult) => string]>([
    ['a file of the system', () => '/etc/passwd'],
    ['the workspace', ({ paths }) => paths.workspace],
    ['another directory of the same kind of name', siblingOf],
    ['a way through its own directory', (done) => `${remainsOf(done)[0] ?? ''}/../../work`],
    ['its own name elsewhere', (done) => join(done.paths.home, basename(remainsOf(done)[0] ?? ''))],
    ['all that is temporary', ({ paths }) => paths.temp],
  ])('deletes nothing where its state was made to name %s (file-command-07)', async (_what, pathOf) => {
    await using done = await prepared()
    const path = pathOf(done)
    const [own = ''] = remainsOf(done)
    const places = [done.paths.workspace, done.paths.temp, siblingOf(done)].map(foreign)
    const posted = await done.post({ env: { STATE_directory: path } })
    expect(posted.exitCode).toBe(1)
    expect(logOf(posted)).toContain('Cleaning up did not succeed.')
    expect(readdirSync(own)).toContain('profiles.yml')
    expect(places.map(content)).toEqual(['mine', 'mine', 'mine'])
  })

  test('deletes nothing where the marker is another', async () => {
    await using done = await prepared()
    const posted = await done.post({ env: { STATE_marker: 'a'.repeat(64) } })
    expect([posted.exitCode, remainsOf(done).length]).toEqual([1, 1])
  })

  test('removes a link in the place of its directory, and never what it leads to (path-09)', async () => {
    await using done = await prepared()
    const [own = ''] = remainsOf(done)
    const elsewhere = foreign(join(done.paths.root, 'elsewhere'))
    renameSync(own, join(done.paths.root, 'moved'))
    symlinkSync(elsewhere, own)
    const posted = await done.post()
    expect([posted.exitCode, remainsOf(done)]).toEqual([0, []])
    expect(content(elsewhere)).toBe('mine')
  })

  test('has nothing to do where the step came to no directory', async () => {
    await using done = await step(await hanging(), { inputs: { ref: 'refs/heads/other' } })
    expect([done.exitCode, (await done.post()).exitCode, (await done.post()).log.text]).toEqual([1, 0, ''])
  })
})
