import type { IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import { expect, jest, test } from '@jest/globals'
import { assert, property, webUrl } from 'fast-check'
import { DbtOidcError } from '../src/errors.ts'
import { checkTlsEnv, createHttp, proxySecrets, type Http, type HttpRequest } from '../src/http.ts'
import { proxyFor } from '../src/http/proxy.ts'
import { isLoopback, isLoopbackHost, rehearsalOf, rewrite } from '../src/rehearsal.ts'
import { attemptFailed, classOf, isTransient, retry, retryAfterOf, withRetries } from '../src/retry.ts'
import { runChild } from './support/child.ts'
import { body, flood, hang, reset, slow, status, truncated } from './support/faults.ts'
import { startIssuer } from './support/issuer.ts'
import { readBody, type Handler } from './support/issuer-server.ts'
import { runs } from './support/runs.ts'
import { secure } from './support/tls.ts'
import { codeOf, failureOf, printed } from './support/token-setup.ts'

// Children and names that nobody knows: enough even where the machine is busy with other things.
jest.setTimeout(30_000)

interface Site extends AsyncDisposable {
  readonly url: string
  readonly http: Http
  readonly get: (more?: Partial<HttpRequest>) => ReturnType<Http>
}

/** A vendor's site in a rehearsal. */
async function site(handler: Handler): Promise<Site> {
  const issuer = await startIssuer()
  const url = issuer.at('vendor.test', (req, res) => handler(req, res, () => undefined))
  const http = createHttp({ rehearsal: rehearsalOf(issuer.serverUrl), env: {} })
  return {
    url,
    http,
    get: (more) => http({ url: `${url}/path?secret=hidden`, deadline: 5000, ...more }),
    [Symbol.asyncDispose]: () => issuer.close(),
  }
}

test('a request arrives as it was given, and the answer comes back whole', async () => {
  let seen: IncomingMessage | undefined
  await using vendor = await site(async (req, res) => {
    seen = req
    res.setHeader('set-cookie', ['a=1', 'b=2'])
    res.writeHead(201, { 'X-Odd': 'yes' }).end(`got ${await readBody(req)}`)
  })
  const answer = await vendor.get({
    method: 'POST',
    body: 'grant=é',
    headers: { 'content-type': 'text/plain' },
  })
  expect(answer).toMatchObject({
    status: 201,
    body: 'got grant=é',
    headers: { 'x-odd': 'yes', 'set-cookie': 'a=1, b=2' },
  })
  expect(seen?.url).toBe('/_at/vendor.test/path?secret=hidden')
  expect(seen?.headers).toMatchObject({
    'content-type': 'text/plain',
    'content-length': '8',
    'user-agent': 'dbt-oidc',
  })
})

test('statuses of failure and redirects are answers, and nothing follows a redirect', async () => {
  let hits = 0
  await using vendor = await site((_req, res) => {
    hits += 1
    res.writeHead(307, { location: '/_at/vendor.test/other' }).end('moved')
  })
  expect(await vendor.get()).toMatchObject({
    status: 307,
    body: 'moved',
    headers: { location: '/_at/vendor.test/other' },
  })
  expect(hits).toBe(1)
  await using broken = await site(status(500, {}, 'no'))
  expect(await broken.get()).toMatchObject({ status: 500, body: 'no' })
})

test.each<[string, Handler, Partial<HttpRequest>]>([
  ['a truncated body', truncated, {}],
  ['a reset', reset, {}],
  ['a hang', hang, { deadline: 100 }],
  ['a slow body', slow, { deadline: 100 }],
  ['a chunked body without its end', (_req, res) => void res.write('x', () => res.destroy()), {}],
  ['a body beyond the usual limit', flood(300_000), {}],
  ['a body beyond a limit of its own', body('12345678901'), { limit: 10 }],
])('%s is no answer, and the error says so without query or body', async (_name, handler, more) => {
  await using vendor = await site(handler)
  const error = await failureOf(vendor.get(more))
  expect(error.code).toBe('exchange-unavailable')
  expect(printed(error)).not.toMatch(/secret|hidden|"value"|1234567890|undefined/)
  expect(classOf(error).transient).toBe(true)
})

test('an endless body is ended at the limit, not at the deadline', async () => {
  let written = 0
  await using vendor = await site((_req, res) => {
    const timer = setInterval(() => res.write('a'.repeat(100_000), () => (written += 100_000)), 5)
    res.on('close', () => clearInterval(timer))
  })
  expect((await failureOf(vendor.get({ deadline: 3000 }))).problem).toContain('larger than 262144 bytes')
  expect(written).toBeLessThan(5_000_000)
})

test('a body of exactly the limit is read', async () => {
  await using vendor = await site(body('1234567890'))
  expect((await vendor.get({ limit: 10 })).body).toBe('1234567890')
})

test('a refused connection and an unknown name are named', async () => {
  const http = createHttp({ rehearsal: undefined, env: {} })
  const refused = await failureOf(http({ url: 'https://127.0.0.1:1/x?secret', deadline: 5000 }))
  expect([refused.code, refused.problem]).toEqual([
    'host-unreachable',
    expect.stringContaining('ECONNREFUSED'),
  ])
  // A firewall may be opened, and a name server come back, within seconds.
  expect(classOf(refused).transient).toBe(true)
  const unknown = await failureOf(http({ url: 'https://nobody.invalid/x?secret', deadline: 20_000 }))
  expect(unknown.code).toBe('host-unreachable')
  expect(unknown.problem).toMatch(/nobody\.invalid could not be reached: .*(ENOTFOUND|EAI_AGAIN)/)
}, 30_000)

test('a signal ends a request with its own reason', async () => {
  await using vendor = await site(hang)
  const cancel = new AbortController()
  const reason = new DbtOidcError({ code: 'cancelled', problem: 'The job was cancelled.', remedy: 'None.' })
  setTimeout(() => cancel.abort(reason), 30)
  await expect(vendor.get({ signal: cancel.signal })).rejects.toBe(reason)
  await expect(vendor.get({ signal: cancel.signal })).rejects.toBe(reason)
})

const elsewhere = [
  'https://example.com/',
  'http://192.0.2.1/',
  'https://127.0.0.1.evil.test/',
  'https://localhost.evil.test/',
  'https://127.0.0.1@evil.test/',
  'http://user@127.0.0.1/',
  'http://0.0.0.0/',
  'http://[::ffff:127.0.0.1]/',
  'http://localhost./',
  'ftp://127.0.0.1/',
  'file:///etc/passwd',
  'nothing',
  '',
]

test.each(elsewhere)('in a rehearsal %j is not asked', async (url) => {
  const http = createHttp({ rehearsal: { server: 'http://127.0.0.1:1' }, env: {} })
  expect(await codeOf(http({ url, deadline: 100 }))).toBe('blocked-host')
})

test.each([
  'http://example.com/',
  'http://127.0.0.1/',
  'https://169.254.169.254/latest/meta-data',
  'https://[fe80::1]/',
  'https://[fd00:ec2::254]/',
  'https://[::ffff:169.254.169.254]/',
  'https://2852039166/', // 169.254.169.254 as one number
  'https://0xa9fea9fe/',
  'https://169.254.170.2/',
  'https://100.100.100.200/',
  'https://168.63.129.16/',
  'https://metadata.google.internal/',
  'https://user:password@example.com/',
  'gopher://example.com/',
])('outside of a rehearsal %j is not asked', async (url) => {
  const error = await failureOf(createHttp({ rehearsal: undefined, env: {} })({ url, deadline: 100 }))
  expect(error.code).toBe('blocked-host')
  expect(printed(error)).not.toContain('password@')
  expect(classOf(error).transient).toBe(false)
})

test('only a loopback server makes a rehearsal', () => {
  expect(rehearsalOf('http://127.0.0.1:8080/')).toEqual({ server: 'http://127.0.0.1:8080' })
  expect(rehearsalOf('https://localhost')).toEqual({ server: 'https://localhost' })
  expect(rehearsalOf('http://[::1]:1')).toEqual({ server: 'http://[::1]:1' })
  for (const server of ['https://github.com', 'https://ghes.corp', '', 'localhost', ...elsewhere])
    expect(rehearsalOf(server)).toBeUndefined()
})

test('fixed origins are rewritten in a rehearsal and nowhere else', () => {
  const rehearsal = { server: 'http://127.0.0.1:8080' }
  expect(rewrite(rehearsal, 'https://sts.googleapis.com/v1/token?x=1')).toBe(
    'http://127.0.0.1:8080/_at/sts.googleapis.com/v1/token?x=1',
  )
  expect(rewrite(rehearsal, 'https://sts.amazonaws.com')).toBe('http://127.0.0.1:8080/_at/sts.amazonaws.com')
  expect(rewrite(rehearsal, 'https://sts.amazonaws.com/')).toBe(
    'http://127.0.0.1:8080/_at/sts.amazonaws.com/',
  )
  expect(rewrite(rehearsal, 'https://vault.corp:8200/v1')).toBe(
    'http://127.0.0.1:8080/_at/vault.corp:8200/v1',
  )
  expect(rewrite(rehearsal, 'http://127.0.0.1:9000/v1')).toBe('http://127.0.0.1:9000/v1')
  assert(
    property(webUrl({ withQueryParameters: true }), (url) => {
      expect(rewrite(undefined, url)).toBe(url)
      expect(isLoopback(rewrite(rehearsal, url))).toBe(true)
    }),
    { numRuns: runs(1000) },
  )
})

test('a bare host is loopback only as a host', () => {
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '[::1]', '127.0.0.1:5432'])
    expect(isLoopbackHost(host)).toBe(true)
  for (const host of [
    'evil.test',
    '127.0.0.1/x',
    '127.0.0.1?x',
    '127.0.0.1#x',
    'a@127.0.0.1',
    '127.0.0.1.evil.test',
    '',
  ])
    expect(isLoopbackHost(host)).toBe(false)
})

