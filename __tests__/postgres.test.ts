import { describe, expect, test } from '@jest/globals'
import type { Credential } from '../src/credential.ts'
import { trustRules } from '../src/trust/rules.ts'
import postgres from '../src/warehouses/postgres.ts'
import { grantOf } from './support/claims-of.ts'
import { problemsOf } from './support/config-of.ts'

const RDS = {
  type: 'postgres',
  host: 'shop.cluster-c1a2.eu-west-1.rds.amazonaws.com',
  user: 'dbt_prod',
  dbname: 'shop',
  schema: 'analytics',
}
const password: Credential = {
  kind: 'password',
  user: 'dbt_prod',
  password: String.raw`a:b\c`,
  expiresAt: null,
}

test('the password stands in a file, escaped, for this host, port and user; the profile has none', () => {
  expect(postgres.bind(RDS).carry(password, '/private')).toEqual({
    fields: {
      password: { kind: 'text', text: '' },
      port: { kind: 'plain', source: '5432' },
      sslmode: { kind: 'text', text: 'require' },
    },
    secrets: {},
    files: {
      pgpass: String.raw`shop.cluster-c1a2.eu-west-1.rds.amazonaws.com:5432:*:dbt_prod:a\:b\\c` + '\n',
    },
    env: { PGPASSFILE: '/private/pgpass' },
  })
})

test.each([
  [{ sslrootcert: '/rds.pem' }, { sslmode: { kind: 'text', text: 'verify-full' } }],
  [{ sslmode: 'verify-ca' }, {}],
])('TLS with %j', (more, expected) => {
  const {
    password: _password,
    port: _port,
    ...fields
  } = postgres.bind({ ...RDS, ...more }).carry(password, '/p').fields
  expect(fields).toEqual(expected)
})

test('each exchange is asked for what it can give', () => {
  const bound = postgres.bind(RDS)
  expect(bound.want('aws')).toEqual({
    kind: 'password',
    host: RDS.host,
    port: 5432,
    user: 'dbt_prod',
    database: 'shop',
    region: 'eu-west-1',
  })
  expect(bound.want('entra')).toMatchObject({
    kind: 'bearer',
    scope: 'https://ossrdbms-aad.database.windows.net/.default',
  })
  expect(bound.want('google')).toMatchObject({
    kind: 'bearer',
    scope: 'https://www.googleapis.com/auth/sqlservice.login',
  })
})

// `az cloud show` (endpoints.ossrdbmsResourceId), and learn.microsoft.com for Cosmos DB for PostgreSQL.
test.each([
  ['shop.postgres.database.azure.com', 'https://ossrdbms-aad.database.windows.net'],
  ['shop.postgres.database.usgovcloudapi.net', 'https://ossrdbms-aad.database.usgovcloudapi.net'],
  ['shop.postgres.database.chinacloudapi.cn', 'https://ossrdbms-aad.database.chinacloudapi.cn'],
  ['c-shop.abcd.postgres.cosmos.azure.com', 'https://token.postgres.cosmos.azure.com'],
])('Entra is asked for the resource that %s belongs to', (host, resource) => {
  expect(postgres.bind({ ...RDS, host }).want('entra').scope).toBe(`${resource}/.default`)
})

const problems = async (more: Record<string, unknown>): Promise<string> => {
  const connection = JSON.stringify({ ...RDS, ...more })
  const identity = '{ role: arn:aws:iam::123456789012:role/dbt }'
  return (await problemsOf({ inputs: { connection, identity, ref: 'refs/heads/main' } })).join('\n')
}

describe('refused before anything is asked of the network', () => {
  test.each([
    [
      'no TLS',
      { sslmode: 'disable' },
      '`sslmode` is "disable", and the password could cross the network in clear',
    ],
    ['TLS if it happens to be there', { sslmode: 'prefer' }, 'write `require`, `verify-ca` or `verify-full`'],
    ['an alias', { host: 'db.acme.example' }, 'RDS takes a token only under the name of its own endpoint'],
    ['no user', { user: undefined }, '`user`'],
    ['no database', { dbname: undefined }, '`dbname` must name the database'],
    ['a password', { password: 'x' }, 'password'],
  ])('%s', async (_name, more, problem) => {
    expect(await problems(more)).toContain(problem)
  })
})

