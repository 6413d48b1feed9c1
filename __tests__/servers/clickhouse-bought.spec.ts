import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { rewrite } from '../../src/rehearsal.ts'
import { openSite, type Site } from '../support/aws/site.ts'
import {
  accessToken,
  startClickHouseFront,
  type AccessToken,
  type Admit,
} from '../support/clickhouse/front.ts'
import { playEntra, type Entra } from '../support/entra-server.ts'
import { objectIdOf } from '../support/entra-tokens.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { credentialsIn } from '../support/models/entra.ts'
import { trustedIn } from '../support/models/oauth.ts'
import { playOAuth, type OAuthServer } from '../support/oauth-server.ts'
import { logOf, PROJECT, QUIET, remainsOf } from '../support/process.ts'
import { pythonOf } from '../support/python.ts'
import { startEmulator, type Emulator } from '../support/snowflake/emulator.ts'
import { runStep } from '../support/step.ts'
import { openVault, type RealVault } from '../support/vault/real.ts'

// An adapter of which nothing is known here, with what each exchange buys for it: ClickHouse, and before it who verifies that.

const AUDIENCE = 'https://clickhouse.acme.test'
const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const APP = '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10'
const RESOURCE = 'api://clickhouse-prod'
const PASSWORD = randomBytes(18).toString('base64url')
const FILES = { ...PROJECT, 'models/orders.sql': 'select 1 as id' }

let site: Site
let engine: Emulator
let oauth: OAuthServer
let entra: Entra
let vault: RealVault

/** A server that trades, and who stands before ClickHouse for what it sells. */
interface Way {
  readonly identity: () => Readonly<Record<string, unknown>>
  readonly user: string
  /** Does what these documents of ours say, and nothing else. */
  readonly trust: (documents: readonly string[]) => unknown
  readonly admit: () => Admit
  /** The same for somebody else. */
  readonly admitOthers: () => Admit
  /** The secrets that it has sold. */
  readonly sold: () => readonly string[]
}

const ofOauth = (): AccessToken => ({
  issuer: oauth.issuer,
  keys: oauth.keysUrl,
  audience: AUDIENCE,
  subject: 'dbt-prod',
})

const OAUTH: Way = {
  identity: () => ({
    via: 'oauth',
    'token-url': oauth.tokenUrl,
    'revocation-url': oauth.revocationUrl,
    grant: 'client-credentials',
    'client-id': 'dbt-prod',
  }),
  user: 'dbt',
  trust([document = '']) {
    oauth.trust(trustedIn(document))
    oauth.audience(AUDIENCE)
  },
  admit: () => accessToken(ofOauth()),
  admitOthers: () => accessToken({ ...ofOauth(), audience: 'https://else' }),
  sold: () => oauth.issued,
}

const ofEntra = (): AccessToken => ({
  issuer: `https://sts.windows.net/${TENANT}/`,
  keys: rewrite(
    { server: site.issuer.serverUrl },
    `https://login.microsoftonline.com/${TENANT}/discovery/v2.0/keys`,
  ),
  audience: RESOURCE,
  subject: objectIdOf(APP),
})

const ENTRA: Way = {
  identity: () => ({ via: 'entra', tenant: TENANT, 'client-id': APP, scope: `${RESOURCE}/.default` }),
  user: 'dbt',
  trust([document = '']) {
    entra = playEntra(site.issuer, { tenant: TENANT, credentials: credentialsIn(document) })
  },
  admit: () => accessToken(ofEntra()),
  admitOthers: () => accessToken({ ...ofEntra(), subject: objectIdOf('another app') }),
  sold: () => entra.issued,
}

const VAULT: Way = {
  identity: () => ({
    via: 'vault',
    url: vault.url,
    role: 'dbt-prod',
    secret: { path: 'clickhouse', field: 'password', 'user-field': 'user' },
  }),
  user: '{credential_user}',
  async trust(documents) {
    await vault.ask('DELETE', 'sys/auth/jwt')
    for (const text of documents) await vault.paste(text)
  },
  admit: () => (user, password) => user === 'of-the-vault' && password === PASSWORD,
  admitOthers: () => (user, password) => user === 'of-the-vault' && password === `${PASSWORD}, as it was`,
  sold: () => [PASSWORD],
}