test.each<[string, Readonly<Record<string, string>>, string, string | undefined]>([
  ['none', {}, 'https://a.test/', undefined],
  ['upper case', { HTTPS_PROXY: 'http://p:1' }, 'https://a.test/', 'http://p:1/'],
  ['lower case', { https_proxy: 'http://p:1' }, 'https://a.test/', 'http://p:1/'],
  ['both', { https_proxy: 'http://low:1', HTTPS_PROXY: 'http://up:1' }, 'https://a.test/', 'http://low:1/'],
  ['an empty one', { https_proxy: '', HTTPS_PROXY: 'http://p:1' }, 'https://a.test/', 'http://p:1/'],
  ['the other scheme', { HTTP_PROXY: 'http://p:1' }, 'https://a.test/', undefined],
  ['no scheme', { HTTPS_PROXY: 'p:1' }, 'https://a.test/', 'http://p:1/'],
  ['loopback', { HTTP_PROXY: 'http://p:1' }, 'http://127.0.0.1:5/', undefined],
  ['loopback by IPv6', { HTTP_PROXY: 'http://p:1' }, 'http://[::1]:5/', undefined],
])('proxy variables: %s', (_name, env, url, proxy) => {
  expect(proxyFor(new URL(url), env)).toBe(proxy)
})

