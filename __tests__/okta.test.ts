import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createLocalJWKSet } from 'jose'
import okta from '../src/exchanges/okta.ts'
import type { TrustDocument, TrustRequest } from '../src/trust.ts'
import { trustRules } from '../src/trust/rules.ts'
import { apply, newCloud, type Cloud } from './support/aws/account.ts'
import { kmsOf } from './support/aws/kms.ts'
import { newSts } from './support/aws/sts.ts'
import { grantOf, type Written } from './support/claims-of.ts'
import { standInForGoogle } from './support/google/cloud.ts'
import { standInForKms } from './support/google/kms.ts'
import { configOf } from './support/config-of.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { claimsOf } from './support/jwt.ts'
import { playOkta, type Okta } from './support/okta-server.ts'
import { playVault } from './support/vault-server.ts'
import { refusalOf, wordsOf, worldOf, type World } from './support/world.ts'

const WHEN: Written = {
  repository: 'o/r',
  repository_id: '456',
  repository_owner_id: '123',
  environment: 'production',
}
const APP = '0oa1a2b3c4'
const SCOPE = 'session:role:DBT_PROD'
const ACCOUNT = '123456789012'
const ROLE = `arn:aws:iam::${ACCOUNT}:role/dbt-okta`
const KEY = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`
const VERSION = 'projects/acme/locations/eu/keyRings/dbt/cryptoKeys/okta/cryptoKeyVersions/1'
const PROVIDER = 'projects/123456789012/locations/global/workloadIdentityPools/github/providers/dbt-prod'
const SIGNER_ACCOUNT = 'dbt-okta@acme.iam.gserviceaccount.com'

let issuer: Issuer
let server: Okta
let world: World
let keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }

beforeEach(async () => {
  issuer = await startIssuer({ claims: { environment: 'production' } })
  server = playOkta(issuer)
  world = worldOf(issuer)
  keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
  server.register({ clientId: APP, publicKey: keys.publicKey, scopes: [SCOPE] })
})

afterEach(async () => {
  await issuer.close()
})

interface Kept {
  readonly signer: object
  /** Sets up whoever keeps the key by our documents. */
  readonly stand: (documents: readonly TrustDocument[]) => void
  /** Where the token of GitHub goes. */
  readonly audience: string
}

function byAws(): Kept {
  const cloud: Cloud = newCloud()
  const keysOf = async () => createLocalJWKSet({ keys: [issuer.key().jwk] })
  const region = 'eu-west-1'
  const [sts, kms] = ['sts', 'kms'].map((service) => `${service}.${region}.amazonaws.com`)
  issuer.at(sts ?? '', newSts({ cloud, region, host: sts ?? '', keysOf }).handler)
  issuer.at(kms ?? '', kmsOf({ cloud, region, host: kms ?? '' }, new Map([[KEY, keys.privateKey]])))
  return {
    signer: { key: KEY, aws: { role: ROLE } },
    stand(documents) {
      for (const { text } of documents) if (text.includes('aws iam')) apply(cloud, text, ACCOUNT)
    },
    audience: 'sts.amazonaws.com',
  }
}

function byGoogle(): Kept {
  return {
    signer: { key: VERSION, google: { provider: PROVIDER, 'service-account': SIGNER_ACCOUNT } },
    stand(documents) {
      const texts = documents
        .map(({ text }) => text)
        .filter((text) => text.includes('gcloud iam ') || text.includes('gcloud kms keys add'))
      const google = standInForGoogle(issuer, [texts.join('\n')])
      standInForKms(issuer, google, { version: VERSION, key: keys.privateKey })
    },
    audience: `https://iam.googleapis.com/${PROVIDER}`,
  }
}

function byVault(): Kept {
  const vault = playVault(issuer)
  vault.transit.set('okta', keys.privateKey)
  return {
    signer: { key: 'okta', vault: { url: vault.url, role: 'dbt' } },
    stand(documents) {
      for (const { text } of documents) if (text.includes('vault write')) vault.apply(text)
    },
    audience: new URL(vault.url).origin,
  }
}

