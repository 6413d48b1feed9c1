import { expect, test } from '@jest/globals'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

// The output of a step is a pipe to the runner, which may be busy with other things.

const STDOUT = join(import.meta.dirname, '..', 'src', 'host', 'stdout.ts')
const MEGABYTE = 2 ** 20

/** Runs a script that writes by the module, and reads what it says only after it has said on the other stream that it waits. */
async function readLate(script: string): Promise<string> {
  const child = started(script)
  await once(child.stderr, 'data')
  return text(child.stdout)
}

function started(script: string): ChildProcessByStdio<null, Readable, Readable> {
  const source = `const { stdout } = await import(${JSON.stringify(STDOUT)})
    ${script.includes('stdout(') ? '' : 'const { write, room, allRead } = stdout()'}
    ${script}`
  return spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'pipe'],
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
    process.stdout.on('error', () => undefined)
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
    console.error(room() === undefined ? 'never again' : 'for ever')
    await allRead()
    process.exit()`)
  const said = text(child.stderr)
  child.stderr.once('data', () => child.stdout.destroy())
  return (await said).trim().split('\n').join(', ')
}

test('a reader that may leave while it is waited for ends nothing, and is not waited for again', async () => {
  expect(await leftAlone('{ mayLeave: true }')).toBe('full, on, never again')
})

test('a reader that may not leave is missed by whoever waits for it', async () => {
  expect(await leftAlone('')).toMatch(/^full, EPIPE/)
})
