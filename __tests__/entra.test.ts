import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import entra from '../src/exchanges/entra.ts'
import type { Want } from '../src/exchange.ts'
import { trustRules } from '../src/trust/rules.ts'
import { grantOf, type Written } from './support/claims-of.ts'
import { credentialsIn } from './support/models/entra.ts'
import { playEntra, refuse, type Entra } from './support/entra-server.ts'
import { sendJson } from './support/issuer-server.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { newKey } from './support/jwt.ts'
import { refusalOf, wordsOf, worldOf, type World } from './support/world.ts'

const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const APP = '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10'
const SETTINGS = { tenant: TENANT, 'client-id': APP }
const AUDIENCE = 'api://AzureADTokenExchange'
const WANT: Want = { scope: 'https://database.windows.net/.default' }
const PRODUCTION: Written = {
  repository: 'o/r',
  repository_id: '456',
  repository_owner_id: '123',
  environment: 'production',
}
const ASSERTION_TYPE = 'urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer'

let issuer: Issuer
let server: Entra

beforeEach(async () => {
  issuer = await startIssuer({ claims: { environment: 'production' } })
  server = playEntra(issuer, { tenant: TENANT, credentials: credentialsIn(await document()) })
})

afterEach(async () => {
  await issuer.close()
})

describe('a trade', () => {
  test('is one form with the ID token as client assertion, and gives a bearer token with its end', async () => {
    const world = worldOf(issuer)
    const before = Date.now()
    const credential = await trade(world)
    expect(server.issued).toHaveLength(1)
    expect(credential).toMatchObject({ kind: 'bearer', token: server.issued[0] })
    const life = (credential.expiresAt?.getTime() ?? 0) - before
    expect(life).toBeGreaterThanOrEqual(3_599_000)
    expect(life).toBeLessThan(3_659_000)
    expect(world.audiences).toEqual([AUDIENCE])
    expect(world.masked).toEqual(server.issued)
    expect(server.bodies).toEqual([
      `grant_type=client_credentials&client_id=${APP}&scope=https%3A%2F%2Fdatabase.windows.net%2F.default&client_assertion_type=${ASSERTION_TYPE}&client_assertion=${world.tokens[0]}`,
    ])
  })

  test.each(['name', 'id'] as const)(
    'succeeds with a subject in the form with %s, by our own trust',
    async (subForm) => {
      issuer.claims({}, { subForm })
      const credential = await trade(worldOf(issuer))
      expect(credential).toMatchObject({ token: server.issued[0] })
    },
  )

  test('goes to the cloud and with the audience of the settings', async () => {
    const audience = 'api://AzureADTokenExchangeUSGov'
    const credentials = credentialsIn(await document({ audience }))
    const { bodies } = playEntra(issuer, { tenant: TENANT, credentials, host: 'login.microsoftonline.us' })
    const world = worldOf(issuer)
    await trade(world, { ...SETTINGS, cloud: 'us-government' })
    expect(world.audiences).toEqual([audience])
    expect(bodies).toHaveLength(1)
    expect(server.bodies).toEqual([])
    expect(bound({ ...SETTINGS, cloud: 'china' }).hosts({})).toEqual(['login.partner.microsoftonline.cn'])
  })

  test('goes to a loopback authority where one is written', async () => {
    const settings = { ...SETTINGS, authority: `${issuer.serverUrl}/_at/login.microsoftonline.com` }
    const credential = await trade(worldOf(issuer), settings)
    expect(credential).toMatchObject({ token: server.issued[0] })
  })

  test("takes the scope of the settings before the warehouse's, and the audience of the target before the cloud's", async () => {
    const world = worldOf(issuer)
    const settings = { ...SETTINGS, scope: 'api://trino/.default' }
    await refusalOf(trade(world, settings, { ...WANT, audience: 'api://other' }))
    expect(world.audiences).toEqual(['api://other'])
    expect(new URLSearchParams(server.bodies[0]).get('scope')).toBe('api://trino/.default')
  })
})

