import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { dirname } from 'node:path'
import { rewrite } from '../src/rehearsal.ts'
import { openSite, type Site } from './support/aws/site.ts'
import { playEntra, type Entra } from './support/entra-server.ts'
import type { Resource } from './support/entra-tokens.ts'
import { claimsOf } from './support/jwt.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { credentialsIn } from './support/models/entra.ts'
import { trustedIn } from './support/models/oauth.ts'
import { playOAuth, type OAuthServer } from './support/oauth-server.ts'
import { logOf, PROJECT, QUIET, remainsOf, shopStep } from './support/process.ts'
import { dbtPython } from './support/python.ts'
import { scalarText } from './support/shape.ts'
import { startSnowflake, type Snowflake } from './support/snowflake/front.ts'
import { byExternalOauth, integrationIn, type Integration } from './support/snowflake/ways.ts'

// External OAuth: an account verifies the access token of the server that has verified GitHub's, each as the documents of `trust`
// set it up; what those leave open is read off a first token, as they say.

const bin = dirname(dbtPython())
const files = { ...PROJECT, 'models/orders.sql': 'select 1 as id' }
const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const APP = '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10'
const ROLE = 'session:role:TRANSFORMER'
const SNOWFLAKE: Resource = {
  uri: 'api://snowflake-prod',
  clientId: '0f0e0d0c-0b0a-4908-8706-050403020100',
  version: 1,
  roles: { [APP]: [ROLE] },
}

let site: Site
let snowflake: Snowflake
let oauth: OAuthServer
let entra: Entra
let integration: Integration

beforeAll(async () => {
  site = await openSite(bin)
  oauth = playOAuth(site.issuer)
  const here = { server: site.issuer.serverUrl }
  snowflake = await startSnowflake({
    users: [],
    ways: {
      OAUTH: byExternalOauth(
        () => integration,
        (url) => rewrite(here, url),
      ),
    },
    python: dbtPython(),
  })
}, 90_000)

