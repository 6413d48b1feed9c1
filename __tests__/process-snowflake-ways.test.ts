import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { dirname } from 'node:path'
import { openSite, type Site } from './support/aws/site.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { playOkta, type Okta } from './support/okta-server.ts'
import { logOf, PROJECT, QUIET, remainsOf, shopStep } from './support/process.ts'
import { dbtPython } from './support/python.ts'
import { startSnowflake, type Snowflake } from './support/snowflake/front.ts'
import {
  byExternalOauth,
  byKeyPair,
  integrationIn,
  keyUserOf,
  type Integration,
  type KeyUser,
} from './support/snowflake/ways.ts'
import { playVault, type Vault } from './support/vault-server.ts'

// Snowflake by what others hand out, each as the documents of `trust` set it up: real dbt, the built action, an account that verifies.

const bin = dirname(dbtPython())
const files = { ...PROJECT, 'models/orders.sql': 'select 1 as id' }
const APP = '0oa1a2b3c4'
const MAIN = { ref: 'refs/heads/main', claims: 'repository_id: 456' }

let site: Site
let vault: Vault
let okta: Okta
let snowflake: Snowflake
let signing: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
let users: KeyUser[] = []
let integration: Integration
let forged: KeyObject | undefined

beforeAll(async () => {
  site = await openSite(bin)
  vault = playVault(site.issuer, {
    run: (statements) => {
      const made = keyUserOf(statements)
      users.push({ ...made, publicKey: forged ?? made.publicKey })
    },
    drop: (user) => void (users = users.filter((one) => one.user !== user)),
  })
  okta = playOkta(site.issuer)
  signing = generateKeyPairSync('rsa', { modulusLength: 2048 })
  vault.transit.set('okta', signing.privateKey)
  snowflake = await startSnowflake({
    users: [],
    ways: {
      SNOWFLAKE_JWT: byKeyPair('ACME', () => users),
      OAUTH: byExternalOauth(() => integration),
    },
    python: dbtPython(),
  })
  okta.register({ clientId: APP, publicKey: signing.publicKey, scopes: ['session:role:TRANSFORMER'] })
  okta.audience(`http://127.0.0.1:${snowflake.port}`)
}, 90_000)

afterAll(async () => {
  await snowflake[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
})

type Inputs = Readonly<Record<string, string>>

function connection(more: string): string {
  return `{ type: snowflake, account: acme, host: 127.0.0.1, port: ${snowflake.port}, protocol: http, role: TRANSFORMER, warehouse: XS, database: ANALYTICS, schema: SHOP, connect_retries: 0${more} }`
}

const byVault = (): Inputs => ({
  connection: connection(''),
  identity: JSON.stringify({ via: 'vault', url: vault.url, role: 'dbt-prod', database: { role: 'dbt' } }),
  ...MAIN,
})

const byOkta = (): Inputs => ({
  connection: connection(', user: DBT_PROD'),
  identity: JSON.stringify({
    via: 'okta',
    url: okta.url,
    'client-id': APP,
    signer: { key: 'okta', vault: { url: vault.url, role: 'dbt-okta' } },
  }),
  ...MAIN,
})

/** Does what the documents for these inputs say. */
async function trust(inputs: Inputs): Promise<void> {
  vault.forget()
  for (const { language, text } of await site.documents(inputs)) {
    if (text.includes('vault write')) vault.apply(text)
    if (language === 'sql' && text.includes('EXTERNAL_OAUTH_ISSUER')) integration = integrationIn(text)
  }
}

const step = (inputs: Inputs) => shopStep(site.issuer, bin, { files, env: QUIET, inputs })

describe.each([
  ['a key pair of a user that Vault makes', byVault, /^V_JWT_7654_DBT_[0-9A-F]{16}$/],
  ['an access token of Okta', byOkta, /^DBT_PROD$/],
])('by %s', (name, inputs, user) => {
  test('dbt builds, as the preflight said, and everything is given back', async () => {
    await trust(inputs())
    const [before, refused] = [snowflake.logins.length, snowflake.refusals.length]
    await using done = await step({ ...inputs(), preflight: 'true' })
    expect(logOf(done)).toContain('Completed successfully')
    expect([done.exitCode, remainsOf(done), vault.tokens(), okta.living.size]).toEqual([0, [], [], 0])
    const logins = snowflake.logins.slice(before)
    expect(new Set(logins.map(({ client }) => client))).toEqual(new Set(['JavaScript', 'PythonConnector']))
    for (const login of logins) {
      expect(login.role).toBe('TRANSFORMER')
      expect(login.user).toMatch(user)
    }
    expect([users, snowflake.refusals.slice(refused)]).toEqual([[], []])
    expect(scanForLeaks({ token: site.issuer.minted.at(-1) ?? '' }, placesOf([done]))).toEqual([])
  }, 120_000)

  test.each([
    ['branch', { ref: 'refs/heads/release' }, 'does not let in ref `refs/heads/main`'],
    ['repository', { claims: 'repository_id: 1' }, 'does not let in repository_id `456`'],
  ])(
    'a trust for another %s ends the run before dbt',
    async (_what, more, told) => {
      await trust({ ...inputs(), ...more })
      const before = snowflake.logins.length
      await using done = await step(inputs())
      expect(logOf(done)).toContain(told)
      expect([done.exitCode, snowflake.logins.length - before, vault.tokens()]).toEqual([1, 0, []])
    },
    60_000,
  )

  test('an account that trusts somebody else refuses the login, in words that are explained', async () => {
    await trust(inputs())
    const before = snowflake.refusals.length
    okta.audience('https://another.snowflakecomputing.com')
    // Vault told the key of somebody else to Snowflake.
    forged = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
    await using done = await step(inputs())
    okta.audience(`http://127.0.0.1:${snowflake.port}`)
    forged = undefined
    expect([done.exitCode, vault.tokens()]).toEqual([1, []])
    const [code, reason] = name.includes('Okta') ? ['390303', 'audience'] : ['390144', 'signature']
    expect(logOf(done)).toContain(code)
    expect(snowflake.refusals.slice(before)[0]).toMatchObject({ code, reason })
  }, 120_000)
})