const bound = (signer: object, more: object = {}) =>
  okta.bind(okta.settings.parse({ url: server.url, 'client-id': APP, signer, ...more }))

const WANT = { scope: SCOPE, user: 'DBT_PROD' }

async function documentsFor(signer: object, when: Written = WHEN): Promise<readonly TrustDocument[]> {
  const exchange = bound(signer)
  const request: TrustRequest = {
    target: 'prod',
    via: 'okta',
    issuer: issuer.issuer,
    audience: exchange.audience(WANT),
    audiences: [exchange.audience(WANT)],
    rules: trustRules([grantOf(when)], 'prod'),
    identity: APP,
  }
  return await exchange.trust(WANT, request)
}

describe.each([
  ['AWS KMS', byAws],
  ['Google KMS', byGoogle],
  ["Vault's transit engine", byVault],
] as const)('a key that %s keeps', (_name, keptBy) => {
  test('signs for a run that the documents trust, and Okta gives its token', async () => {
    const { signer, stand, audience } = keptBy()
    stand(await documentsFor(signer))
    const credential = await bound(signer).trade(WANT, world.mint, world.io)
    if (credential.kind !== 'bearer') throw new Error(credential.kind)
    expect(server.living.has(credential.token)).toBe(true)
    expect([...new Set(world.audiences)]).toEqual([audience])
    expect((credential.expiresAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(3_590_000)
    expect(world.masked).toContain(credential.token)
  })

  test('signs for no run of another environment', async () => {
    const { signer, stand } = keptBy()
    stand(await documentsFor(signer, { ...WHEN, environment: 'staging' }))
    await refusalOf(bound(signer).trade(WANT, world.mint, world.io))
    expect(server.bodies).toEqual([])
  })

  test('is of no use to whoever may log in there and may not sign', async () => {
    const { signer, stand } = keptBy()
    const documents = await documentsFor(signer)
    stand(
      documents.map((one) => ({
        ...one,
        text: one.text
          .replaceAll('kms:Sign"', 'kms:Verify"')
          .replaceAll('cloudkms.signer', 'cloudkms.viewer')
          .replaceAll('transit/sign/okta', 'transit/verify/okta'),
      })),
    )
    const { code } = await refusalOf(bound(signer).trade(WANT, world.mint, world.io))
    expect([code, server.bodies]).toEqual(['exchange', []])
  })

  test('proves who the app is once more when the token is given back', async () => {
    const { signer, stand } = keptBy()
    stand(await documentsFor(signer))
    const exchange = bound(signer)
    const credential = await exchange.trade(WANT, world.mint, world.io)
    await exchange.revoke?.(credential, world.io, () => world.mint(exchange.audience(WANT)))
    expect(server.living.size).toBe(0)
  })
})

describe('an assertion', () => {
  test('names the app twice, the token endpoint, and an end within minutes, and is never the same', async () => {
    const { signer, stand } = byVault()
    stand(await documentsFor(signer))
    await bound(signer, { 'key-id': 'dbt-2026' }).trade(WANT, world.mint, world.io)
    await bound(signer, { 'key-id': 'dbt-2026' }).trade(WANT, world.mint, world.io)
    const [first = '', second = ''] = server.bodies.map(
      (body) => new URLSearchParams(body).get('client_assertion') ?? '',
    )
    const claims = claimsOf(first)
    expect(claims).toMatchObject({ iss: APP, sub: APP, aud: `${server.url}/v1/token` })
    expect(Number(claims.exp) - Number(claims.iat)).toBe(300)
    expect(claims.jti).not.toBe(claimsOf(second).jti)
    const header: unknown = JSON.parse(Buffer.from(first.split('.')[0] ?? '', 'base64url').toString())
    expect(header).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'dbt-2026' })
    expect(world.masked).toContain(first)
  })

  test.each<[string, string, (s: { scope?: string; 'client-id'?: string }) => object, RegExp]>([
    [
      'of an app that has another key',
      'invalid_client',
      () => ({ 'client-id': 'other' }),
      /is not the public half of `okta`/,
    ],
    [
      'for a scope that no policy gives',
      'access_denied',
      () => ({ scope: 'session:role:ADMIN' }),
      /access policy/,
    ],
  ])('%s is refused and explained', async (_name, error, change, explained) => {
    const { signer, stand } = byVault()
    stand(await documentsFor(signer))
    server.register({
      clientId: 'other',
      publicKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey,
      scopes: [SCOPE],
    })
    const exchange = bound(signer, change({}))
    const refusal = await refusalOf(exchange.trade(WANT, world.mint, world.io))
    expect(wordsOf(refusal)).toContain(error)
    const { claims } = await world.mint('any')
    const diagnosis = exchange.diagnose(wordsOf(refusal), claims)
    expect(`${diagnosis?.problem} ${diagnosis?.remedy}`).toMatch(explained)
  })
})

