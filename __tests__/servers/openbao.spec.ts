import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod/mini'
import okta from '../../src/exchanges/okta.ts'
import vaultExchange from '../../src/exchanges/vault.ts'
import { serversBin } from '../support/aws/site.ts'
import { newKey } from '../support/jwt.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { playOkta } from '../support/okta-server.ts'
import { runChild } from '../support/child.ts'
import { auditLogOf, lateModels } from '../support/late.ts'
import { logOf, remainsOf } from '../support/process.ts'
import { openVaultSite, type VaultSite } from '../support/vault/database.ts'
import { refusalOf, wordsOf, worldOf } from '../support/world.ts'

// A real OpenBao, or the real Vault where the environment names one, before a real PostgreSQL; each is told what our documents tell.

let at: VaultSite

beforeAll(async () => {
  at = await openVaultSite()
}, 180_000)

afterAll(async () => {
  await at?.[Symbol.asyncDispose]()
})

beforeEach(() => at.trust())

/** Nothing is left of a run: no user, no lease, no token. */
async function left(): Promise<unknown> {
  return [at.users(), await at.vault.leases('database/creds/dbt'), await at.vault.tokens()]
}
const NOTHING = [[], [], 0]

describe('a user that is made for the run', () => {
  test('builds with dbt, owns nothing in the end, and is gone', async () => {
    at.logins()
    await using done = await at.site.step(at.inputs({ preflight: 'true' }))
    expect(logOf(done)).toContain('PASS=16 WARN=0 ERROR=0')
    expect([done.exitCode, remainsOf(done), await left()]).toEqual([0, [], NOTHING])
    expect(new Set(at.logins()).size).toBe(1)
    expect(
      at.postgres.psql('select distinct tableowner from pg_tables where schemaname = $$analytics$$', 'shop'),
    ).toBe('dbt_owner')
    expect(scanForLeaks({ token: at.site.issuer.minted.at(-1) ?? '' }, placesOf([done]))).toEqual([])
  }, 200_000)

  test('is dropped also when dbt fails', async () => {
    await using done = await at.site.step(
      at.inputs({ run: 'build --select no_such_model\nrun-operation no_such_macro' }),
    )
    expect([done.exitCode, remainsOf(done), await left()]).toEqual([1, [], NOTHING])
  }, 200_000)

  test('in prepared mode lives until the post step', async () => {
    await using prepared = await at.site.step(at.inputs({ run: '' }))
    expect([prepared.exitCode, at.users().length]).toEqual([0, 1])
    await using post = await prepared.post()
    expect([post.exitCode, remainsOf(post), await left()]).toEqual([0, [], NOTHING])
  }, 100_000)
})

describe('a run that outlives its lease', () => {
  /** Seconds that a lease lives until it is extended. */
  const LIFE = 15
  const slow = `{{ config(materialized="table") }} select 1 as id from (select pg_sleep(${LIFE + 2})) s`
  const files = lateModels(() => slow, '{{ config(materialized="table") }} select 1 as id')
  const run = 'run --select slow_1+'

  test('keeps its user: the lease is extended, and each connection is let in', async () => {
    await at.live(`${LIFE}s`, '10m')
    at.logins()
    await using done = await at.site.step(at.inputs({ run }), { files })
    expect({ exitCode: done.exitCode, log: done.exitCode === 0 ? '' : logOf(done) }).toEqual({
      exitCode: 0,
      log: '',
    })
    expect(new Set(at.logins()).size).toBe(1)
    expect(auditLogOf(done).map(({ use }) => use)).toEqual(['decision', 'exchange'])
    expect([remainsOf(done), await left()]).toEqual([[], NOTHING])
  }, 300_000)

  test.each([
    ['with keep-alive switched off', { 'keep-alive': 'off' }, '10m', /Leave `keep-alive: off` out/],
    ['as far as `max_ttl` lets it', {}, `${LIFE + 5}s`, /let `max_ttl` of the database role/],
  ])(
    '%s fails at its end, and the log says why',
    async (_what, more, most, told) => {
      await at.live(`${LIFE}s`, most)
      await using done = await at.site.step(at.inputs({ run, ...more }), { files })
      expect(logOf(done)).toMatch(/The credential had ended at \S+Z, before dbt was done/)
      expect(logOf(done)).toMatch(told)
      expect([done.exitCode, remainsOf(done), await left()]).toEqual([1, [], NOTHING])
    },
    300_000,
  )

  test('in prepared mode lives on for later steps, until the post step gives it back', async () => {
    await at.live(`${LIFE}s`, '10m')
    await using prepared = await at.site.step(at.inputs({ run: '' }))
    expect(prepared.exitCode).toBe(0)
    await sleep((LIFE + 5) * 1000)
    const command = [join(serversBin(), 'dbt'), '--no-version-check', 'debug', '--connection']
    const later = await runChild(command, { cwd: prepared.paths.workspace, env: prepared.laterEnv() })
    expect(later.stdout).toContain('All checks passed!')
    await using post = await prepared.post()
    expect([post.exitCode, remainsOf(post), await left()]).toEqual([0, [], NOTHING])
  }, 160_000)
})

