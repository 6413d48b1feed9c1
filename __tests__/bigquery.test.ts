import { describe, expect, test } from '@jest/globals'
import { trustDocuments } from '../src/trust/request.ts'
import { configOf, problemsOf } from './support/config-of.ts'
import { ACCOUNT, PROVIDER } from './support/google/bench.ts'

function policy(connection: object, identity: object = { 'service-account': ACCOUNT }): string {
  return JSON.stringify({
    repository: 'o/r',
    'repository-id': 456,
    targets: {
      prod: {
        connection: { type: 'bigquery', project: 'acme-prod', dataset: 'analytics', ...connection },
        identity: { provider: PROVIDER, ...identity },
      },
    },
    grants: [{ target: 'prod', when: { ref: 'refs/heads/main' } }],
  })
}

async function documentsOf(connection: object): Promise<readonly string[]> {
  const config = await configOf({ policy: policy(connection) })
  const target = config.targets.get('prod')
  if (!target) throw new Error('no target')
  return (await trustDocuments(config, target)).map(({ text }) => text)
}

describe('a connection is refused with what to write', () => {
  test.each([
    [{ project: 'Acme Prod' }, 'write the id of the project'],
    [{ project: undefined }, 'is missing: write `project: acme-prod`'],
    [{ dataset: undefined }, 'is missing: write `dataset: analytics`'],
    [{ dataset: 'acme-prod.analytics' }, 'write the dataset alone'],
    [{ keyfile: '/key.json' }, '`keyfile` is a credential'],
    [{ method: 'oauth' }, '`method` says how to log in, and the action sets it'],
    [{ api_endpoint: 'http://bigquery.googleapis.com' }, 'write `https://bigquery.googleapis.com`'],
    [{ api_endpoint: 'https://u:p@bigquery.googleapis.com' }, 'write `https://bigquery.googleapis.com`'],
    [{ api_endpoint: 'https://bigquery.evil.example' }, '`bigquery.evil.example` is no host of bigquery'],
    [{ api_endpoint: 'https://evil.example/.googleapis.com' }, '`evil.example` is no host of bigquery'],
    [{ api_endpoint: 'http://127.0.0.1:9050' }, '`127.0.0.1:9050` is no host of bigquery'],
    [{ api_endpoint: 'https://evil-example.translate.goog' }, 'is no host of bigquery'],
    [{ compute_region: 'evil.example/' }, '`compute_region` does not look right: write a region'],
    [{ dataproc_region: 'evil.example:443/' }, '`dataproc_region` does not look right: write a region'],
    [{ impersonate_service_account: ACCOUNT }, 'write the account as `service-account` under `identity`'],
  ])('%j', async (connection, sentence) => {
    const problems = await problemsOf({ policy: policy(connection) })
    expect(problems.join('\n')).toContain(sentence)
    expect(problems).toHaveLength(1)
  })

  test('and loopback is an address in a rehearsal only', async () => {
    const config = await configOf({
      policy: policy({ api_endpoint: 'http://127.0.0.1:9050' }),
      serverUrl: 'http://127.0.0.1:9000',
    })
    expect(config.targets.get('prod')?.bound.hosts()).toEqual(['127.0.0.1:9050'])
  })
})

describe('the rights of the identity', () => {
  test('are jobs in the project that pays and data in the one dataset', async () => {
    const [, jobs, data] = await documentsOf({ execution_project: 'acme-billing', location: 'EU' })
    expect(jobs).toContain('gcloud projects add-iam-policy-binding acme-billing')
    expect(jobs?.match(/roles\/bigquery\.\w+ \\/g)).toEqual(['roles/bigquery.jobUser \\'])
    expect(data).toContain(
      `CREATE SCHEMA IF NOT EXISTS \`acme-prod.analytics\` OPTIONS (location = "EU");\nGRANT \`roles/bigquery.dataEditor\` ON SCHEMA \`acme-prod.analytics\` TO "serviceAccount:${ACCOUNT}";`,
    )
  })

  test('let a run create the dataset that has its name from the token', async () => {
    const documents = await documentsOf({ dataset: 'pr_{actor_id}' })
    expect(documents).toHaveLength(2)
    expect(documents[1]).toContain('--role=roles/bigquery.user ')
  })
})

test('a run is given the scopes of its connection, else BigQuery’s alone', async () => {
  for (const [connection, scope] of [
    [{}, 'https://www.googleapis.com/auth/bigquery'],
    [{ scopes: ['a', 'b'] }, 'a b'],
  ] as const) {
    const config = await configOf({ policy: policy(connection) })
    expect(config.targets.get('prod')?.bound.want('google')).toEqual({ kind: 'bearer', scope })
  }
})
