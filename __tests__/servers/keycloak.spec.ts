import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { startKeycloak, type Keycloak } from '../../scripts/servers/keycloak.ts'
import type { BoundExchange } from '../../src/exchange.ts'
import entra from '../../src/exchanges/entra.ts'
import oauth from '../../src/exchanges/oauth.ts'
import type { Settings } from '../../src/exchanges/oauth/settings.ts'
import okta from '../../src/exchanges/okta.ts'
import { assertion } from '../../src/exchanges/okta/assertion.ts'
import type { Settings as OktaSettings } from '../../src/exchanges/okta/settings.ts'
import { signerOf } from '../../src/exchanges/okta/signer.ts'
import { trustRules } from '../../src/trust/rules.ts'
import type { TrustDocument } from '../../src/trust.ts'
import { grantOf } from '../support/claims-of.ts'
import { credentialsIn } from '../support/models/entra.ts'
import { readBody } from '../support/issuer-server.ts'
import { startIssuer, type Issuer } from '../support/issuer.ts'
import { newKey } from '../support/jwt.ts'
import { parseRecord } from '../support/shape.ts'
import { playVault, type Vault } from '../support/vault-server.ts'
import { refusalOf, wordsOf, worldOf } from '../support/world.ts'

const APP = '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10'
const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const SCOPE = 'api://warehouse/.default'
const WHEN = {
  repository: 'o/r',
  repository_id: '456',
  repository_owner_id: '123',
  environment: 'production',
}

let directory: string
let issuer: Issuer
let keycloak: Keycloak

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'keycloak-'))
  // Repositories that were made lately have the form with ids, and so has our document for Keycloak.
  issuer = await startIssuer({ claims: { environment: 'production' }, subForm: 'id' })
  keycloak = await startKeycloak(directory)
  for (const name of ['clients', 'bearers', 'entra'])
    await keycloak.admin('POST', '', {
      realm: name,
      enabled: true,
      sslRequired: 'none',
      accessTokenLifespan: 600,
    })
  await trust('clients', { grant: 'client-credentials' })
  await trust('bearers', { grant: 'jwt-bearer', 'client-authentication': 'assertion' })
  await trustAsEntra()
  await letAskAboutThemselves()
}, 600_000)

afterAll(async () => {
  await keycloak?.[Symbol.asyncDispose]()
  await issuer?.close()
  rmSync(directory, { recursive: true, force: true })
}, 60_000)

/** Each way to get in, and the realm that took our document as it is. */
const WAYS: readonly (readonly [string, () => Way])[] = [
  ['oauth with client credentials', () => viaOauth('clients', { grant: 'client-credentials' })],
  [
    'oauth with jwt-bearer and a client that proves who it is',
    () => viaOauth('bearers', { grant: 'jwt-bearer', 'client-authentication': 'assertion' }),
  ],
  ['entra, with Keycloak in its place', viaEntra],
]

describe.each(WAYS)('via %s', (_name, way) => {
  test('Keycloak takes what the action sends, and gives a token with its end', async () => {
    const world = worldOf(issuer)
    const { exchange, realm } = way()
    const before = Date.now()
    const credential = await exchange.trade(wantOf(realm), world.mint, world.io)
    if (credential.kind !== 'bearer') throw new Error(credential.kind)
    expect(await introspected(realm, realm === 'entra' ? APP : 'dbt-prod', credential.token)).toMatchObject({
      active: true,
    })
    const life = (credential.expiresAt?.getTime() ?? 0) - before
    expect(life).toBeGreaterThan(590_000)
    expect(life).toBeLessThan(630_000)
  }, 60_000)

  test.each<[string, (audience: string) => string | Promise<string>, RegExp]>([
    [
      'another subject',
      (audience) => issuer.mint(audience, { environment: 'staging' }),
      /bound to the subject `repo:o@123\/r@456:environment:staging`/,
    ],
    [
      'the form of the subject without ids',
      (audience) => issuer.mint(audience, { sub: 'repo:o/r:environment:production' }),
      /bound to the subject `repo:o\/r:environment:production`/,
    ],
    ['another audience', () => issuer.mint('https://else.example'), /is not the audience of the ID token/],
    [
      'another issuer',
      (audience) => issuer.mint(audience, { iss: `${issuer.issuer}/acme` }),
      /bound to the subject .* of the issuer `http:\S+\/acme`/,
    ],
    [
      'an expired token',
      (audience) => issuer.mint(audience, { exp: Math.floor(Date.now() / 1000) - 60 }),
      /not valid now/,
    ],
    [
      'a foreign signature',
      async (audience) => issuer.sign(issuer.payload(audience), { key: await newKey() }),
      /or the signature does not hold/,
    ],
  ])(
    '%s is refused, and the sentence names why',
    async (_what, forge, explained) => {
      const { exchange, realm } = way()
      const token = await forge(realmUrl(realm))
      const world = worldOf(issuer, () => token)
      const error = await refusalOf(exchange.trade(wantOf(realm), world.mint, world.io))
      expect(error.code).toBe('exchange')
      expect(wordsOf(error)).not.toContain(token)
      const { claims } = await world.mint(realmUrl(realm))
      // Entra's exchange knows the words of Entra only, and shows others as they are.
      const words =
        exchange.name === 'entra' ? oauthBound('clients', { grant: 'client-credentials' }) : exchange
      expect(words.diagnose(wordsOf(error), claims)?.problem).toMatch(explained)
    },
    60_000,
  )

  test('a token that was sent before is refused as that', async () => {
    const { exchange, realm } = way()
    const token = issuer.mint(realmUrl(realm))
    const world = worldOf(issuer, () => token)
    const twice = async () => {
      await exchange.trade(wantOf(realm), world.mint, world.io)
      await exchange.trade(wantOf(realm), world.mint, world.io)
    }
    const error = await refusalOf(twice())
    expect(error.details).toEqual(['Token reuse detected'])
  }, 60_000)
})

