import { describe, expect, test } from '@jest/globals'
import { unverified } from '../src/check/unverified.ts'
import { supposedClaims } from '../src/check/supposed.ts'
import { cli } from './support/cli.ts'
import { githubClaims, type SubForm } from './support/github-claims.ts'
import { isRecord, scalarText } from './support/shape.ts'
import { audience, setUp } from './support/token-setup.ts'

const POLICY = `
repository: acme/dbt
repository-id: 7654321
repository-owner-id: 1234567
targets:
  prod:
    connection: { type: snowflake, account: acme-prod, role: T, database: PROD, schema: DBT }
  ci:
    connection: { type: duckdb }
grants:
  - { name: nightly, target: prod, when: { ref: refs/heads/main, environment: production } }
  - { name: reusable, target: prod, when: { environment: staging, job_workflow_ref: acme/wf/.github/workflows/dbt.yml@refs/heads/main } }
  - { name: pulls, target: ci, when: { event_name: pull_request, base_ref: main } }
`
const FILES = { '.github/dbt-oidc.yml': POLICY }
const ISSUER = 'https://token.actions.githubusercontent.com'

const RUN = {
  repository: 'acme/dbt',
  repository_id: '7654321',
  repository_owner_id: '1234567',
  ref: 'refs/heads/main',
  environment: 'production',
}

/** The JSON of a check, as data. */
async function asked(args: readonly string[], files: Record<string, string> = FILES, input = '') {
  const ended = await cli(['check', '--json', ...args], files, {}, process.execPath, input)
  const answer: unknown = JSON.parse(ended.stdout)
  if (!isRecord(answer)) throw new Error('The answer is no object.')
  return { ...ended, answer }
}

describe('dbt-oidc check', () => {
  test('says first whether a run is granted, and shows every grant with every claim', async () => {
    const ended = await cli(['check', '--ref', 'main', '--environment', 'production'], FILES)
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    const lines = ended.stdout.split('\n')
    expect(lines[0]).toBe('✓ Target "prod" is granted by "nightly".')
    for (const name of ['nightly', 'reusable', 'pulls'])
      expect(lines.filter((line) => line.startsWith(`"${name}" for target`))).toHaveLength(1)
    expect(ended.stdout).toMatch(/ {2}✗ environment +staging +production\n/)
    expect(ended.stdout).toContain('A supposed run; GitHub was not asked:')
    expect(ended.stdout).toMatch(/ {2}event_name +push {2}\(assumed; --event\)\n/)
  })

  test('ends with 1 for a refusal, with the reason, the nearest grant and the YAML that would let it in', async () => {
    const ended = await cli(['check', '--ref', 'main'], FILES)
    expect([ended.code, ended.stderr]).toEqual([1, ''])
    const lines = ended.stdout.split('\n')
    expect(lines[0]).toBe('✗ No grant of the policy holds for this run.')
    expect(lines[1]).toBe('  Nearest is "nightly" for target "prod": environment does not hold.')
    expect(ended.stdout).toContain('Not told, and so absent: environment, job_workflow_ref, base_ref.')
    expect(ended.stdout).toContain('when:\n  repository: acme/dbt\n')
  })

  test.each<[string, string[], number, string | undefined]>([
    ['a pull request', ['--event', 'pull_request', '--claim', 'base_ref=main'], 0, 'pulls'],
    ['one of a fork', ['--event', 'pull_request', '--claim', 'base_ref=main', '--fork'], 1, undefined],
    ['another target', ['--ref', 'main', '--environment', 'production', '--target', 'ci'], 1, undefined],
    [
      'another repository',
      ['--repository', 'evil/dbt', '--ref', 'main', '--environment', 'production'],
      1,
      undefined,
    ],
    [
      'a claim that is told',
      [
        '--environment',
        'staging',
        '--claim',
        'job_workflow_ref=acme/wf/.github/workflows/dbt.yml@refs/heads/main',
      ],
      0,
      'reusable',
    ],
    ['a branch whose own name is refs/heads/main', ['--ref', 'refs/heads/refs/heads/main'], 1, undefined],
  ])('decides about %s as the step does', async (_name, args, code, grant) => {
    const { answer, ...ended } = await asked(args)
    expect([ended.code, answer['granted'], answer['grant']]).toEqual([code, code === 0, grant])
  })

  test('says of a pull request that it is supposed not to come from a fork', async () => {
    const { answer } = await asked(['--event', 'pull_request'])
    expect(answer['notes']).toEqual([expect.stringContaining('--fork asks about another')])
    expect((await asked(['--event', 'pull_request', '--fork'])).answer['notes']).toEqual([])
  })

  test('gives the whole decision as JSON', async () => {
    const { answer } = await asked(['--ref', 'main', '--environment', 'production'])
    expect(answer).toMatchObject({
      granted: true,
      reason: 'Target "prod" is granted by "nightly".',
      verified: false,
      claims: { sub: 'repo:acme/dbt:environment:production', repository_id: '7654321' },
      verdicts: [
        { grant: 'nightly', ok: true },
        { grant: 'reusable', ok: false },
        { grant: 'pulls', ok: false },
      ],
    })
    const [, second] = answer['verdicts'] as { readonly checks: readonly unknown[] }[]
    expect(second?.checks).toContainEqual({
      claim: 'environment',
      expected: ['staging'],
      actual: 'production',
      ok: false,
      hint: expect.stringContaining('position 1'),
    })
  })

  test.each<[string, string[], RegExp]>([
    [
      'a misspelt claim',
      ['--claim', 'enviroment=x'],
      /did you mean `environment`\?\n→ Write it as --claim name=value/,
    ],
    ['a claim without a value', ['--claim', 'actor'], /is no `name=value`/],
    ['a claim that the gate holds', ['--claim', 'aud=x'], /audience is checked before any grant/],
    ['an unknown target', ['--target', 'prd'], /no target prd; did you mean prod\?/],
    ['--all beside one run', ['--all', '--ref', 'main'], /--all asks about every run/],
    ['branches without --all', ['--branches', 'main'], /belong to --all/],
  ])('refuses %s as usage', async (_name, args, text) => {
    const ended = await cli(['check', ...args], FILES)
    expect([ended.code, ended.stdout]).toEqual([2, ''])
    expect(ended.stderr).toMatch(text)
  })
})

