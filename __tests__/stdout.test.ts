import { expect, jest, test } from '@jest/globals'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { allTaken } from '../src/host/all-taken.ts'

// The output of a step is a pipe to the runner, which may be busy with other things.

const STDOUT = join(import.meta.dirname, '..', 'src', 'host', 'stdout.ts')
const MEGABYTE = 2 ** 20

/** Runs a script that writes by the module, and reads what it says only after it has said on the other stream that it waits. */
async function readLate(script: string): Promise<string> {
  const child = started(script)
  await once(child.stderr, 'data')
  return text(child.stdout)
}

function started(script: string): ChildProcessByStdio<Writable, Readable, Readable> {
  const source = `const { stdout } = await import(${JSON.stringify(STDOUT)})
    ${script.includes('stdout(') ? '' : 'const { write, room, allRead } = stdout()'}
    ${script}`
  return spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
  })
}

test('a process that ends has said all that it wrote, however late it is read', async () => {
  const said = await readLate(`write('x'.repeat(${MEGABYTE}))
    console.error('written')
    await allRead()
    process.exit()`)
  expect(said).toHaveLength(MEGABYTE)
})

test('whoever waits for room holds no more in memory than the reader is behind by one piece', async () => {
  const said = await readLate(`let most = 0
    for (let at = 0; at < 64; at++) {
      write('x'.repeat(65536))
      most = Math.max(most, process.stdout.writableLength)
      if (room()) console.error('full')
      await room()
    }
    write('\\n' + most)
    await allRead()
    process.exit()`)
  const [given, most] = said.split('\n')
  expect(given).toHaveLength(64 * 65_536)
  expect(Number(most)).toBeLessThanOrEqual(65_536)
})

test('a reader that keeps up is not waited for', async () => {
  const said = await readLate(`write('x')
    const waits = room() !== undefined
    console.error('written')
    await allRead()
    write(String(waits))
    await allRead()`)
  expect(said).toBe('xfalse')
})

/** Writes until it has to wait, says so, and is left by its reader there and then; what it says of what follows. */
async function leftAlone(how: string): Promise<string> {
  const child = started(`const { write, room, allRead } = stdout(${how})
    const full = () => {
      for (;;) {
        write('x'.repeat(65536))
        const waits = room()
        if (waits) return waits
      }
    }
    const waits = full()
    console.error('full')
    console.error(await waits.then(() => 'on', (error) => error.code))
    console.error(room() === undefined ? 'never again' : await room().catch(({ code }) => 'again ' + code))
    console.error('read: ' + (await allRead()))
    process.exit()`)
  const said = text(child.stderr)
  child.stderr.once('data', () => child.stdout.destroy())
  return (await said).trim().split('\n').join(', ')
}

test('a reader that may leave while it is waited for ends nothing, and is not waited for again', async () => {
  expect(await leftAlone('{ mayLeave: true }')).toBe('full, on, never again, read: true')
})

test('a reader that may not leave is missed by whoever waits for it', async () => {
  expect(await leftAlone('')).toBe('full, EPIPE, again EPIPE, read: false')
})

test('a reader that goes while nobody waits ends nothing, and is missed at the end', async () => {
  const child = started(`process.stdin.on('end', async () => {
      write('x')
      await new Promise((resolve) => setImmediate(resolve))
      console.error('lives, read: ' + (await allRead()))
      process.exit()
    }).resume()`)
  const said = text(child.stderr)
  child.stdout.once('close', () => void child.stdin.end()).destroy()
  expect(await said).toBe('lives, read: false\n')
})

test('a reader of a pipe that went a while ago is missed at the end, too', async () => {
  const said = `const { stdout } = await import(${JSON.stringify(STDOUT)})
    const { write, allRead } = stdout()
    let broken = false
    process.stdout.once('error', () => (broken = true))
    while (!broken) {
      write('x')
      await new Promise((resolve) => setImmediate(resolve))
    }
    console.error('read: ' + (await allRead()))
    process.exit()`
  // The pipe of a shell, as a runner's is: node's own between processes is a socket, which forgets nothing.
  const child = spawn('sh', ['-c', '"$0" --input-type=module -e "$1" | true', process.execPath, said], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
  })
  expect(await text(child.stderr)).toBe('read: false\n')
})

test('a reader that never takes anything is not waited for once all is said', async () => {
  const child = started(`const { write, allRead } = stdout({ patience: 50 })
    write('x'.repeat(${MEGABYTE}))
    console.error('read: ' + (await allRead()))
    process.exit()`)
  expect(await text(child.stderr)).toBe('read: false\n')
})

test('a reader that takes a piece now and then is waited for, however long all of it takes', async () => {
  jest.useFakeTimers()
  try {
    const stream = { writableLength: 100 }
    const waiting: unknown[] = []
    const write = (_: unknown, done: unknown): boolean => waiting.push(done) > 0
    const read = allTaken(stream, write, 1000)
    for (let at = 0; at < 50; at++) {
      stream.writableLength -= 1
      jest.advanceTimersByTime(1000)
    }
    for (const done of waiting) if (typeof done === 'function') done()
    expect(await read).toBeUndefined()
    const rested = allTaken(stream, write, 1000)
    jest.advanceTimersByTime(1000)
    expect(await rested).toEqual(new Error('Nobody reads standard output.'))
    expect(jest.getTimerCount()).toBe(0)
  } finally {
    jest.useRealTimers()
  }
})