test('without an audience the token is for the realm, and Keycloak takes it', async () => {
  const world = worldOf(issuer)
  const exchange = oauthBound('clients', { grant: 'client-credentials' })
  await exchange.trade({}, world.mint, world.io)
  expect(world.audiences).toEqual([realmUrl('clients')])
}, 60_000)

test('a revoked token is dead', async () => {
  const world = worldOf(issuer)
  const exchange = oauthBound('clients', { grant: 'client-credentials' })
  const credential = await exchange.trade({}, world.mint, world.io)
  if (credential.kind !== 'bearer') throw new Error(credential.kind)
  expect(await introspected('clients', 'dbt-prod', credential.token)).toMatchObject({ active: true })
  await exchange.revoke?.(credential, world.io, () => world.mint(exchange.audience({})))
  expect(await introspected('clients', 'dbt-prod', credential.token)).toEqual({ active: false })
}, 60_000)

describe('private_key_jwt as the exchange of Okta makes it, with a key in Vault', () => {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const settings = (): OktaSettings => ({
    url: 'https://acme.okta.com/oauth2/aus1',
    'client-id': 'okta-like',
    'key-id': 'dbt-2026',
    signer: { key: 'okta', vault: { url: vault.url, mount: 'jwt', role: 'dbt' } },
  })
  let vault: Vault

  beforeAll(async () => {
    vault = playVault(issuer)
    vault.transit.set('okta', keys.privateKey)
    const request = {
      target: 'prod',
      via: 'okta',
      issuer: issuer.issuer,
      audience: new URL(vault.url).origin,
      audiences: [new URL(vault.url).origin],
      rules: trustRules([grantOf(WHEN)], 'prod'),
      identity: 'okta-like',
    }
    const [role] = await okta.bind(settings()).trust({ scope: 'session:role:DBT' }, request)
    vault.apply(role?.text ?? '')
    await keycloak.admin('POST', '', {
      realm: 'okta',
      enabled: true,
      sslRequired: 'none',
      accessTokenLifespan: 600,
    })
    const jwk = { ...keys.publicKey.export({ format: 'jwk' }), kid: 'dbt-2026', use: 'sig', alg: 'RS256' }
    await keycloak.admin('POST', '/okta/clients', {
      clientId: 'okta-like',
      enabled: true,
      publicClient: false,
      standardFlowEnabled: false,
      serviceAccountsEnabled: true,
      clientAuthenticatorType: 'client-jwt',
      attributes: { 'use.jwks.string': 'true', 'jwks.string': JSON.stringify({ keys: [jwk] }) },
    })
  }, 60_000)

  const ask = async (
    audience: string,
    change: (text: string) => string = (text) => text,
  ): Promise<unknown> => {
    const world = worldOf(issuer)
    const s = settings()
    const text = await assertion(s, audience, signerOf(s.signer), world.mint, world.io, 15_000)
    const response = await fetch(tokenUrl('okta'), {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: change(text),
      }),
    })
    return response.json()
  }

  test('is taken by Keycloak, signature, names, audience and end alike', async () => {
    expect(await ask(tokenUrl('okta'))).toMatchObject({ token_type: 'Bearer', expires_in: 600 })
  }, 60_000)

  test('is refused for another endpoint, and with one letter changed', async () => {
    expect(await ask('https://else.example/token')).toMatchObject({
      error_description: 'Invalid token audience',
    })
    expect(await ask(tokenUrl('okta'), changed)).toMatchObject({ error: expect.stringMatching(/client/) })
  }, 60_000)
})

/** Another signature of the same length. */
function changed(text: string): string {
  return text.replace(/.{10}$/, (end) => (end.startsWith('A') ? 'B' : 'A') + end.slice(1))
}

