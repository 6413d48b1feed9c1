import { describe, expect, test } from '@jest/globals'
import { keepingOf, type Stock } from '../src/access/hook.ts'
import { oneEach } from '../src/access/each.ts'
import type { Bought } from '../src/access/purchase.ts'
import type { Surroundings } from '../src/access/surroundings.ts'
import { wantOf, type Target } from '../src/config/target.ts'
import type { Credential } from '../src/credential.ts'
import { fail } from '../src/errors.ts'
import { createHttp } from '../src/http.ts'
import { rehearsalOf } from '../src/rehearsal.ts'
import { configOf } from './support/config-of.ts'
import { GRANTED, openJob } from './support/job.ts'
import { logOf } from './support/process.ts'

const OUTPUT =
  '{ type: redshift, method: oauth_token_identity_center, host: w.123456789012.eu-west-1.redshift-serverless.amazonaws.com, dbname: dev, schema: dbt }'
const IDENTITY =
  '{ via: aws-identity-center, instance: "arn:aws:sso:::instance/ssoins-1234567890abcdef", region: eu-west-1, group: dbt }'

const NOW = new Date('2026-11-23T12:00:00Z')
const idToken = (token: string, minutes = 5): Credential => ({
  kind: 'id-token',
  token,
  expiresAt: new Date(NOW.getTime() + minutes * 60_000),
})

async function target(): Promise<Target> {
  const inputs = { connection: OUTPUT, identity: IDENTITY, ref: 'refs/heads/main' }
  const found = (await configOf({ inputs })).targets.get('prod')
  if (!found) throw new Error('no target')
  return found
}

async function nobody(): Promise<never> {
  throw new Error('nobody asks')
}

async function nothing(): Promise<never> {
  return fail({ code: 'id-token-endpoint', problem: 'GitHub is away.', remedy: 'Run the job again.' })
}

const bought = (token: string): Bought => ({
  credential: idToken(token),
  carried: { fields: {}, secrets: {}, files: {}, env: {} },
  boughtAt: NOW,
  since: performance.now(),
})

interface Asked {
  readonly method?: string
  readonly body?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

async function keeping(stock: Partial<Stock>, more: Partial<Surroundings> = {}) {
  const said: string[] = []
  const masked: string[] = []
  const around = {
    io: {
      http: createHttp({ rehearsal: rehearsalOf('https://github.com'), env: {} }),
      at: (url: string) => url,
      now: () => NOW,
      mask: (secret: string) => void masked.push(secret),
      say: (line: string) => void said.push(line),
    },
    brokers: true,
    keepAlive: 'auto',
    ...more,
  } as Surroundings
  const all = {
    credential: nobody,
    present: nobody,
    each: nobody,
    over: new AbortController().signal,
    ...stock,
  }
  const prod = await target()
  const { keepAlive, served } = await keepingOf(prod, wantOf(prod), around, all)
  if (!served) throw new Error('nothing is served')
  const { url, authorization } = served.hook
  const ask = async (init: Asked = {}): Promise<string> => {
    const headers = { authorization, ...init.headers }
    const answer = await fetch(url, { method: 'POST', body: '', ...init, headers })
    return `${answer.status} ${await answer.text()}`.trim()
  }
  return { keepAlive, served, authorization, ask, said, masked }
}

describe('the endpoint of a driver that posts for its token', () => {
  test('has a token of its own for each who asks, as OAuth answers it', async () => {
    let bought = 0
    const { served, ask, masked, authorization } = await keeping({
      each: async () => idToken(`t${(bought += 1)}`),
    })
    await using _open = served
    expect(await ask()).toBe('200 {"access_token":"t1","token_type":"Bearer","expires_in":300}')
    expect(await ask()).toContain('"t2"')
    expect(masked).toEqual([authorization.replace('Basic ', '')])
  })

  test.each<[string, Asked, string]>([
    ['a GET', { method: 'GET', body: null }, '405'],
    ['a body', { body: 'audience=https://other.example' }, '413'],
    ['another scheme', { headers: { authorization: 'Bearer x' } }, '401'],
    ['a wrong nonce', { headers: { authorization: 'Basic x' } }, '401'],
  ])('refuses %s without a word', async (_name, init, status) => {
    const { served, ask } = await keeping({})
    await using _open = served
    expect(await ask(init)).toBe(status)
  })

  test('says why there is nothing, to the log and not to the driver', async () => {
    const { served, ask, said } = await keeping({ each: nothing })
    await using _open = served
    expect(await ask()).toBe('503')
    expect(said).toEqual(['There was no fresh token for a login of dbt. GitHub is away.'])
  })

  test('has nothing more once the run is over', async () => {
    const over = AbortSignal.abort()
    const { served, ask } = await keeping({ over, each: async () => idToken('late') })
    await using _open = served
    expect(await ask()).toBe('503')
  })

  test('stands also where nothing is to be renewed, since the driver has no other way, and gives what there is', async () => {
    const { served, keepAlive, ask } = await keeping(
      { present: async () => idToken('old', -1) },
      { keepAlive: 'off' },
    )
    await using _open = served
    expect(keepAlive).toEqual({ by: 'static' })
    expect(await ask()).toBe('200 {"access_token":"old","token_type":"Bearer","expires_in":0}')
  })

  test('cannot stand where nobody lives as long as dbt', async () => {
    await expect(keeping({}, { brokers: false })).rejects.toMatchObject({
      code: 'configuration',
      problem: expect.stringContaining('only in run mode and with dbt 1.x'),
    })
  })
})

function supply() {
  let count = 0
  let now = NOW
  const each = oneEach({
    first: () => bought('first'),
    next: async () => bought(`next ${(count += 1)}`),
    now: () => now,
  })
  return {
    spend: each.spend,
    later: (seconds: number) => void (now = new Date(NOW.getTime() + seconds * 1000)),
    take: async () => {
      const { credential } = await each.take()
      return credential.kind === 'id-token' ? credential.token : ''
    },
  }
}

describe('a credential for each login', () => {
  test('is at first what was bought at the start, and then never the same again', async () => {
    const { take } = supply()
    const all = await Promise.all([take(), take(), take()])
    expect(all).toEqual(['first', 'next 1', 'next 2'])
  })

  test('is a new one where the first is old', async () => {
    const { take, later } = supply()
    later(90)
    expect([await take(), await take()]).toEqual(['next 1', 'next 2'])
  })

  test('is a new one where the first was used elsewhere', async () => {
    const { take, spend } = supply()
    spend()
    expect(await take()).toBe('next 1')
  })
})

test('prepared mode is refused before dbt is asked for anything, with the way out', async () => {
  await using job = await openJob({}, {}, { 'dbt-redshift': '1.11.1' })
  const inputs = { ...GRANTED, run: '', connection: OUTPUT, identity: IDENTITY }
  await using step = await job.step({ inputs })
  expect([step.exitCode, job.dbt.runs().length]).toEqual([1, 0])
  expect(logOf(step)).toContain('only in run mode and with dbt 1.x')
  expect(logOf(step)).toContain('or log in another way (for Redshift `via: aws` with `method: iam_role`)')
})
