import { KMSClient, SignCommand } from '@aws-sdk/client-kms'
import { CreateTokenWithIAMCommand, SSOOIDCClient } from '@aws-sdk/client-sso-oidc'
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts'
import type { FinalizeHandler } from '@smithy/types'
import { Signer } from '@aws-sdk/rds-signer'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { callerIdentity } from '../src/exchanges/aws/caller.ts'
import { assumeRole } from '../src/exchanges/aws/assume.ts'
import { placeOf } from '../src/exchanges/aws/place.ts'
import awsExchange from '../src/exchanges/aws.ts'
import { settings as parser, type Settings } from '../src/exchanges/aws/settings.ts'
import { identityContext } from '../src/exchanges/aws-identity-center/token.ts'
import { signAt } from '../src/exchanges/okta/signers/aws-kms.ts'
import type { Http } from '../src/http.ts'
import { smithyOver } from '../src/http/smithy.ts'
import { canned, ioOver, type Asked } from './support/canned.ts'
import { claimsOf } from './support/claims-of.ts'

const NOW = new Date('2026-11-30T12:00:00.123Z')
const TOKEN = 'eyJ.e+/=&%.sig'
const ROLE = 'arn:aws:iam::123456789012:role/dbt-prod'
const FAR = 'arn:aws:iam::210987654321:role/teams/data+eng/ware=house,x.y@z'
const POLICY = '{\n  "Statement": [{ "Resource": "arn:aws:s3:::a/*?(é)\'~!", "Sid": "50% & more" }]\n}'
const ARNS = ['arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess', 'arn:aws:iam::123456789012:policy/a/b+c=d']
const KEYS = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'wJalr/XUtn+FEMI=K7',
  sessionToken: 'IQoJ//+b3Jp==',
  expiresAt: new Date('2026-11-30T13:00:00Z'),
}

// Both sign by one clock.
beforeAll(
  () =>
    void jest.useFakeTimers({
      now: NOW,
      doNotFake: [
        'nextTick',
        'queueMicrotask',
        'setImmediate',
        'setTimeout',
        'clearTimeout',
        'setInterval',
        'performance',
      ],
    }),
)
afterAll(() => void jest.useRealTimers())

