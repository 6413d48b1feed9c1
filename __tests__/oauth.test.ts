import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import oauth from '../src/exchanges/oauth.ts'
import type { Settings } from '../src/exchanges/oauth/settings.ts'
import type { TrustDocument } from '../src/trust.ts'
import { trustRules } from '../src/trust/rules.ts'
import { grantOf, type Written } from './support/claims-of.ts'
import { sendJson } from './support/issuer-server.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { newKey } from './support/jwt.ts'
import { trustedIn } from './support/models/oauth.ts'
import { playOAuth, type OAuthServer } from './support/oauth-server.ts'
import { parseRecord } from './support/shape.ts'
import { refusalOf, wordsOf, worldOf, type World } from './support/world.ts'

const PRODUCTION: Written = {
  repository: 'o/r',
  repository_id: '456',
  repository_owner_id: '123',
  environment: 'production',
}
const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt'
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

let issuer: Issuer
let server: OAuthServer

beforeEach(async () => {
  issuer = await startIssuer({ claims: { environment: 'production' } })
  server = playOAuth(issuer)
})

afterEach(async () => {
  await issuer.close()
})

describe('a request holds exactly what its grant needs', () => {
  test.each<[string, Partial<Settings>, (token: (at: number) => string) => [string, string][]]>([
    [
      'token exchange (RFC 8693 2.1)',
      { grant: 'token-exchange' },
      (token) => [
        ['grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange'],
        ['subject_token', token(0)],
        ['subject_token_type', JWT_TYPE],
      ],
    ],
    [
      'token exchange with everything',
      {
        grant: 'token-exchange',
        'client-id': 'dbt & co',
        scope: 'session:role:DBT openid',
        resource: 'https://acme.example/warehouse',
        'subject-token-type': 'urn:ietf:params:oauth:token-type:id_token',
        'requested-token-type': 'urn:ietf:params:oauth:token-type:access_token',
        parameters: { audience: 'warehouse', subject_issuer: 'github' },
      },
      (token) => [
        ['grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange'],
        ['subject_token', token(0)],
        ['subject_token_type', 'urn:ietf:params:oauth:token-type:id_token'],
        ['requested_token_type', 'urn:ietf:params:oauth:token-type:access_token'],
        ['scope', 'session:role:DBT openid'],
        ['resource', 'https://acme.example/warehouse'],
        ['audience', 'warehouse'],
        ['subject_issuer', 'github'],
        ['client_id', 'dbt & co'],
      ],
    ],
    [
      'jwt-bearer (RFC 7523 2.1)',
      { grant: 'jwt-bearer' },
      (token) => [
        ['grant_type', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
        ['assertion', token(0)],
      ],
    ],
    [
      'jwt-bearer by a client that proves who it is',
      { grant: 'jwt-bearer', 'client-id': 'dbt', 'client-authentication': 'assertion' },
      (token) => [
        ['grant_type', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
        ['assertion', token(0)],
        ['client_id', 'dbt'],
        ['client_assertion_type', ASSERTION_TYPE],
        ['client_assertion', token(1)],
      ],
    ],
    [
      'client credentials (RFC 7523 2.2)',
      { grant: 'client-credentials', 'client-id': 'dbt' },
      (token) => [
        ['grant_type', 'client_credentials'],
        ['client_id', 'dbt'],
        ['client_assertion_type', ASSERTION_TYPE],
        ['client_assertion', token(0)],
      ],
    ],
  ])('%s', async (_name, more, expected) => {
    await trust(more)
    const world = worldOf(issuer)
    const before = Date.now()
    const credential = await trade(world, more)
    expect(credential).toMatchObject({ kind: 'bearer', token: server.issued[0] })
    expect(Object.keys(credential).toSorted()).toEqual(['expiresAt', 'kind', 'token'])
    expect((credential.expiresAt?.getTime() ?? 0) - before).toBeGreaterThanOrEqual(600_000)
    expect(server.bodies).toHaveLength(1)
    expect([...new URLSearchParams(server.bodies[0])]).toEqual(expected((at) => world.tokens[at] ?? ''))
    expect(new Set(world.tokens).size).toBe(world.tokens.length)
    expect(new Set(world.audiences)).toEqual(new Set([server.tokenUrl]))
  })

  test('the audience of the target goes before the token endpoint, and its scope behind the settings', async () => {
    const audience = 'https://login.acme.example'
    await trust({}, audience)
    const world = worldOf(issuer)
    await bound().trade({ audience, scope: 'from-warehouse' }, world.mint, world.io)
    expect(world.audiences).toEqual([audience])
    expect(new URLSearchParams(server.bodies[0]).get('scope')).toBe('from-warehouse')
    const asked = bound({ scope: 'own' })
    await asked.trade({ audience, scope: 'from-warehouse' }, world.mint, world.io)
    expect(new URLSearchParams(server.bodies[1]).get('scope')).toBe('own')
  })
})

describe('a token that the server does not trust is refused, in its own words', () => {
  test.each<[string, (audience: string) => string | Promise<string>, RegExp]>([
    [
      'another subject',
      (audience) => issuer.mint(audience, { environment: 'staging' }),
      /no such subject: .*staging/,
    ],
    ['another audience', () => issuer.mint('https://else.example'), /unexpected "aud"/],
    [
      'another issuer',
      (audience) => issuer.mint(audience, { iss: 'https://else.example' }),
      /unexpected "iss"/,
    ],
    [
      'an expired token',
      (audience) => issuer.mint(audience, { exp: 1_700_000_000 }),
      /"exp" claim timestamp/,
    ],
    [
      'a foreign signature',
      async (audience) => issuer.sign(issuer.payload(audience), { key: await newKey() }),
      /no applicable key|signature/,
    ],
  ])('%s', async (_name, forge, words) => {
    await trust({})
    const token = await forge(server.tokenUrl)
    const error = await refusalOf(
      trade(
        worldOf(issuer, () => token),
        {},
      ),
    )
    expect(error.code).toBe('exchange')
    expect(error.problem).toBe(
      `${new URL(server.tokenUrl).host} refused the request: invalid_client (status 401).`,
    )
    expect(error.details.join('\n')).toMatch(words)
    expect(wordsOf(error)).not.toContain(token)
    expect(server.bodies).toHaveLength(1)
  })

  test('a token that was seen before', async () => {
    await trust({})
    const world = worldOf(issuer, () => token)
    const token = issuer.mint(server.tokenUrl)
    await trade(world, {})
    const error = await refusalOf(trade(world, {}))
    expect(error.details).toEqual(['Token reuse detected'])
    const { claims } = await world.mint(server.tokenUrl)
    expect(bound().diagnose(wordsOf(error), claims)?.problem).toContain('has seen this ID token before')
  })

  test('a server that repeats the token does not make us say it', async () => {
    const world = worldOf(issuer)
    server.next.push((res) => {
      sendJson(res, { error: 'invalid_client', error_description: `bad: ${world.tokens[0]}` }, 401)
    })
    expect((await refusalOf(trade(world, {}))).details).toEqual(['bad: ***'])
  })
})

describe('another try', () => {
  test('has tokens of its own, and a busy server that stays busy is told as such', async () => {
    await trust({})
    server.next.push(
      (res) => res.destroy(),
      (res) => sendJson(res, {}, 503),
    )
    const world = worldOf(issuer)
    const credential = await trade(world, {})
    expect(credential).toMatchObject({ token: server.issued[0] })
    expect(new Set(world.tokens).size).toBe(3)
    server.next.push((res) => {
      res.setHeader('retry-after', '90')
      sendJson(res, { error: 'server_error' }, 500)
    })
    const error = await refusalOf(trade(world, {}))
    expect([error.code, error.problem]).toEqual([
      'exchange-unavailable',
      `${new URL(server.tokenUrl).host} answered with status 500.`,
    ])
    expect(server.bodies).toHaveLength(4)
  })
})

describe('a revocation', () => {
  test('is asked for by the client that got the token, with an ID token of its own', async () => {
    await trust({})
    const world = worldOf(issuer)
    const settings = { 'revocation-url': server.revocationUrl }
    const credential = await trade(world, settings)
    await bound(settings).revoke?.(credential, world.io, () => world.mint(server.tokenUrl))
    expect(server.revoked).toEqual(server.issued)
    expect([...new URLSearchParams(server.bodies[1])]).toEqual([
      ['token', server.issued[0]],
      ['token_type_hint', 'access_token'],
      ['client_id', 'dbt'],
      ['client_assertion_type', ASSERTION_TYPE],
      ['client_assertion', world.tokens[1]],
    ])
  })

  test('is not asked for where no address is set, and needs no token where the client proves nothing', async () => {
    const world = worldOf(issuer)
    const credential = { kind: 'bearer', token: 'oauth-access', expiresAt: null } as const
    await bound().revoke?.(credential, world.io, () => world.mint('x'))
    expect(server.bodies).toEqual([])
    const settings = { grant: 'jwt-bearer', 'revocation-url': server.revocationUrl } as const
    await bound(settings).revoke?.(credential, world.io, () => world.mint('x'))
    expect(world.tokens).toEqual([])
    expect(server.revoked).toEqual(['oauth-access'])
  })

  test('that is refused says so', async () => {
    const world = worldOf(issuer)
    const credential = { kind: 'bearer', token: 'oauth-access', expiresAt: null } as const
    const revoked = bound({ 'revocation-url': server.revocationUrl }).revoke?.(credential, world.io, () =>
      world.mint('x'),
    )
    expect((await refusalOf(Promise.resolve(revoked))).problem).toContain('invalid_client')
  })
})

test('a revocation server that repeats the token does not make us say it', async () => {
  const world = worldOf(issuer)
  const credential = { kind: 'bearer', token: 'oauth-access', expiresAt: null } as const
  server.next.push((res) =>
    sendJson(res, { error: 'invalid_request', error_description: 'no oauth-access' }, 400),
  )
  const revoked = bound({ 'revocation-url': server.revocationUrl }).revoke?.(credential, world.io, () =>
    world.mint('x'),
  )
  expect((await refusalOf(Promise.resolve(revoked))).details).toEqual(['no ***'])
})

describe('the trust', () => {
  test('says in words what any server must know', async () => {
    const [words] = await documents({})
    expect(trustedIn(words?.text ?? '')).toEqual({
      issuer: issuer.issuer,
      keys: `${issuer.issuer}/.well-known/jwks`,
      audience: server.tokenUrl,
      subjects: ['repo:o/r:environment:production', 'repo:o@123/r@456:environment:production'],
    })
    expect(words).toMatchObject({
      heldThere: ['repository', 'environment'],
      checkedHere: ['repository_id', 'repository_owner_id', 'event_name'],
    })
  })

  test('binds a Keycloak client to the subject with ids, which no other repository can get', async () => {
    const [, keycloak] = await documents({})
    expect(parseRecord(keycloak?.text ?? '')).toMatchObject({
      identityProviders: [{ config: { issuer: issuer.issuer, supportsClientAssertions: 'true' } }],
      clients: [
        {
          clientId: 'dbt',
          publicClient: false,
          clientAuthenticatorType: 'federated-jwt',
          attributes: { 'jwt.credential.sub': 'repo:o@123/r@456:environment:production' },
        },
      ],
    })
  })

  test('has no Keycloak part for a grant that Keycloak refuses for tokens of GitHub', async () => {
    expect(await documents({ grant: 'token-exchange' })).toHaveLength(1)
  })

  test('has none for a client of two subjects either, and says so', async () => {
    const [words, ...more] = await documents({}, server.tokenUrl, [
      PRODUCTION,
      { ...PRODUCTION, environment: 'other' },
    ])
    expect(trustedIn(words?.text ?? '').subjects).toHaveLength(4)
    expect(words?.text).toContain('# Keycloak binds a client or user to one subject, and these are 2')
    expect(more).toEqual([])
  })

  test('has none for a grant without ids beside one with, so that neither is lost', async () => {
    const own = { repository: 'o/r', sub: 'repo:o/r:environment:other' }
    const [words, ...more] = await documents({}, server.tokenUrl, [PRODUCTION, own])
    expect(words?.text).toContain('# Keycloak binds a client or user to one subject, and these are 2')
    expect(more).toEqual([])
  })

  test('says that Keycloak takes the form with ids alone', async () => {
    const [words] = await documents({})
    expect(words?.text).toContain(
      '# The import for Keycloak trusts the `sub` with ids and refuses the one without',
    )
  })

  test('refuses a pattern', async () => {
    const grants = [{ ...PRODUCTION, environment: '*' }]
    await expect(documents({}, server.tokenUrl, grants)).rejects.toThrow(/has a pattern/)
  })
})

describe('settings are refused with what to write instead', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['plain http', { 'token-url': 'http://login.acme.example/token' }, /must be an https URL/],
    ['a user in the URL', { 'token-url': 'https://a:b@login.acme.example/token' }, /must be an https URL/],
    [
      'a revocation over plain http',
      { 'revocation-url': 'http://login.acme.example/r' },
      /must be an https URL/,
    ],
    ['an unknown grant', { grant: 'password' }, /invalid_value/],
    ['a stored secret', { parameters: { client_secret: 'x' } }, /must hold no secret/],
    ['a stored token', { parameters: { actor_token: 'x' } }, /must hold no secret/],
    ['a parameter of ours', { parameters: { scope: 'x' } }, /must not repeat/],
    ['a type without an exchange', { 'subject-token-type': JWT_TYPE }, /must be `token-exchange`/],
    ['credentials of nobody', { 'client-authentication': 'none' }, /must be `assertion`/],
    ['an unknown key', { 'client-secret': 'x' }, /client-secret/],
  ])('%s', (_name, more, message) => {
    const settings = { ...base(), ...more }
    expect(JSON.stringify(oauth.settings.safeParse(settings).error?.issues)).toMatch(message)
  })
})

