import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKeycloak, type Keycloak } from '../../scripts/servers/keycloak.ts'
import { startTrino, type Trino } from '../../scripts/servers/trino.ts'
import { trustDocuments } from '../../src/trust/request.ts'
import { selfSigned } from '../support/certificate.ts'
import { configOf } from '../support/config-of.ts'
import { startIssuer, type Issuer } from '../support/issuer.ts'
import { claimsOf } from '../support/jwt.ts'
import { logOf, remainsOf } from '../support/process.ts'
import { buildOn, filesOf, trinoInputs } from './trino-job.ts'

const POLICY_IDS = '{ repository_id: 456, repository_owner_id: 123 }'

let directory: string
let issuer: Issuer
let keycloak: Keycloak
let trino: Trino
let realm: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'trino-keycloak-'))
  issuer = await startIssuer({ claims: { environment: 'production' }, subForm: 'id' })
  const tls = selfSigned(['localhost', '127.0.0.1'])
  writeFileSync(join(directory, 'ca.pem'), tls.cert)
  mkdirSync(join(directory, 'keycloak'))
  keycloak = await startKeycloak(join(directory, 'keycloak'))
  await keycloak.admin('POST', '', {
    realm: 'dbt',
    enabled: true,
    sslRequired: 'none',
    accessTokenLifespan: 600,
  })
  realm = `${keycloak.url}/realms/dbt`

  const config = await configOf({ serverUrl: issuer.serverUrl, inputs: inputs(443) })
  const [target] = config.targets.values()
  if (!target) throw new Error('no target')
  const [, partialImport, properties, users, rules] = await trustDocuments(config, target)
  await keycloak.admin('POST', '/dbt/partialImport', partialImport?.text ?? '')
  // What our document leaves to be filled in, because only the provider knows it.
  const authentication = (properties?.text ?? '')
    .replace('KEYS-OF-THE-PROVIDER', `${realm}/protocol/openid-connect/certs`)
    .replace('ISSUER-OF-THE-PROVIDER', realm)
    .replace('AUDIENCE-OF-ITS-ACCESS-TOKENS', 'https://localhost')
  trino = await startTrino({ directory, tls, authentication, files: filesOf(directory, users, rules) })
}, 900_000)

afterAll(async () => {
  await trino?.[Symbol.asyncDispose]()
  await keycloak?.[Symbol.asyncDispose]()
  await issuer?.close()
  rmSync(directory, { recursive: true, force: true })
}, 60_000)

test('a build on Trino with a token of Keycloak, bought with the token of GitHub, longer-lived than that, and revoked', async () => {
  await using step = await buildOn(issuer, inputs(trino.port))
  expect(logOf(step)).toContain('PASS=16 WARN=0 ERROR=0')
  expect([step.exitCode, remainsOf(step)]).toEqual([0, []])
  const end = Date.parse(step.outputs.get('expires-at') ?? '') / 1000
  expect(end).toBeGreaterThan(Number(claimsOf(issuer.minted[0] ?? '').exp))
  expect(logOf(step)).not.toContain('could not be revoked')
}, 300_000)

test('a token of Keycloak for another client is refused by Trino', async () => {
  await keycloak.admin('POST', '/dbt/partialImport', {
    ifResourceExists: 'FAIL',
    clients: [
      {
        clientId: 'other',
        enabled: true,
        publicClient: false,
        serviceAccountsEnabled: true,
        clientAuthenticatorType: 'federated-jwt',
        attributes: {
          'jwt.credential.issuer': 'github-actions',
          'jwt.credential.sub': 'repo:o@123/r@456:environment:staging',
        },
        protocolMappers: [
          {
            name: 'warehouse',
            protocol: 'openid-connect',
            protocolMapper: 'oidc-audience-mapper',
            config: { 'included.custom.audience': 'https://localhost', 'access.token.claim': 'true' },
          },
        ],
      },
    ],
    users: [{ username: 'service-account-other', enabled: true, serviceAccountClientId: 'other' }],
  })
  issuer.claims({ environment: 'staging' })
  await using step = await buildOn(issuer, inputs(trino.port, 'other', 'staging'))
  expect([step.exitCode, remainsOf(step)]).toEqual([1, []])
  expect(logOf(step)).toContain('No user mapping patterns match the principal')
}, 300_000)

function inputs(port: number, client = 'dbt-prod', environment = 'production'): Record<string, string> {
  const identity = {
    via: 'oauth',
    'token-url': `${realm}/protocol/openid-connect/token`,
    grant: 'client-credentials',
    'client-id': client,
    'revocation-url': `${realm}/protocol/openid-connect/revoke`,
  }
  return {
    ...trinoInputs(port, join(directory, 'ca.pem')),
    environment,
    claims: POLICY_IDS,
    identity: JSON.stringify(identity),
  }
}
