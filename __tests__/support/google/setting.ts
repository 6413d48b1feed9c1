import { cpSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { trustDocuments } from '../../../src/trust/request.ts'
import { configOf } from '../config-of.ts'
import type { ClaimSet } from '../github-claims.ts'
import { startIssuer, type Issuer } from '../issuer.ts'
import { QUIET } from '../process.ts'
import { serversPython } from '../python.ts'
import { runStep, type StepResult } from '../step.ts'
import { PROVIDER } from './bench.ts'
import { startBigQuery, type BigQuery, type BigQueryOptions } from './bigquery.ts'
import { standInForGoogle, type GoogleCloud } from './cloud.ts'
import { secure } from '../tls.ts'

const DEMO = join(import.meta.dirname, '..', '..', '..', 'demo', 'project')
const CLAIMS = { environment: 'production' }

/** What somebody has broken in the documents before they were run. */
export type Edit = (text: string) => string
/** Nothing. */
export const same: Edit = (text) => text

/** GitHub, Google and BigQuery of one policy, and a dbt that builds the demo project, or other files, there. */
export interface Setting extends AsyncDisposable {
  readonly issuer: Issuer
  readonly google: GoogleCloud
  readonly bigquery: BigQuery
  /** Hosts beyond this machine that somebody wanted to reach. */
  readonly strangers: readonly string[]
  readonly build: (claims?: ClaimSet, inputs?: Readonly<Record<string, string>>) => Promise<StepResult>
}

/** What differs from one setting to another. */
export interface SettingOptions {
  readonly identity: object
  readonly edit?: Edit
  /** Seconds that GitHub's tokens live. */
  readonly ttl?: number
  readonly slow?: BigQueryOptions['slow']
  /** In place of the demo project. */
  readonly files?: Readonly<Record<string, string>>
}

/** GitHub, Google and BigQuery as the trust of one policy sets them up. */
export async function openSetting({
  identity,
  edit = same,
  ttl,
  slow,
  files,
}: SettingOptions): Promise<Setting> {
  const issuer = await startIssuer({ claims: CLAIMS, ...(ttl !== undefined && { ttl }) })
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
          location: 'EU',
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
  const documents = await trustDocuments(config, target)
  const texts = (language: string): string[] =>
    documents.filter((one) => one.language === language).map((one) => edit(one.text))
  const google = standInForGoogle(issuer, texts('sh'))
  const bigquery = await startBigQuery({ issuer, google, sql: texts('sql'), python: serversPython(), slow })
  const proxy = await secure([], { refused: () => 403 })
  return {
    issuer,
    google,
    bigquery,
    strangers: proxy.asked,
    build: (claims = {}, inputs = {}) => {
      issuer.claims(claims)
      return runStep({
        issuer,
        inputs: { run: 'build', ...inputs },
        path: [dirname(serversPython())],
        files: { ...files, '.github/dbt-oidc.yml': policy },
        prepare: ({ workspace }) => {
          if (!files) cpSync(DEMO, workspace, { recursive: true })
        },
        env: {
          ...QUIET,
          HTTPS_PROXY: `http://127.0.0.1:${proxy.proxy}`,
          DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
        },
        deadline: 180_000,
      })
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await bigquery[Symbol.asyncDispose]()
      await issuer.close()
    },
  }
}