describe('for a driver that trades by itself', () => {
  test('nothing is asked of Entra: the driver gets the ID token, and who it is to be', async () => {
    const world = worldOf(issuer)
    const credential = await trade(world, SETTINGS, { ...WANT, kind: 'id-token' })
    const [token] = world.tokens
    expect(credential).toMatchObject({
      kind: 'id-token',
      token,
      recipe: { tenant: TENANT, 'client-id': APP },
    })
    expect([world.audiences, server.bodies]).toEqual([[AUDIENCE], []])
  })

  test('a cloud where it does not go is refused before a token is minted', () => {
    const settings = { ...SETTINGS, cloud: 'us-government' }
    expect(() => bound(settings).audience({ ...WANT, kind: 'id-token' })).toThrow(/in the public cloud only/)
  })
})

describe('a token that Entra does not trust is refused, and the sentence names why', () => {
  test.each<[string, (audience: string) => string | Promise<string>, string, RegExp]>([
    [
      'another subject',
      (audience) => issuer.mint(audience, { environment: 'staging' }),
      'AADSTS700213',
      /No federated credential of the app has the subject `repo:o\/r:environment:staging`/,
    ],
    [
      'a subject in another case',
      (audience) => issuer.mint(audience, { environment: 'Production' }),
      'AADSTS7002138',
      /upper and lower case only/,
    ],
    [
      'another audience',
      () => issuer.mint('api://else'),
      'AADSTS700212',
      /expects another audience than `api:\/\/else`/,
    ],
    [
      'another issuer',
      (audience) => issuer.mint(audience, { iss: `${issuer.issuer}/acme` }),
      'AADSTS700211',
      /has the issuer `http:\/\/127\.0\.0\.1:\d+\/_services\/token\/acme`/,
    ],
    [
      'an expired token',
      (audience) => issuer.mint(audience, { exp: Math.floor(Date.now() / 1000) - 5 }),
      'AADSTS700024',
      /not valid now/,
    ],
    [
      'a foreign signature',
      async (audience) => issuer.sign(issuer.payload(audience), { key: await newKey() }),
      'AADSTS50013',
      /signature of the ID token/,
    ],
  ])('%s', async (_name, forge, code, explained) => {
    const token = await forge(AUDIENCE)
    const world = worldOf(issuer, () => token)
    const error = await refusalOf(trade(world))
    expect(error.code).toBe('exchange')
    expect(error.details.join('\n')).toContain(`${code}: `)
    expect(wordsOf(error)).not.toContain(token)
    const { claims } = await world.mint(AUDIENCE)
    expect(bound().diagnose(wordsOf(error), claims)?.problem).toMatch(explained)
    // A refusal for good is not asked for twice.
    expect(server.bodies).toHaveLength(1)
  })
})

describe('another try', () => {
  test('has a token of its own, after a credential that is not yet known and after a busy server', async () => {
    server.next.push(
      (res) => refuse(res, ['invalid_client', 70021, 'No matching federated identity record found.']),
      (res) => sendJson(res, {}, 503),
    )
    const world = worldOf(issuer)
    const credential = await trade(world)
    expect(credential).toMatchObject({ token: server.issued[0] })
    expect(new Set(world.tokens).size).toBe(3)
    expect(server.bodies.map((body) => new URLSearchParams(body).get('client_assertion'))).toEqual(
      world.tokens,
    )
  }, 30_000)
})

describe('an answer that is none', () => {
  test.each<[string, unknown, number, RegExp]>([
    ['no JSON', 'oops', 200, /no OAuth 2\.0 token response/],
    ['no token', { token_type: 'Bearer' }, 200, /no OAuth 2\.0 token response/],
    ['another kind of token', { token_type: 'pop', access_token: 'x' }, 200, /type "pop"/],
    ['a redirect', {}, 302, /with status 302/],
    ['a refusal without words', 'no', 400, /with status 400/],
  ])('%s', async (_name, body, status, problem) => {
    server.next.push((res) => sendJson(res, body, status))
    expect((await refusalOf(trade(worldOf(issuer)))).problem).toMatch(problem)
  })

  test('a server that repeats the token does not make us say it', async () => {
    const world = worldOf(issuer)
    server.next.push((res) => {
      const error_description = `AADSTS50027: bad token ${world.tokens[0]} and eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0x.`
      sendJson(res, { error: 'invalid_client', error_description }, 401)
    })
    expect((await refusalOf(trade(world))).details).toEqual(['AADSTS50027: bad token *** and ***'])
  })
})

