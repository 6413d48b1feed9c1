import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { getIDToken } from '@actions/core'
import type { DbtOidcError } from '../src/errors.ts'
import { rehearsalOf } from '../src/rehearsal.ts'
import { requestToken, type RequestOptions, type RequestTimings } from '../src/token/request.ts'
import { body, flood, hang, html, redirect, reset, slow, status, truncated, value } from './support/faults.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { sendJson, type Handler } from './support/issuer-server.ts'
import { failureOf, printed, casesOf } from './support/token-setup.ts'

const { named, unproved } = casesOf('fault-oidc')

// Pauses: enough even where the machine is busy with other things.
jest.setTimeout(30_000)

let stdout = ''
const env = { ...process.env }

beforeEach(() => {
  stdout = ''
  // The toolkit prints a mask and a debug line for each token.
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text)
    return true
  })
})

afterEach(() => {
  jest.restoreAllMocks()
  process.env = { ...env }
})

const quick: RequestTimings = { perTry: 1000, total: 5000, firstPause: 1 }

interface Run {
  readonly masked: readonly string[]
  readonly token: Promise<string>
}

/** Asks the issuer with GitHub's own toolkit. */
function ask(
  issuer: Issuer,
  timings: Partial<RequestTimings> | 'usual' = {},
  more: Partial<RequestOptions> = {},
): Run {
  process.env['ACTIONS_ID_TOKEN_REQUEST_URL'] = issuer.requestUrl
  process.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] = issuer.requestToken
  const masked: string[] = []
  const token = requestToken('mine', {
    ask: getIDToken,
    now: () => new Date(),
    mask: (secret) => masked.push(secret),
    rehearsal: rehearsalOf(issuer.serverUrl),
    ...(timings === 'usual' ? {} : { timings: { request: { ...quick, ...timings } } }),
    ...more,
  })
  return { masked, token }
}

const asked = (issuer: Issuer): number => issuer.requests.filter(({ path }) => path === '/idtoken').length

/** How it went when these answers came in turn, and then the usual one. */
async function outcome(
  handlers: readonly Handler[],
  timings: Partial<RequestTimings> = {},
): Promise<unknown> {
  await using issuer = await startIssuer()
  issuer.next('idtoken', ...handlers)
  const run = ask(issuer, timings)
  const token = await run.token
  const [last] = issuer.minted.slice(-1)
  return { tries: asked(issuer), taken: token === last, masked: run.masked.includes(token) }
}

/** A token that was taken and masked, at the so-many-th try. */
const taken = (tries: number): unknown => ({ tries, taken: true, masked: true })

interface Failed {
  readonly error: DbtOidcError
  readonly tries: number
}

/** With this answer for ever the request fails. */
async function failsWith(handler: Handler, timings: Partial<RequestTimings> = {}): Promise<Failed> {
  await using issuer = await startIssuer()
  issuer.always('idtoken', handler)
  const error = await failureOf(ask(issuer, timings).token)
  expect(printed(error)).not.toMatch(/aaa|Sign in|::error|audience=/)
  return { error, tries: asked(issuer) }
}

test(`fault-oidc-${named('01')}`, async () => {
  expect(await outcome([status(500)])).toEqual(taken(2))
  expect(await outcome([status(500), status(500)])).toEqual(taken(3))
})

test(`fault-oidc-${named('02')}`, async () => {
  await using issuer = await startIssuer()
  issuer.next('idtoken', status(429, { 'retry-after': '1' }))
  const start = performance.now()
  await ask(issuer).token
  expect(performance.now() - start).toBeGreaterThanOrEqual(1000)
  expect(asked(issuer)).toBe(2)
})

test(`fault-oidc-${named('03')}`, async () => {
  expect(await outcome([status(408)])).toEqual(taken(2))
})

test(`fault-oidc-${named('04')}`, async () => {
  for (const code of [502, 503, 504]) {
    const start = performance.now()
    const { error, tries } = await failsWith(status(code), { total: 1000 })
    expect([error.code, performance.now() - start < 10_000]).toEqual(['id-token-endpoint', true])
    expect(error.problem).toContain(String(code))
    expect(error.details[0]).toMatch(`Tried ${tries} times in `)
  }
})