/** What AWS answers to each call. */
function answers(): ReturnType<typeof canned> {
  return canned((_url, body) => {
    const form = new URLSearchParams(body)
    const action = form.get('Action') ?? ''
    const [, , , , account, role = ''] = (form.get('RoleArn') ?? '').split(':')
    const user = `arn:aws${body.includes('aws-cn') ? '-cn' : ''}:sts::${account}:assumed-role/${role.split('/').at(-1)}/s`
    return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>${
      action === 'GetCallerIdentity'
        ? '<Arn>arn:aws:sts::123456789012:assumed-role/dbt-prod/s</Arn><UserId>U</UserId><Account>123456789012</Account>'
        : `<Credentials><AccessKeyId>${KEYS.accessKeyId}</AccessKeyId><SecretAccessKey>${KEYS.secretAccessKey}</SecretAccessKey><SessionToken>${KEYS.sessionToken}</SessionToken><Expiration>2026-11-30T13:00:00Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>${user}</Arn></AssumedRoleUser>`
    }</${action}Result></${action}Response>`
  }, 'text/xml')
}

/** Takes out what names the SDK and counts its tries. */
function anonymous<I extends object, O extends object>(next: FinalizeHandler<I, O>): FinalizeHandler<I, O> {
  return async (args) => {
    const { headers } = args.request as { readonly headers: Record<string, string> }
    for (const name of Object.keys(headers))
      if (/^amz-sdk-|^x-amz-user-agent$/i.test(name)) delete headers[name]
    return next(args)
  }
}

const BEFORE_SIGNING = {
  relation: 'before',
  toMiddleware: 'httpSigningMiddleware',
  name: 'anonymous',
} as const

/** What a client of AWS's SDKs is given: our way out, one try, and the keys of a session. */
function clientOf(http: Http, host: string, region = 'eu-west-1') {
  return {
    region,
    endpoint: `https://${host}`,
    requestHandler: smithyOver(ioOver(http, NOW)),
    maxAttempts: 1,
    credentials: { ...KEYS },
  }
}

/** AWS's own client; what names it and its tries is taken out before it signs. */
function sdk(region: string, host: string, signs = true) {
  const seen = answers()
  const client = new STSClient({
    ...clientOf(seen.http, host, region),
    ...(!signs && { credentials: async () => Promise.reject(new Error('unsigned')) }),
  })
  client.middlewareStack.addRelativeTo(anonymous, BEFORE_SIGNING)
  return { seen, client }
}

/** Everything but the name of the client, which no signature holds. */
function wireOf({ method, url, headers, body }: Asked) {
  const { 'user-agent': _name, ...rest } = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
  return { method, url, headers: rest, body }
}

/** The calls by which the SDK does what a policy says. */
async function theirs(s: Settings): Promise<readonly Asked[]> {
  const { region, host } = placeOf(s, {})
  const chain = s.chain ?? []
  const policies = {
    ...(s['session-policies'] && { PolicyArns: s['session-policies'].map((arn) => ({ arn })) }),
    ...(s['session-policy'] !== undefined && { Policy: s['session-policy'] }),
  }
  const first = sdk(region, host, false)
  await first.client.send(
    new AssumeRoleWithWebIdentityCommand({
      RoleArn: s.role,
      RoleSessionName: 'dbt-456-900001-1',
      WebIdentityToken: TOKEN,
      DurationSeconds: s.duration ?? (chain.length > 0 ? 900 : 3600),
      ...(chain.length === 0 && policies),
    }),
  )
  const { seen, client } = sdk(region, host)
  for (const [index, link] of chain.entries())
    await client.send(
      new AssumeRoleCommand({
        RoleArn: link.role,
        RoleSessionName: 'dbt-456-900001-1',
        DurationSeconds: link.duration ?? 3600,
        ...(link['external-id'] !== undefined && { ExternalId: link['external-id'] }),
        ...(link['session-tags'] && {
          Tags: link['session-tags'].map((Key) => ({ Key, Value: CLAIMS.all.get(Key) })),
        }),
        ...(index === chain.length - 1 && policies),
      }),
    )
  return [...first.seen.requests, ...seen.requests]
}

const CLAIMS = claimsOf({ actor: 'Zoë O=Neil+1@x:y/z_-.', repository: 'o/r' })

const mint = async () => ({ text: TOKEN, claims: CLAIMS, sha256: '' })

async function ours(s: Settings): Promise<readonly Asked[]> {
  const seen = answers()
  const credential = await awsExchange.bind(s).trade({ kind: 'aws' }, mint, ioOver(seen.http, NOW))
  expect(credential).toEqual({ kind: 'aws', ...KEYS, region: s.region })
  return seen.requests
}

const TABLE: readonly (readonly [string, object])[] = [
  ['a role', {}],
  ['a role with a path and odd characters', { role: FAR }],
  ['a duration', { duration: 43_200 }],
  ['a session policy with odd characters', { 'session-policy': POLICY }],
  ['managed policies', { 'session-policies': ARNS }],
  ['both policies', { 'session-policies': ARNS, 'session-policy': POLICY, duration: 900 }],
  ['a region of another continent', { region: 'ap-southeast-2' }],
  ['China', { region: 'cn-north-1', role: 'arn:aws-cn:iam::123456789012:role/dbt' }],
  ['a chain', { chain: [{ role: FAR }] }],
  ['a chain with a duration of its own', { duration: 3600, chain: [{ role: FAR, duration: 1800 }] }],
  ['an external id', { chain: [{ role: FAR, 'external-id': 'a+=,.@:/-b' }] }],
  ['session tags', { chain: [{ role: FAR, 'session-tags': ['repository', 'actor', 'sub'] }] }],
  [
    'a chain of two with all of it',
    {
      'session-policies': ARNS,
      'session-policy': POLICY,
      chain: [
        { role: FAR, 'external-id': 'acme', 'session-tags': ['ref'] },
        { role: ROLE, 'external-id': 'b:c', 'session-tags': ['actor', 'run_id'], duration: 900 },
      ],
    },
  ],
]

describe('a trade at AWS sends what AWS’s own SDK sends, signature included, for', () => {
  test.each(TABLE)('%s', async (_name, more) => {
    const s = parser.parse({ role: ROLE, region: 'eu-west-1', ...more })
    const sent = await ours(s)
    expect(sent.map(wireOf)).toEqual((await theirs(s)).map(wireOf))
    expect(sent.map(({ headers }) => 'authorization' in headers)).toEqual([
      false,
      ...(s.chain ?? []).map(() => true),
    ])
  })

  test('the user of Identity Center in a session', async () => {
    const input = {
      RoleArn: FAR,
      RoleSessionName: 'dbt-456-900001-1',
      DurationSeconds: 3600,
      ProvidedContexts: [
        { ProviderArn: 'arn:aws:iam::aws:contextProvider/IdentityCenter', ContextAssertion: 'a b+c/é=' },
      ],
    }
    const place = placeOf({ role: ROLE }, { region: 'eu-west-1' })
    const seen = answers()
    await assumeRole(input, place, KEYS, ioOver(seen.http, NOW))
    const other = sdk(place.region, place.host)
    await other.client.send(new AssumeRoleCommand(input))
    expect(seen.requests.map(wireOf)).toEqual(other.seen.requests.map(wireOf))
  })

  test('the assertion of Identity Center', async () => {
    const answer = JSON.stringify({ awsAdditionalDetails: { identityContext: 'ctx' } })
    const [mine, other] = [canned(() => answer), canned(() => answer)]
    const place = placeOf({ role: ROLE }, { region: 'eu-west-1' })
    const application = 'arn:aws:sso::123456789012:application/ssoins-1/apl-1'
    const context = await identityContext({ application, token: TOKEN, place }, KEYS, ioOver(mine.http, NOW))
    const client = new SSOOIDCClient(clientOf(other.http, 'oidc.eu-west-1.amazonaws.com'))
    client.middlewareStack.addRelativeTo(anonymous, BEFORE_SIGNING)
    const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
    await client.send(new CreateTokenWithIAMCommand({ clientId: application, grantType, assertion: TOKEN }))
    expect(mine.requests.map(wireOf)).toEqual(other.requests.map(wireOf))
    expect(context).toBe('ctx')
  })

  test('a signature of KMS', async () => {
    const answer = JSON.stringify({ Signature: Buffer.from('signed').toString('base64') })
    const [mine, other] = [canned(() => answer), canned(() => answer)]
    const [host, region] = ['kms.eu-west-1.amazonaws.com', 'eu-west-1']
    const key = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab'
    const signature = await signAt({ host, region }, key, 'a.b/é', KEYS, ioOver(mine.http, NOW))
    const client = new KMSClient(clientOf(other.http, host))
    client.middlewareStack.addRelativeTo(anonymous, BEFORE_SIGNING)
    await client.send(
      new SignCommand({
        KeyId: key,
        Message: Buffer.from('a.b/é'),
        MessageType: 'RAW',
        SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
      }),
    )
    expect(mine.requests.map(wireOf)).toEqual(other.requests.map(wireOf))
    expect(signature.toString()).toBe('signed')
  })

  test('the question who we are', async () => {
    const seen = answers()
    const found = await callerIdentity(
      { kind: 'aws', ...KEYS, region: 'us-east-1' },
      ROLE,
      ioOver(seen.http, NOW),
    )
    const other = sdk('us-east-1', 'sts.us-east-1.amazonaws.com')
    await other.client.send(new GetCallerIdentityCommand({}))
    expect(seen.requests.map(wireOf)).toEqual(other.seen.requests.map(wireOf))
    expect(found.map(({ actual }) => actual)).toEqual(['123456789012', 'dbt-prod'])
  })
})

/** A password as the request that it is. */
function fields(text: string) {
  const { host, pathname, searchParams } = new URL(`https://${text}`)
  return { host, pathname, fields: Object.fromEntries(searchParams) }
}

test.each(['dbt_prod', "o'neil (ops) ~*!", 'zoë+1@acme.example', 'a b&c=d/e?f#g%20'])(
  'the password for RDS of %j is the one that AWS’s SDK signs',
  async (user) => {
    const want = { kind: 'password', host: 'db.c1.eu-west-1.rds.amazonaws.com', port: 5432, user } as const
    const trade = awsExchange
      .bind({ role: ROLE, region: 'eu-west-1' })
      .trade(want, mint, ioOver(answers().http, NOW))
    const signer = new Signer({
      hostname: want.host,
      port: want.port,
      username: user,
      region: 'eu-west-1',
      credentials: { ...KEYS },
    })
    const credential = await trade
    if (credential.kind !== 'password') throw new Error(credential.kind)
    expect(fields(credential.password)).toEqual(fields(await signer.getAuthToken()))
    expect(credential.expiresAt).toEqual(new Date(NOW.getTime() + 15 * 60_000))
  },
)
