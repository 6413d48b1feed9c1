import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { openDatabase, type DatabaseSite } from '../support/aws/database.ts'
import { ACCOUNT, ROLE } from '../support/aws/site.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { logOf, remainsOf } from '../support/process.ts'

let rds: DatabaseSite

beforeAll(async () => {
  rds = await openDatabase()
}, 120_000)

afterAll(async () => {
  await rds[Symbol.asyncDispose]()
})

beforeEach(async () => {
  rds.late(0)
  await rds.trust()
})

describe('dbt-postgres at an RDS that takes signed tokens', () => {
  test('builds the demo project as the user that our own documents have made', async () => {
    const before = rds.front.logins.length
    await using done = await rds.site.step(rds.inputs({ preflight: 'true' }))
    expect(logOf(done)).toMatch(/preflight: .*\n.*✓ user +dbt_prod\n.*✓ database +shop\n/)
    expect(logOf(done)).toContain('PASS=16 WARN=0 ERROR=0')
    expect([done.exitCode, remainsOf(done)]).toEqual([0, []])
    const logins = rds.front.logins.slice(before)
    expect(logins.length).toBeGreaterThan(5)
    expect(new Set(logins.map(({ user, admitted }) => `${user} ${admitted}`))).toEqual(
      new Set(['dbt_prod true']),
    )
    expect(logins[0]?.parameters.get('application_name')).toBe('dbt-oidc preflight')
    expect(logins.at(-1)?.parameters.get('application_name')).toBe('dbt-oidc 900001.1 o/r')
    expect(done.outputs.get('identity')).toBe(ROLE)
    expect(
      rds.server.psql('select tableowner from pg_tables where schemaname = $$analytics$$ limit 1', 'shop'),
    ).toBe('dbt_prod')
    const [session] = [...rds.site.cloud.sessions.values()].slice(-1)
    const secrets = {
      token: rds.site.issuer.minted.at(-1) ?? '',
      secret: session?.secretAccessKey ?? '',
      session: session?.sessionToken ?? '',
      password: logins[0]?.password ?? '',
    }
    expect(scanForLeaks(secrets, placesOf([done]))).toEqual([])
  }, 200_000)
})

describe('a broken trust is named', () => {
  const DENIED = 'there is no such role, or its trust policy does not fit the token'
  test.each([
    [
      'another branch',
      async () => rds.trust({ ref: 'refs/heads/release' }),
      [DENIED, 'sub repo:o/r:ref:refs/heads/main'],
    ],
    [
      'another audience',
      async () => rds.trust({ audience: 'sts.example' }),
      ['does not list the audience of the token', 'Incorrect token audience'],
    ],
    [
      'no such issuer',
      async () => rds.site.cloud.providers.clear(),
      [`does not know the issuer http://127.0.0.1`],
    ],
    ['a token that is late', async () => rds.late(400_000), ['The token had expired when AWS looked at it']],
    ['no such role', async () => rds.site.cloud.roles.clear(), [DENIED, `account ${ACCOUNT}`]],
  ])(
    '%s',
    async (_name, breakIt, said) => {
      await breakIt()
      const before = rds.front.logins.length
      await using done = await rds.site.step(rds.inputs())
      expect(done.exitCode).toBe(1)
      for (const text of said) expect(logOf(done)).toContain(text)
      expect(logOf(done)).toContain('✗ exchange')
      expect([rds.front.logins.length - before, remainsOf(done)]).toEqual([0, []])
    },
    60_000,
  )

  test('a role that may not log in as the user', async () => {
    for (const role of rds.site.cloud.roles.values()) role.policies.length = 0
    await using done = await rds.site.step(rds.inputs({ run: 'debug' }))
    expect(done.exitCode).toBe(1)
    expect(logOf(done)).toContain('PAM authentication failed for user "dbt_prod"')
    expect(rds.front.logins.at(-1)?.detail).toBe('rds-db:connect is not allowed')
  }, 60_000)
})

test.each([
  ['of another user', (token: string) => ['admin', token] as const],
  [
    'that was changed',
    (token: string) => ['dbt_prod', token.replace('DBUser=dbt_prod', 'DBUser=dbt_prod2')] as const,
  ],
  ['without its end', (token: string) => ['dbt_prod', token.slice(0, -1)] as const],
  ['for another host', (token: string) => ['dbt_prod', token.replace('127.0.0.1', 'localhost')] as const],
])('the front refuses a token %s', (_name, changed) => {
  const [login] = rds.front.logins.filter(({ admitted }) => admitted).slice(-1)
  const [user, password] = changed(login?.password ?? '')
  expect(rds.admit(user, password)).toHaveProperty('refusal')
})
