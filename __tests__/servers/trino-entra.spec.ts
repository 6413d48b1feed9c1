import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTrino, type Trino } from '../../scripts/servers/trino.ts'
import { rewrite } from '../../src/rehearsal.ts'
import { trustDocuments } from '../../src/trust/request.ts'
import { selfSigned, type Certificate } from '../support/certificate.ts'
import { configOf } from '../support/config-of.ts'
import { playEntra, type Entra } from '../support/entra-server.ts'
import type { Resource } from '../support/entra-tokens.ts'
import { startIssuer, type Issuer } from '../support/issuer.ts'
import { newKey, type SigningKey } from '../support/jwt.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { credentialsIn } from '../support/models/entra.ts'
import { logOf, remainsOf } from '../support/process.ts'
import { asking, buildOn, filesOf, trinoInputs } from './trino-job.ts'

// A real Trino that verifies the access tokens of Entra by the keys of the tenant, as our own documents set it up.

const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const APP = '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10'
const OTHER_APP = '11111111-2222-4333-8444-555555555555'
const TRINO: Resource = {
  uri: 'api://trino-prod',
  clientId: '0f0e0d0c-0b0a-4908-8706-050403020100',
  version: 2,
}
const IDS = '{ repository_id: 456, repository_owner_id: 123 }'

let directory: string
let issuer: Issuer
let key: SigningKey
let tls: Certificate
let trino: Trino
let credentials: string
let entra: Entra

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'trino-entra-'))
  issuer = await startIssuer({ claims: { environment: 'production' } })
  key = await newKey()
  tls = selfSigned(['localhost', '127.0.0.1'])
  writeFileSync(join(directory, 'ca.pem'), tls.cert)
  const [commands = '', properties = '', ...files] = await documents(inputs(443))
  credentials = commands
  play()
  const [users, rules] = files
  const keys = `https://login.microsoftonline.com/${TENANT}/discovery/v2.0/keys`
  if (!properties.includes(`=${keys}\n`)) throw new Error('our document names no keys of the tenant')
  // What our document leaves to be filled in, and where the tenant's keys are on this machine.
  const authentication = properties
    .replace('CLIENT-ID-OF-THE-RESOURCE-APP', TRINO.clientId)
    .replace(keys, rewrite({ server: issuer.serverUrl }, keys))
  trino = await startTrino({
    directory,
    tls,
    authentication,
    files: filesOf(directory, { text: users ?? '' }, { text: rules ?? '' }),
  })
}, 600_000)

afterAll(async () => {
  await trino?.[Symbol.asyncDispose]()
  await issuer?.close()
  rmSync(directory, { recursive: true, force: true })
}, 60_000)

test('a build on Trino with a token that Entra has given for that of GitHub', async () => {
  play()
  await using step = await buildOn(issuer, { ...inputs(trino.port), preflight: 'true' })
  expect(logOf(step)).toMatch(/preflight: .*\n.*✓ user +dbt-o-r-prod-[0-9a-f]{12}\n/)
  expect(logOf(step)).toContain('PASS=16 WARN=0 ERROR=0')
  expect([step.exitCode, remainsOf(step)]).toEqual([0, []])
  const secrets = { token: issuer.minted.at(-1) ?? '', access: entra.issued.at(-1) ?? '' }
  expect(scanForLeaks(secrets, placesOf([step]))).toEqual([])
}, 300_000)

test('a credential for another environment gives no token, and dbt is not started', async () => {
  const [other = ''] = await documents({ ...inputs(443), environment: 'staging' })
  play(other)
  await using step = await buildOn(issuer, inputs(trino.port))
  expect([step.exitCode, remainsOf(step), entra.issued]).toEqual([1, [], []])
  expect(logOf(step)).toContain('AADSTS700213')
}, 120_000)

test.each<[string, string, Partial<Resource>, RegExp]>([
  ['of another app', OTHER_APP, {}, /No user mapping patterns match the principal/],
  ['for another resource', APP, { clientId: OTHER_APP }, /Invalid Audience/],
  [
    'of version 1.0',
    APP,
    { version: 1 },
    /Expected iss claim to be: \S+v2\.0, but was: https:\/\/sts\.windows\.net/,
  ],
])(
  'a token %s is refused by Trino',
  async (_what, app, resource, said) => {
    play(credentials.replaceAll(APP, app), { ...TRINO, ...resource })
    await using step = await buildOn(issuer, inputs(trino.port, app))
    expect([step.exitCode, remainsOf(step), entra.issued.length > 0]).toEqual([1, [], true])
    const { status, body } = await asking(trino.port, tls).statement(entra.issued.at(-1) ?? '', 'select 1')
    expect([status, body]).toEqual([401, expect.stringMatching(said)])
    expect(logOf(step)).toMatch(said)
  },
  120_000,
)

/** Entra with our app, and with the resource app that the tokens are for. */
function play(text = credentials, resource = TRINO): void {
  entra = playEntra(issuer, { tenant: TENANT, credentials: credentialsIn(text), resources: [resource], key })
}

async function documents(given: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const config = await configOf({ serverUrl: issuer.serverUrl, inputs: given })
  const all = await Promise.all([...config.targets.values()].map((one) => trustDocuments(config, one)))
  return all.flat().map(({ text }) => text)
}

function inputs(port: number, app = APP): Record<string, string> {
  const identity = { via: 'entra', tenant: TENANT, 'client-id': app, scope: `${TRINO.uri}/.default` }
  return {
    ...trinoInputs(port, join(directory, 'ca.pem')),
    claims: IDS,
    identity: JSON.stringify(identity),
  }
}
