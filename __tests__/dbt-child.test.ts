import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { runChild, type ChildRequest, type ChildResult } from '../src/dbt/child.ts'
import { forbidCoreDumps, type Run } from '../src/dbt/core-dumps.ts'
import { DbtOidcError } from '../src/errors.ts'

const directory = mkdtempSync(join(tmpdir(), 'child-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Waits as long as it takes; a test that waits for ever ends by jest's own deadline. */
const NEVER = 2 ** 30

interface Watched {
  readonly result: Promise<ChildResult>
  readonly output: () => string
  /** Resolves once the output holds the text. */
  readonly says: (text: string) => Promise<void>
}

function watch(script: string, more: Partial<ChildRequest> = {}): Watched {
  let output = ''
  let woken: (() => void) | undefined
  const result = runChild({
    path: process.execPath,
    argv: ['-e', script],
    directory,
    env: {},
    write(bytes) {
      output += bytes.toString()
      woken?.()
    },
    ...more,
  })
  return {
    result,
    output: () => output,
    async says(text) {
      while (!output.includes(text)) await new Promise<void>((resolve) => (woken = resolve))
    },
  }
}

const lives = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A process ends some moments after the signal; whether it does is the question, not when. */
async function gone(pid: number): Promise<void> {
  while (lives(pid)) await new Promise((resolve) => void setImmediate(resolve))
  expect(lives(pid)).toBe(false)
}

const STUBBORN = `for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => console.log(name))
setInterval(() => {}, 1000)
console.log('READY')`

describe('a child', () => {
  test('gets its words, directory and environment as they are, and no standard input', async () => {
    const script = `console.log(JSON.stringify([process.argv.slice(1), process.cwd(), process.env.A, Object.keys(process.env).length]))
      process.stdin.on('end', () => console.log('END')).resume()`
    const argv = ['-e', script, '--', '$(id)', 'a b', '', "'"]
    const { result, output } = watch('', { argv, env: { A: 'x\ny' } })
    expect(await result).toMatchObject({ exitCode: 0, signal: undefined, lingered: false })
    const [line = '', end] = output().split('\n')
    expect(JSON.parse(line)).toEqual([
      ['$(id)', 'a b', '', "'"],
      expect.stringContaining('child-'),
      'x\ny',
      1,
    ])
    expect(end).toBe('END')
  })

  test('has its exit code or its signal told', async () => {
    expect(await watch('process.exit(2)').result).toMatchObject({ exitCode: 2, signal: undefined })
    expect(await watch(`process.kill(process.pid, 'SIGSEGV')`).result).toMatchObject({
      exitCode: undefined,
      signal: 'SIGSEGV',
    })
  })

  test('that cannot be started is an error with the path', async () => {
    const result = watch('', { path: join(directory, 'nothing') }).result
    await expect(result).rejects.toBeInstanceOf(DbtOidcError)
    await expect(result).rejects.toMatchObject({
      code: 'dbt-missing',
      remedy: expect.stringContaining('nothing'),
    })
    await expect(watch('', { argv: ['\0'] }).result).rejects.toMatchObject({ code: 'dbt-missing' })
  })

  test('has its last output kept, and no more', async () => {
    const { tail } = await watch(
      `process.stdout.write('x'.repeat(300000) + 'the end'); process.stderr.write('!')`,
    ).result
    expect(tail.length).toBeLessThanOrEqual(65_536)
    expect(tail).toContain('the end')
  })

  test('may print 50 MB without a line break, and none of it is kept', async () => {
    let length = 0
    const script = `const piece = Buffer.alloc(1 << 20, 'x')
      const next = (left) => left > 0 && process.stdout.write(piece, () => next(left - 1))
      next(50)`
    await watch(script, { write: (bytes) => void (length += bytes.length) }).result
    expect(length).toBe(50 * 2 ** 20)
  })

  test('waits for a slow reader for as long as it lives', async () => {
    let waiting = 0
    let most = 0
    let pid = 0
    const script = `process.stdout.write('x'.repeat(1 << 20))`
    const write = async (): Promise<void> => {
      waiting++
      if (lives(pid)) most = Math.max(most, waiting)
      await new Promise((resolve) => void setImmediate(resolve))
      waiting--
    }
    await watch(script, { write, onStart: (its) => void (pid = its) }).result
    expect(most).toBe(1)
  })

  test('that has ended is not taken for one that was outlived, however slow the reader is', async () => {
    let bytes = 0
    const script = `process.stdout.write('x'.repeat(1 << 16)); process.stderr.write('x')`
    const write = (more: Buffer): Promise<void> => {
      bytes += more.length
      return new Promise(() => undefined)
    }
    const { exitCode, lingered } = await watch(script, { write, times: { linger: NEVER } }).result
    expect([exitCode, lingered, bytes]).toEqual([0, false, (1 << 16) + 1])
  })

  test('that has ended is told as it ended, though what it said last cannot be printed', async () => {
    let pid = 0
    const said: string[] = []
    const script = `process.on('SIGUSR2', () => process.stdout.write('last', () => process.exit()))
      setInterval(() => {}, 1000); process.stdout.write('first')`
    const write = (bytes: Buffer): Promise<void> => {
      said.push(String(bytes))
      if (said.length > 1) return Promise.reject(new Error('EPIPE'))
      process.kill(pid, 'SIGUSR2')
      return new Promise(() => undefined)
    }
    const child = watch(script, { write, onStart: (its) => void (pid = its), times: { linger: NEVER } })
    expect(await child.result).toMatchObject({ exitCode: 0, lingered: false })
    expect(said).toEqual(['first', 'last'])
  })

  test('is ended when nothing can be printed any more', async () => {
    let pid = 0
    const script = `console.log(process.pid); setInterval(() => {}, 1000)`
    const write = (bytes: Buffer): void => {
      pid = Number(bytes.toString())
      throw new Error('EPIPE')
    }
    await expect(watch(script, { write }).result).rejects.toThrow('EPIPE')
    await gone(pid)
  })
})

describe('on cancel', () => {
  test('a child is asked by SIGINT and may end by itself', async () => {
    const cancel = new AbortController()
    const script = `process.on('SIGINT', () => { console.log('cancelling queries'); process.exit(1) })
      setInterval(() => {}, 1000); console.log('READY')`
    const child = watch(script, { cancel: cancel.signal, times: { interrupt: NEVER } })
    await child.says('READY')
    cancel.abort()
    expect(await child.result).toMatchObject({ exitCode: 1, signal: undefined })
    expect(child.output()).toContain('cancelling queries')
  })

  test('one that does not listen gets SIGTERM, then SIGKILL, in this order', async () => {
    const cancel = new AbortController()
    const child = watch(STUBBORN, { cancel: cancel.signal, times: { interrupt: 50, terminate: 50 } })
    await child.says('READY')
    cancel.abort()
    expect(await child.result).toMatchObject({ exitCode: undefined, signal: 'SIGKILL' })
    expect(child.output()).toBe('READY\nSIGINT\nSIGTERM\n')
  })

  test('a second wish ends it at once', async () => {
    const [cancel, kill] = [new AbortController(), new AbortController()]
    const child = watch(STUBBORN, {
      cancel: cancel.signal,
      kill: kill.signal,
      times: { interrupt: NEVER, terminate: NEVER },
    })
    await child.says('READY')
    cancel.abort()
    await child.says('SIGINT')
    kill.abort()
    expect(await child.result).toMatchObject({ signal: 'SIGKILL' })
  })

  test('what it has started is ended, too', async () => {
    const cancel = new AbortController()
    const script = `const { spawn } = require('node:child_process')
      const grandchild = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
      process.on('SIGINT', () => process.exit(1))
      console.log('READY ' + grandchild.pid + ' ')`
    const child = watch(script, { cancel: cancel.signal, times: { interrupt: NEVER } })
    await child.says(' \n')
    cancel.abort()
    expect(await child.result).toMatchObject({ exitCode: 1 })
    await gone(Number(child.output().split(' ')[1]))
  })

  test('none is started any more', async () => {
    const mark = join(directory, 'mark')
    const script = `require('node:fs').writeFileSync(${JSON.stringify(mark)}, '')`
    await expect(watch(script, { cancel: AbortSignal.abort() }).result).rejects.toMatchObject({
      code: 'cancelled',
    })
    await expect(watch(script, { kill: AbortSignal.abort() }).result).rejects.toMatchObject({
      code: 'cancelled',
    })
    expect(existsSync(mark)).toBe(false)
  })
})

describe('a process left behind by the child', () => {
  const script = `const { spawn } = require('node:child_process')
    const left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: ['ignore', 'inherit', 'inherit'] })
    console.log(left.pid); left.unref()`

  test('that holds the output open is not waited for', async () => {
    const child = watch(script, { times: { linger: 50 } })
    expect(await child.result).toMatchObject({ exitCode: 0, lingered: true })
    await gone(Number(child.output()))
  })

  test('is not waited for after a cancel either', async () => {
    const [cancel, kill] = [new AbortController(), new AbortController()]
    const child = watch(script, { cancel: cancel.signal, kill: kill.signal, times: { linger: NEVER } })
    await child.says('\n')
    kill.abort()
    expect((await child.result).lingered).toBe(false)
    await gone(Number(child.output()))
  })
})

describe('core dumps', () => {
  test('are forbidden to this process and its children by the tool of the system, or it is said that they are not', async () => {
    const seen: unknown[] = []
    const run: Run = (command, argv, { env }) => {
      seen.push([command, ...argv, env])
      return Promise.resolve({ exitCode: 0 })
    }
    const done = await forbidCoreDumps(42, run)
    expect(seen).toEqual(done ? [['/usr/bin/prlimit', '--core=0:0', '--pid', '42', {}]] : [])
    expect(await forbidCoreDumps(42, () => Promise.reject(new Error('ENOENT')))).toBe(false)
    expect(await forbidCoreDumps(42, () => Promise.resolve({ exitCode: 1 }))).toBe(false)
  })
})
