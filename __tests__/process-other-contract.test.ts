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

const policy = ({ like }: Contract, when: string, path = 'prod.duckdb'): string => `
repository: acme/shop
issuers: { other: { url: ${url}, like: ${like} } }
targets: { prod: { connection: { type: duckdb, path: '${path}' } } }
grants:
  - { name: github, target: prod, when: { ref: refs/heads/main } }
  - { name: theirs, issuer: other, target: prod, when: ${when} }
`

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
