import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { generateKeyPairSync } from 'node:crypto'
import { apply, newCloud, openSession, type Cloud } from './support/aws/account.ts'
import { newIam } from './support/aws/iam.ts'
import { newSts } from './support/aws/sts.ts'
import { commandLine, type Ended } from './support/command-line.ts'
import { administratorOf, PERSONS_LOGIN } from './support/google/administrator.ts'
import { readGcloud, type Provider } from './support/google/gcloud.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { accountOf, type Asked } from './support/snowflake/administrator.ts'
import type { User } from './support/snowflake/identity.ts'
import { usersOf } from './support/snowflake/trust.ts'

const ACCOUNT = '123456789012'
const PROVIDER = 'projects/123456789012/locations/global/workloadIdentityPools/github/providers/dbt-prod'
const POLICY = `
repository: acme/dbt
repository-id: 7654321
repository-owner-id: 1234567
targets:
  snow:
    connection: { type: snowflake, account: acme-prod, user: DBT_SNOW, role: T, database: PROD, schema: DBT }
    audience: { use: "https://new.example", also: "https://old.example" }
  lake:
    connection: { type: postgres, host: db.c1.eu-west-1.rds.amazonaws.com, user: dbt, dbname: d, schema: s, port: 5432 }
    identity: { via: aws, role: "arn:aws:iam::${ACCOUNT}:role/dbt" }
  big:
    connection: { type: bigquery, project: acme-prod, dataset: analytics, location: EU }
    identity: { provider: ${PROVIDER}, service-account: dbt@acme-prod.iam.gserviceaccount.com }
grants:
  - { target: snow, when: { environment: production } }
  - { target: lake, when: { environment: production, ref: refs/heads/main } }
  - { target: big, when: { environment: production, ref: refs/heads/main } }
`
const files = { '.github/dbt-oidc.yml': POLICY }

let issuer: Issuer
/** What stands on each side: as the documents of the policy leave it, until a test changes it. */
let aws: Cloud
let google: Map<string, Provider>
let snowflake: readonly User[]
let asked: Asked
let env: Record<string, string>
let dismiss: () => void

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const KEY = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

async function documentsOf(target: string): Promise<readonly { language: string; text: string }[]> {
  const { stdout, stderr, code } = await commandLine(['trust', '--json', '--target', target], {
    files,
    env,
  })
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as readonly { language: string; text: string }[]
}

async function textOf(target: string, language: string, part: string): Promise<string> {
  const found = (await documentsOf(target)).find(
    (one) => one.language === language && one.text.includes(part),
  )
  return found?.text ?? ''
}

let texts: { readonly lake: string; readonly big: string; readonly snow: string }

beforeAll(async () => {
  issuer = await startIssuer()
  env = { GITHUB_SERVER_URL: issuer.serverUrl }
  const lake = await textOf('lake', 'sh', 'aws iam create-role')
  const big = await textOf('big', 'sh', 'providers create-oidc')
  const snow = await textOf('snow', 'sql', 'CREATE USER')
  texts = { lake, big, snow }
})
afterAll(() => issuer.close())

beforeEach(async () => {
  aws = newCloud()
  apply(aws, texts.lake, ACCOUNT)
  google = new Map(readGcloud(texts.big).providers)
  snowflake = usersOf(texts.snow)
  const look = { Effect: 'Allow' as const, Action: 'iam:GetRole', Resource: '*' }
  const auditor = {
    arn: `arn:aws:iam::${ACCOUNT}:role/auditor`,
    name: 'auditor',
    trust: { Version: '2012-10-17' as const, Statement: [] },
    maxDuration: 3600,
    policies: [{ Version: '2012-10-17' as const, Statement: [look] }],
    inline: new Map(),
    tags: new Map<string, string>(),
  }
  const session = openSession(aws, auditor, 'me', 3600, [])
  issuer.at('iam.amazonaws.com', newIam(aws))
  const host = 'sts.us-east-1.amazonaws.com'
  issuer.at(host, newSts({ cloud: aws, region: 'us-east-1', host }).handler)
  const administrator = await administratorOf(issuer, { providers: google })
  dismiss = () => {
    auditor.policies.length = 0
    administrator.dismiss()
    snowflake = []
  }
  const admin = { account: 'acme-prod', user: 'ADMIN', publicKey: pair.publicKey, token: 'pat-of-admin' }
  const account = accountOf(admin, () => snowflake)
  asked = account.asked
  issuer.at('acme-prod.snowflakecomputing.com', account.handler)
  env = {
    GITHUB_SERVER_URL: issuer.serverUrl,
    AWS_ACCESS_KEY_ID: session.accessKeyId,
    AWS_SECRET_ACCESS_KEY: session.secretAccessKey,
    AWS_SESSION_TOKEN: session.sessionToken,
    GOOGLE_APPLICATION_CREDENTIALS: 'google.json',
    SNOWFLAKE_USER: 'admin',
    SNOWFLAKE_PRIVATE_KEY_PATH: 'key.pem',
  }
  secrets = { 'google.json': administrator.credentials, 'key.pem': KEY }
})
let secrets: Record<string, string>