const io = (value: string | undefined, said: string[]) => ({
  ...world.io,
  variable: (name: string) => (name === 'OKTA_KEY' ? value : undefined),
  say: (line: string) => void said.push(line),
})
const pem = (): string => keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

describe('a key in a variable of the step', () => {
  test('works, is masked, asks GitHub for no token, and says each time that it is not secretless', async () => {
    const said: string[] = []
    const exchange = bound({ variable: 'OKTA_KEY' })
    await exchange.trade(WANT, world.mint, io(pem(), said))
    expect([said[0], world.audiences]).toEqual([expect.stringMatching(/^This is not secretless/), []])
    expect(world.masked).toContain(pem())
    expect(exchange.variables).toEqual(['OKTA_KEY'])
    expect((await documentsFor({ variable: 'OKTA_KEY' }))[0]?.text).toContain('# NOT SECRETLESS')
  })

  test.each<[string, string | undefined, RegExp]>([
    ['is named where it is not set', undefined, /OKTA_KEY.* is not set in this step.*secrets\.OKTA_KEY/s],
    [
      'is named, and not shown, where it holds something else',
      'hunter2hunter2',
      /OKTA_KEY holds no private RSA key/,
    ],
  ])('%s', async (_name, value, words) => {
    const refusal = await refusalOf(bound({ variable: 'OKTA_KEY' }).trade(WANT, world.mint, io(value, [])))
    expect(wordsOf(refusal)).toMatch(words)
    expect(wordsOf(refusal)).not.toContain('hunter2')
  })
})

const problemsOf = async (identity: object): Promise<string> => {
  const connection = '{ type: snowflake, account: acme, database: D, schema: S, user: U }'
  const written = JSON.stringify({
    via: 'okta',
    url: 'https://acme.okta.com/oauth2/aus1',
    'client-id': APP,
    ...identity,
  })
  const inputs = { ref: 'refs/heads/main', connection, identity: written }
  const outcome: unknown = await configOf({ inputs }).catch((error: unknown) => error)
  return outcome instanceof Error ? wordsOf(outcome as never) : 'accepted'
}

describe('the settings', () => {
  test.each<[string, object, RegExp]>([
    [
      'the org server',
      { url: 'https://acme.okta.com', signer: { variable: 'OKTA_KEY' } },
      /custom authorization server/,
    ],
    [
      'two keepers of one key',
      { signer: { key: KEY, aws: { role: ROLE }, variable: 'OKTA_KEY' } },
      /in one of four ways/,
    ],
    ['no keeper', { signer: { key: KEY } }, /in one of four ways/],
    ['a variable that dbt would get', { signer: { variable: 'MY_KEY' } }, /begins with `OKTA_`/],
    [
      'a key of KMS without its region',
      { signer: { key: 'alias/okta', aws: { role: ROLE } } },
      /must be the ARN of the key/,
    ],
    [
      'a key of Google without its version',
      { signer: { key: 'okta', google: { provider: PROVIDER } } },
      /must name a version/,
    ],
  ])('refuse %s', async (_name, identity, words) => {
    expect(await problemsOf(identity)).toMatch(words)
  })

  test('take a key of KMS', async () => {
    expect(await problemsOf({ signer: { key: KEY, aws: { role: ROLE } } })).toBe('accepted')
  })
})
