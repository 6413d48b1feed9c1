import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { DbtOidcError } from '../src/errors.ts'
import centerExchange from '../src/exchanges/aws-identity-center.ts'
import { GITHUB, HOST, PINNED, REGION, ROLE, tokenOf, type Asked } from './support/aws/bench.ts'
import {
  APPLICATION,
  CENTER_HOST,
  INSTANCE,
  openCenterBench,
  SESSION_ROLE,
  SETTINGS,
  type CenterBench,
} from './support/aws/center-bench.ts'
import { claimsOf } from './support/claims-of.ts'

const MAIN = { ...PINNED, ref: 'refs/heads/main' }
const SUBJECT = 'repo:o/r:ref:refs/heads/main'

let bench: CenterBench
beforeEach(async () => {
  bench = await openCenterBench()
})
afterEach(async () => {
  await bench[Symbol.asyncDispose]()
})

async function refused(asked: Asked = {}): Promise<DbtOidcError> {
  const outcome: unknown = await bench.trade({}, asked).catch((error: unknown) => error)
  if (outcome instanceof DbtOidcError) return outcome
  throw new Error('The trade was not refused.', { cause: outcome })
}

const application = () => {
  const found = bench.directory.applications.get(APPLICATION)
  if (!found) throw new Error('no application')
  return found
}

const problems = (more: Record<string, unknown>): string[] => {
  const result = centerExchange.settings.safeParse({ ...SETTINGS, ...more })
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
}

const bound = centerExchange.bind(SETTINGS)
const diagnosis = (error: DbtOidcError) => bound.diagnose(error.problem, claimsOf())

describe('a token whose subject is a user of Identity Center', () => {
  test('becomes keys of the session role that carry this user, by three calls with two tokens', async () => {
    const warned = jest.spyOn(console, 'warn')
    await bench.trust([MAIN])
    const credential = await bench.trade()
    expect(warned).not.toHaveBeenCalled()
    warned.mockRestore()
    const [first, second] = bench.tokens.map(({ claims }) => [claims.aud, claims.jti])
    expect([first?.[0], second?.[0], first?.[1] === second?.[1]]).toEqual([
      'sts.amazonaws.com',
      APPLICATION,
      false,
    ])
    expect(bench.sts.calls.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'AssumeRoleWithWebIdentity ok',
      'AssumeRole ok',
    ])
    expect(bench.center.calls.map(({ body, outcome }) => [body, outcome])).toEqual([
      [
        {
          clientId: APPLICATION,
          grantType: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
          assertion: bench.tokens[1]?.text,
        },
        'ok',
      ],
    ])
    const [trader, last] = bench.cloud.sessions.values()
    expect(bench.directory.users.get(last?.user ?? '')).toBe(SUBJECT)
    expect(last?.role.arn).toBe(SESSION_ROLE)
    expect(credential).toEqual({
      kind: 'aws',
      accessKeyId: last?.accessKeyId,
      secretAccessKey: last?.secretAccessKey,
      sessionToken: last?.sessionToken,
      region: REGION,
      expiresAt: new Date(last?.expiresAt ?? 0),
    })
    const [context] = bench.cloud.contexts.keys()
    expect(bench.masked).toEqual([trader?.secretAccessKey, trader?.sessionToken, context])
  })

  test('may have either form of the subject: there is a user for each', async () => {
    await bench.trust([MAIN])
    bench.issuer.claims({}, { subForm: 'id' })
    await bench.trade()
    const [, last] = bench.cloud.sessions.values()
    expect(bench.directory.users.get(last?.user ?? '')).toBe('repo:o@123/r@456:ref:refs/heads/main')
  })

  test('is handed over as it is where the warehouse itself trades, for the instance as audience', async () => {
    const credential = await bench.trade({ kind: 'id-token' })
    const [token] = bench.tokens
    expect(credential).toEqual({
      kind: 'id-token',
      token: token?.text,
      expiresAt: new Date((token?.claims.exp ?? 0) * 1000),
    })
    expect(token?.claims.aud).toBe(INSTANCE)
    expect([bench.sts.calls, bench.center.calls]).toEqual([[], []])
  })
})

