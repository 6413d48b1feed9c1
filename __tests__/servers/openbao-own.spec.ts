import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { openSite, serversBin, type Site } from '../support/aws/site.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { logOf, remainsOf } from '../support/process.ts'
import { openOwn, withToken, type Own } from '../support/vault/real.ts'

// What only an OpenBao of our own can be asked for: a namespace, a private certificate authority, and to be sealed.

type Asked = Awaited<ReturnType<typeof withToken>>

let site: Site
let own: Own
let bao: Asked

beforeAll(async () => {
  site = await openSite(serversBin())
  own = await openOwn()
  bao = await withToken(own.server.url, own.server.root)
}, 120_000)

afterAll(async () => {
  await own?.[Symbol.asyncDispose]()
  await site?.[Symbol.asyncDispose]()
})

const PASSWORD = 'only-in-the-vault'

function inputs(identity: Readonly<Record<string, unknown>>): Record<string, string> {
  const secret = { path: 'dbt/prod', field: 'password' }
  return {
    run: '',
    until: 'exchange',
    connection: '{ type: postgres, host: 127.0.0.1, user: kept, dbname: shop, schema: analytics }',
    identity: JSON.stringify({ via: 'vault', role: 'dbt-prod', secret, ...identity }),
    ref: 'refs/heads/main',
    claims: 'repository_id: 456',
  }
}

/** Does what our documents say, after the secret was put where they lead to. */
async function trust(asked: Record<string, string>, within = ''): Promise<void> {
  await bao.ask('DELETE', `${within}sys/auth/jwt`)
  for (const { language, text } of await site.documents(asked)) if (language === 'sh') await bao.paste(text)
}

async function keep(within = ''): Promise<void> {
  await bao.ask('DELETE', `${within}sys/mounts/secret`)
  await bao.ask('POST', `${within}sys/mounts/secret`, { type: 'kv', options: { version: '2' } })
  await bao.ask('POST', `${within}secret/data/dbt/prod`, { data: { password: PASSWORD } })
}

const identity = () => ({ url: own.server.url, namespace: 'team' })

describe('in a namespace', () => {
  beforeEach(async () => {
    await bao.ask('POST', 'sys/namespaces/team', {})
    await keep('team/')
  })

  test('the secret is read by the trust that stands there', async () => {
    await trust(inputs(identity()), 'team/')
    await using done = await site.step(inputs(identity()))
    expect(done.exitCode).toBe(0)
    expect(done.fullLog.masks).toContain(PASSWORD)
    expect(scanForLeaks({ password: PASSWORD }, placesOf([done]))).toEqual([])
    expect(await bao.tokens()).toBe(0)
  }, 60_000)

  test('a trust outside of it lets nobody in', async () => {
    await bao.ask('DELETE', 'team/sys/auth/jwt')
    await trust(inputs({ url: own.server.url }))
    await using done = await site.step(inputs(identity()))
    expect([done.exitCode, remainsOf(done)]).toEqual([1, []])
    expect(logOf(done)).toContain('Nothing is mounted at that path of Vault')
  }, 60_000)

  test('that is not there is named', async () => {
    await using done = await site.step(inputs({ ...identity(), namespace: 'teem' }))
    expect(done.exitCode).toBe(1)
    expect(logOf(done)).toContain('Vault has no namespace teem')
  }, 60_000)
})

describe('over TLS', () => {
  beforeEach(async () => {
    await keep()
    await trust(inputs({ url: own.server.secureUrl }))
  })

  test('a certificate of a private authority is taken once NODE_EXTRA_CA_CERTS names it', async () => {
    const env = { NODE_EXTRA_CA_CERTS: own.ca }
    await using done = await site.step(inputs({ url: own.server.secureUrl }), { env })
    expect({ exitCode: done.exitCode, log: done.exitCode === 0 ? '' : logOf(done) }).toEqual({
      exitCode: 0,
      log: '',
    })
  }, 60_000)

  test('it is refused otherwise, before a token has gone there', async () => {
    await using done = await site.step(inputs({ url: own.server.secureUrl }))
    expect([done.exitCode, await bao.tokens()]).toEqual([1, 0])
    expect(logOf(done)).toMatch(/certificate/i)
  }, 60_000)
})

describe('a sealed server', () => {
  test('gives nothing, and the run says that it is sealed', async () => {
    await keep()
    await trust(inputs({ url: own.server.url }))
    await own.server.seal()
    try {
      await using done = await site.step(inputs({ url: own.server.url }))
      expect([done.exitCode, remainsOf(done)]).toEqual([1, []])
      expect(logOf(done)).toContain('is sealed: it can read nothing of what it keeps')
      expect(logOf(done)).toContain('vault operator unseal')
    } finally {
      await own.server.unseal()
    }
    await using again = await site.step(inputs({ url: own.server.url }))
    expect(again.exitCode).toBe(0)
  }, 90_000)
})