beforeAll(async () => {
  site = await openSite(dirname(pythonOf('further')))
  engine = await startEmulator(
    pythonOf('further'),
    join(import.meta.dirname, '..', 'support', 'clickhouse', 'engine.py'),
  )
  oauth = playOAuth(site.issuer)
  vault = await openVault()
  await vault.keepSecrets(2)
  await vault.ask('POST', 'secret/data/clickhouse', { data: { user: 'of-the-vault', password: PASSWORD } })
}, 120_000)

afterAll(async () => {
  await vault?.[Symbol.asyncDispose]()
  await engine?.[Symbol.asyncDispose]()
  await site?.[Symbol.asyncDispose]()
})

function inputs(way: Way, port: number, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const connection = {
    type: 'clickhouse',
    driver: 'http',
    host: '127.0.0.1',
    port,
    user: way.user,
    password: '{credential}',
    schema: 'shop',
    threads: 1,
  }
  return {
    run: 'run',
    connection: JSON.stringify(connection),
    identity: JSON.stringify(way.identity()),
    ref: 'refs/heads/main',
    claims: 'repository_id: 456',
    ...more,
  }
}

async function trust(way: Way, more: Readonly<Record<string, string>> = {}): Promise<void> {
  const documents = await site.documents(inputs(way, 8123, more))
  await way.trust(documents.filter(({ language }) => language === 'sh').map(({ text }) => text))
}

const step = (given: Record<string, string>) =>
  runStep({
    issuer: site.issuer,
    files: FILES,
    path: [dirname(pythonOf('further'))],
    env: QUIET,
    inputs: given,
    deadline: 120_000,
  })

describe.each<[string, Way]>([
  ['oauth', OAUTH],
  ['entra', ENTRA],
  ['vault', VAULT],
])('dbt-clickhouse with what `via: %s` buys', (_name, way) => {
  beforeEach(() => trust(way))

  test('is let in by who verifies that, and builds', async () => {
    await using front = await startClickHouseFront({ port: engine.port, admit: way.admit() })
    await using done = await step(inputs(way, front.port))
    expect({ exitCode: done.exitCode, log: done.exitCode === 0 ? '' : logOf(done) }).toEqual({
      exitCode: 0,
      log: '',
    })
    expect(logOf(done)).toContain('PASS=1 WARN=0 ERROR=0')
    expect(front.statements.length).toBeGreaterThan(5)
    expect(front.statements.filter(({ accepted }) => !accepted)).toEqual([])
    const secrets = [...site.issuer.minted, ...way.sold()].map((secret, at) => [`secret ${at}`, secret])
    expect([remainsOf(done), scanForLeaks(Object.fromEntries(secrets), placesOf([done]))]).toEqual([[], []])
  }, 150_000)

  test('is not started where the trust names another repository', async () => {
    await trust(way, { claims: 'repository_id: 1', repository: 'o/x' })
    await using front = await startClickHouseFront({ port: engine.port, admit: way.admit() })
    await using done = await step(inputs(way, front.port))
    expect(logOf(done)).toContain('✗ exchange: ')
    expect([done.exitCode, front.statements, remainsOf(done)]).toEqual([1, [], []])
  }, 60_000)

  test('is refused by a ClickHouse that lets in somebody else', async () => {
    await using front = await startClickHouseFront({ port: engine.port, admit: way.admitOthers() })
    await using done = await step(inputs(way, front.port))
    expect(logOf(done)).toContain('AUTHENTICATION_FAILED')
    expect([done.exitCode, remainsOf(done)]).toEqual([1, []])
    expect(front.statements.filter(({ accepted }) => accepted)).toEqual([])
  }, 150_000)
})