describe('a trust that is broken', () => {
  const GRANT = 'no user of arn:aws:sso:::instance/ssoins-1234567890abcdef has its subject for a name'
  const ACCESS = 'is not assigned to it'
  const NO_GRANT = 'takes no tokens of other issuers'

  test.each<[string, () => void, Asked, string, string]>([
    ['no user has this subject', () => bench.directory.users.clear(), {}, `no user ${SUBJECT}`, GRANT],
    ['the issuer is not trusted', () => bench.directory.issuers.clear(), {}, 'the issuer', GRANT],
    [
      'the grant is for another audience',
      () => {
        application().trusted = application().trusted.map((one) => ({ ...one, audiences: ['another'] }))
      },
      {},
      'ERR_JWT_CLAIM_VALIDATION_FAILED',
      GRANT,
    ],
    [
      'the application has no grant',
      () => {
        application().trusted = []
      },
      {},
      'no grant',
      NO_GRANT,
    ],
    [
      'the application is not there',
      () => bench.directory.applications.clear(),
      {},
      'no such application',
      NO_GRANT,
    ],
    ['the group is not assigned', () => application().assigned.clear(), {}, 'not assigned', ACCESS],
    [
      'the application does not let the role trade',
      () => {
        application().actors = undefined
      },
      {},
      'the actor policy of the application',
      ACCESS,
    ],
    [
      'the role may not trade',
      () => {
        bench.cloud.roles.get(ROLE)?.policies.splice(0)
      },
      {},
      'the policy of the role',
      ACCESS,
    ],
  ])('because %s', async (_name, breakIt, asked, detail, told) => {
    await bench.trust([MAIN])
    breakIt()
    const error = await refused(asked)
    expect(bench.center.calls.map((call) => call.detail)).toEqual([detail])
    expect([error.code, diagnosis(error)?.problem]).toEqual(['exchange', expect.stringContaining(told)])
    expect([...bench.cloud.sessions.values()].map(({ role }) => role.arn)).toEqual([ROLE])
  })

  test('because the second token is another branch’s: the trust of the first role is not all that is asked', async () => {
    await bench.trust([MAIN])
    const mint = async (audience: string) => {
      const claims = audience === APPLICATION ? { ref: 'refs/heads/dev' } : {}
      return tokenOf(bench.issuer.mint(audience, claims))
    }
    const error = await refused({ mint })
    expect(bench.center.calls.map((call) => call.detail)).toEqual(['no user repo:o/r:ref:refs/heads/dev'])
    expect(diagnosis(error)?.remedy).toContain(`look for exactly one user named ${claimsOf().sub}`)
  })

  test('because the first role does not let this branch in: Identity Center is not even asked', async () => {
    await bench.trust([MAIN])
    const error = await refused({ claims: { ref: 'refs/heads/dev' } })
    expect(diagnosis(error)?.problem).toContain('its trust policy does not fit the token')
    expect(bench.center.calls).toEqual([])
  })

  test.each([
    ['expired', async () => tokenOf(bench.issuer.mint(APPLICATION, { exp: 1 })), 'ERR_JWT_EXPIRED'],
    [
      'signed by a key that the issuer does not have any more',
      async () => {
        const token = tokenOf(bench.issuer.mint(APPLICATION))
        await bench.issuer.rotate()
        return token
      },
      'ERR_JWKS_NO_MATCHING_KEY',
    ],
    [
      'of another issuer',
      async () => tokenOf(bench.issuer.mint(APPLICATION, { iss: 'https://token.example' })),
      'the issuer',
    ],
  ])('because the token is %s', async (_name, second, detail) => {
    await bench.trust([MAIN])
    const mint = async (audience: string) =>
      audience === APPLICATION ? second() : tokenOf(bench.issuer.mint(audience))
    const error = await refused({ mint })
    expect(bench.center.calls.map((call) => call.detail)).toEqual([detail])
    expect(error.problem).toContain('refused CreateTokenWithIAM')
  })

  test('because the token was seen before, which a fresh one cures', async () => {
    await bench.trust([MAIN])
    const spent = tokenOf(bench.issuer.mint(APPLICATION))
    const mint = async (audience: string) =>
      audience === APPLICATION ? spent : tokenOf(bench.issuer.mint(audience))
    await bench.trade({}, { mint })
    const error = await refused({ mint })
    expect(bench.center.calls.at(-1)?.detail).toBe('the token was seen before')
    expect(diagnosis(error)?.problem).toContain('it has seen the token before')
    await bench.trade()
  })

  test('because the session role does not take the user', async () => {
    await bench.trust([MAIN])
    const role = bench.cloud.roles.get(SESSION_ROLE)
    for (const statement of role?.trust.Statement ?? []) statement.Action = 'sts:AssumeRole'
    const error = await refused()
    expect(error.problem).toContain('is not authorized to perform: sts:SetContext on resource')
    expect(diagnosis(error)?.problem).toBe(
      `${ROLE} may not hand the user of Identity Center on to ${SESSION_ROLE}.`,
    )
  })
})

