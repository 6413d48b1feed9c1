import { expect, test } from '@jest/globals'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import * as z from 'zod/mini'

const opened = z.object({ origin: z.string(), authorization: z.string() })

/** Sends bytes and breaks the connection off before an answer can arrive. */
async function breakOff(origin: string, bytes: string): Promise<void> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(bytes, () => socket.resetAndDestroy())
  await once(socket, 'close')
}

test.each([
  ['asks for a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n'],
  [
    'asks for another protocol',
    'GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
  ],
  ['speaks no HTTP', 'hello\r\n\r\n'],
  ['sends too large headers', `GET / HTTP/1.1\r\nX: ${'x'.repeat(9000)}\r\n\r\n`],
  ['asks twice at once', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2)],
])('a stranger who %s and hangs up does not end the process of the broker', async (_what, bytes) => {
  const child = fork(join(import.meta.dirname, 'support/broker-alone.ts'), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  try {
    const [message]: unknown[] = await once(child, 'message')
    const { origin, authorization } = opened.parse(message)
    for (let one = 0; one < 50; one += 1) await breakOff(origin, bytes)
    const answer = await fetch(`${origin}/id-token`, { headers: { authorization } })
    expect(await answer.json()).toEqual({ value: 'token' })
  } finally {
    child.kill('SIGKILL')
  }
})