test(`fault-oidc-${named('05')}`, async () => {
  expect(await outcome([reset])).toEqual(taken(2))
  expect(await outcome([(req) => req.socket.destroy(), reset])).toEqual(taken(3))
})

test(`fault-oidc-${named('07')}`, async () => {
  await using issuer = await startIssuer()
  let calls = 0
  const run = ask(
    issuer,
    {},
    {
      ask: (audience) => {
        calls += 1
        process.env['ACTIONS_ID_TOKEN_REQUEST_URL'] = 'http://127.0.0.1:1/idtoken?x'
        return getIDToken(audience)
      },
    },
  )
  const error = await failureOf(run.token)
  expect([error.code, calls]).toEqual(['id-token-endpoint', 3])
  expect(error.problem).toContain('could not be reached (ECONNREFUSED)')
})

test(`fault-oidc-${named('08')}`, async () => {
  const { error } = await failsWith(hang, { perTry: 100, total: 250 })
  expect([error.code, error.problem]).toEqual(['id-token-endpoint', expect.stringContaining('in time')])
  expect(await outcome([hang], { perTry: 100 })).toEqual(taken(2))
})

test('what hangs is hung up on when its time is over, not when the endpoint has had enough', async () => {
  await using issuer = await startIssuer()
  const closed = Promise.withResolvers<void>()
  issuer.next('idtoken', (req) => void req.socket.once('close', () => closed.resolve()))
  await ask(issuer, { perTry: 100 }).token
  expect(await closed.promise).toBeUndefined()
})

test(`fault-oidc-${named('09')}`, async () => {
  expect((await failsWith(slow, { perTry: 100, total: 250 })).error.problem).toContain('in time')
  expect(await outcome([slow], { perTry: 100 })).toEqual(taken(2))
})

test(`fault-oidc-${named('11')}`, async () => {
  const { error, tries } = await failsWith(body('{"value":"aaa'))
  expect([error.code, tries]).toEqual(['id-token-response', 3])
  expect(error.problem).toContain('broken or was cut off')
  expect(await outcome([body('{"value":"aaa')])).toEqual(taken(2))
})

test(`fault-oidc-${named('12')}`, async () => {
  const answers = [html, body(''), body('{}'), body('[]'), body('{"value":"aaa')]
  const failed: Failed[] = []
  for (const answer of answers) failed.push(await failsWith(answer))
  expect(new Set(failed.map(({ error }) => error.code))).toEqual(new Set(['id-token-response']))
  expect(new Set(failed.map(({ error }) => error.problem)).size).toBe(answers.length)
  expect(failed[1]?.error.problem).toContain('answered with nothing')
  expect(await outcome([html, body('')])).toEqual(taken(3))
})

test(`fault-oidc-${named('13')}`, async () => {
  for (const odd of [{ a: 1 }, ['aaa'], 1, true]) {
    const { error } = await failsWith(value(odd))
    expect([error.code, error.problem]).toEqual(['id-token-response', expect.stringContaining('not text')])
  }
})

test('only a text is masked: what else came is none', async () => {
  await using issuer = await startIssuer()
  issuer.next('idtoken', value({ a: 1 }), value(1))
  const run = ask(issuer)
  await run.token
  expect(run.masked).toEqual(issuer.minted)
})

test('who says nothing of times gets those of the action, and a token', async () => {
  await using issuer = await startIssuer()
  expect([await ask(issuer, 'usual').token]).toEqual(issuer.minted)
})

test(`fault-oidc-${named('14')}`, async () => {
  for (const odd of [
    'aaa\n::error::x',
    'aaa\r::error::x',
    'aaa bbb',
    'aaa\u0085b',
    'aaa\u2028::error::x',
    '\u0000aaa',
  ]) {
    const { error } = await failsWith(value(odd))
    expect([error.code, error.problem]).toEqual(['id-token-response', expect.stringContaining('line breaks')])
  }
  // The toolkit's own mask escapes what could begin a line; nothing of ours prints the value.
  expect(stdout).toContain('::add-mask::aaa%0A')
  expect(stdout.split(/[\n\r]/).filter((line) => line.startsWith('::error'))).toEqual([])
})

test(`fault-oidc-${named('18')}`, async () => {
  for (const code of [401, 403]) {
    const { error, tries } = await failsWith(status(code, {}, '{"message":"aaa"}'))
    expect([error.code, tries]).toEqual(['id-token-permission', 1])
    expect(error.remedy).toContain('id-token: write')
    expect(error.details.join('\n')).toContain('permissions:\n')
  }
})