describe('an answer that is none', () => {
  test.each([
    ['SlowDownException', 400],
    ['InternalServerException', 500],
    ['ExpiredTokenException', 400],
  ])('%s is tried again with a fresh token', async (code, status) => {
    await bench.trust([MAIN])
    let left = 1
    bench.issuer.at(CENTER_HOST, (req, res, path) => {
      if (left-- <= 0) return bench.center.handler(req, res, path)
      return res
        .writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': code })
        .end('{"error":"for a while"}')
    })
    await bench.trade()
    const assertions = bench.tokens.filter(({ claims }) => claims.aud === APPLICATION)
    expect(new Set(assertions.map(({ claims }) => claims.jti)).size).toBe(2)
  })

  test.each([
    ['a page', 200, '<html>Please log in</html>'],
    ['a text', 403, 'blocked by the proxy'],
    ['nothing', 403, ''],
    ['other JSON', 403, '{"message":"blocked by the proxy"}'],
  ])('%s in place of Identity Center’s JSON is not shown', async (_name, status, body) => {
    await bench.trust([MAIN])
    bench.issuer.at(CENTER_HOST, (_req, res) => void res.writeHead(status).end(body))
    const error = await refused()
    expect(error.code).toMatch(/^exchange/)
    expect(`${error.problem} ${error.remedy}`).not.toMatch(/log in|blocked by/)
  })

  test('a trade that names no user is none', async () => {
    await bench.trust([MAIN])
    bench.issuer.at(CENTER_HOST, (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' }).end('{"accessToken":"a","scope":["openid"]}')
    })
    const error = await refused()
    expect(error.problem).toContain('named no user in its answer')
    expect([...bench.cloud.sessions.values()].length).toBe(1)
  })
})

describe('the trust', () => {
  test('names each user in full, so that no pattern lets another in', async () => {
    await expect(bench.documents([{ ...PINNED, ref: 'refs/heads/release/**' }])).rejects.toThrow(
      'The name of a user is one whole subject',
    )
  })

  test('refuses a subject that cannot be the name of a user', async () => {
    const long = { ...PINNED, environment: 'e'.repeat(120) }
    await expect(bench.documents([long])).rejects.toThrow('cannot be the name of a user')
    await expect(bench.documents([{ ...PINNED, environment: 'our production' }])).rejects.toThrow(
      'without spaces',
    )
  })

  test('takes tokens for both audiences while one replaces the other', async () => {
    const next = 'https://new.example'
    await bench.trust([MAIN], { audiences: [APPLICATION, next] })
    await bench.trade()
    const mint = async (audience: string) =>
      tokenOf(bench.issuer.mint(audience === APPLICATION ? next : audience))
    await bench.trade({}, { mint })
    expect(bench.center.calls.map(({ outcome }) => outcome)).toEqual(['ok', 'ok'])
  })

  test('says what the subject does not hold, and what of that the role before it does', async () => {
    const [, users] = await bench.documents([{ ...MAIN, event_name: 'push' }])
    expect(users?.heldThere).toEqual(['repository', 'repository_id', 'ref'])
    expect(users?.checkedHere).toEqual(['repository_owner_id', 'event_name'])
    expect(users?.text).toContain('by the subject: repository, ref.')
    expect(users?.text).toContain('by the role that trades: repository_id.')
  })

  test('lets two targets share the issuer, whose document is the same for both', async () => {
    const [one] = await bench.documents([MAIN])
    const [other] = await bench.documents([{ ...PINNED, environment: 'ci' }], { target: 'ci' })
    expect(one).toEqual(other)
  })
})

describe('settings', () => {
  test.each([
    [
      'an application for an instance',
      { instance: APPLICATION },
      'instance is no instance of Identity Center',
    ],
    ['an instance for an application', { application: INSTANCE }, 'application is no application'],
    ['a region of another partition', { region: 'cn-north-1' }, 'belongs to the partition aws-cn'],
    ['a region that is none', { region: 'eu' }, 'is no AWS region'],
    ['a group that could end a name of SQL', { group: 'a"b' }, 'letters, digits, spaces'],
    ['a session that lives too long', { duration: 7200 }, 'between 900 and 3600'],
    [
      'a session for a role',
      { role: 'arn:aws:sts::123456789012:assumed-role/dbt/x' },
      'is the ARN of a session',
    ],
  ])('refuse %s', (_name, more, problem) => {
    expect(problems(more).join('; ')).toContain(problem)
  })

  test('without roles are enough for a warehouse that trades itself, and for no other', () => {
    const { instance, region, group } = SETTINGS
    const few = centerExchange.bind({ instance, region, group })
    expect([few.hosts({ kind: 'id-token' }), few.identity({ kind: 'id-token' }, claimsOf())]).toEqual([
      [],
      'AWSIDC:dbt-prod',
    ])
    expect(() => few.hosts({ kind: 'aws' })).toThrow('must name `role`, `application` and `session-role`')
  })

  test('reach the two services of the region', () => {
    expect(bound.hosts({ kind: 'aws' })).toEqual([HOST, CENTER_HOST])
    expect(bound.diagnose('something else', claimsOf())).toBeUndefined()
    expect(GITHUB).not.toContain(CENTER_HOST)
  })
})