test.each<[string, string, boolean]>([
  ['*', 'https://a.corp/', true],
  ['.corp', 'https://a.corp/', true],
  ['*.corp', 'https://a.b.corp/', true],
  ['corp', 'https://a.corp/', true],
  ['corp', 'https://acorp/', false],
  ['a.corp', 'https://A.CORP/', true],
  ['x.test, a.corp', 'https://a.corp/', true],
  ['x.test a.corp', 'https://a.corp/', true],
  ['a.corp:443', 'https://a.corp/', true],
  ['a.corp:8443', 'https://a.corp/', false],
  ['a.corp:8443', 'https://a.corp:8443/', true],
  ['[2001:db8::1]', 'https://[2001:db8::1]/', true],
  ['2001:db8::1', 'https://[2001:db8::1]/', true],
  ['[2001:db8::1]:8443', 'https://[2001:db8::1]/', false],
  ['10.0.0.1', 'https://10.0.0.1/', true],
  ['10.0.0.0/8', 'https://10.0.0.1/', false], // ranges are not understood, as in GitHub's toolkit
  [',,', 'https://a.corp/', false],
])('NO_PROXY=%s for %s', (noProxy, url, direct) => {
  for (const name of ['NO_PROXY', 'no_proxy']) {
    expect(proxyFor(new URL(url), { HTTPS_PROXY: 'http://p:1', [name]: noProxy }) === undefined).toBe(direct)
  }
})

