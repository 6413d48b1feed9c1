import { describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, gzipSync } from 'node:zlib'
import { codeOf } from '../src/retry.ts'
import { status } from './support/faults.ts'
import type { Handler } from './support/issuer-server.ts'
import {
  LOGIN,
  loginBody,
  OPENED,
  SESSION,
  startLoggedIn,
  startProxied,
} from './support/snowflake/proxied.ts'

const QUERY = '/queries/v1/query-request?requestId=1'
const TEXT = JSON.stringify({ sqlText: 'select 1 /* é */'.repeat(1000) })
const PACKED = gzipSync(TEXT)

/** Gives back the bytes that came, with what was said of them. */
const mirror: Handler = (req, res) => {
  void buffer(req).then((body) => {
    const { 'content-encoding': encoding = '', 'transfer-encoding': transfer = '' } = req.headers
    const length = req.headers['content-length'] ?? ''
    res.setHeader('x-came', JSON.stringify({ encoding, transfer, length }))
    if (encoding !== '') res.setHeader('content-encoding', encoding)
    res.end(body)
  })
}

describe('a body of a session', () => {
  test.each([
    ['plain', {}, Buffer.from(TEXT), { encoding: '', transfer: '' }],
    ['packed', { 'content-encoding': 'gzip' }, PACKED, { encoding: 'gzip', transfer: '' }],
    ['in chunks', { 'transfer-encoding': 'chunked' }, PACKED, { encoding: '', transfer: 'chunked' }],
    ['of no length', { 'content-length': '0' }, Buffer.alloc(0), { encoding: '', transfer: '' }],
  ])('%s arrives byte for byte, and so does its answer', async (_how, headers, body, came) => {
    await using proxied = await startLoggedIn(mirror)
    const length = 'transfer-encoding' in headers ? {} : { 'content-length': String(body.length) }
    const sent = proxied.begin(QUERY, { method: 'POST', headers: { ...SESSION, ...headers, ...length } })
    sent.end(body)
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    expect((await buffer(answer)).equals(body)).toBe(true)
    expect(JSON.parse(String(answer.headers['x-came']))).toEqual({
      ...came,
      length: length['content-length'] ?? '',
    })
    expect(answer.headers['content-encoding'] ?? '').toBe(came.encoding)
  })
})

describe('the answer to a login', () => {
  test('may come packed although nobody asked for that: its session is known, and the driver gets it as it came', async () => {
    await using proxied = await startProxied({
      logins: (_req, res) =>
        res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify(OPENED))),
      handler: status(200),
    })
    const sent = proxied.begin(LOGIN, { method: 'POST', headers: { 'accept-encoding': 'gzip' } })
    sent.end(loginBody(proxied.proxy.placeholder))
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    expect(JSON.parse(gunzipSync(await buffer(answer)).toString())).toEqual(OPENED)
    expect(proxied.arrived[0]?.headers).not.toHaveProperty('accept-encoding')
    expect((await proxied.ask(QUERY, { headers: SESSION })).status).toBe(200)
    expect(proxied.masked).toEqual(['session-1', 'master-1'])
  })

  test('that leads elsewhere is handed on: no token is sent there by us', async () => {
    await using elsewhere = await startProxied()
    const location = `${elsewhere.account}/session/v1/login-request`
    await using proxied = await startProxied({
      logins: (_req, res) => res.writeHead(307, { location }).end(),
    })
    const answer = await proxied.ask(LOGIN, { body: loginBody(proxied.proxy.placeholder) })
    expect([answer.status, answer.headers.location]).toEqual([307, location])
    expect([proxied.given.length, elsewhere.arrived]).toEqual([1, []])
    // It has opened nothing either.
    expect((await proxied.ask(QUERY, { headers: SESSION })).status).toBe(403)
  })
})

test('an account that breaks off a load breaks it off for the driver, too, and the next request is as ever', async () => {
  await using proxied = await startLoggedIn((req, res) => {
    if (req.method === 'PUT') req.once('data', () => req.socket.resetAndDestroy())
    else res.end('well')
  })
  const sent = proxied.begin('/load', { method: 'PUT', headers: SESSION })
  const failed = once(sent, 'error') as Promise<[Error]>
  const block = Buffer.alloc(1024 * 1024)
  const more = (): void => {
    while (!sent.destroyed && sent.write(block));
    if (!sent.destroyed) sent.once('drain', more)
  }
  more()
  const [error] = await failed
  expect(['ECONNRESET', 'EPIPE']).toContain(codeOf(error))
  expect(proxied.unreachable).toEqual([])
  expect((await proxied.ask(QUERY, { headers: SESSION })).body).toBe('well')
})

test.each(['GET', 'DELETE', 'POST'])(
  'the body of a %s is no request of its own, also where its length is said to be of the connection',
  async (method) => {
    await using proxied = await startLoggedIn(mirror)
    const body = 'POST /queries/v1/smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'
    const length = String(body.length)
    const headers = { ...SESSION, connection: 'close, content-length', 'content-length': length }
    expect(await proxied.ask(QUERY, { method, headers, body })).toMatchObject({ status: 200, body })
    expect(proxied.arrived.map(({ url }) => url)).toEqual([LOGIN, QUERY])
    expect(proxied.arrived.at(-1)?.headers['content-length']).toBe(length)
  },
)
