import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { trustDocuments } from '../../../src/trust/request.ts'
import { configOf } from '../config-of.ts'
import { GRANTED, openJob, type Job } from '../job.ts'
import { ACCOUNT, PROVIDER } from './bench.ts'
import { standInForGoogle } from './cloud.ts'
import type { Reach } from './sts.ts'

/** What Google's driver reads, and dbt shows until it is replaced. */
export const CREDENTIALS = 'google-credentials.json'

const CONNECTION = { type: 'bigquery', project: 'acme-prod', dataset: 'analytics', location: 'EU' }
const IDENTITY = { provider: PROVIDER, 'service-account': ACCOUNT }

/** Inputs by which dbt asks a broker of the step for ID tokens. */
export const BROKERED = {
  ...GRANTED,
  connection: JSON.stringify(CONNECTION),
  identity: JSON.stringify(IDENTITY),
}

/** A job whose dbt runs until its credentials file is replaced. */
export function openBrokered(): Promise<Job> {
  return openJob({}, { watch: [CREDENTIALS] }, { 'dbt-bigquery': '1.12.1' })
}

/** A Google that trusts what our documents for these inputs say. */
export async function trustBrokered(
  { issuer }: Job,
  serverUrl = issuer.serverUrl,
  reach?: Reach,
): Promise<void> {
  const policy = JSON.stringify({
    'repository-id': 456,
    'repository-owner-id': 123,
    targets: { prod: { connection: CONNECTION, identity: IDENTITY } },
    grants: [{ target: 'prod', when: { ref: GRANTED.ref } }],
  })
  const config = await configOf({ policy, serverUrl })
  const target = config.targets.get('prod')
  if (!target) throw new Error('no target')
  const shell = (await trustDocuments(config, target)).filter(({ language }) => language === 'sh')
  standInForGoogle(
    issuer,
    shell.map(({ text }) => text),
    undefined,
    reach,
  )
}

/** A broker as its driver knows it. */
export interface AskedBroker {
  readonly url: string
  readonly authorization: string
}

/** What the credentials file of a private directory says. */
export function brokerIn(directory: string): AskedBroker {
  const { credential_source: source } = JSON.parse(readFileSync(join(directory, CREDENTIALS), 'utf8')) as {
    readonly credential_source: { readonly url: string; readonly headers: { readonly Authorization: string } }
  }
  return { url: source.url, authorization: source.headers.Authorization }
}
