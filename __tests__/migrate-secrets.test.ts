import { expect, test } from '@jest/globals'
import { connectionOf } from '../src/migrate/connection.ts'
import { warehouses } from '../src/warehouses/index.ts'

const SECRET = 'S3kret-value'

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['snowflake', { proxy_password: SECRET }],
  ['snowflake', { connection_parameters: { password: SECRET, token: SECRET, passcode: SECRET } }],
  ['postgres', { sslpassword: SECRET }],
  ['trino', { http_headers: { Authorization: `Bearer ${SECRET}` } }],
  ['databricks', { connection_parameters: { access_token: SECRET } }],
  ['duckdb', { attach: [{ path: `postgres:dbname=x password=${SECRET}` }] }],
  ['duckdb', { path: `md:x?motherduck_token=${SECRET}` }],
  ['postgres', { host: `https://user:${SECRET}@db.acme.example` }],
])('of %s, %j is not written into a policy, but to be filled in', (type, fields) => {
  const warehouse = warehouses.get(type)
  if (!warehouse) throw new Error(`${type} is not there`)
  const made = connectionOf(warehouse, { type, ...fields }, new Map())
  expect(JSON.stringify(made)).not.toContain(SECRET)
})

test('what is no secret stays as it was', () => {
  const duckdb = warehouses.get('duckdb')
  if (!duckdb) throw new Error('duckdb is not there')
  const fields = {
    type: 'duckdb',
    path: 'prod.duckdb',
    schema: 'token_prices',
    settings: { s3_endpoint: 'http://minio:9000' },
  }
  expect(connectionOf(duckdb, fields, new Map()).fields).toEqual(fields)
})