test('every case of the corpus is named by a test', () => {
  expect(unproved()).toEqual([])
})

test('a truncated answer is tried again, and for ever it is an error', async () => {
  expect(await outcome([truncated])).toEqual(taken(2))
  const { error, tries } = await failsWith(truncated)
  expect([error.code, tries]).toEqual(['id-token-response', 3])
  expect(error.problem).toContain('cut off')
})

test.each(['Pending', 'Delayed'])('a 403 for a job that is still %s is tried again', async (state) => {
  expect(
    await outcome([
      status(403, {}, JSON.stringify({ message: `Can't issue ID_TOKEN for job in '${state}' state` })),
    ]),
  ).toEqual(taken(2))
  expect(await outcome([status(403, {}, `Can't issue ID_TOKEN for job in '${state}'`)])).toEqual(taken(2))
})

test('the first redirect is refused, and its target never asked', async () => {
  for (const code of [301, 302, 303, 307, 308]) {
    await using issuer = await startIssuer()
    let hits = 0
    const target = issuer.at('evil.test', (_req, res) => {
      hits += 1
      sendJson(res, { value: 'aaa' })
    })
    issuer.always('idtoken', (_req, res) => res.writeHead(code, { location: target }).end('{}'))
    const error = await failureOf(ask(issuer).token)
    expect([error.code, asked(issuer), hits]).toEqual(['id-token-endpoint', 1, 0])
    expect(error.problem).toContain('redirect')
  }
  expect((await failsWith(redirect('http://127.0.0.1:1/'))).tries).toBe(1)
})

const announced: Handler = (_req, res) =>
  res.writeHead(200, { 'content-length': String(50 << 20) }).write('{')

test('50 MB are not read, whether their length is announced or not', async () => {
  let written = 0
  const endless: Handler = (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' })
    const chunk = 'a'.repeat(1 << 20)
    const write = (): void => {
      while (written < 50 << 20 && !res.destroyed) {
        written += chunk.length
        if (!res.write(chunk)) return void res.once('drain', write)
      }
      res.end()
    }
    write()
  }
  expect(await failsWith(endless)).toMatchObject({ error: { code: 'id-token-response' }, tries: 1 })
  expect(written).toBeLessThan(50 << 20)
  expect(await failsWith(announced)).toMatchObject({ error: { code: 'id-token-response' }, tries: 1 })
  expect(await failsWith(flood(70_000))).toMatchObject({ error: { code: 'id-token-response' }, tries: 1 })
})

test('other statuses of refusal are final, and of a single try no effort is told', async () => {
  for (const code of [400, 404, 410, 422]) {
    const { error, tries } = await failsWith(status(code))
    expect([error.code, tries]).toEqual(['id-token-endpoint', 1])
    expect(error.problem).toContain(String(code))
    expect(error.details.join()).not.toContain('Tried')
  }
})

test('a Retry-After beyond what is left of the time ends the tries at once', async () => {
  const { error, tries } = await failsWith(status(429, { 'retry-after': '120' }))
  expect([error.code, tries]).toEqual(['id-token-endpoint', 1])
})

test('a cancelled run stops asking, with the reason that was given', async () => {
  await using issuer = await startIssuer()
  issuer.always('idtoken', hang)
  const cancel = new AbortController()
  const run = ask(issuer, { perTry: 30_000, total: 60_000 }, { signal: cancel.signal })
  const reason = new Error('cancelled')
  setTimeout(() => cancel.abort(reason), 50)
  await expect(run.token).rejects.toBe(reason)
  await expect(ask(issuer, {}, { signal: cancel.signal }).token).rejects.toBe(reason)
})

test('a run that is cancelled at its second try ends with the reason as well', async () => {
  await using issuer = await startIssuer()
  const cancel = new AbortController()
  const reason = new Error('cancelled')
  issuer.next('idtoken', status(500), () => cancel.abort(reason))
  const run = ask(issuer, { perTry: 30_000, total: 60_000 }, { signal: cancel.signal })
  await expect(run.token).rejects.toBe(reason)
  expect(asked(issuer)).toBe(2)
})

