import { describe, expect, jest, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { failureOf } from './support/token-setup.ts'
import { createStreams } from '../src/http.ts'
import { pastProxies } from '../src/http/proxy.ts'
import { endToEnd } from '../src/keepalive/login-proxy/headers.ts'
import { codeOf } from '../src/retry.ts'
import { runChild } from './support/child.ts'
import { problemsOf } from './support/config-of.ts'
import { reset, status, truncated } from './support/faults.ts'
import type { Handler } from './support/issuer-server.ts'
import {
  LOGIN,
  loginBody,
  OPENED,
  SESSION,
  startLoggedIn,
  startProxied,
  type Asking,
  type Proxied,
} from './support/snowflake/proxied.ts'
import { secure } from './support/tls.ts'

jest.setTimeout(20_000)

const MB = 1024 * 1024
const QUERY = '/queries/v1/query-request?requestId=1'

/** A login as the driver sends it. */
const logIn = ({ ask, proxy }: Proxied, more: Asking = {}) =>
  ask(LOGIN, { body: loginBody(proxy.placeholder), ...more })

/** Blocks that were taken when nothing has moved for a while. */
async function taken(count: () => number): Promise<number> {
  for (let before = -1; before !== count();) {
    before = count()
    await setTimeout(500)
  }
  return count()
}

const brokenOff = async (proxied: Proxied): Promise<unknown> => {
  const outcome: unknown = await proxied.ask(QUERY, { headers: SESSION }).catch((error: unknown) => error)
  return codeOf(outcome) || outcome
}

const both = (hosts: string) => ({ no_proxy: hosts, NO_PROXY: hosts })

const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString())

async function hashOf(stream: Readable): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

const failedOpen = (address: string, server?: string) =>
  failureOf(createStreams({ rehearsal: server === undefined ? undefined : { server }, env: {} })(address))