describe('dbt-oidc check --token', () => {
  const claims = { ...githubClaims(RUN), iss: ISSUER, aud: 'x', exp: 1, iat: 1, jti: 'j' }

  test('reads claims as JSON, from a file or from standard input, and says that nobody has verified them', async () => {
    const text = JSON.stringify(claims)
    const file = await asked(['--token', 'claims.json'], { ...FILES, 'claims.json': text })
    const input = await asked(['--token', '-'], FILES, text)
    expect([file.code, input.code]).toEqual([0, 0])
    expect(file.answer).toEqual(input.answer)
    expect(file.answer).toMatchObject({ granted: true, verified: false, grant: 'nightly' })
    expect(file.answer['notes']).toEqual(['It expired at 1970-01-01T00:00:01.000Z; a run gets a fresh one.'])
    const told = await cli(['check', '--token', 'c'], { ...FILES, c: text })
    expect(told.stdout).toContain('NOT verified')
  })

  test('reads of a token what the gate reads, and repeats no part of the token itself', async () => {
    await using setup = await setUp()
    const token = setup.issuer.mint(audience, RUN)
    const { claims: read } = unverified(token, { issuer: setup.issuer.issuer, now: new Date() })
    expect(read).toEqual((await setup.verify(token)).claims)
    const policy = POLICY.replace('targets:', `issuer: ${setup.issuer.issuer}\ntargets:`)
    const ended = await cli(
      ['check', '--token', 'token'],
      { '.github/dbt-oidc.yml': policy, token },
      { GITHUB_SERVER_URL: setup.issuer.serverUrl },
    )
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    for (const part of token.split('.')) expect(ended.stdout).not.toContain(part)
  })

  test.each<[string, object, RegExp]>([
    ['of another issuer', { iss: 'https://evil.example' }, /Its issuer is "https:\/\/evil\.example", not/],
  ])('refuses claims %s, whatever the grants say', async (_name, change, text) => {
    const { answer, code } = await asked(['--token', '-'], FILES, JSON.stringify({ ...claims, ...change }))
    expect([code, answer['granted']]).toEqual([1, false])
    expect(answer['reason']).toMatch(text)
  })

  test('refuses a token that the gate would refuse for its form', async () => {
    await using setup = await setUp()
    const token = setup.issuer.sign(claims, {
      header: { alg: 'RS256', kid: '1', jku: 'https://evil.example' },
    })
    const { answer, code } = await asked(['--token', '-'], FILES, token)
    expect([code, answer['granted']]).toEqual([1, false])
    expect(answer['reason']).toMatch(/^The token .*jku/)
  })

  test('changes claims by hand, and the subject with them', async () => {
    const { answer } = await asked(
      ['--token', '-', '--environment', 'staging'],
      FILES,
      JSON.stringify(claims),
    )
    expect(answer).toMatchObject({
      granted: false,
      claims: { environment: 'staging', sub: 'repo:acme/dbt:environment:staging' },
    })
  })

  test.each<[string, string]>([
    ['nothing', ''],
    ['a word', 'ghs_secret'],
    ['a list', '["ghs_secret"]'],
    ['broken JSON', '{"a": "ghs_secret"'],
    ['a double key', '{"ref": "a", "ref": "ghs_secret"}'],
    ['three parts that are no token', 'ghs.secret.x'],
  ])('refuses %s with exit code 3, and repeats nothing of it', async (_name, input) => {
    const ended = await cli(['check', '--token', '-'], FILES, {}, process.execPath, input)
    expect([ended.code, ended.stdout]).toEqual([3, ''])
    expect(ended.stderr).toMatch(/^✗ token-format: What --token names .*\.\n→ /)
    expect(ended.stderr).not.toContain('secret')
  })
})

test.each<[object, SubForm]>([
  [{}, 'name'],
  [{}, 'id'],
  [{ environment: undefined }, 'id'],
  [{ environment: undefined, ref: 'refs/tags/v1' }, 'name'],
  [{ environment: 'a:b' }, 'id'],
  [{ environment: undefined, event_name: 'pull_request', ref: 'refs/pull/1/merge' }, 'name'],
])('a supposed run %j has the claims that GitHub would give it (%s)', (change, form) => {
  const real = githubClaims({ ...RUN, ...change }, form)
  const own = ['event_name', 'ref', 'environment']
  const given = new Map(
    own.flatMap((name) => (real[name] === undefined ? [] : [[name, scalarText(real[name])]])),
  )
  const ids = { repositoryId: '7654321', ownerId: '1234567' }
  const { all } = supposedClaims({ repository: 'acme/dbt', ids, form, issuer: ISSUER, given })
  expect(all.size).toBeGreaterThan(7)
  for (const [name, value] of all) expect([name, value]).toEqual([name, real[name]])
})