async function drift(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const ended = await commandLine(['drift', ...args], {
    files: { ...files, ...secrets },
    env: { ...env, ...more },
  })
  for (const secret of [
    env['AWS_SECRET_ACCESS_KEY'] ?? '',
    env['AWS_SESSION_TOKEN'] ?? '',
    'PRIVATE KEY',
    'ya29.',
    'pat-of-admin',
  ])
    expect(ended.stdout + ended.stderr).not.toContain(secret)
  return ended
}

describe('dbt-oidc drift that asks the platforms', () => {
  test('finds no difference where the documents of the policy stand, on any of them', async () => {
    expect(await drift([])).toEqual({
      code: 0,
      stdout: ['snow', 'lake', 'big'].map((name) => `${name}: stands as the policy has it.\n`).join('\n'),
      stderr: '',
    })
    expect(asked).toEqual({
      logins: ['SNOWFLAKE_JWT ok'],
      statements: ['SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER DBT_SNOW'],
    })
  })

  test('names the field that somebody has changed on each side', async () => {
    const [role] = aws.roles.values()
    const [statement] = role?.trust.Statement ?? []
    const equals = statement?.Condition?.['StringEquals']
    const audience = Object.keys(equals ?? {}).find((key) => key.endsWith(':aud')) ?? ''
    if (equals) delete equals[audience]
    snowflake = snowflake.map((user) => ({ ...user, audiences: ['https://old.example'] }))
    for (const [name, provider] of google) google.set(name, { ...provider, condition: 'true' })
    const ended = await drift(['--json'])
    expect(ended.code).toBe(1)
    const all = JSON.parse(ended.stdout) as readonly {
      target: string
      differences: readonly { field: string; severity: string; verdict: string }[]
    }[]
    const told = all.map(({ target, differences }) => [
      target,
      [...new Set(differences.map(({ field, severity, verdict }) => `${severity} ${field} ${verdict}`))],
    ])
    expect(Object.fromEntries(told)).toMatchObject({
      // A named identity has one audience, which is now another.
      snow: ['warning audience narrower', 'error audience different'],
      lake: ['error audience wider'],
      big: expect.arrayContaining([expect.stringMatching(/^error .* wider$/)]),
    })
  })

  test.each([
    ['lake', 'AWS role arn:aws:iam::123456789012:role/dbt', () => aws.roles.clear()],
    ['big', `Google Cloud provider ${PROVIDER}`, () => google.clear()],
  ])('says of %s that nothing is there', async (target, what, remove) => {
    remove()
    const ended = await drift(['--target', target, '--json'])
    expect(ended.code).toBe(1)
    expect(JSON.parse(ended.stdout)).toMatchObject([
      { differences: [{ what, verdict: 'missing', severity: 'warning' }] },
    ])
  })

  test('names each platform that refuses, and ends without an answer', async () => {
    dismiss()
    const ended = await drift(['--json'])
    expect(ended.code).toBe(3)
    const all = JSON.parse(ended.stdout) as readonly {
      findings: readonly { code: string; problem: string }[]
    }[]
    expect(all.map(({ findings }) => findings.map(({ code, problem }) => [code, problem]))).toEqual([
      [['not-compared', expect.stringContaining('does not exist or not authorized')]],
      [['not-compared', expect.stringContaining('AccessDenied')]],
      [['not-compared', expect.stringContaining('PERMISSION_DENIED')]],
    ])
  })

  test('hides behind one that refuses nothing of what differs elsewhere', async () => {
    snowflake = []
    aws.roles.clear()
    const ended = await drift([])
    expect(ended.code).toBe(1)
    expect(ended.stdout).toContain('snow: was not compared.\nerror not-compared  target snow')
    expect(ended.stdout).toContain('lake: 1 difference')
    expect(ended.stdout).toContain('big: stands as the policy has it.')
  })

  test('logs in to Snowflake with a programmatic access token where there is one', async () => {
    const ended = await drift(['--target', 'snow'], { SNOWFLAKE_TOKEN: 'pat-of-admin' })
    expect([ended.code, asked.logins]).toEqual([0, ['PROGRAMMATIC_ACCESS_TOKEN ok']])
  })

  test('takes the login to Google of a person as gcloud writes it, where home has it', async () => {
    secrets = { '.config/gcloud/application_default_credentials.json': PERSONS_LOGIN }
    const ended = await drift(['--target', 'big'], { GOOGLE_APPLICATION_CREDENTIALS: '' })
    expect(ended).toEqual({ code: 0, stdout: 'big: stands as the policy has it.\n', stderr: '' })
    secrets = { 'other.json': PERSONS_LOGIN.replace('1//refresh', '1//other') }
    const refused = await drift(['--target', 'big'], { GOOGLE_APPLICATION_CREDENTIALS: 'other.json' })
    expect([refused.code, refused.stdout]).toEqual([3, ''])
    expect(refused.stderr).toContain('Google does not take the login of this machine: invalid_grant.')
    expect(refused.stderr).not.toContain('1//other')
  })

  test('has a login refused that another key has signed', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    secrets['key.pem'] = other.export({ format: 'pem', type: 'pkcs8' }).toString()
    const ended = await drift(['--target', 'snow'])
    expect([ended.code, ended.stdout]).toEqual([3, ''])
    expect(ended.stderr).toContain('Snowflake does not tell the identities of the user DBT_SNOW: 390144')
    expect(asked.logins).toContain('SNOWFLAKE_JWT signature')
  })

  test.each([
    ['snow', { SNOWFLAKE_PRIVATE_KEY_PATH: '' }, 'There is no login with which Snowflake could be asked.'],
    ['snow', { SNOWFLAKE_PRIVATE_KEY_PATH: 'nowhere.pem' }, 'nowhere.pem'],
    ['snow', { SNOWFLAKE_PRIVATE_KEY_PATH: 'google.json' }, 'Snowflake does not tell'],
    ['lake', { AWS_SECRET_ACCESS_KEY: 'x'.repeat(40) }, 'SignatureDoesNotMatch'],
    ['lake', { AWS_ACCESS_KEY_ID: '' }, 'The SDK of AWS finds no login on this machine.'],
    [
      'big',
      { GOOGLE_APPLICATION_CREDENTIALS: '' },
      "Google's library finds no application default credentials",
    ],
    ['big', { GOOGLE_APPLICATION_CREDENTIALS: 'nowhere.json' }, 'cannot read a login from nowhere.json'],
    ['big', { GOOGLE_APPLICATION_CREDENTIALS: 'key.pem' }, 'cannot read a login from key.pem'],
  ])('says of %s what the login lacks', async (target, more, expected) => {
    const ended = await drift(['--target', target], more)
    expect([ended.code, ended.stdout]).toEqual([3, ''])
    expect(ended.stderr).toContain(expected)
  })

  test('asks no account of AWS for the role of another', async () => {
    const other = { ...secrets, '.github/dbt-oidc.yml': POLICY.replace(`:${ACCOUNT}:`, ':210987654321:') }
    const ended = await commandLine(['drift', '--target', 'lake'], { files: other, env })
    expect([ended.code, ended.stdout]).toEqual([3, ''])
    expect(ended.stderr).toContain(
      `is of the account ${ACCOUNT}, and arn:aws:iam::210987654321:role/dbt is another's`,
    )
  })

  test('says of a warehouse that cannot be asked what to give instead', async () => {
    const connection =
      '{ type: databricks, host: adb-1.2.azuredatabricks.net, http_path: /sql/1.0/warehouses/a, schema: s, client_id: 11111111-2222-3333-4444-555555555555 }'
    const policy = `repository: acme/dbt\ntargets: { dbx: { connection: ${connection} } }\ngrants: [{ target: dbx, when: { environment: p } }]\n`
    const ended = await commandLine(['drift'], { files: { '.github/dbt-oidc.yml': policy }, env })
    expect(ended.code).toBe(3)
    expect(ended.stderr).toContain('databricks account service-principal-federation-policy list')
  })
})