function base(): Settings {
  return { 'token-url': server.tokenUrl, grant: 'client-credentials', 'client-id': 'dbt' }
}

/** Settings for a test: another grant starts without a client. */
function settingsOf(more: Partial<Settings>): Settings {
  const { 'client-id': _client, ...rest } = base()
  return more.grant === undefined ? { ...base(), ...more } : { ...rest, ...more }
}

function bound(more: Partial<Settings> = {}) {
  return oauth.bind(settingsOf(more))
}

function trade(world: World, more: Partial<Settings>) {
  return bound(more).trade({}, world.mint, world.io)
}

async function documents(
  more: Partial<Settings>,
  audience = server.tokenUrl,
  grants: readonly Written[] = [PRODUCTION],
): Promise<readonly TrustDocument[]> {
  const rules = trustRules(
    grants.map((when) => grantOf(when)),
    'prod',
  )
  const settings = { ...base(), ...more }
  return await oauth.bind(settings).trust(
    {},
    {
      target: 'prod',
      via: 'oauth',
      issuer: issuer.issuer,
      audience,
      audiences: [audience],
      rules,
      identity: 'dbt',
    },
  )
}

async function trust(more: Partial<Settings>, audience?: string): Promise<void> {
  server.trust(trustedIn((await documents(more, audience))[0]?.text ?? ''))
}
