import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KINDS } from '../src/other-issuer/kinds.ts'
import { installDbtStub, type DbtStub } from './support/dbt-stub.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { auditOf, PROJECT } from './support/job.ts'
import { CONTRACTS, type Contract } from './support/other-contracts.ts'
import { otherJob, playIssuer, tokenOf, type OtherEnded } from './support/other-issuers.ts'

let issuer: Issuer
let dbt: DbtStub
let directory: string
let url: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'other-contract-'))
  issuer = await startIssuer()
  url = playIssuer(issuer, 'other')
  dbt = await installDbtStub(join(directory, 'env'), { behaviours: { build: { exit: 2 } } })
})
afterAll(async () => {
  await issuer.close()
  rmSync(directory, { recursive: true, force: true })
})

const withGrant = ({ like }: Contract, grant: string, path = 'prod.duckdb'): string => `
repository: acme/shop
issuers: { other: { url: ${url}, like: ${like} } }
targets: { prod: { connection: { type: duckdb, path: '${path}' } } }
grants:
  - { name: github, target: prod, when: { ref: refs/heads/main } }
  - ${grant}
`

const policy = (contract: Contract, when: string): string =>
  withGrant(contract, `{ name: theirs, issuer: other, target: prod, when: ${when} }`)

function job(token: string, file: string): Promise<OtherEnded> {
  return otherJob({
    args: ['--issuer', 'other', '--token-variable', 'DBT_TOKEN', '--', 'dbt', 'build'],
    files: { ...PROJECT, '.github/dbt-oidc.yml': file },
    path: [dbt.bin],
    env: { GITHUB_SERVER_URL: issuer.serverUrl, DBT_TOKEN: token },
  })
}

const told = async (token: string, file: string): Promise<string> => (await job(token, file)).all

test('there is a contract for each kind of issuer', () => {
  expect(new Set(CONTRACTS.map(({ like }) => like))).toEqual(new Set(KINDS))
})

/** What nobody outside of GitHub Actions can do anything with. */
const GITHUBS =
  /permissions:|id-token: write|actions\/|ACTIONS_|docs\.github\.com|GitHub(?! Actions)|workflow/