afterAll(async () => {
  await snowflake[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
})

type Inputs = Readonly<Record<string, string>>

/** What the account makes of a token. */
const identify = byExternalOauth(
  () => integration,
  (url) => rewrite({ server: site.issuer.serverUrl }, url),
)

/** A server that trades, and its access tokens. */
interface Server {
  readonly identity: () => Readonly<Record<string, string>>
  /** Does what its own document says. */
  readonly trust: (document: string) => void
  readonly issued: () => readonly string[]
  readonly revoked: () => readonly string[]
}

/** Entra with our app and a resource app. */
function play(credentials: string, resource = SNOWFLAKE): void {
  entra = playEntra(site.issuer, {
    tenant: TENANT,
    credentials: credentialsIn(credentials),
    resources: [resource],
  })
}

const ENTRA: Server = {
  identity: () => ({ via: 'entra', tenant: TENANT, 'client-id': APP, scope: `${SNOWFLAKE.uri}/.default` }),
  trust: play,
  issued: () => entra.issued,
  // Entra cannot.
  revoked: () => entra.issued,
}

const OAUTH: Server = {
  identity: () => ({
    via: 'oauth',
    'token-url': oauth.tokenUrl,
    grant: 'client-credentials',
    'client-id': 'dbt-prod',
    'revocation-url': oauth.revocationUrl,
  }),
  trust(document) {
    oauth.trust(trustedIn(document))
    oauth.audience('https://acme.snowflakecomputing.com')
  },
  issued: () => oauth.issued,
  revoked: () => oauth.revoked,
}

function inputsOf({ identity }: Server): Inputs {
  const connection = {
    type: 'snowflake',
    account: 'acme',
    host: '127.0.0.1',
    port: snowflake.port,
    protocol: 'http',
    user: 'DBT_PROD',
    role: 'TRANSFORMER',
    warehouse: 'XS',
    database: 'ANALYTICS',
    schema: 'SHOP',
    connect_retries: 0,
  }
  return {
    connection: JSON.stringify(connection),
    identity: JSON.stringify(identity()),
    ref: 'refs/heads/main',
    claims: 'repository_id: 456',
  }
}

const step = (inputs: Inputs) => shopStep(site.issuer, bin, { files, env: QUIET, inputs })

/** Does what the documents say; where Snowflake's leave something open, a first token is asked for and read. */
async function trust(server: Server): Promise<void> {
  const inputs = inputsOf(server)
  const documents = await site.documents(inputs)
  server.trust(documents.find(({ language }) => language === 'sh')?.text ?? '')
  await using first = await step({ ...inputs, run: '', until: 'exchange' })
  expect(first.exitCode).toBe(0)
  const claims = claimsOf(server.issued().at(-1) ?? '')
  const sql = documents.find(({ text }) => text.includes('EXTERNAL_OAUTH_ISSUER'))?.text ?? ''
  integration = integrationIn(
    sql
      .replace(/<(iss|aud|sub) of the access token[^>]*>/g, (_all, name: string) => scalarText(claims[name]))
      .replace('<jwks_uri of that issuer>', oauth.keysUrl),
  )
}

describe.each([
  ['Entra', ENTRA],
  ['an authorization server', OAUTH],
])('by an access token of %s', (_name, server) => {
  beforeEach(() => trust(server))

  test('dbt builds as the user and the role that the integration leads to', async () => {
    const [before, refused] = [snowflake.logins.length, snowflake.refusals.length]
    await using done = await step({ ...inputsOf(server), preflight: 'true' })
    expect(logOf(done)).toContain('Completed successfully')
    expect([done.exitCode, remainsOf(done), snowflake.refusals.slice(refused)]).toEqual([0, [], []])
    const logins = snowflake.logins.slice(before)
    expect(new Set(logins.map(({ client }) => client))).toEqual(new Set(['JavaScript', 'PythonConnector']))
    expect(new Set(logins.map(({ user, role }) => `${user} ${role}`))).toEqual(
      new Set(['DBT_PROD TRANSFORMER']),
    )
    expect(server.revoked()).toEqual(server.issued())
    const secrets = { token: site.issuer.minted.at(-1) ?? '', access: server.issued().at(-1) ?? '' }
    expect(scanForLeaks(secrets, placesOf([done]))).toEqual([])
  }, 120_000)

  test('a trust for another branch ends the run before dbt', async () => {
    const [first] = await site.documents({ ...inputsOf(server), ref: 'refs/heads/release' })
    server.trust(first?.text ?? '')
    const before = snowflake.logins.length + snowflake.refusals.length
    await using done = await step(inputsOf(server))
    expect(logOf(done)).toContain('✗ exchange: ')
    expect(logOf(done)).toContain('repo:o/r:ref:refs/heads/main')
    expect([done.exitCode, remainsOf(done)]).toEqual([1, []])
    expect(snowflake.logins.length + snowflake.refusals.length).toBe(before)
  }, 60_000)

  test('an integration for another audience refuses the login, and dbt says so', async () => {
    integration = { ...integration, audiences: ['https://another.snowflakecomputing.com'] }
    const before = snowflake.refusals.length
    await using done = await step(inputsOf(server))
    expect([done.exitCode, remainsOf(done)]).toEqual([1, []])
    expect(logOf(done)).toContain('390303')
    expect(snowflake.refusals.slice(before)[0]).toMatchObject({ code: '390303', reason: 'audience' })
  }, 120_000)

  test.each<[string, string, () => Partial<Integration>]>([
    ['another issuer', 'issuer', () => ({ issuer: `${integration.issuer}x` })],
    ['another user', 'subject', () => ({ login: 'somebody else' })],
    ['another role', 'claims', () => ({ roles: ['LOADER'] })],
    ['other keys', 'signature', () => ({ keys: `${site.issuer.issuer}/.well-known/jwks` })],
  ])('an integration for %s does not take its token', async (_what, flaw, other) => {
    const token = server.issued().at(-1) ?? ''
    expect(await identify(token)).toHaveProperty('user.user', 'DBT_PROD')
    integration = { ...integration, ...other() }
    expect(await identify(token)).toMatchObject({ flaw })
  })
})

test.each<[string, Partial<Resource>, string]>([
  ['makes v2.0 tokens', { version: 2 }, 'issuer'],
  ['has assigned no app role', { roles: {} }, 'claims'],
])('a resource app of Entra that %s is not what our integration is for', async (_what, other, flaw) => {
  await trust(ENTRA)
  const [credentials] = await site.documents(inputsOf(ENTRA))
  play(credentials?.text ?? '', { ...SNOWFLAKE, ...other })
  await using done = await step({ ...inputsOf(ENTRA), run: '', until: 'exchange' })
  expect(done.exitCode).toBe(0)
  expect(await identify(entra.issued.at(-1) ?? '')).toMatchObject({ flaw })
})
