import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DbtOidcError } from '../src/errors.ts'
import awsExchange from '../src/exchanges/aws.ts'
import { claimsOf } from './support/claims-of.ts'
import {
  ACCOUNT,
  AUDIENCE,
  GITHUB,
  openBench,
  PINNED,
  REGION,
  ROLE,
  tokenOf,
  type Asked,
  type Bench,
} from './support/aws/bench.ts'

const SETTINGS = { role: ROLE, region: REGION }
const MAIN = { ...PINNED, ref: 'refs/heads/main' }

let bench: Bench
beforeEach(async () => {
  bench = await openBench()
})
afterEach(async () => {
  await bench[Symbol.asyncDispose]()
})

async function refusedBy(settings: Record<string, unknown>, asked: Asked = {}): Promise<DbtOidcError> {
  const outcome: unknown = await bench.trade(settings, {}, asked).catch((error: unknown) => error)
  if (outcome instanceof DbtOidcError) return outcome
  throw new Error('The trade was not refused.', { cause: outcome })
}

describe('a token that the trust names', () => {
  test('is traded for keys of the role, in a session that names repository, run and attempt', async () => {
    await bench.trust(SETTINGS, [MAIN])
    const credential = await bench.trade(SETTINGS)
    const [call, ...others] = bench.sts.calls
    expect(others).toEqual([])
    expect(Object.fromEntries(call?.form ?? [])).toEqual({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: ROLE,
      RoleSessionName: 'dbt-456-900001-1',
      WebIdentityToken: bench.tokens[0]?.text,
      DurationSeconds: '3600',
    })
    const [session] = bench.cloud.sessions.values()
    expect(credential).toEqual({
      kind: 'aws',
      accessKeyId: session?.accessKeyId,
      secretAccessKey: session?.secretAccessKey,
      sessionToken: session?.sessionToken,
      region: REGION,
      expiresAt: new Date(session?.expiresAt ?? 0),
    })
  })

  test('may have either form of the subject', async () => {
    await bench.trust(SETTINGS, [MAIN])
    bench.issuer.claims({}, { subForm: 'id' })
    await bench.trade(SETTINGS)
    expect(bench.tokens[0]?.claims.sub).toBe('repo:o@123/r@456:ref:refs/heads/main')
  })

  test('fits a pattern for refs, and one of several grants', async () => {
    await bench.trust(SETTINGS, [
      { ...PINNED, environment: 'production' },
      { ...PINNED, ref: 'refs/heads/release/**' },
    ])
    await bench.trade(SETTINGS, {}, { claims: { ref: 'refs/heads/release/2026/11' } })
    await bench.trade(SETTINGS, {}, { claims: { environment: 'production' } })
    expect((await refusedBy(SETTINGS)).code).toBe('exchange')
  })
})