test('in a rehearsal no other machine is asked, and outside of one nobody without TLS', async () => {
  await using issuer = await startIssuer()
  const elsewhere = ask(
    issuer,
    {},
    {
      rehearsal: { server: 'http://127.0.0.1:1' },
      ask: (audience) => {
        process.env['ACTIONS_ID_TOKEN_REQUEST_URL'] = 'http://192.0.2.1/idtoken?x'
        return getIDToken(audience)
      },
    },
  )
  expect((await failureOf(elsewhere.token)).code).toBe('blocked-host')
  expect((await failureOf(ask(issuer, {}, { rehearsal: undefined }).token)).code).toBe('blocked-host')
  expect(asked(issuer)).toBe(0)
})

test('a name that nobody knows is tried three times', async () => {
  await using issuer = await startIssuer()
  let calls = 0
  const run = ask(
    issuer,
    { perTry: 10_000, total: 30_000 },
    {
      rehearsal: undefined,
      ask: (audience) => {
        calls += 1
        process.env['ACTIONS_ID_TOKEN_REQUEST_URL'] = 'https://nobody.invalid/idtoken?x'
        return getIDToken(audience)
      },
    },
  )
  const error = await failureOf(run.token)
  expect([error.code, calls]).toEqual(['id-token-endpoint', 3])
  expect(error.problem).toMatch(/could not be reached \((ENOTFOUND|EAI_AGAIN)\)/)
}, 40_000)

test('an address that is no URL, and a variable that is missing, are named and not tried again', async () => {
  await using issuer = await startIssuer()
  for (const url of ['no url', '']) {
    let calls = 0
    const run = ask(
      issuer,
      {},
      {
        ask: (audience) => {
          calls += 1
          process.env['ACTIONS_ID_TOKEN_REQUEST_URL'] = url
          return getIDToken(audience)
        },
      },
    )
    const error = await failureOf(run.token)
    expect([error.code, calls]).toEqual(['id-token-endpoint', 1])
    expect(error.problem).toContain('ACTIONS_ID_TOKEN_REQUEST_URL')
  }
})

test('two requests at once, for the same and for other audiences, do not disturb each other', async () => {
  await using issuer = await startIssuer()
  issuer.next('idtoken', hang, status(503), reset, truncated)
  const tokens = await Promise.all(Array.from({ length: 8 }, () => ask(issuer).token))
  expect(new Set(tokens).size).toBe(8)
})

test('requests of others in the same process are let alone', async () => {
  await using issuer = await startIssuer()
  const other = issuer.at('other.test', (_req, res) =>
    setTimeout(() => res.writeHead(302, { location: '/' }).end('whole'), 300),
  )
  const theirs = import('../src/http.ts').then(({ createHttp }) =>
    createHttp({ rehearsal: rehearsalOf(issuer.serverUrl), env: {} })({ url: other, deadline: 5000 }),
  )
  await ask(issuer).token
  expect(await theirs).toMatchObject({ status: 302, body: 'whole' })
})

test('fifty jobs against an endpoint that serves ten a second all get their token', async () => {
  await using issuer = await startIssuer()
  let budget = 10
  const refill = setInterval(() => (budget = 10), 100)
  issuer.always('idtoken', (_req, res, proceed) => {
    budget -= 1
    if (budget >= 0) proceed()
    else res.writeHead(429).end()
  })
  const jobs = Array.from(
    { length: 50 },
    () => ask(issuer, { firstPause: 50, total: 30_000, perTry: 5000 }).token,
  )
  expect(new Set(await Promise.all(jobs)).size).toBe(50)
  clearInterval(refill)
}, 40_000)

test('the toolkit does not go on by itself where we have given up', async () => {
  await using issuer = await startIssuer()
  issuer.always('idtoken', status(503, {}, '{"message":"busy"}'))
  await failureOf(ask(issuer, { total: 100 }).token)
  const { length } = issuer.requests
  await new Promise((resolve) => setTimeout(resolve, 300)) // its first pauses are 10, 20 and 40 ms
  // One may have been on its way; the toolkit would have sent three.
  expect(issuer.requests.length - length).toBeLessThanOrEqual(1)
})

test('a try that begins late gets only what is left of the time', async () => {
  const start = performance.now()
  await failsWith(hang, { perTry: 60_000, total: 200 })
  expect(performance.now() - start).toBeLessThan(10_000)
})
