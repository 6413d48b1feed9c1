import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { cpSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { configOf } from '../support/config-of.ts'
import { startBigQuery, type BigQuery } from '../support/google/bigquery.ts'
import { standInForGoogle, type GoogleCloud } from '../support/google/cloud.ts'
import type { ClaimSet } from '../support/github-claims.ts'
import { startIssuer, type Issuer } from '../support/issuer.ts'
import { placesOf, scanForLeaks } from '../support/leaks.ts'
import { logOf, QUIET, remainsOf } from '../support/process.ts'
import { serversPython } from '../support/python.ts'
import { runStep, type StepResult } from '../support/step.ts'
import { trustDocuments } from '../../src/trust/request.ts'

const PROVIDER = 'projects/123456789012/locations/global/workloadIdentityPools/github/providers/dbt-prod'
const ACCOUNT = 'dbt-prod@acme-prod.iam.gserviceaccount.com'
const DEMO = join(import.meta.dirname, '..', '..', 'demo', 'project')
const CLAIMS = { environment: 'production' }

/** What somebody has broken in the documents before they were run. */
type Edit = (text: string) => string

interface Setting extends AsyncDisposable {
  readonly issuer: Issuer
  readonly google: GoogleCloud
  readonly bigquery: BigQuery
  readonly build: (claims?: ClaimSet, lifetime?: number) => Promise<StepResult>
}

/** GitHub, Google and BigQuery as the trust of one policy sets them up. */
async function open(identity: object, edit: Edit = (text) => text): Promise<Setting> {
  const issuer = await startIssuer({ claims: CLAIMS })
  const endpoint = `${issuer.serverUrl}/_at/bigquery.googleapis.com`
  const policy = JSON.stringify({
    repository: 'o/r',
    'repository-id': 456,
    'repository-owner-id': 123,
    targets: {
      prod: {
        connection: {
          type: 'bigquery',
          project: 'acme-prod',
          dataset: 'analytics',
          api_endpoint: endpoint,
          threads: 2,
          job_retries: 0,
        },
        identity: { provider: PROVIDER, ...identity },
      },
    },
    // The policy of the run is wider than the trust that is tried: whoever refuses must be Google.
    grants: [{ target: 'prod', when: { ref: '**' } }],
  })
  const strict = policy.replace('"ref":"**"', '"ref":"refs/heads/main","environment":"production"')
  const config = await configOf({ policy: strict, serverUrl: issuer.serverUrl })
  const target = config.targets.get('prod')
  if (!target) throw new Error('no target')
  const documents = trustDocuments(config, target)
  const texts = (language: string): string[] =>
    documents.filter((one) => one.language === language).map((one) => edit(one.text))
  const google = standInForGoogle(issuer, texts('sh'))
  const bigquery = await startBigQuery({ issuer, google, sql: texts('sql'), python: serversPython() })
  return {
    issuer,
    google,
    bigquery,
    build: (claims = {}) => {
      issuer.claims(claims)
      return runStep({
        issuer,
        inputs: { run: 'build' },
        path: [dirname(serversPython())],
        files: { '.github/dbt-oidc.yml': policy },
        prepare: ({ workspace }) => cpSync(DEMO, workspace, { recursive: true }),
        env: QUIET,
        deadline: 180_000,
      })
    },
    async [Symbol.asyncDispose]() {
      await bigquery[Symbol.asyncDispose]()
      await issuer.close()
    },
  }
}

const impersonated = { 'service-account': ACCOUNT }

describe('dbt builds the demo project in BigQuery', () => {
  test.each([
    ['as a service account', impersonated],
    ['as the federated identity itself', {}],
  ])(
    '%s',
    async (_name, identity) => {
      await using setting = await open(identity)
      await using step = await setting.build()
      expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : logOf(step) }).toEqual({
        exitCode: 0,
        log: '',
      })
      expect(logOf(step)).toMatch(/Done\. PASS=\d+ WARN=0 ERROR=0/)
      expect(setting.bigquery.calls.length).toBeGreaterThan(20)
      expect(setting.bigquery.calls.filter((call) => /40[13]$/.test(call))).toEqual([])
      expect(remainsOf(step)).toEqual([])
      const secrets = Object.fromEntries(setting.issuer.minted.map((token, at) => [`token${at}`, token]))
      expect(scanForLeaks(secrets, placesOf([step]))).toEqual([])
    },
    240_000,
  )
})