test('a proxy password is known in each of its spellings, to be masked', () => {
  expect(proxySecrets({ HTTPS_PROXY: 'http://user:p%40ss@p:1', http_proxy: 'user:other@p:2' })).toEqual([
    'p%40ss',
    'p@ss',
    'other',
  ])
  expect(proxySecrets({ HTTPS_PROXY: 'http://p:1', http_proxy: ':::' })).toEqual([])
})

test('a TLS check that is switched off is a problem', () => {
  expect(checkTlsEnv({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toContain('NODE_EXTRA_CA_CERTS')
  expect(checkTlsEnv({})).toBeUndefined()
  expect(checkTlsEnv({ NODE_TLS_REJECT_UNAUTHORIZED: '1' })).toBeUndefined()
})

async function get(url: string, env: Readonly<Record<string, string>>): Promise<string> {
  const script = fileURLToPath(new URL('support/http-get.ts', import.meta.url))
  const { stdout } = await runChild([process.execPath, script, url], {
    cwd: process.cwd(),
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  return stdout.trim()
}

test('a private certificate authority works when it is named, and only for its hosts', async () => {
  await using tls = await secure(['127.0.0.1'])
  expect(await get(`https://127.0.0.1:${tls.port}/`, { NODE_EXTRA_CA_CERTS: tls.ca })).toBe('200 whole')
  expect(await get(`https://localhost:${tls.port}/`, { NODE_EXTRA_CA_CERTS: tls.ca })).toContain(
    'exchange-unavailable',
  )
})

test('an unknown, an expired and a switched-off certificate are refused, and not tried again', async () => {
  await using tls = await secure(['127.0.0.1'])
  const error = await failureOf(
    createHttp({ rehearsal: undefined, env: {} })({ url: `https://127.0.0.1:${tls.port}/`, deadline: 5000 }),
  )
  expect([error.code, classOf(error).transient]).toEqual(['exchange-unavailable', false])
  expect(await get(`https://127.0.0.1:${tls.port}/`, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toContain(
    'exchange-unavailable',
  )
  await using old = await secure(['127.0.0.1'], { days: 0.5 })
  expect(await get(`https://127.0.0.1:${old.port}/`, { NODE_EXTRA_CA_CERTS: old.ca })).toContain('expired')
})

test('an https request goes through the proxy by CONNECT, with its login, and past it for NO_PROXY', async () => {
  await using tls = await secure(['vendor.test', '127.0.0.1'])
  const env = { NODE_EXTRA_CA_CERTS: tls.ca, HTTPS_PROXY: `http://user:p%40ss@127.0.0.1:${tls.proxy}` }
  expect(await get('https://vendor.test/x', env)).toBe('200 whole')
  expect(tls.asked).toEqual([`vendor.test:443 Basic ${Buffer.from('user:p@ss').toString('base64')}`])
  expect(await get(`https://127.0.0.1:${tls.port}/`, env)).toBe('200 whole')
  expect(await get('https://vendor.invalid/x', { ...env, NO_PROXY: '.invalid' })).toContain(
    'host-unreachable',
  )
  expect(tls.asked).toHaveLength(1)
}, 30_000)

test('transient failures are tried again, permanent ones are not', async () => {
  await using vendor = await startIssuer()
  const answers: Handler[] = [status(503), reset, truncated, status(429), body('well')]
  const url = vendor.at('vendor.test', (req, res) => answers.shift()?.(req, res, () => undefined))
  const rule = { tries: 5, first: 1, longest: 5, total: 5000 }
  const http = withRetries(createHttp({ rehearsal: rehearsalOf(vendor.serverUrl), env: {} }), rule)
  expect((await http({ url, deadline: 2000 })).body).toBe('well')
  answers.push(status(400), body('never'))
  expect((await http({ url, deadline: 2000 })).status).toBe(400)
  expect(await codeOf(http({ url: 'https://example.com', deadline: 2000 }))).toBe('blocked-host')
})

test('when patience ends, the last answer or the last error stands', async () => {
  await using vendor = await startIssuer()
  const answers: Handler[] = [reset, status(503, {}, 'first'), status(502, {}, 'last'), reset]
  const url = vendor.at('vendor.test', (req, res) => answers.shift()?.(req, res, () => undefined))
  const http = (tries: number): Http =>
    withRetries(createHttp({ rehearsal: rehearsalOf(vendor.serverUrl), env: {} }), {
      tries,
      first: 1,
      longest: 5,
      total: 5000,
    })
  expect(await http(3)({ url, deadline: 2000 })).toMatchObject({ status: 502, body: 'last' })
  expect(await codeOf(http(1)({ url, deadline: 2000 }))).toBe('exchange-unavailable')
})

test('the time for all tries is kept, and each try is told what is left of it', async () => {
  const told: number[] = []
  const busy = attemptFailed(
    { code: 'exchange-unavailable', problem: 'Busy.', remedy: 'Wait.' },
    { transient: true },
  )
  const start = performance.now()
  const attempt = async (left: number): Promise<never> => {
    told.push(left)
    throw busy
  }
  await expect(retry(attempt, { tries: 100, first: 20, longest: 20, total: 200 })).rejects.toBe(busy)
  expect(performance.now() - start).toBeLessThan(5000)
  expect(told.length).toBeGreaterThan(1)
  expect(told.every((left, i) => left <= 200 && left < (told[i - 1] ?? Infinity))).toBe(true)
})

test('a class of failure may be worth fewer tries, and an unknown error none', async () => {
  const rule = { tries: 9, first: 1, longest: 1, total: 5000 }
  let tries = 0
  const few = attemptFailed({ code: 'keys', problem: 'No.', remedy: 'No.' }, { transient: true, tries: 2 })
  const failing = (error: unknown) => async (): Promise<never> => {
    tries += 1
    throw error
  }
  await expect(retry(failing(few), rule)).rejects.toBe(few)
  expect(tries).toBe(2)
  for (const error of [
    new Error('a fault'),
    new TypeError('a fault'),
    new DbtOidcError({ code: 'keys', problem: 'No.', remedy: 'No.' }),
  ]) {
    tries = 0
    await expect(retry(failing(error), rule)).rejects.toBe(error)
    expect(tries).toBe(1)
  }
})

test('a pause ends with the signal', async () => {
  const cancel = new AbortController()
  const reason = new Error('cancelled')
  const busy = attemptFailed(
    { code: 'keys', problem: 'No.', remedy: 'No.' },
    { transient: true, retryAfter: 30_000 },
  )
  const trying = retry(async () => Promise.reject(busy), {
    tries: 3,
    first: 1,
    longest: 1,
    total: 60_000,
    signal: cancel.signal,
  })
  setTimeout(() => cancel.abort(reason), 30)
  await expect(trying).rejects.toBe(reason)
})

test.each<[string | undefined, number | undefined]>([
  ['0', 0],
  ['1', 1000],
  [' 5 ', 5000],
  ['3600', 60_000],
  ['Tue, 24 Nov 2026 08:00:07 GMT', 7000],
  ['Tue, 24 Nov 2026 07:00:00 GMT', 0],
  ['soon', undefined],
  ['', undefined],
  [undefined, undefined],
])('Retry-After: %s', (header, milliseconds) => {
  expect(retryAfterOf(header, new Date('2026-11-24T08:00:00Z'))).toBe(milliseconds)
})

test('what is worth another try', () => {
  expect([408, 425, 429, 500, 502, 503, 504].every(isTransient)).toBe(true)
  expect([200, 301, 400, 401, 403, 404, 409].some(isTransient)).toBe(false)
})