const documents = async (via: string, more: Record<string, unknown> = {}): Promise<string[]> => {
  const rules = trustRules([grantOf({ repository: 'o/r', ref: 'refs/heads/main' })], 'prod')
  const identity = 'arn:aws:iam::123456789012:role/teams/dbt'
  const request = { target: 'prod', via, issuer: 'i', audience: 'a', audiences: ['a'], rules, identity }
  return (await postgres.bind({ ...RDS, ...more }).trust(request)).map(({ text }) => text)
}

describe('the trust', () => {
  test('for RDS lets the role log in as one user, who may write one schema', async () => {
    expect(await documents('aws')).toMatchInlineSnapshot(`
     [
       "# AWS account 123456789012: arn:aws:iam::123456789012:role/teams/dbt may log in as dbt_prod, and nothing else.
     # The star stands for the resource id of the database at shop.cluster-c1a2.eu-west-1.rds.amazonaws.com, which its address does not tell. Put it there:
     # aws rds describe-db-instances (DbiResourceId), for Aurora aws rds describe-db-clusters (DbClusterResourceId).
     # The second command switches IAM authentication on.
     aws iam put-role-policy --role-name dbt --policy-name rds-connect-dbt_prod --policy-document '{
       "Version": "2012-10-17",
       "Statement": [
         {
           "Effect": "Allow",
           "Action": "rds-db:connect",
           "Resource": "arn:aws:rds-db:eu-west-1:123456789012:dbuser:*/dbt_prod"
         }
       ]
     }'
     aws rds modify-db-cluster --db-cluster-identifier shop --enable-iam-database-authentication --apply-immediately",
       "-- In shop on shop.cluster-c1a2.eu-west-1.rds.amazonaws.com, as its administrator.
     -- Schemas that models name beside this one need the same two statements, and so do sources USAGE and SELECT.
     CREATE USER "dbt_prod";
     GRANT rds_iam TO "dbt_prod";
     GRANT CONNECT ON DATABASE "shop" TO "dbt_prod";
     CREATE SCHEMA IF NOT EXISTS "analytics";
     GRANT USAGE, CREATE ON SCHEMA "analytics" TO "dbt_prod";",
     ]
    `)
  })

  test('for a schema with a placeholder lets dbt make it', async () => {
    expect((await documents('aws', { schema: 'pr_{pull_request}' }))[1]).toContain(
      'GRANT CREATE ON DATABASE "shop" TO "dbt_prod";',
    )
  })

  test('for Azure and Google makes the user as they do', async () => {
    expect((await documents('entra')).join('')).toContain(
      "pgaadauth_create_principal('dbt_prod', false, false);",
    )
    const [cloudSql] = await documents('google')
    for (const command of [
      'services enable sqladmin.googleapis.com',
      '--database-flags=cloudsql.iam_authentication=on',
      'sql users create dbt_prod ',
      '--type=cloud_iam_service_account',
      '--role=roles/cloudsql.instanceUser',
    ])
      expect(cloudSql).toContain(command)
  })

  test('for Azure makes the user where the Entra administrator may', async () => {
    const [user, rights] = await documents('entra', { host: 'shop.postgres.database.azure.com' })
    expect(user).toMatch(
      /In the database postgres on .*Entra administrator[\s\S]*display name[\s\S]*pgaadauth/,
    )
    expect(rights).not.toContain('pgaadauth')
    expect(rights).toContain('GRANT CONNECT ON DATABASE "shop"')
  })

  test.each([
    ['shop.cluster-c1a2.eu-west-1.rds.amazonaws.com', 'modify-db-cluster --db-cluster-identifier shop '],
    ['shop.cluster-ro-c1a2.eu-west-1.rds.amazonaws.com', 'modify-db-cluster --db-cluster-identifier shop '],
    [
      'some.cluster-custom-c1a2.eu-west-1.rds.amazonaws.com',
      'modify-db-cluster --db-cluster-identifier NAME ',
    ],
    ['shop.c1a2.eu-west-1.rds.amazonaws.com', 'modify-db-instance --db-instance-identifier shop '],
  ])('switches IAM authentication on for %s', async (host, command) => {
    expect((await documents('aws', { host }))[0]).toContain(
      `aws rds ${command}--enable-iam-database-authentication`,
    )
  })
})
