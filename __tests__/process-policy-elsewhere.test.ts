import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { placeOf } from '../src/config/policy-place.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { PROJECT } from './support/process.ts'
import { auditRecords } from './support/audit-schema.ts'
import { dbtPython } from './support/python.ts'
import { runStep, type StepResult } from './support/step.ts'

const COMMIT = '3f'.repeat(20)
const TOKEN = 'ghs_aTokenThatReadsPolicies'
const PLACE = 'acme/policies/dbt/shop.yml@v3'
const policy = (ref: string): string => `
targets: { prod: { connection: { type: duckdb, path: prod.duckdb } } }
grants: [{ name: main, target: prod, when: { repository: o/r, ref: ${ref} } }]
`

let issuer: Issuer
let text = policy('refs/heads/main')
const asked: string[] = []

beforeAll(async () => {
  issuer = await startIssuer()
  issuer.route('/api/v3/repos/acme/policies', (req, res, path) => {
    asked.push(path)
    const { pathname, searchParams } = new URL(path, issuer.serverUrl)
    const say = (status: number, body: unknown): void =>
      void res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (req.headers.authorization !== `token ${TOKEN}`) return say(404, { message: 'Not Found' })
    if (pathname.endsWith('/commits'))
      return say(200, searchParams.get('sha') === 'v3' ? [{ sha: COMMIT }] : [])
    if (searchParams.get('ref') !== COMMIT || !pathname.endsWith('/contents/dbt/shop.yml'))
      return say(404, {})
    return say(200, { type: 'file', encoding: 'base64', content: Buffer.from(text).toString('base64') })
  })
})
afterAll(() => issuer.close())

function decide(inputs: Readonly<Record<string, string>> = {}): Promise<StepResult> {
  asked.length = 0
  return runStep({
    issuer,
    files: {
      ...PROJECT,
      'acme/policies/dbt-oidc.yml@': policy('refs/heads/main'),
      'acme/policies/dbt-oidc.yml@release:1': policy('refs/heads/main'),
    },
    path: [dirname(dbtPython())],
    inputs: { config: PLACE, 'github-token': TOKEN, until: 'exchange', ...inputs },
  })
}

describe('a policy of another repository', () => {
  test('decides, and its commit and hash are in the log, the audit log and the summary', async () => {
    text = policy('refs/heads/main')
    await using step = await decide()
    expect([step.exitCode, step.outputs.get('grant')]).toEqual([0, 'main'])
    const sha256 = createHash('sha256').update(text).digest('hex')
    expect(step.log.text).toContain(`policy: ${PLACE} is commit ${COMMIT}, SHA-256 ${sha256}`)
    expect(step.summary).toContain(COMMIT)
    expect(step.summary).toContain(sha256)
    const records = auditRecords(readFileSync(step.outputs.get('audit-log') ?? '', 'utf8'))
    const known = { place: PLACE, commit: COMMIT, sha256 }
    expect(records.find((one) => one.record === 'token' && one.use === 'decision')?.policy).toEqual(known)
    expect(records.at(-1)).toMatchObject({ record: 'run', policy: known })
  })

  test('is read at the commit that the ref stood for, whatever it stands for a moment later', async () => {
    await using step = await decide()
    expect(step.exitCode).toBe(0)
    expect(asked).toEqual(['/commits?sha=v3&per_page=1', `/contents/dbt/shop.yml?ref=${COMMIT}`])
  })

  test('denies as one of the checkout would, and the summary says which text has denied', async () => {
    text = policy('refs/heads/release')
    await using step = await decide({ until: '', run: 'build' })
    expect([step.exitCode, step.outputs.get('granted')]).toEqual([1, 'false'])
    expect(step.summary).toContain(COMMIT)
  })

  test.each([
    [
      'whose token is of another repository',
      { 'github-token': 'ghs_anotherToken' },
      'shows no such repository, ref or file to this token (404)',
    ],
    [
      'of a tag that does not exist',
      { config: 'acme/policies/dbt/shop.yml@v4' },
      'GitHub knows no commit for `v4`',
    ],
    [
      'that is not there',
      { config: 'acme/policies/dbt/other.yml@v3' },
      'shows no such repository, ref or file',
    ],
    [
      'above the repository',
      { config: 'acme/policies/../shop.yml@v3' },
      'has a path that is none of a repository',
    ],
    ['without a token', { 'github-token': '' }, '`github-token` is empty'],
    [
      'whose ref is missing, though the checkout has a file of that name',
      { config: 'acme/policies/dbt-oidc.yml@' },
      'reads like OWNER/REPOSITORY/PATH@REF and is none',
    ],
    [
      'whose ref is none',
      { config: 'acme/policies/dbt-oidc.yml@release:1' },
      'reads like OWNER/REPOSITORY/PATH@REF and is none',
    ],
  ])('%s ends the run before a token is asked for', async (_what, inputs, why) => {
    const before = issuer.minted.length
    await using step = await decide(inputs)
    expect(step.exitCode).toBe(1)
    expect(step.log.text).toContain(why)
    expect(issuer.minted).toHaveLength(before)
    expect(step.fullLog.text).not.toContain('ghs_')
  })
})

test.each([
  ['.github/dbt-oidc.yml', undefined],
  ['acme/policies/dbt/shop.yml', undefined],
  ['acme/policies/shop.yml@', undefined],
  ['acme/shop.yml@v1', undefined],
  [
    'acme/policies/a/b.yaml@refs/heads/main',
    { owner: 'acme', repo: 'policies', path: 'a/b.yaml', ref: 'refs/heads/main' },
  ],
  ['acme/policies/shop.yml@v1?x', undefined],
])('%s is a place of another repository or is none', (text, place) => {
  expect(placeOf(text)).toEqual(place)
})
