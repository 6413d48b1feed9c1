import { expect, test } from '@jest/globals'
import { decisionAudience } from '../src/config.ts'
import { DbtOidcError } from '../src/errors.ts'
import { configOf } from './support/config-of.ts'

const MAIN = 'refs/heads/main'
const ROLE = 'arn:aws:iam::123456789012:role/dbt'
const PROVIDER = 'projects/123456789012/locations/global/workloadIdentityPools/github/providers/dbt-prod'
const REDSHIFT = {
  type: 'redshift',
  host: 'acme.abc123.eu-west-1.redshift.amazonaws.com',
  cluster_id: 'acme',
  dbname: 'd',
  schema: 's',
}
const BIGQUERY = { type: 'bigquery', project: 'acme-prod', dataset: 'd' }
const POSTGRES = {
  type: 'postgres',
  host: 'shop.c1.eu-west-1.rds.amazonaws.com',
  user: 'dbt',
  dbname: 'd',
  schema: 's',
}
const SNOWFLAKE = { type: 'snowflake', account: 'acme-prod', database: 'D', schema: 'S' }

// Nothing has been asked of any network when these are told: the configuration is read before the token is requested.
test.each<[string, object, object, Record<string, string>, RegExp]>([
  [
    'a role of another partition',
    { ...REDSHIFT, host: 'acme.abc123.us-gov-west-1.redshift.amazonaws.com' },
    { role: ROLE },
    {},
    /Name a role of aws-us-gov/,
  ],
  [
    'a project id in place of its number',
    BIGQUERY,
    { provider: PROVIDER.replace('123456789012', 'acme-prod') },
    {},
    /number/,
  ],
  [
    'an audience that the provider would refuse',
    BIGQUERY,
    { provider: PROVIDER },
    { audience: 'a'.repeat(257) },
    /256/,
  ],
  [
    'a host that is not Snowflake’s',
    { ...SNOWFLAKE, host: 'snowflakecomputing.com.evil.test' },
    {},
    {},
    /no host of snowflake/,
  ],
  [
    'half of a character in a session policy',
    REDSHIFT,
    { role: ROLE, 'session-policy': '{"Statement":"\ud800"}' },
    {},
    /input "identity":1:\d+: An escape .* write the character itself/,
  ],
  ['an account with underscores', { ...SNOWFLAKE, account: 'acme_prod' }, {}, {}, /write hyphens/],
  [
    'a region that contradicts the host',
    { ...REDSHIFT, region: 'us-east-1' },
    { role: ROLE },
    {},
    /eu-west-1/,
  ],
  [
    'an audience that gcloud would read as two',
    BIGQUERY,
    { provider: PROVIDER },
    { audience: 'https://a,https://b' },
    /comma/,
  ],
  [
    'an sslmode that is empty',
    { ...POSTGRES, sslmode: '' },
    { role: ROLE },
    {},
    /cross the network in clear/,
  ],
  [
    'an sslmode that libpq would guess at',
    { ...POSTGRES, sslmode: 'Disable' },
    { role: ROLE },
    {},
    /cross the network in clear/,
  ],
  [
    'a service principal by its name',
    { type: 'databricks', host: 'a.cloud.databricks.com', http_path: '/w', schema: 's', client_id: 'dbt' },
    {},
    {},
    /a UUID/,
  ],
  [
    'a user beside a role that is mapped to one',
    { ...REDSHIFT, method: 'iam_role', user: 'ada' },
    { role: ROLE },
    {},
    /`user`/,
  ],
])(
  '%s is caught before the network, with what to write instead',
  async (_name, connection, identity, more, said) => {
    const inputs = {
      ref: MAIN,
      connection: JSON.stringify(connection),
      identity: JSON.stringify(identity),
      ...more,
    }
    const error: unknown = await configOf({ inputs })
      .then(decisionAudience)
      .catch((thrown: unknown) => thrown)
    if (!(error instanceof DbtOidcError)) throw new Error('it was accepted')
    expect(error.code).toBe('configuration')
    expect([error.problem, error.remedy, ...error.details].join(' ')).toMatch(said)
  },
)
