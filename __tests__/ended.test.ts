import { expect, test } from '@jest/globals'
import { endedMeanwhile, type Fixed } from '../src/access/ended.ts'

const END = new Date('2026-11-24T12:00:00Z')
const LATER = new Date('2026-11-24T12:00:01Z')
const fixed = (more: Partial<Fixed> = {}): Fixed => ({
  expiresAt: END,
  now: LATER,
  keepAlive: 'auto',
  lent: false,
  explained: undefined,
  ...more,
})

test.each([
  ['Snowflake', '250001 (08001): 390303: The workload identity is not accepted (expired).'],
  ['PostgreSQL', 'FATAL:  password authentication failed for user "dbt_prod"'],
  ['RDS', 'FATAL:  PAM authentication failed for user "dbt_prod"'],
  ['Redshift', 'An error occurred (ExpiredToken) when calling the GetClusterCredentialsWithIAM operation'],
  ['Trino', "error 401: b'JWT expired 4000 milliseconds ago'"],
  ['BigQuery', 'Request had invalid authentication credentials. Expected OAuth 2 access token'],
  ['Databricks', 'Error during request to server: : Unauthorized, HTTP 401'],
  ['S3', 'An error occurred (ExpiredToken) when calling the PutObject operation: ExpiredToken'],
  ['a server of HTTP', '401 Client Error: Unauthorized for url: https://example.com'],
  ['Google', 'google.api_core.exceptions.Unauthorized: 401 POST https://bigquery.googleapis.com'],
])('a refusal of %s after the end of the credential has that for its cause', (_name, said) => {
  expect(endedMeanwhile(said, fixed())?.problem).toContain('had ended at 2026-11-24T12:00:00.000Z')
})

test.each<[string, string, Partial<Fixed>]>([
  ['lives', 'authentication failed', { now: new Date(END.getTime() - 1) }],
  ['has no end that anybody knows', 'authentication failed', { expiresAt: null }],
  ['has ended, and dbt failed for another reason', 'Database Error: relation "x" does not exist', {}],
  [
    'has ended, and dbt speaks of models, numbers and columns',
    '401 of 403 ERROR creating sql view model dbt.expired_orders\nLINE 401: column "expired" does not exist\nDone. PASS=401 WARN=0 ERROR=1',
    {},
  ],
])('nothing is said where the credential %s', (_name, said, more) => {
  expect(endedMeanwhile(said, fixed(more))).toBeUndefined()
})

test('what to do depends on whether keep-alive was switched off; the other meaning of the words stays', () => {
  const explained = { problem: 'The subject does not fit.', remedy: 'Mend it.' }
  const off = endedMeanwhile('390303', fixed({ keepAlive: 'off', explained }))
  expect(off?.remedy).toContain('Leave `keep-alive: off` out')
  expect(off?.details).toEqual(['Otherwise such words mean: The subject does not fit.'])
  expect(endedMeanwhile('390303', fixed())?.remedy).toContain('lives longer')
  // Each line of `run` begins with the same user, so that splitting the run would help nobody.
  const lent = endedMeanwhile('390303', fixed({ lent: true }))?.remedy
  expect(lent).toContain('`max_ttl`')
  expect(lent).not.toContain('several lines')
})