describe('the trust', () => {
  test('is a credential for each form of the subject, with the issuer as the token has it', async () => {
    expect(credentialsIn(await document())).toEqual(
      ['repo:o/r:environment:production', 'repo:o@123/r@456:environment:production'].map((subject) => ({
        app: APP,
        name: expect.stringMatching(/^dbt-oidc-prod-[0-9a-f]{12}$/),
        issuer: issuer.issuer,
        subject,
        audiences: [AUDIENCE],
      })),
    )
  })

  test('says what is held there and what only the action checks', async () => {
    const when = { ...PRODUCTION, ref: 'refs/heads/main' }
    expect(await documents({ grants: [when] })).toMatchObject([
      {
        heldThere: ['repository', 'environment'],
        checkedHere: ['repository_id', 'repository_owner_id', 'ref', 'event_name'],
      },
    ])
    expect(await document({ grants: [when] })).toContain(
      '# Checked by this action only: repository_id, repository_owner_id, ref, event_name.',
    )
  })

  test('quotes what an environment may be called', async () => {
    const environment = `it's $(exit 1) \`y\``
    const [first] = credentialsIn(await document({ grants: [{ ...PRODUCTION, environment }] }))
    expect(first?.subject).toBe(`repo:o/r:environment:${environment}`)
  })

  test.each<[string, Written[], RegExp]>([
    [
      'a pattern',
      [{ ...PRODUCTION, environment: 'prod-*' }],
      /fits every subject like `repo:o\/r:environment:prod-\*`/,
    ],
    [
      'more than an app may have',
      Array.from({ length: 11 }, (_, at) => ({ ...PRODUCTION, environment: `e${at}` })),
      /need 22 federated credentials, one for each subject, and an app of Entra has at most 20/,
    ],
  ])('refuses %s', async (_name, grants, problem) => {
    await expect(document({ grants })).rejects.toThrow(problem)
  })
})

describe('settings are refused with what to write instead', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ['a tenant by name', { ...SETTINGS, tenant: 'contoso.onmicrosoft.com' }, /must be a GUID, the directory/],
    ['a client by name', { ...SETTINGS, 'client-id': 'dbt' }, /must be a GUID, the application/],
    ['two scopes', { ...SETTINGS, scope: 'a/.default b/.default' }, /must be one resource/],
    ['a delegated scope', { ...SETTINGS, scope: 'https://x/user_impersonation' }, /end in `\/\.default`/],
    [
      'an authority of somebody else',
      { ...SETTINGS, authority: 'https://login.evil.example' },
      /loopback address/,
    ],
    ['another cloud', { ...SETTINGS, cloud: 'germany' }, /Invalid/],
    ['an unknown key', { ...SETTINGS, secret: 'x' }, /secret/],
  ])('%s', (_name, settings, message) => {
    expect(JSON.stringify(entra.settings.safeParse(settings).error?.issues)).toMatch(message)
  })

  test('a missing scope', () => {
    expect(() => bound().audience({})).toThrow('does not say for which resource')
  })
})

function bound(settings: unknown = SETTINGS) {
  return entra.bind(settings)
}

function trade(world: World, settings: unknown = SETTINGS, want = WANT) {
  return bound(settings).trade(want, world.mint, world.io)
}

interface Trusted {
  readonly grants?: readonly Written[]
  readonly audience?: string
}

async function documents({ grants = [PRODUCTION], audience = AUDIENCE }: Trusted = {}) {
  const rules = trustRules(
    grants.map((when) => grantOf(when)),
    'prod',
  )
  const request = {
    target: 'prod',
    via: 'entra',
    issuer: issuer.issuer,
    audience,
    audiences: [audience],
    rules,
    identity: APP,
  }
  return await bound().trust(WANT, request)
}

async function document(trusted: Trusted = {}): Promise<string> {
  return (await documents(trusted))[0]?.text ?? ''
}
