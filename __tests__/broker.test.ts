import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { keepingOf, openHook } from '../src/access/hook.ts'
import type { Surroundings } from '../src/access/surroundings.ts'
import type { IdToken } from '../src/claims.ts'
import { wantOf, type Target } from '../src/config/target.ts'
import type { Credential } from '../src/credential.ts'
import { openBroker, type Broker } from '../src/keepalive/broker.ts'
import { createPresent } from '../src/keepalive/present.ts'
import { configOf } from './support/config-of.ts'
import { ACCOUNT, policyOf, PROVIDER } from './support/google/bench.ts'

let broker: Broker
let served = 0
beforeEach(async () => {
  served = 0
  broker = await openBroker(new Map([['/id-token', async () => ({ value: `token ${(served += 1)}` })]]))
})
afterEach(async () => broker[Symbol.asyncDispose]())

interface Asked {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A request whose every part can be wrong; the answer as status and body. */
async function ask({ method = 'GET', path = '/id-token', headers = {}, body }: Asked = {}): Promise<string> {
  const req = request(`${broker.origin}/`, {
    method,
    path,
    headers: { authorization: broker.authorization, connection: 'close', ...headers },
  })
  req.end(body)
  const [res] = (await once(req, 'response')) as [import('node:http').IncomingMessage]
  return `${res.statusCode} ${await text(res)}`.trim()
}

/** Bytes as they are, and what comes back until the end. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(Number(new URL(broker.origin).port), '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(bytes)
  return text(socket)
}

const port = (): string => new URL(broker.origin).port

describe('the broker', () => {
  test('serves whoever has the nonce, on this machine alone', async () => {
    expect(broker.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    // 256 random bits.
    expect(broker.authorization).toMatch(/^Bearer [\w-]{43}$/)
    expect(await ask()).toBe('200 {"value":"token 1"}')
    await using other = await openBroker(new Map())
    expect(other.authorization).not.toBe(broker.authorization)
    expect(other.origin).not.toBe(broker.origin)
  })

  const refused: readonly [string, () => Asked, number][] = [
    ['another name of this machine', () => ({ headers: { host: `localhost:${port()}` } }), 403],
    ['another port in Host', () => ({ headers: { host: '127.0.0.1:1' } }), 403],
    ['a name that was made to lead here', () => ({ headers: { host: 'evil.example' } }), 403],
    ['a wrong nonce', () => ({ headers: { authorization: `${broker.authorization.slice(0, -1)}!` } }), 401],
    ['a part of the nonce', () => ({ headers: { authorization: broker.authorization.slice(0, -1) } }), 401],
    ['no nonce', () => ({ headers: { authorization: '' } }), 401],
    [
      'the nonce without its scheme',
      () => ({ headers: { authorization: broker.authorization.slice(7) } }),
      401,
    ],
    ['another path', () => ({ path: '/aws' }), 404],
    ['a path with an audience', () => ({ path: '/id-token?audience=https://other.example' }), 404],
    ['a path in other words', () => ({ path: '//id-token' }), 404],
    ['a whole address as path', () => ({ path: `${broker.origin}/id-token` }), 404],
    ['a name that every object has', () => ({ path: '/__proto__' }), 404],
    ['POST', () => ({ method: 'POST', body: 'audience=x' }), 405],
    ['HEAD', () => ({ method: 'HEAD' }), 405],
    ['OPTIONS', () => ({ method: 'OPTIONS' }), 405],
    ['a body', () => ({ body: 'audience=x', headers: { 'content-length': '10' } }), 413],
    ['a body in parts', () => ({ body: 'x', headers: { 'transfer-encoding': 'chunked' } }), 413],
    ['a body to be asked for', () => ({ headers: { expect: '100-continue', 'content-length': '9' } }), 413],
    ['an expectation', () => ({ headers: { expect: 'x' } }), 413],
    ['too large headers', () => ({ headers: { 'x-large': 'x'.repeat(9000) } }), 431],
  ]
  test.each(refused)('refuses %s without a word', async (_name, asked, status) => {
    expect(await ask(asked())).toBe(String(status))
    expect(served).toBe(0)
    expect(await ask()).toContain('200')
  })

  test('tells nobody without the nonce which methods and paths there are', async () => {
    const stranger = { headers: { authorization: 'Bearer x' } }
    const asked = [{}, { path: '/aws' }, { method: 'POST' }, { path: '/x', method: 'PUT', body: 'x' }]
    for (const one of asked) expect(await ask({ ...one, ...stranger })).toBe('401')
  })

  test.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['a request without Host', 'GET /id-token HTTP/1.1\r\n\r\n', 403],
    ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n', 405],
  ])('refuses %s', async (_name, bytes, status) => {
    const answer = await raw(bytes)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer.split('\r\n\r\n')[1]).toBe('')
  })

  test('keeps no connection that could end just when a driver uses it again', async () => {
    const answer = await fetch(`${broker.origin}/id-token`, {
      headers: { authorization: broker.authorization },
    })
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close'])
  })

  test('waits for nobody who never comes to the end of a request', async () => {
    const halves = [
      `GET /id-token HTTP/1.1\r\nHost: 127.0.0.1:${port()}\r\nAuthor`,
      `GET /id-token HTTP/1.1\r\nHost: 127.0.0.1:${port()}\r\nContent-Length: 9\r\n\r\nx`,
    ]
    const answers = await Promise.all(halves.map(raw))
    expect(answers.map((answer) => answer.split('\r\n')[0])).toEqual([
      'HTTP/1.1 400 Bad Request',
      'HTTP/1.1 401 Unauthorized',
    ])
    expect(served).toBe(0)
  })

  test('has nothing to say where nothing can be served', async () => {
    await using failing = await openBroker(
      new Map([['/id-token', () => Promise.reject(new Error('a secret reason'))]]),
    )
    const answer = await fetch(`${failing.origin}/id-token`, {
      headers: { authorization: failing.authorization },
    })
    expect([answer.status, await answer.text()]).toEqual([503, ''])
  })

  test('is gone when its run is, with whoever still waits, and can be ended twice', async () => {
    const arrived = Promise.withResolvers<undefined>()
    const never = async (): Promise<unknown> => {
      arrived.resolve(undefined)
      return new Promise(() => undefined)
    }
    const slow = await openBroker(new Map([['/id-token', never]]))
    const headers = { authorization: slow.authorization }
    const waiting = fetch(`${slow.origin}/id-token`, { headers }).catch(() => 'cut off')
    await arrived.promise
    await slow[Symbol.asyncDispose]()
    await slow[Symbol.asyncDispose]()
    expect(await waiting).toBe('cut off')
    await expect(fetch(`${slow.origin}/id-token`, { headers })).rejects.toThrow('fetch failed')
  })
})

describe('what is served', () => {
  const minute = 60_000
  interface Piece {
    readonly number: number
    readonly at: number
  }
  function supply(works: () => boolean = () => true) {
    const clock: { now: number; tick?: number } = { now: 0 }
    const count = { bought: 0, failed: 0 }
    const get = createPresent<Piece>({
      async buy() {
        await setTimeout(5)
        if (!works()) throw new Error('away')
        return { number: (count.bought += 1), at: clock.now }
      },
      life: ({ at }) => ({ boughtAt: new Date(at), expiresAt: new Date(at + 5 * minute) }),
      now: () => new Date(clock.now),
      tick: () => clock.tick ?? clock.now,
      share: 0.95,
      failed: () => void (count.failed += 1),
    })
    return { clock, count, get: async () => (await get()).number }
  }

  test('is bought once for all who ask at the same time', async () => {
    const { count, get } = supply()
    expect(new Set(await Promise.all(Array.from({ length: 20 }, get)))).toEqual(new Set([1]))
    expect(count.bought).toBe(1)
  })

  test('is bought anew when a twentieth of its life is over', async () => {
    const { clock, get } = supply()
    expect(await get()).toBe(1)
    clock.now = 14_000
    expect(await get()).toBe(1)
    clock.now = 16_000
    expect(await get()).toBe(2)
  })

  test('is bought anew where the clock was set back, and so would say of an old one that it lives', async () => {
    const { clock, get } = supply()
    expect(await get()).toBe(1)
    Object.assign(clock, { now: 1000, tick: 6 * minute })
    expect(await get()).toBe(2)
  })

  test('is what there is during an outage, for as long as that lives, and fresh after it', async () => {
    let works = true
    const { clock, count, get } = supply(() => works)
    expect(await get()).toBe(1)
    works = false
    clock.now = minute
    expect(await Promise.all([get(), get()])).toEqual([1, 1])
    clock.now = 5 * minute - 1
    expect(await get()).toBe(1)
    clock.now = 5 * minute
    await expect(get()).rejects.toThrow('away')
    works = true
    expect(await get()).toBe(2)
    expect(count).toEqual({ bought: 2, failed: 3 })
  })

  test('is what there is while a purchase hangs, since a driver waits for nobody', async () => {
    let hangs = false
    const late = Promise.withResolvers<undefined>()
    let number = 0
    const clock: { now: number; tick?: number } = { now: 0 }
    const get = createPresent<Piece>({
      async buy() {
        if (hangs) await late.promise
        return { number: (number += 1), at: clock.now }
      },
      life: ({ at }) => ({ boughtAt: new Date(at), expiresAt: new Date(at + 5 * minute) }),
      now: () => new Date(clock.now),
      tick: () => clock.tick ?? clock.now,
      share: 0.95,
      failed: () => undefined,
    })
    expect((await get()).number).toBe(1)
    hangs = true
    clock.now = minute
    expect((await Promise.all([get(), get()])).map((one) => one.number)).toEqual([1, 1])
    expect((await get()).number).toBe(1)
    // Nothing lives any more: what hangs is all there is.
    clock.now = 6 * minute
    const waiting = get()
    late.resolve(undefined)
    expect((await waiting).number).toBe(2)
    expect(number).toBe(2)
  })

  test('is not asked for at every request of an outage', async () => {
    let works = true
    const { clock, count, get } = supply(() => works)
    await get()
    works = false
    clock.now = minute
    for (let asked = 0; asked < 20; asked += 1) expect(await get()).toBe(1)
    expect(count.failed).toBe(1)
  })
})

const nobody = async (): Promise<never> => {
  throw new Error('nobody asks')
}

async function target(identity: object = { 'service-account': ACCOUNT }): Promise<Target> {
  const config = await configOf({ policy: policyOf(identity) })
  const found = config.targets.get('prod')
  if (!found) throw new Error('no target')
  return found
}

function around(life = 300) {
  const audiences: string[] = []
  const masked: string[] = []
  const trades: unknown[] = []
  const mint = async (aud: string): Promise<IdToken> => {
    audiences.push(aud)
    const iat = Math.floor(Date.now() / 1000)
    const claims = { iss: '', sub: '', jti: '', aud, iat, exp: iat + life, all: new Map<string, string>() }
    return { text: `token ${audiences.length}`, claims, sha256: '' }
  }
  const io = {
    http: nobody,
    at: (url: string) => url.replace('https://', 'http://127.0.0.1:1/_at/'),
    now: () => new Date(),
    mask: (secret: string) => void masked.push(secret),
    say: () => undefined,
  }
  const surroundings = {
    mint,
    io,
    onTrade: async (trade: unknown) => void trades.push(trade),
  } as unknown as Surroundings
  return { surroundings, audiences, masked, trades }
}

describe('the hook of a target', () => {
  test('mints for the one audience of the target, each token on record before it is handed out', async () => {
    const { surroundings, audiences, masked, trades } = around()
    const prod = await target()
    const over = new AbortController()
    await using open = await openHook(prod, wantOf(prod), surroundings, over.signal)
    if (!open) throw new Error('no hook')
    const { hook } = open
    expect(masked).toEqual([hook.authorization.slice('Bearer '.length)])
    expect(hook.recipe).toMatchObject({ token_url: 'http://127.0.0.1:1/_at/sts.googleapis.com/v1/token' })
    const headers = { authorization: hook.authorization }
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => (await fetch(hook.url, { headers })).text()),
    )
    expect(new Set(answers)).toEqual(new Set(['{"value":"token 1"}']))
    expect(audiences).toEqual([`https://iam.googleapis.com/${PROVIDER}`])
    expect(trades).toMatchObject([{ use: 'keep-alive', trades: 'driver', outcome: 'exchanged' }])
    const other = await fetch(`${hook.url}?audience=other`, { headers })
    expect([other.status, audiences.length]).toEqual([404, 1])
    over.abort()
    expect((await fetch(hook.url, { headers })).status).toBe(503)
  })

  test('hands out no token that could not be put on record', async () => {
    const { surroundings } = around()
    const prod = await target()
    const unwritten = { ...surroundings, onTrade: () => Promise.reject(new Error('the disk is full')) }
    await using open = await openHook(prod, wantOf(prod), unwritten, new AbortController().signal)
    const answer = await fetch(open?.hook.url ?? '', {
      headers: { authorization: open?.hook.authorization ?? '' },
    })
    expect([answer.status, await answer.text()]).toEqual([503, ''])
  })

  test('does not exist where the driver could not trade by itself', async () => {
    const prod = await target({ 'service-account': ACCOUNT, delegates: [ACCOUNT] })
    const { signal } = new AbortController()
    expect(await openHook(prod, wantOf(prod), around().surroundings, signal)).toBeUndefined()
  })
})

function keys(expiresAt: Date): Credential {
  const secrets = { accessKeyId: 'ASIA1', secretAccessKey: 'secret', sessionToken: 'token' }
  return { kind: 'aws', ...secrets, region: 'eu-west-1', expiresAt }
}

describe('the keys of a role', () => {
  const acceptance = {
    kind: 'aws',
    trades: 'action',
    keepAlive: { by: 'aws-container', file: 'keys' },
  } as const
  async function keeping(
    credential: () => Promise<Credential>,
    brokers = true,
    keepAlive: 'auto' | 'off' = 'auto',
  ) {
    const prod = { ...(await target()), acceptance }
    const surroundings = { ...around().surroundings, brokers, keepAlive }
    const stock = { credential, present: credential, each: credential, over: new AbortController().signal }
    return keepingOf(prod, wantOf(prod), surroundings, stock)
  }

  test('are served as in a container for as long as they live', async () => {
    let expiresAt = new Date('2100-01-01T00:00:00Z')
    const { served } = await keeping(async () => keys(expiresAt))
    await using open = served
    const ask = async (more = ''): Promise<string> => {
      const headers = { authorization: open?.hook.authorization ?? '' }
      const answer = await fetch(`${open?.hook.url}${more}`, { headers })
      return `${answer.status} ${await answer.text()}`
    }
    expect(open?.hook.url).toBe(`${open?.origin}/aws`)
    expect(await ask()).toBe(
      '200 {"AccessKeyId":"ASIA1","SecretAccessKey":"secret","Token":"token","Expiration":"2100-01-01T00:00:00.000Z"}',
    )
    // The one role, whatever is asked for.
    for (const more of ['?role=other', '/arn:aws:iam::123456789012:role/other', '?duration=43200'])
      expect(await ask(more)).toBe('404 ')
    expiresAt = new Date()
    expect(await ask()).toBe('503 ')
  })

  test('go by their file where nobody can ask, and are static where they are not to be renewed', async () => {
    expect(await keeping(nobody, false)).toEqual({
      keepAlive: { by: 'file', name: 'keys' },
      served: undefined,
    })
    expect(await keeping(nobody, true, 'off')).toEqual({ keepAlive: { by: 'static' }, served: undefined })
  })
})
