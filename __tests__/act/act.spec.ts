import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { startIssuer, type Issuer } from '../support/issuer.ts'
import { dbtPython } from '../support/python.ts'
import { startSnowflake } from '../support/snowflake/front.ts'
import { POLICY, runWorkflow, type Ran } from './job.ts'

const MINUTES = 240_000
const nightly = {
  repository: 'acme/shop',
  repository_id: '7654321',
  repository_owner_id: '1234567',
  environment: 'production',
  workflow: 'nightly',
}

let issuer: Issuer

beforeEach(async () => {
  issuer = await startIssuer({ claims: nightly })
})

afterEach(async () => {
  await issuer.close()
})

describe('on an independent runner', () => {
  test(
    'a later step reads the outputs, and the post step leaves nothing but the audit log',
    async () => {
      using ran = await runWorkflow('run', { issuer })
      expectSuccess(ran)
      expect(ran.outputs()).toMatchObject({
        result: 'success',
        granted: 'true',
        grant: 'nightly',
        target: 'prod',
      })
      expect(ran.log).toContain('PASS=13 WARN=0 ERROR=0')
      const uses = ran.record('audit.jsonl').trimEnd().split('\n')
      expect(uses.length).toBeGreaterThan(0)
      expectClean(ran)
    },
    MINUTES,
  )

  test(
    'prepared mode lets a later step run plain dbt, and the post step takes the profile away',
    async () => {
      using ran = await runWorkflow('prepared', { issuer })
      expectSuccess(ran)
      expect(ran.log).toContain('PASS=16 WARN=0 ERROR=0')
      expect(ran.record('during.txt')).toContain('profiles.yml')
      expectClean(ran)
    },
    MINUTES,
  )

  test(
    'the post step cleans up after a later step has failed',
    async () => {
      using ran = await runWorkflow('prepared', { issuer, env: { FAIL: 'yes' } })
      expect(ran.exitCode).toBe(1)
      expect(ran.record('during.txt')).toContain('profiles.yml')
      expectClean(ran)
    },
    MINUTES,
  )

  test(
    'two environments of a matrix get a target each',
    async () => {
      for (const environment of ['production', 'staging']) serveFor(environment)
      using ran = await runWorkflow('matrix', { issuer, asksByJob: true })
      expectSuccess(ran)
      expect(ran.outputs('production-outputs.json')).toMatchObject({ target: 'prod', grant: 'nightly' })
      expect(ran.outputs('staging-outputs.json')).toMatchObject({ target: 'staging', grant: 'rehearsal' })
      expect(ran.record('production-databases.txt')).toBe('prod.duckdb\n')
      expect(ran.record('staging-databases.txt')).toBe('staging.duckdb\n')
      for (const job of ['production', 'staging']) expectClean(ran, job)
    },
    MINUTES,
  )

  test(
    'a credential that a later step prints is hidden, and Snowflake takes it',
    async () => {
      const subject = 'repo:acme/shop:environment:snowflake'
      const audiences = ['https://acme-prod.snowflakecomputing.com']
      issuer.claims({ environment: 'snowflake' })
      await using snowflake = await startSnowflake({
        users: [{ user: 'GH_DBT', issuer: issuer.issuer, subject, audiences, defaultRole: 'TRANSFORMER' }],
        python: dbtPython(),
      })
      const policy = POLICY.replace(/port: \d+/, `port: ${snowflake.port}`)
      using ran = await runWorkflow('masked', { issuer, policy })
      expectSuccess(ran)
      expect(ran.log).toContain('credential=***.')
      expect(issuer.minted).toContain(ran.record('credential'))
      expect(issuer.minted.filter((token) => ran.log.includes(token))).toEqual([])
      expect(ran.log).toContain('PASS=16 WARN=0 ERROR=0')
      expect(snowflake.refusals).toEqual([])
      expect(new Set(snowflake.logins.map(({ user }) => user))).toEqual(new Set(['GH_DBT']))
      expectClean(ran)
    },
    MINUTES,
  )

  test(
    'a denial fails the job before anything is written',
    async () => {
      issuer.claims({ environment: undefined, ref: 'refs/heads/feature' })
      using ran = await runWorkflow('denied', { issuer })
      expect(ran.exitCode).toBe(1)
      expect(ran.record('outcome')).toBe('failure')
      expect(ran.outputs()).toMatchObject({ granted: 'false' })
      expect(ran.log).toContain('refs/heads/feature')
      expectClean(ran)
    },
    MINUTES,
  )
})

function expectSuccess({ exitCode, log }: Ran): void {
  if (exitCode !== 0) throw new Error(`act ended with exit code ${exitCode}:\n${log}`)
}

/** Of our files only the audit log outlives the job's post steps. */
function expectClean(ran: Ran, job?: string): void {
  expect(ran.after(job).filter((path) => !path.endsWith('.jsonl'))).toEqual([])
}

/** GitHub signs the environment of the job that asks; here the address of the request says which one that is. */
function serveFor(environment: string): void {
  const ref = environment === 'staging' ? 'refs/heads/develop' : 'refs/heads/main'
  issuer.route(`/for/${environment}`, (req, res, path) => {
    const audience = new URL(path, issuer.serverUrl).searchParams.get('audience') ?? ''
    if (req.headers.authorization !== `Bearer ${issuer.requestToken}`) res.writeHead(401).end()
    else res.end(JSON.stringify({ value: issuer.mint(audience, { environment, ref }) }))
  })
}