const echo: Handler = (req, res) => {
  res.writeHead(299, 'Quite Well', ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Odd', 'é'])
  req.pipe(res)
}

describe('a login', () => {
  test('brings a placeholder in the form of a JWT that is unsigned, expired and another for each proxy', async () => {
    await using one = await startProxied()
    await using other = await startProxied()
    const [header = '', payload = '', signature] = one.proxy.placeholder.split('.')
    expect([read(header), signature]).toEqual([{ alg: 'none', typ: 'JWT' }, ''])
    expect(read(payload)).toMatchObject({ exp: 1, jti: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(one.proxy.placeholder).not.toBe(other.proxy.placeholder)
  })

  test.each([
    ['plain', {}, (body: string) => Buffer.from(body)],
    ['packed', { 'content-encoding': 'gzip' }, (body: string) => gzipSync(body)],
  ])('%s reaches the account with a fresh token in that one place', async (_way, headers, packed) => {
    await using proxied = await startProxied()
    const { placeholder } = proxied.proxy
    for (const _time of [1, 2]) {
      const answer = await logIn(proxied, {
        headers: { ...headers, 'X-Odd': 'yes' },
        body: packed(loginBody(placeholder)),
      })
      expect([answer.status, JSON.parse(answer.body)]).toEqual([200, OPENED])
    }
    const bodies = proxied.arrived.map(({ body }): unknown => JSON.parse(body.toString()))
    const bodyWith = (token: string): unknown => {
      const whole = JSON.parse(loginBody(placeholder)) as { data: object }
      return { data: { ...whole.data, TOKEN: token } }
    }
    expect(bodies).toEqual([bodyWith('fresh-1'), bodyWith('fresh-2')])
    const [first] = proxied.arrived
    expect(first?.url).toBe(LOGIN)
    expect(first?.headers).toMatchObject({ host: new URL(proxied.account).host, 'x-odd': 'yes' })
    expect(first?.headers).not.toHaveProperty('content-encoding')
    expect(first?.headers['content-length']).toBe(String(first?.body.length))
    expect(proxied.masked).toEqual(['session-1', 'master-1'])
  })

  const huge = 'x'.repeat(300 * 1024)
  test.each<[string, number, (own: string, others: string) => Asking]>([
    ['without a token', 400, () => ({ body: '{"data":{}}' })],
    ['with another token', 403, () => ({ body: loginBody('a.b.c') })],
    ['with the placeholder of another proxy', 403, (_own, others) => ({ body: loginBody(others) })],
    ['with a part of the placeholder', 403, (own) => ({ body: loginBody(own.slice(0, -1)) })],
    ['by another way', 400, (own) => ({ body: loginBody(own, { AUTHENTICATOR: 'OAUTH' }) })],
    ['of another provider', 400, (own) => ({ body: loginBody(own, { PROVIDER: 'AWS' }) })],
    ['that is no JSON', 400, (own) => ({ body: own })],
    ['that is too large', 413, (own) => ({ body: loginBody(own, { huge }) })],
    [
      'that is too large when unpacked',
      400,
      (own) => ({
        headers: { 'content-encoding': 'gzip' },
        body: gzipSync(loginBody(own, { huge: 'x'.repeat(8 * MB) })),
      }),
    ],
    [
      'that is packed otherwise',
      400,
      (own) => ({ headers: { 'content-encoding': 'br' }, body: loginBody(own) }),
    ],
    [
      'that says to be packed and is not',
      400,
      (own) => ({ headers: { 'content-encoding': 'gzip' }, body: loginBody(own) }),
    ],
  ])('%s is refused, and neither a token nor the account is asked for', async (_what, code, asking) => {
    await using proxied = await startProxied()
    await using other = await startProxied()
    const answer = await logIn(proxied, asking(proxied.proxy.placeholder, other.proxy.placeholder))
    expect(answer.status).toBe(code)
    expect(answer.body).toMatch(/^dbt-oidc: This is .*\.\n$/)
    expect([proxied.given, proxied.arrived]).toEqual([[], []])
  })

  test('for which there is no fresh token may be tried again', async () => {
    let away = true
    const token = async (): Promise<string> => {
      if (away) throw new Error('GitHub is away')
      return 'fresh'
    }
    await using proxied = await startProxied({ token })
    expect((await logIn(proxied)).status).toBe(503)
    away = false
    expect((await logIn(proxied)).status).toBe(200)
    expect(proxied.arrived).toHaveLength(1)
  })
})

describe('what passes', () => {
  test('is of a session that was opened here, and a renewal opens the next', async () => {
    const renewed = { data: { sessionToken: 'session-2', masterToken: 'master-2' }, success: true }
    await using proxied = await startLoggedIn(status(200, {}, JSON.stringify(renewed)))
    const asked = async (token: string, path = QUERY): Promise<number> =>
      (await proxied.ask(path, { headers: { authorization: `Snowflake Token="${token}"` } })).status
    expect(await asked('session-1')).toBe(200)
    // Only an answer to a login or a renewal can open one.
    expect(await asked('session-2')).toBe(403)
    expect(await asked('master-1', '/session/token-request?request_guid=1')).toBe(200)
    expect([await asked('session-2'), await asked('master-2'), await asked('session-1')]).toEqual([
      200, 200, 200,
    ])
    expect(proxied.masked).toEqual(['session-1', 'master-1', 'session-2', 'master-2'])
  })

  test.each([
    ['no session', {}],
    ['a session of somebody else', { authorization: 'Snowflake Token="session-9"' }],
    ['the word that the driver sends before it has one', { authorization: 'Snowflake Token="None"' }],
    ['a session in another form', { authorization: 'Bearer session-1' }],
  ])('is nothing with %s', async (_what, headers) => {
    await using proxied = await startLoggedIn(status(200))
    for (const path of [
      QUERY,
      '/',
      '/session/v1/login-request/',
      '//session/v1/login-request',
      '/x/../session/v1/login-request',
    ]) {
      const { status } = await proxied.ask(path, { headers, body: loginBody(proxied.proxy.placeholder) })
      expect([path, status]).toEqual([path, 403])
    }
    expect((await proxied.ask(LOGIN, { method: 'PUT', headers })).status).toBe(403)
    expect([proxied.arrived.length, proxied.given.length]).toEqual([1, 1])
  })

  test.each<[string, (port: number) => string]>([
    ['another host', () => 'POST /x HTTP/1.1\r\nHost: evil.test'],
    ['localhost by its name', (port) => `POST /x HTTP/1.1\r\nHost: localhost:${port}`],
    ['no port', () => 'POST /x HTTP/1.1\r\nHost: 127.0.0.1'],
    ['a whole address', (port) => `POST http://evil.test/x HTTP/1.1\r\nHost: 127.0.0.1:${port}`],
    ['a tunnel', (port) => `CONNECT evil.test:443 HTTP/1.1\r\nHost: 127.0.0.1:${port}`],
    [
      'another protocol',
      (port) => `GET /x HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket`,
    ],
  ])('is nothing for %s', async (_what, head) => {
    await using proxied = await startLoggedIn(status(200))
    const answer = await proxied.raw(
      `${head(proxied.proxy.port)}\r\nAuthorization: ${SESSION.authorization}\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 403 /)
    expect(proxied.arrived).toHaveLength(1)
  })

  test('keeps method, path, headers, status and body, but for what belongs to a connection', async () => {
    await using proxied = await startLoggedIn(echo)
    const headers = {
      ...SESSION,
      connection: 'x-hop',
      'x-hop': '1',
      'x-stays': '2',
      'accept-encoding': 'gzip',
    }
    const answer = await proxied.ask('/queries/%41?a=b&c', { method: 'PUT', headers, body: 'é' })
    expect(answer).toMatchObject({ status: 299, body: 'é', headers: { 'x-odd': 'é' } })
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    const arrived = proxied.arrived.at(-1)
    expect(arrived).toMatchObject({ method: 'PUT', url: '/queries/%41?a=b&c' })
    expect(arrived?.headers).toMatchObject({ 'x-stays': '2', 'accept-encoding': 'gzip', ...SESSION })
    expect(arrived?.headers).not.toHaveProperty('x-hop')
    expect(endToEnd(['Keep-Alive', '1', 'A', 'b', 'TE', 'x'], 'a')).toEqual([])
  })

  test('is a redirect as it came, which nobody here follows', async () => {
    await using proxied = await startLoggedIn(status(307, { location: 'http://127.0.0.1:1/elsewhere' }))
    const answer = await proxied.ask(QUERY, { headers: SESSION })
    expect([answer.status, answer.headers.location]).toEqual([307, 'http://127.0.0.1:1/elsewhere'])
    expect(proxied.arrived).toHaveLength(2)
  })

  test('is nothing that is no HTTP, and the proxy lives on', async () => {
    await using proxied = await startLoggedIn(status(200))
    const head = `GET /\u00ff HTTP/1.1\r\nHost: 127.0.0.1:${proxied.proxy.port}\r\nConnection: close`
    const answer = await proxied.raw(`${head}\r\nAuthorization: ${SESSION.authorization}\r\n\r\n`)
    expect(answer).toBe('')
    expect((await proxied.ask(QUERY, { headers: SESSION })).status).toBe(200)
  })
})

describe('a load of 100 MB', () => {
  const BLOCK = Buffer.alloc(MB, 'block')
  const BLOCKS = 100
  const expected = createHash('sha256')
  for (let block = 0; block < BLOCKS; block += 1) expected.update(BLOCK)
  const WHOLE = expected.digest('hex')
  const blocks = (count = BLOCKS): Readable => Readable.from(Array.from({ length: count }, () => BLOCK))

  test('goes up and comes down whole', async () => {
    await using proxied = await startLoggedIn((req, res) => {
      if (req.method === 'GET') blocks().pipe(res)
      else void hashOf(req).then((hash) => res.end(hash))
    })
    const up = proxied.begin('/load', { method: 'PUT', headers: SESSION })
    blocks().pipe(up)
    const [answer] = (await once(up, 'response')) as [IncomingMessage]
    expect(await text(answer)).toBe(WHOLE)
    const down = proxied.begin('/load', { method: 'GET', headers: SESSION }).end()
    const [load] = (await once(down, 'response')) as [IncomingMessage]
    expect(await hashOf(load)).toBe(WHOLE)
  })

  function counted(): { readonly stream: Readable; readonly count: () => number } {
    let count = 0
    const stream = new Readable({
      read() {
        count += 1
        this.push(count > BLOCKS ? null : BLOCK)
      },
    })
    return { stream, count: () => count }
  }

  test('waits for a reader that does not read, in either direction, and is not held meanwhile', async () => {
    const { stream, count } = counted()
    await using proxied = await startLoggedIn((req, res) => {
      if (req.method === 'GET') stream.pipe(res)
    })
    const down = proxied.begin('/load', { method: 'GET', headers: SESSION }).end()
    const [load] = (await once(down, 'response')) as [IncomingMessage]
    expect(await taken(count)).toBeLessThan(30)
    load.destroy()

    const own = counted()
    const up = proxied.begin('/load', { method: 'PUT', headers: SESSION })
    up.on('error', () => undefined)
    own.stream.pipe(up)
    expect(await taken(own.count)).toBeLessThan(30)
    up.destroy()
  })
})

describe('where one side breaks off', () => {
  test.each([
    ['before', reset],
    ['in the middle of', truncated],
  ])('the account does %s its answer: the driver’s connection is reset', async (_when, handler) => {
    await using proxied = await startLoggedIn(handler)
    expect(await brokenOff(proxied)).toBe('ECONNRESET')
    expect(proxied.unreachable).toEqual([])
    expect((await logIn(proxied)).status).toBe(200)
  })

  test('the driver cancels: the account is hung up on, and a cancellation passes beside it', async () => {
    const { promise: hungUp, resolve } = Promise.withResolvers<unknown>()
    await using proxied = await startLoggedIn((req, res) => {
      if (req.url === QUERY) res.once('close', () => resolve('hung up'))
      else res.end('cancelled')
    })
    const query = proxied.begin(QUERY, { method: 'POST', headers: SESSION })
    query.on('error', () => undefined)
    query.end('select 1')
    while (proxied.arrived.length < 2) await setTimeout(10)
    const cancel = await proxied.ask('/queries/v1/abort-request?requestId=2', { headers: SESSION })
    expect(cancel.body).toBe('cancelled')
    query.destroy()
    expect(await hungUp).toBe('hung up')
  })

  test('an account that is away is told once, and the driver may try again', async () => {
    const nobody = createServer().listen(0, '127.0.0.1')
    await once(nobody, 'listening')
    const address = nobody.address()
    const host = `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
    nobody.close()
    await using proxied = await startProxied({ origin: `http://${host}` })
    for (const _time of [1, 2]) expect((await logIn(proxied)).status).toBe(502)
    expect(proxied.unreachable).toEqual([`${host}: connect ECONNREFUSED ${host}`])
  })

  test('the access ends: every connection with it, and nobody answers any more', async () => {
    await using proxied = await startLoggedIn(() => undefined)
    const open = brokenOff(proxied)
    while (proxied.arrived.length < 2) await setTimeout(10)
    await Promise.all([proxied.proxy.close(), proxied.proxy.close()])
    expect(await open).toBe('ECONNRESET')
    expect(await brokenOff(proxied)).toBe('ECONNREFUSED')
  })
})

describe('the way to the account', () => {
  test('goes by HTTPS_PROXY, and to nobody whose certificate is not Snowflake’s', async () => {
    let answered = 0
    await using other = await secure(['acme.snowflakecomputing.com'], { answer: () => (answered += 1) })
    const out = { rehearsal: undefined, env: { HTTPS_PROXY: `http://127.0.0.1:${other.proxy}` } }
    await using proxied = await startProxied({ origin: 'https://acme.snowflakecomputing.com', out })
    expect((await logIn(proxied)).status).toBe(502)
    expect(other.asked).toEqual(['acme.snowflakecomputing.com:443 '])
    expect(proxied.unreachable).toEqual([
      expect.stringContaining('acme.snowflakecomputing.com: self-signed certificate'),
    ])
    expect(answered).toBe(0)
  })

  test('is encrypted, with a certificate for that host by an authority that the machine or the step names', async () => {
    await using account = await secure(['acme.snowflakecomputing.com'], {
      answer: async (res, req) => res.end(`${req.headers.host} ${await text(req)}`),
    })
    const script = fileURLToPath(new URL('support/snowflake/login-through.ts', import.meta.url))
    const through = async (origin: string): Promise<string> => {
      const env = { NODE_EXTRA_CA_CERTS: account.ca, HTTPS_PROXY: `http://127.0.0.1:${account.proxy}` }
      const { stdout } = await runChild([process.execPath, script, origin], {
        cwd: process.cwd(),
        env: { PATH: process.env['PATH'] ?? '', ...env },
      })
      return stdout
    }
    const answered = await through('https://acme.snowflakecomputing.com')
    expect(answered).toMatch(/^200 acme\.snowflakecomputing\.com \{.*"TOKEN":"fresh"/)
    expect(await through('https://other.snowflakecomputing.com')).toMatch(/does not match[^]*\n502 /)
  })

  test('is encrypted, except in a rehearsal, which stays on this machine', async () => {
    expect((await failedOpen('http://acme.snowflakecomputing.com')).code).toBe('blocked-host')
    expect((await failedOpen('https://acme.snowflakecomputing.com', 'http://127.0.0.1:1')).code).toBe(
      'blocked-host',
    )
  })

  test('from dbt to us goes past every proxy of the step', () => {
    expect(pastProxies({})).toEqual(both('127.0.0.1'))
    expect(pastProxies({ NO_PROXY: 'a.corp,.b' })).toEqual(both('a.corp,.b,127.0.0.1'))
  })
})

describe('`keep-alive: proxy` is a problem', () => {
  const SNOWFLAKE = '{ type: snowflake, account: acme-prod, database: D, schema: S }'
  const inputs = { run: 'build', ref: 'refs/heads/main', connection: SNOWFLAKE, 'keep-alive': 'proxy' }
  const entra =
    '{ via: entra, tenant: 7b0c2a1e-9f2d-4c58-8a53-2f9d1e6b7c41, client-id: 0d9c1f7a-3b52-4e0e-9a57-6c1d2e3f4a5b, scope: "api://s/.default" }'

  test.each([
    [
      'for another warehouse',
      { connection: '{ type: duckdb, path: p }' },
      /Snowflake via `direct` alone.*DuckDB via `none`/,
    ],
    [
      'for another exchange',
      { connection: SNOWFLAKE.replace(' }', ', user: U }'), identity: entra },
      /Snowflake via `direct` alone.*Snowflake via `entra`/,
    ],
    ['in prepared mode', { run: '' }, /let this step run dbt by `run`/],
    ['where later steps would read the profile', { until: 'profile' }, /let this step run dbt by `run`/],
  ])('%s', async (_where, changed, problem) => {
    expect(await problemsOf({ inputs: { ...inputs, ...changed } })).toEqual([
      expect.stringMatching(new RegExp(`^input "keep-alive": .*${problem.source}`)),
    ])
  })
})