interface Way {
  readonly exchange: BoundExchange
  readonly realm: string
}

function viaOauth(realm: string, settings: Partial<Settings>): Way {
  return { exchange: oauthBound(realm, settings), realm }
}

function viaEntra(): Way {
  return { exchange: entra.bind({ tenant: TENANT, 'client-id': APP, scope: SCOPE }), realm: 'entra' }
}

function oauthBound(realm: string, settings: Partial<Settings>): BoundExchange {
  return oauth.bind({
    'token-url': tokenUrl(realm),
    'client-id': 'dbt-prod',
    'revocation-url': `${realmUrl(realm)}/protocol/openid-connect/revoke`,
    ...settings,
  })
}

/** Keycloak takes the URL of the realm as an audience, too. */
function wantOf(realm: string) {
  return { audience: realmUrl(realm) }
}

function realmUrl(realm: string): string {
  return `${keycloak.url}/realms/${realm}`
}

function tokenUrl(realm: string): string {
  return `${realmUrl(realm)}/protocol/openid-connect/token`
}

async function documentsOf(exchange: BoundExchange, realm: string): Promise<readonly TrustDocument[]> {
  return await exchange.trust(
    {},
    {
      target: 'prod',
      via: exchange.name,
      issuer: issuer.issuer,
      audience: realmUrl(realm),
      audiences: [realmUrl(realm)],
      rules: trustRules([grantOf(WHEN)], 'prod'),
      identity: 'dbt-prod',
    },
  )
}

/** Keycloak gets our document as it is. */
async function trust(realm: string, settings: Partial<Settings>): Promise<void> {
  const [, keycloaks] = await documentsOf(oauthBound(realm, settings), realm)
  await keycloak.admin('POST', `/${realm}/partialImport`, keycloaks?.text ?? '')
}

/** What `az` would have been told, told to Keycloak; and Keycloak's address in the place of Entra's. */
async function trustAsEntra(): Promise<void> {
  const [document] = await documentsOf(viaEntra().exchange, 'entra')
  const credential = credentialsIn(document?.text ?? '').find(({ subject }) => subject.includes('@'))
  if (!credential) throw new Error('no credential for the form with ids')
  const template =
    (await documentsOf(oauthBound('entra', { grant: 'client-credentials' }), 'entra'))[1]?.text ?? ''
  const { identityProviders } = parseRecord(template)
  await keycloak.admin('POST', '/entra/client-scopes', { name: SCOPE, protocol: 'openid-connect' })
  await keycloak.admin('POST', '/entra/partialImport', {
    ifResourceExists: 'FAIL',
    identityProviders,
    clients: [
      {
        clientId: credential.app,
        enabled: true,
        publicClient: false,
        standardFlowEnabled: false,
        serviceAccountsEnabled: true,
        clientAuthenticatorType: 'federated-jwt',
        optionalClientScopes: [SCOPE],
        attributes: {
          'jwt.credential.issuer': 'github-actions',
          'jwt.credential.sub': credential.subject,
        },
      },
    ],
    users: [
      {
        username: `service-account-${credential.app}`,
        enabled: true,
        serviceAccountClientId: credential.app,
      },
    ],
  })
  issuer.at('login.microsoftonline.com', async (req, res, path) => {
    expect(path).toBe(`/${TENANT}/oauth2/v2.0/token`)
    const answer = await fetch(tokenUrl('entra'), {
      method: req.method ?? '',
      headers: { 'content-type': req.headers['content-type'] ?? '' },
      body: await readBody(req),
    })
    res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  })
}

/** Keycloak tells of a token only to whom it is for. */
async function letAskAboutThemselves(): Promise<void> {
  for (const [realm, id] of [
    ['clients', 'dbt-prod'],
    ['bearers', 'dbt-prod'],
    ['entra', APP],
  ]) {
    const found = await keycloak.admin('GET', `/${realm}/clients?clientId=${id}`)
    const [client] = z.array(z.looseObject({ id: z.string() })).parse(found)
    const mapper = {
      name: 'itself',
      protocol: 'openid-connect',
      protocolMapper: 'oidc-audience-mapper',
      config: { 'included.client.audience': id, 'access.token.claim': 'true' },
    }
    await keycloak.admin('POST', `/${realm}/clients/${client?.id}/protocol-mappers/models`, mapper)
  }
}

/** What Keycloak itself says of a token (RFC 7662), to the client that got it. */
async function introspected(realm: string, clientId: string, token: string): Promise<unknown> {
  const response = await fetch(`${tokenUrl(realm)}/introspect`, {
    method: 'POST',
    body: new URLSearchParams({
      token,
      client_id: clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: issuer.mint(realmUrl(realm)),
    }),
  })
  return response.json()
}