describe('a trust that is broken', () => {
  const denied =
    'AWS refused dbt-prod with AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity'
  test.each([
    ['subject', { environment: 'staging', ref: 'refs/heads/dev' }, 'sub repo:o/r:environment:staging'],
    ['branch', { ref: 'refs/heads/dev' }, 'ref refs/heads/dev'],
    ['branch that only begins so', { ref: 'refs/heads/main2' }, 'ref refs/heads/main2'],
    ['repository of the same name', { repository_id: '457' }, 'repository_id 457'],
  ])('by the %s is told with what the token says', async (_name, claims, fact) => {
    await bench.trust(SETTINGS, [MAIN])
    const error = await refusedBy(SETTINGS, { claims })
    expect([error.code, error.problem]).toEqual(['exchange', denied])
    expect(bench.sts.calls.map(({ detail }) => detail)).toEqual(['the trust policy'])
    const told = awsExchange.bind(SETTINGS).diagnose(error.problem, claimsOf(claims))
    expect(told?.problem).toContain(`there is no such role, or its trust policy does not fit`)
    expect(told?.remedy).toContain(fact)
  })

  test('by a role that does not exist reads the same, as AWS has it', async () => {
    await bench.trust(SETTINGS, [MAIN])
    const error = await refusedBy({ ...SETTINGS, role: `${ROLE}-2` })
    expect(error.problem).toContain('AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity')
    expect(bench.sts.calls.map(({ detail }) => detail)).toEqual(['no such role'])
  })

  test('by an account that knows no such issuer names both', async () => {
    await bench.trust(SETTINGS, [MAIN])
    const settings = { ...SETTINGS, role: 'arn:aws:iam::210987654321:role/dbt-prod' }
    const error = await refusedBy(settings)
    expect(error.problem).toContain(`No OpenIDConnect provider found in your account for ${GITHUB}`)
    expect(awsExchange.bind(settings).diagnose(error.problem, claimsOf())).toEqual({
      problem: `The account 210987654321 does not know the issuer ${GITHUB}.`,
      remedy: expect.stringContaining('aws iam create-open-id-connect-provider'),
    })
  })

  test('by an issuer that is another', async () => {
    await bench.trust(SETTINGS, [MAIN])
    const error = await refusedBy(SETTINGS, { claims: { iss: 'https://token.example' } })
    expect(error.problem).toContain(
      'No OpenIDConnect provider found in your account for https://token.example',
    )
  })

  test('by the audience', async () => {
    await bench.trust(SETTINGS, [MAIN])
    const error = await refusedBy(SETTINGS, { audience: 'https://github.com/o' })
    expect(error.problem).toContain('InvalidIdentityTokenException: Incorrect token audience')
    expect(awsExchange.bind(SETTINGS).diagnose(error.problem, claimsOf())?.problem).toBe(
      'The identity provider in AWS does not list the audience of the token.',
    )
  })

  test('by tokens that are expired: each try takes a fresh one', async () => {
    await bench.trust(SETTINGS, [MAIN])
    const error = await refusedBy(SETTINGS, { claims: { exp: Math.floor(Date.now() / 1000) - 5 } })
    expect(error.problem).toContain('ExpiredTokenException: Token expired')
    expect(new Set(bench.tokens.map(({ claims }) => claims.jti)).size).toBe(4)
  })

  test('by a foreign signature', async () => {
    await bench.trust(SETTINGS, [MAIN])
    const token = tokenOf(bench.issuer.mint(AUDIENCE))
    await bench.issuer.rotate()
    const error = await refusedBy(SETTINGS, { mint: async () => token })
    expect(error.problem).toContain('InvalidIdentityToken')
  })

  test('by a duration that the role does not allow', async () => {
    await bench.trust(SETTINGS, [MAIN])
    const settings = { ...SETTINGS, duration: 7200 }
    const error = await refusedBy(settings)
    expect(awsExchange.bind(settings).diagnose(error.problem, claimsOf())?.remedy).toContain(
      'aws iam update-role --role-name dbt-prod --max-session-duration 7200',
    )
  })
})

