import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { dirname } from 'node:path'
import * as z from 'zod/mini'
import { openSite, type Site } from '../support/aws/site.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { logOf, PROJECT, QUIET, remainsOf, shopStep } from '../support/process.ts'
import { dbtPython } from '../support/python.ts'
import { startSnowflake, type Snowflake } from '../support/snowflake/front.ts'
import { byKeyPair } from '../support/snowflake/ways.ts'
import { openVault, type RealVault } from '../support/vault/real.ts'

// A key pair that a real OpenBao has made and keeps: real dbt-snowflake logs in with it, and an account verifies what it signs.

const bin = dirname(dbtPython())
const files = { ...PROJECT, 'models/orders.sql': 'select 1 as id' }

const exported = z.object({ data: z.object({ keys: z.record(z.string(), z.string()) }) })

let site: Site
let vault: RealVault
let snowflake: Snowflake
/** As the account knows it of its user. */
let publicKey: KeyObject
let made: string

beforeAll(async () => {
  site = await openSite(bin)
  vault = await openVault()
  await vault.ask('POST', 'sys/mounts/transit', { type: 'transit' })
  await vault.ask('POST', 'transit/keys/snowflake', { type: 'rsa-2048', exportable: true })
  const { keys } = exported.parse(await vault.ask('GET', 'transit/export/signing-key/snowflake')).data
  made = keys['1'] ?? ''
  await vault.keepSecrets(2)
  await vault.ask('POST', 'secret/data/snowflake', { data: { private_key: made, login: 'DBT_PROD' } })
  snowflake = await startSnowflake({
    users: [],
    ways: {
      SNOWFLAKE_JWT: byKeyPair('ACME', () => [{ user: 'DBT_PROD', defaultRole: 'TRANSFORMER', publicKey }]),
    },
    python: dbtPython(),
  })
}, 120_000)

afterAll(async () => {
  await snowflake?.[Symbol.asyncDispose]()
  await vault?.[Symbol.asyncDispose]()
  await site?.[Symbol.asyncDispose]()
})

beforeEach(async () => {
  publicKey = createPublicKey(made)
  await trust()
})

type Inputs = Readonly<Record<string, string>>

function inputs(more: Inputs = {}): Inputs {
  const connection = {
    type: 'snowflake',
    account: 'acme',
    host: '127.0.0.1',
    port: snowflake.port,
    protocol: 'http',
    role: 'TRANSFORMER',
    warehouse: 'XS',
    database: 'ANALYTICS',
    schema: 'SHOP',
    connect_retries: 0,
  }
  const secret = { path: 'snowflake', field: 'private_key', 'user-field': 'login' }
  return {
    connection: JSON.stringify(connection),
    identity: JSON.stringify({ via: 'vault', url: vault.url, role: 'dbt-prod', secret }),
    ref: 'refs/heads/main',
    claims: 'repository_id: 456',
    ...more,
  }
}

/** Does what the documents for these inputs say, and nothing else. */
async function trust(more: Inputs = {}): Promise<void> {
  await vault.ask('DELETE', 'sys/auth/jwt')
  for (const { text } of await site.documents(inputs(more)))
    if (text.includes('vault write')) await vault.paste(text)
}

const step = (more: Inputs = {}) =>
  shopStep(site.issuer, bin, { files, env: QUIET, inputs: { ...inputs(), ...more } })

test('dbt-snowflake logs in with it, as the user that is kept beside it, and it is in no place in the end', async () => {
  await using done = await step({ preflight: 'true' })
  expect(logOf(done)).toContain('Completed successfully')
  expect([done.exitCode, remainsOf(done), await vault.tokens(), snowflake.refusals]).toEqual([0, [], 0, []])
  expect(new Set(snowflake.logins.map(({ user, role }) => `${user} ${role}`))).toEqual(
    new Set(['DBT_PROD TRANSFORMER']),
  )
  expect(new Set(snowflake.logins.map(({ client }) => client))).toEqual(
    new Set(['JavaScript', 'PythonConnector']),
  )
  expect(scanForLeaks({ key: made, token: site.issuer.minted.at(-1) ?? '' }, placesOf([done]))).toEqual([])
}, 150_000)

test('a trust for another repository ends the run before dbt, and says why', async () => {
  await trust({ claims: 'repository_id: 1' })
  const before = snowflake.logins.length
  await using done = await step()
  expect(logOf(done)).toContain('does not let in repository_id `456`')
  expect([done.exitCode, snowflake.logins.length - before, await vault.tokens()]).toEqual([1, 0, 0])
}, 60_000)

test('an account that has the key of somebody else refuses the login, and dbt says so', async () => {
  publicKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
  const before = snowflake.refusals.length
  await using done = await step()
  expect([done.exitCode, remainsOf(done), await vault.tokens()]).toEqual([1, [], 0])
  expect(logOf(done)).toContain('390144')
  expect(snowflake.refusals.slice(before)[0]).toMatchObject({ code: '390144', reason: 'signature' })
}, 150_000)
