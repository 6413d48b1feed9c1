import { describe, expect, test } from '@jest/globals'
import { tmpdir } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { withinAMinute } from '../src/access/within.ts'
import { runPython } from '../src/dbt/python-script.ts'
import { DbtOidcError } from '../src/errors.ts'
import { createWriter } from '../src/report/writer.ts'

const cancelled = new DbtOidcError({ code: 'cancelled', problem: 'The job was cancelled.', remedy: 'None.' })
const never = async (): Promise<never> => new Promise(() => undefined)
const writer = createWriter({ write: () => undefined, colour: false, random: () => 'x' })

/** A script in the place of ours, in a Python of this machine. */
function ran(script: string, signal: AbortSignal = new AbortController().signal): Promise<unknown> {
  return runPython(script, {}, 'python3', { env: process.env, temp: tmpdir(), writer, signal })
}

describe('a login before dbt', () => {
  test('is over when the job is cancelled, even if it does not listen', async () => {
    const job = new AbortController()
    const asked = withinAMinute(never, job.signal)
    job.abort(cancelled)
    await expect(asked).rejects.toBe(cancelled)
  })

  test('does not begin in a cancelled job', async () => {
    let begun = false
    const work = async (): Promise<void> => void (begun = true)
    await expect(withinAMinute(work, AbortSignal.abort(cancelled))).rejects.toBe(cancelled)
    expect(begun).toBe(false)
  })

  test('is over when nobody answers', async () => {
    await expect(withinAMinute(never, undefined, 20)).rejects.toThrow(
      'The login before dbt had no end within 0.02 s.',
    )
  })
})

describe('a script in the Python of dbt', () => {
  test('gives the JSON that it prints', async () => {
    expect(await ran('import json, sys; print(json.dumps({"given": json.load(sys.stdin)}))')).toEqual({
      given: {},
    })
  })

  test.each([
    [
      'ends with a traceback',
      'raise Exception("28000: no such user")',
      'refused: Exception: 28000: no such user',
    ],
    ['prints something else', 'print("Welcome!")', 'no answer that could be read: Welcome!'],
    ['prints nothing', '', 'no answer that could be read: it printed nothing'],
    ['prints without an end', 'while True: print("x" * 999)', 'The login was refused: xxx'],
    [
      'complains without an end',
      'import sys\nfor _ in range(9999): print("y" * 999, file=sys.stderr)\nsys.exit(1)',
      'yyy',
    ],
  ])('that %s is a refusal in its words', async (_what, script, words) => {
    const error = await ran(script).catch((error: unknown) => error)
    if (!(error instanceof DbtOidcError)) throw new Error(`it was no refusal: ${String(error)}`)
    expect(error.code).toBe('exchange')
    expect(error.problem).toContain(words)
    expect(error.problem.length).toBeLessThan(66_000)
  })

  test('that will not end is killed when nobody waits any more', async () => {
    const job = new AbortController()
    const script = 'import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)'
    const started = performance.now()
    const told = ran(script, job.signal).catch((error: unknown) => error)
    await setTimeout(300)
    job.abort(cancelled)
    expect(await told).toBe(cancelled)
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