describe.each(CONTRACTS)('the documented claims of $title', (contract) => {
  const { payload, when, denied, refused, audience } = contract

  test('get their grant, dbt its exit code, and the audit its claims; nothing of the token is left', async () => {
    const token = tokenOf(issuer, url, payload)
    const before = dbt.runs().length
    const { code, all, audit, left } = await job(token, policy(contract, when))
    expect(all).toContain('theirs → prod')
    expect([code, left]).toEqual([2, false])
    const [first] = auditOf(audit)
    expect(first).toMatchObject({
      outcome: 'granted',
      grant: 'theirs',
      claims: { iss: url, sub: payload['sub'] },
    })
    expect(Object.keys(dbt.runs()[before]?.env ?? {})).not.toContain('DBT_TOKEN')
    expect(all + audit).not.toContain(token.split('.')[2])
    expect(all).not.toMatch(/^::/m)
  })

  test.each(denied)('are denied for %s, in words of this issuer', async (_, changed, shown) => {
    const { code, all } = await job(tokenOf(issuer, url, { ...payload, ...changed }), policy(contract, when))
    expect(code).toBe(1)
    expect(all).toContain('no-grant')
    expect(all).toContain(shown)
    expect(all).toContain('"theirs"')
    expect(all).not.toContain('"github"')
    expect(all.replace(/^rehearsal:.*$/m, '')).not.toMatch(GITHUBS)
  })

  test('that are denied come with a block in their own names, which lets them in once it is pasted', async () => {
    const [[, changed] = ['', {}]] = denied
    const token = tokenOf(issuer, url, { ...payload, ...changed })
    const { all } = await job(token, policy(contract, when))
    const [, block = ''] = /would do it:\n((?: {2}.*\n)+)/.exec(all) ?? []
    expect(block).toMatch(/^ {2}issuer: other\n {2}when:\n/)
    const pasted = `name: theirs\n    target: prod\n${block.replaceAll(/^ {2}/gm, '    ')}`
    expect((await job(token, withGrant(contract, pasted))).all).toContain('theirs → prod')
  })

  test('fill a connection, each reduced to what a name can hold', async () => {
    const [text, expected] = contract.filled
    const before = dbt.runs().length
    const grant = `{ name: theirs, issuer: other, target: prod, when: ${when} }`
    const file = withGrant(contract, grant, `x_${text}_y.duckdb`)
    expect((await job(tokenOf(issuer, url, payload), file)).code).toBe(2)
    expect(dbt.runs()[before]?.profiles).toContain(`path: "x_${expected}_y.duckdb"`)
  })

  if (refused.length > 0)
    test.each(refused)('are no claims of a grant for %s', async (_, open, said) => {
      const { code, all } = await job(tokenOf(issuer, url, payload), policy(contract, open))
      expect(code).toBe(3)
      expect(all).toMatch(said)
    })

  test('are refused from another issuer, when expired, for another audience, for two, and under another key', async () => {
    const now = Math.floor(Date.now() / 1000)
    const file = policy(contract, when)
    expect(await told(tokenOf(issuer, `${url}x`, payload), file)).toContain(`not from ${url}`)
    const old = { ...payload, iat: now - 7200, exp: now - 3600 }
    expect(await told(tokenOf(issuer, url, old), file)).toContain('expired at')
    const foreign = await told(tokenOf(issuer, url, payload, 'somebody'), file)
    expect(foreign).toContain('for somebody, not for the audience dbt-oidc that the target wants')
    expect(foreign).toMatch(audience)
    const both = await told(tokenOf(issuer, url, payload, ['dbt-oidc', 'somebody']), file)
    expect(both).toContain('Have the job be given one for one audience')
    const parts = tokenOf(issuer, url, payload).split('.')
    const forged = [parts[0], parts[1], issuer.sign({}).split('.')[2]].join('.')
    expect(await told(forged, file)).toContain('token-signature')
  })
})

describe('what another issuer says', () => {
  const [contract] = CONTRACTS
  if (!contract) throw new Error('there is no contract')
  const grant =
    '{ name: theirs, issuer: other, target: prod, when: { project_path: acme/shop, ref_type: branch } }'

  test.each([
    ['{{ env_var("HOME") }}', 'env_var_home'],
    ['../../etc/passwd', 'etc_passwd'],
    ["x'; drop table orders --", 'x_drop_table_orders'],
    ['{user_login}', 'user_login'],
    [`a${'b'.repeat(80)}`, `a${'b'.repeat(39)}`],
  ])('reaches a connection as part of a name and as nothing else: %s', async (ref, expected) => {
    const before = dbt.runs().length
    const { code } = await job(
      tokenOf(issuer, url, { ...contract.payload, ref }),
      withGrant(contract, grant, 'x_{ref}_y.duckdb'),
    )
    expect(code).toBe(2)
    expect(dbt.runs()[before]?.profiles).toMatch(new RegExp(`path: "x__?${expected}_?_y\\.duckdb"`))
  })

  test.each([
    ['{pull_request}', 'refs/pull/7/merge', 'needs a run for a pull request'],
    ['{environment}', 'main', 'needs the claim `environment`, which the token of this run does not carry'],
    ['{ref}', '\u202e', 'nothing that an identifier could hold'],
  ])('fills no %s that it does not say', async (text, ref, said) => {
    const { code, all } = await job(
      tokenOf(issuer, url, { ...contract.payload, ref, environment: undefined }),
      withGrant(contract, grant, `x_${text}.duckdb`),
    )
    expect(all).toContain(said)
    expect(code).toBe(3)
  })

  test('that no issuer of the policy has is a mistake, found before any token', async () => {
    const { code, all } = await job('', withGrant(contract, grant, 'x_{project_pat}.duckdb'))
    expect(all).toContain('{project_pat} is neither a claim nor {pull_request}; did you mean {project_path}?')
    expect(code).toBe(3)
  })
})
