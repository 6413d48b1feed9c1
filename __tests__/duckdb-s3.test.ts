import { expect, test } from '@jest/globals'
import type { Credential } from '../src/credential.ts'
import { trustRules } from '../src/trust/rules.ts'
import type { Value } from '../src/profile.ts'
import duckdb from '../src/warehouses/duckdb.ts'
import { grantOf } from './support/claims-of.ts'
import { problemsOf } from './support/config-of.ts'

const LAKE = { type: 'duckdb', path: 'prod.duckdb', external_root: 's3://acme-lake/dbt/{environment}' }
const keys = {
  kind: 'aws',
  accessKeyId: 'ASIA1',
  secretAccessKey: 'SECRET-KEY',
  sessionToken: 'SESSION-TOKEN',
  region: 'eu-west-1',
  expiresAt: new Date(0),
} satisfies Credential
const plain = (value: Value | undefined): unknown => {
  if (value?.kind === 'list') return value.items.map(plain)
  if (value?.kind === 'map')
    return Object.fromEntries([...value.fields].map(([key, one]) => [key, plain(one)]))
  return value?.kind === 'text' ? value.text : value?.kind === 'plain' ? value.source : value
}
const CHAIN = { provider: 'credential_chain', chain: 'config', profile: 'dbt-oidc', refresh: 'auto' }

test('S3 is reached by a secret that DuckDB resolves from a private file', () => {
  const { fields, secrets, files, env } = duckdb.bind(LAKE).carry(keys, '/private')
  expect(plain(fields['secrets'])).toEqual([{ type: 's3', region: 'eu-west-1', ...CHAIN }])
  expect([secrets, Object.keys(files), env]).toEqual([
    {},
    ['aws-config', 'aws-credentials', 'oidc_s3.py'],
    { AWS_CONFIG_FILE: '/private/aws-config', AWS_SHARED_CREDENTIALS_FILE: '/private/aws-credentials' },
  ])
})

test('where dbt can ask us, no file and no variable holds a key', () => {
  const hook = { url: 'http://127.0.0.1:1/aws', authorization: 'Bearer nonce', recipe: {} }
  const carried = duckdb.bind(LAKE).carry(keys, '/private', hook)
  const { provider, refresh } = CHAIN
  expect(plain(carried.fields['secrets'])).toEqual([{ type: 's3', region: 'eu-west-1', provider, refresh }])
  expect(carried.env).toEqual({
    AWS_CONTAINER_CREDENTIALS_FULL_URI: hook.url,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/private/aws-container-authorization',
  })
  const all = JSON.stringify([carried.files, carried.secrets, carried.env])
  for (const secret of [keys.accessKeyId, keys.secretAccessKey, keys.sessionToken])
    expect(all).not.toContain(secret)
})

test('our plugin stands beside those of the connection', () => {
  const more = { plugins: [{ module: 'excel' }], module_paths: ['/mine'] }
  const { fields } = duckdb.bind({ ...LAKE, ...more }).carry(keys, '/private')
  expect(plain(fields['plugins'])).toEqual([{ module: 'excel' }, { module: 'oidc_s3' }])
  expect(plain(fields['module_paths'])).toEqual(['/mine', '/private'])
})

test('a secret that would outlive the job is refused', () => {
  const kept = duckdb.bind({ ...LAKE, secrets: [{ type: 's3', persistent: true }] })
  expect(kept.faults('aws').map(({ problem }) => problem)).toEqual([expect.stringContaining('`persistent`')])
})

test('what the connection says of its own secrets stays', () => {
  const secrets = [
    { type: 's3', scope: 's3://acme-lake', region: 'us-east-1', use_ssl: false },
    { type: 'azure', account_name: 'acme' },
  ]
  const { fields } = duckdb.bind({ ...LAKE, secrets }).carry(keys, '/private')
  expect(plain(fields['secrets'])).toEqual([{ ...secrets[0], use_ssl: 'false', ...CHAIN }, secrets[1]])
})

test('a secret with keys of its own is refused, but only where the role gives them', async () => {
  const connection = JSON.stringify({ ...LAKE, secrets: [{ type: 's3', key_id: 'AKIA' }] })
  const identity = '{ via: aws, role: arn:aws:iam::123456789012:role/dbt, region: eu-west-1 }'
  const problems = await problemsOf({ inputs: { connection, identity, ref: 'refs/heads/main' } })
  expect(problems.join('\n')).toContain('`secrets`: it holds `key_id`, a credential')
})

const documents = async (connection: Record<string, unknown>, via = 'aws'): Promise<string> => {
  const rules = trustRules([grantOf({ repository: 'o/r', ref: 'refs/heads/main' })], 'prod')
  const identity = 'arn:aws:iam::123456789012:role/dbt'
  const request = { target: 'prod', via, issuer: 'i', audience: 'a', audiences: ['a'], rules, identity }
  return (await duckdb.bind(connection).trust(request)).map(({ text }) => text).join('\n')
}

test('the trust allows what the connection names, and says so where it names nothing', async () => {
  expect(await documents(LAKE)).toContain('"arn:aws:s3:::acme-lake/dbt/*/*"')
  expect(await documents({ type: 'duckdb', path: 'prod.duckdb' })).toContain('names no place in S3')
  expect(await documents(LAKE, 'none')).toBe('')
})