describe('a trust', () => {
  test.each([
    ['for another branch', { ref: 'refs/heads/release' }, 'does not let in ref `refs/heads/main`'],
    ['for another repository', { claims: 'repository_id: 1' }, 'does not let in repository_id `456`'],
    ['for an environment', { environment: 'production' }, 'asks for the claim environment'],
    ['for another audience', { audience: 'https://vault.other' }, 'expects another audience than'],
  ])(
    '%s ends the run before dbt, and says why',
    async (_what, more, told) => {
      await at.trust(more)
      at.logins()
      await using done = await at.site.step(at.inputs())
      expect(logOf(done)).toContain(told)
      expect([done.exitCode, at.logins(), await left()]).toEqual([1, [], NOTHING])
    },
    60_000,
  )

  test('without the path lets nobody read, and the login is given back', async () => {
    await at.trust({ identity: at.identity({ database: { role: 'other' } }) })
    await using done = await at.site.step(at.inputs())
    expect(logOf(done)).toContain('its policies do not allow what was asked')
    expect([done.exitCode, await left()]).toEqual([1, NOTHING])
  }, 60_000)

  test.each<[string, (audience: string) => string | Promise<string>, RegExp]>([
    [
      'an expired token',
      (audience) => at.site.issuer.mint(audience, { exp: Math.floor(Date.now() / 1000) - 300 }),
      /has expired already/,
    ],
    [
      'a foreign signature',
      async (audience) => at.site.issuer.sign(at.site.issuer.payload(audience), { key: await newKey() }),
      /does not have the keys of/,
    ],
    [
      'another issuer',
      (audience) => at.site.issuer.mint(audience, { iss: `${at.site.issuer.issuer}/acme` }),
      /takes tokens of another issuer than/,
    ],
  ])('refuses %s, and the sentence names why', async (_what, forge, explained) => {
    const exchange = bound({ database: { role: 'dbt' } })
    const token = await forge(exchange.audience({}))
    const world = worldOf(at.site.issuer, () => token)
    const error = await refusalOf(exchange.trade({}, world.mint, world.io))
    expect([error.code, await left()]).toEqual(['exchange', NOTHING])
    expect(wordsOf(error)).not.toContain(token)
    const { claims } = await world.mint(exchange.audience({}))
    expect(exchange.diagnose(wordsOf(error), claims)?.problem).toMatch(explained)
  })
})

function bound(more: Readonly<Record<string, unknown>>) {
  return vaultExchange.bind({ url: at.vault.url, role: 'dbt-prod', ...more })
}

describe('a secret that is kept', () => {
  test.each<[1 | 2, string, Readonly<Record<string, unknown>>]>([
    [2, 'secret/data/dbt/prod', { data: { username: 'kept', password: 'from-the-vault' } }],
    [1, 'secret/dbt/prod', { username: 'kept', password: 'from-the-vault' }],
  ])(
    'in version %i of the key/value engine is read, and the token ends at once',
    async (version, path, body) => {
      const secret = { path: 'dbt/prod', field: 'password', 'user-field': 'username', version }
      await at.vault.keepSecrets(version)
      await at.vault.ask('POST', path, body)
      await at.trust({ identity: at.identity({ secret }) })
      const world = worldOf(at.site.issuer)
      const credential = await bound({ secret }).trade({ kind: 'password' }, world.mint, world.io)
      expect(credential).toEqual({
        kind: 'password',
        user: 'kept',
        password: 'from-the-vault',
        expiresAt: null,
      })
      expect(await left()).toEqual(NOTHING)
    },
  )

  test('as a private key comes as one, whether it was kept as PEM or as DER', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const der = privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64')
    await at.vault.keepSecrets(2)
    await at.vault.ask('POST', 'secret/data/snowflake', { data: { pem, der, login: 'DBT_PROD' } })
    for (const field of ['pem', 'der']) {
      const secret = { path: 'snowflake', field, 'user-field': 'login' }
      await at.trust({ identity: at.identity({ secret }) })
      const world = worldOf(at.site.issuer)
      const credential = await bound({ secret }).trade({ kind: 'key-pair' }, world.mint, world.io)
      expect(credential).toEqual({ kind: 'key-pair', user: 'DBT_PROD', privateKey: pem, expiresAt: null })
    }
    expect(await left()).toEqual(NOTHING)
  })
})

describe('a key that never leaves the transit engine', () => {
  const shown = z.object({
    data: z.object({ keys: z.record(z.string(), z.object({ public_key: z.string() })) }),
  })

  test('signs for Okta, whom the trust lets sign and nobody else', async () => {
    await at.vault.ask('POST', 'sys/mounts/transit', { type: 'transit' })
    await at.vault.ask('POST', 'transit/keys/okta', { type: 'rsa-2048' })
    const { keys } = shown.parse(await at.vault.ask('GET', 'transit/keys/okta')).data
    const server = playOkta(at.site.issuer)
    server.register({
      clientId: '0oa1',
      publicKey: createPublicKey(keys['1']?.public_key ?? ''),
      scopes: ['session:role:DBT'],
    })
    const settings = {
      url: server.url,
      'client-id': '0oa1',
      scope: 'session:role:DBT',
      signer: { key: 'okta', vault: { url: at.vault.url, role: 'dbt-okta' } },
    }
    const connection =
      '{ type: snowflake, account: acme-ci, user: DBT, role: DBT, warehouse: XS, database: CI, schema: S }'
    const inputs = { connection, identity: JSON.stringify({ via: 'okta', ...settings }) }
    await at.vault.ask('DELETE', 'sys/auth/jwt')
    for (const { text } of await at.site.documents(at.inputs(inputs)))
      if (text.includes('vault write')) await at.vault.paste(text)
    const world = worldOf(at.site.issuer)
    const exchange = okta.bind(settings)
    expect(await exchange.trade({}, world.mint, world.io)).toMatchObject({ kind: 'bearer' })
    expect(await at.vault.tokens()).toBe(0)
    const stranger = worldOf(at.site.issuer, (audience) =>
      at.site.issuer.mint(audience, { repository_id: '1' }),
    )
    expect(wordsOf(await refusalOf(exchange.trade({}, stranger.mint, stranger.io)))).toContain(
      'repository_id',
    )
  })
})