describe('an answer that is none', () => {
  test.each([
    ['IDPCommunicationError', 400, 'for a while'],
    ['InternalFailure', 500, 'for a while'],
    ['Throttling', 400, 'for a while'],
    ['InvalidIdentityToken', 400, 'Couldn&#39;t retrieve verification key from your identity provider'],
  ])('%s is tried again with a fresh token', async (code, status, message) => {
    await bench.trust(SETTINGS, [MAIN])
    let left = 1
    bench.issuer.at('sts.eu-west-1.amazonaws.com', (req, res, path) => {
      if (left-- <= 0) return bench.sts.handler(req, res, path)
      const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`
      return res
        .writeHead(status, { 'content-type': 'text/xml' })
        .end(`<ErrorResponse>${error}</ErrorResponse>`)
    })
    await bench.trade(SETTINGS)
    expect(new Set(bench.tokens.map(({ claims }) => claims.jti)).size).toBe(2)
  })

  test('a session of another account is not used', async () => {
    await bench.trust(SETTINGS, [MAIN])
    for (const role of bench.cloud.roles.values())
      bench.cloud.roles.set(ROLE, { ...role, arn: `arn:aws:iam::999999999999:role/dbt-prod` })
    const error = await refusedBy(SETTINGS)
    expect(error.problem).toBe(
      `AWS answered with a session of arn:aws:sts::999999999999:assumed-role/dbt-prod/dbt-456-900001-1, but ${ROLE} was asked for.`,
    )
  })
})

describe('a chain', () => {
  const chained = {
    ...SETTINGS,
    chain: [
      {
        role: `arn:aws:iam::${ACCOUNT}:role/teams/data/warehouse`,
        'external-id': 'acme',
        'session-tags': ['repository', 'run_id'],
      },
    ],
    'session-policy': '{"Version":"2012-10-17","Statement":[]}',
  }

  test('ends with keys of its last role, whose session carries tags and policy; the keys between are masked', async () => {
    await bench.trust(chained, [MAIN])
    const credential = await bench.trade(chained)
    const [, call] = bench.sts.calls
    expect(Object.fromEntries(call?.form ?? [])).toMatchObject({
      Action: 'AssumeRole',
      RoleSessionName: 'dbt-456-900001-1',
      ExternalId: 'acme',
      DurationSeconds: '3600',
      Policy: chained['session-policy'],
      'Tags.member.1.Key': 'repository',
      'Tags.member.1.Value': 'o/r',
      'Tags.member.2.Key': 'run_id',
      'Tags.member.2.Value': '900001',
    })
    expect(bench.sts.calls[0]?.form.has('Policy')).toBe(false)
    const [between, last] = bench.cloud.sessions.values()
    expect(credential).toMatchObject({ accessKeyId: last?.accessKeyId })
    expect(bench.masked).toEqual([between?.secretAccessKey, between?.sessionToken])
    expect(awsExchange.bind(chained).identity({}, claimsOf())).toBe(chained.chain[0]?.role)
  })

  test('breaks with the reason where a role does not let the next one in', async () => {
    await bench.trust(chained, [MAIN])
    const wrong = { ...chained, chain: chained.chain.map((link) => ({ ...link, 'external-id': 'other' })) }
    const error = await refusedBy(wrong)
    expect(error.problem).toContain('is not authorized to perform: sts:AssumeRole on resource')
    expect(awsExchange.bind(wrong).diagnose(error.problem, claimsOf())?.problem).toContain(
      'may not assume the next',
    )
  })

  test('is not asked again with keys that have ended, which are the same at each try', async () => {
    await bench.trust(chained, [MAIN])
    const { sessions } = bench.cloud
    sessions.set = (id, session) => Map.prototype.set.call(sessions, id, { ...session, expiresAt: 0 })
    const error = await refusedBy(chained)
    expect(bench.sts.calls.map(({ action }) => action)).toEqual(['AssumeRoleWithWebIdentity', 'AssumeRole'])
    expect(awsExchange.bind(chained).diagnose(error.problem, claimsOf())?.problem).toContain('past their end')
  })

  test('refuses a claim that cannot be a tag', async () => {
    await bench.trust(chained, [MAIN])
    const tagged = {
      ...chained,
      chain: chained.chain.map((link) => ({ ...link, 'session-tags': ['actor'] })),
    }
    const error = await refusedBy(tagged, { claims: { actor: 'dependabot[bot]' } })
    expect([error.code, error.problem]).toEqual(['configuration', expect.stringContaining('actor')])
  })
})

describe('the environment of a workflow', () => {
  const variables = {
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:9',
    AWS_REGION: 'us-east-1',
    AWS_USE_FIPS_ENDPOINT: 'true',
    AWS_ACCESS_KEY_ID: 'AKIA',
    AWS_SECRET_ACCESS_KEY: 'mine',
    AWS_PROFILE: 'elsewhere',
  }
  const before = { ...process.env }
  afterEach(() => {
    process.env = { ...before }
  })

  test('leads no token elsewhere and signs nothing with other keys', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'aws-'))
    const config = join(directory, 'config')
    const services = '[services there]\nsts =\n  endpoint_url = http://127.0.0.1:9\n'
    writeFileSync(
      config,
      `[profile elsewhere]\nendpoint_url = http://127.0.0.1:9\nservices = there\n${services}`,
    )
    Object.assign(process.env, { ...variables, AWS_CONFIG_FILE: config })
    const settings = { ...SETTINGS, chain: [{ role: `arn:aws:iam::${ACCOUNT}:role/warehouse` }] }
    await bench.trust(settings, [MAIN])
    await bench.trade(settings)
    expect(bench.sts.calls.map(({ action, outcome, headers }) => [action, outcome, headers.host])).toEqual([
      ['AssumeRoleWithWebIdentity', 'ok', 'sts.eu-west-1.amazonaws.com'],
      ['AssumeRole', 'ok', 'sts.eu-west-1.amazonaws.com'],
    ])
    rmSync(directory, { recursive: true })
  })
})

function problems(more: Record<string, unknown>): string[] {
  const result = awsExchange.settings.safeParse({ ...SETTINGS, ...more })
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
}

describe('settings', () => {
  test.each([
    [
      'a role of another partition',
      { role: 'arn:aws-cn:iam::123456789012:role/dbt' },
      'belongs to the partition aws, but the role to aws-cn',
    ],
    [
      'a session for a role',
      { role: 'arn:aws:sts::123456789012:assumed-role/dbt/x' },
      'is the ARN of a session and not of a role',
    ],
    [
      'an account id that is too short',
      { role: 'arn:aws:iam::12345678901:role/dbt' },
      'has no account id of 12 digits',
    ],
    ['a user', { role: 'arn:aws:iam::123456789012:user/dbt' }, 'names no role but user'],
    ['a name', { role: 'dbt' }, 'is no ARN; write it as'],
    [
      'a partition that does not exist',
      { role: 'arn:awz:iam::123456789012:role/dbt' },
      'names the partition awz',
    ],
    ['a zone for a region', { region: 'eu-west-1a' }, 'is no AWS region'],
    ['a duration that is too long', { duration: 43_201 }, 'between 900 and 43200'],
    [
      'a duration that a chain cannot have',
      { duration: 7200, chain: [{ role: ROLE }] },
      'must not exceed 3600',
    ],
    ['a link that lives too long', { chain: [{ role: ROLE, duration: 7200 }] }, 'between 900 and 3600'],
    [
      'an account that is not allowed',
      { 'allowed-accounts': ['210987654321'] },
      'which `allowed-accounts` does not name',
    ],
    ['a policy that is none', { 'session-policy': '{}' }, 'must be one IAM policy'],
    ['a tag that is no claim', { chain: [{ role: ROLE, 'session-tags': ['branch'] }] }, 'names no claim'],
  ])('refuse %s', (_name, more, problem) => {
    expect(problems(more).join('; ')).toContain(problem)
  })

  test('and a warehouse must be in one partition', () => {
    expect(() => awsExchange.bind({ role: ROLE }).hosts({ region: 'cn-north-1' })).toThrow(
      'The region cn-north-1 belongs to the partition aws-cn',
    )
    expect(() => awsExchange.bind({ role: ROLE }).hosts({})).toThrow('No region is known')
  })

  test.each([
    ['aws', 'eu-west-1', 'sts.eu-west-1.amazonaws.com', 'sts.amazonaws.com'],
    ['aws-us-gov', 'us-gov-west-1', 'sts.us-gov-west-1.amazonaws.com', 'sts.amazonaws.com'],
    ['aws-cn', 'cn-north-1', 'sts.cn-north-1.amazonaws.com.cn', 'sts.amazonaws.com.cn'],
  ])('reach the endpoint of %s in %s', (partition, region, host, audience) => {
    const bound = awsExchange.bind({ role: `arn:${partition}:iam::123456789012:role/dbt`, region })
    expect([bound.hosts({}), bound.audience({})]).toEqual([[host], audience])
  })
})

test.each([
  ['JSON', 403, '{"message":"no XML"}'],
  ['a page', 200, '<html><body>Please log in</body></html>'],
  ['a text', 403, 'blocked by the proxy'],
  ['nothing', 403, ''],
])('%s in place of AWS’s XML is told as no answer of AWS, and not shown', async (_name, status, body) => {
  bench.issuer.at('sts.eu-west-1.amazonaws.com', (_req, res) => void res.writeHead(status).end(body))
  await bench.trust(SETTINGS, [MAIN])
  const error = await refusedBy(SETTINGS)
  expect(error.code).toBe('exchange-unavailable')
  expect(error.problem).toContain('Something else than AWS answered')
  expect(`${error.problem} ${error.remedy}`).not.toMatch(/log in|blocked by/)
})
