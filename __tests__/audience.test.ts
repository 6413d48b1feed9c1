import { describe, expect, test } from '@jest/globals'
import { audienceOf, audiencesOf } from '../src/config/target.ts'
import { trustDocuments } from '../src/trust/request.ts'
import type { TrustDocument } from '../src/trust.ts'
import { apply, newCloud } from './support/aws/account.ts'
import { configOf, problemsOf } from './support/config-of.ts'
import { credentialsIn } from './support/models/entra.ts'
import { readGcloud } from './support/google/gcloud.ts'
import { usersOf } from './support/snowflake/trust.ts'

const APP = '8e8a1c2f-5b0e-4f0e-9d44-0f4f2f6f3a10'
const TARGETS = {
  snowflake: 'connection: { type: snowflake, account: acme-prod, database: PROD, schema: DBT }',
  google:
    'connection: { type: bigquery, project: acme, dataset: d }, identity: { provider: projects/123/locations/global/workloadIdentityPools/github/providers/dbt-prod, service-account: a@acme.iam.gserviceaccount.com }',
  aws: 'connection: { type: postgres, host: db.c1.eu-west-1.rds.amazonaws.com, user: u, dbname: d, schema: s, port: 5432 }, identity: { via: aws, role: "arn:aws:iam::123456789012:role/dbt" }',
  entra: `connection: { type: postgres, host: db.postgres.database.azure.com, user: u, dbname: d, schema: s, port: 5432 }, identity: { via: entra, tenant: ${APP}, client-id: ${APP} }`,
  databricks: `connection: { type: databricks, host: dbc-12345678-1234.cloud.databricks.com, http_path: /sql/1.0/warehouses/abc, client_id: ${APP}, schema: s }`,
  trino: 'connection: { type: trino, host: trino.acme.example, database: lake, schema: s }',
} as const

type Platform = keyof typeof TARGETS

function policyOf(platform: Platform, audience: string, grant = 'environment: production'): string {
  return `repository: o/r\nrepository-id: 456\nrepository-owner-id: 123\ntargets:\n  prod: { ${TARGETS[platform]}, audience: ${audience} }\ngrants:\n  - { target: prod, when: { ${grant} } }\n`
}

async function targetOf(platform: Platform, audience: string) {
  const config = await configOf({ policy: policyOf(platform, audience) })
  const target = config.targets.get('prod')
  if (!target) throw new Error('no target')
  return { target, documents: (): Promise<readonly TrustDocument[]> => trustDocuments(config, target) }
}

/** The audiences that each platform's own reading of the documents finds, in order. */
const READ: Readonly<Record<Exclude<Platform, 'trino'>, (text: string) => readonly unknown[]>> = {
  snowflake: (text) => usersOf(text).map(({ audiences }) => audiences),
  google: (text) => [...readGcloud(text).providers.values()].map(({ audiences }) => audiences),
  aws(text) {
    const cloud = newCloud()
    apply(cloud, text, '123456789012')
    const conditions = JSON.stringify([...cloud.roles.values()].map(({ trust }) => trust))
    return [
      ...cloud.providers.values(),
      JSON.parse(
        /"token\.actions\.githubusercontent\.com:aud":(\[[^\]]*\]|"[^"]*")/.exec(conditions)?.[1] ?? '',
      ),
    ]
  },
  entra: (text) => credentialsIn(text).map(({ audiences, subject }) => [subject.includes('@'), ...audiences]),
  databricks: (text) =>
    [...text.matchAll(/"audiences":(\[[^\]]*\])/g)].map(([, list = '']): unknown => JSON.parse(list)),
}

const ONE = { use: 'urn:new', also: ['urn:old'] }
const BOTH = ['urn:new', 'urn:old']

describe('a target whose audience changes', () => {
  test.each<[keyof typeof READ, readonly unknown[]]>([
    // A named identity cannot be changed, so each audience has one of its own.
    ['snowflake', [BOTH, ['urn:new'], ['urn:old']]],
    ['google', [BOTH]],
    ['aws', [BOTH, BOTH]],
    ['databricks', [BOTH, BOTH]],
  ])('asks for tokens of the one in use, and has both trusted: %s', async (platform, expected) => {
    const { target, documents } = await targetOf(platform, JSON.stringify(ONE))
    expect(audienceOf(target)).toBe('urn:new')
    expect(audiencesOf(target)).toEqual(BOTH)
    const [first, second] = await documents()
    const text = platform === 'aws' ? `${first?.text}\n${second?.text}` : (first?.text ?? '')
    expect(READ[platform](text)).toEqual(expected)
  })

  test('is refused where the platform takes one audience only', async () => {
    const { documents } = await targetOf('trino', JSON.stringify(ONE))
    await expect(documents()).rejects.toThrow(
      'A Trino server takes tokens for one audience, and the target prod has 2',
    )
  })

  test('is refused for one app of Entra, where issuer and subject must be unique', async () => {
    const { documents } = await targetOf('entra', JSON.stringify(ONE))
    await expect(documents()).rejects.toThrow('An app of Entra trusts one audience for a subject')
  })

  test('may name several that go', async () => {
    const { target } = await targetOf('snowflake', '{ use: a, also: [b, c] }')
    expect(audiencesOf(target)).toEqual(['a', 'b', 'c'])
  })
})

describe('`audience: own`', () => {
  test.each<[Platform, string]>([
    ['snowflake', 'https://acme-prod.snowflakecomputing.com/prod'],
    ['trino', 'https://trino.acme.example/prod'],
    ['databricks', 'https://dbc-12345678-1234.cloud.databricks.com/prod'],
    ['aws', 'sts.amazonaws.com/prod'],
    ['entra', 'api://AzureADTokenExchange/prod'],
  ])('is one that no other account and no other target has: %s', async (platform, audience) => {
    const { target, documents } = await targetOf(platform, 'own')
    expect(audienceOf(target)).toBe(audience)
    expect((await documents()).map(({ text }) => text).join('\n')).toContain(audience)
  })

  test('is what a Snowflake user takes without being told, since the list is that user’s alone', async () => {
    const policy = policyOf('snowflake', 'own')
    const config = await configOf({ policy: policy.replace(', audience: own', '') })
    const [target] = config.targets.values()
    if (!target) throw new Error('no target')
    const own = 'https://acme-prod.snowflakecomputing.com/prod'
    expect(audienceOf(target)).toBe(own)
    const [document] = await trustDocuments(config, target)
    expect(usersOf(document?.text ?? '').map(({ audiences }) => audiences)).toEqual([[own], [own]])
  })

  test('is asked for nowhere else without being told: such a list often belongs to others', async () => {
    for (const platform of ['google', 'aws', 'entra', 'databricks', 'trino'] as const) {
      const policy = policyOf(platform, 'own').replace(', audience: own', '')
      const [target] = (await configOf({ policy })).targets.values()
      expect(target?.audience).toBeUndefined()
    }
  })

  const OPEN = policyOf('snowflake', 'own').replace('acme-prod', '"{actor}"')

  test('needs a host that is known before there is a token', async () => {
    expect(await problemsOf({ policy: OPEN })).toEqual([
      expect.stringContaining(
        '`audience: own` is made of the host, and `{actor}.snowflakecomputing.com` is known to a running job only',
      ),
    ])
    const [target] = (await configOf({ policy: OPEN.replace(', audience: own', '') })).targets.values()
    expect(target && audienceOf(target)).toBe('snowflakecomputing.com')
  })

  test('is what the step asks for and what is trusted, while the vendor’s goes', async () => {
    const { target, documents } = await targetOf('snowflake', '{ use: own, also: snowflakecomputing.com }')
    const own = 'https://acme-prod.snowflakecomputing.com/prod'
    expect([audienceOf(target), ...audiencesOf(target)]).toEqual([own, own, 'snowflakecomputing.com'])
    expect(usersOf((await documents())[0]?.text ?? '')[0]?.audiences).toEqual([own, 'snowflakecomputing.com'])
  })

  test('is understood as an input, too', async () => {
    const inputs = {
      connection: '{ type: snowflake, account: acme-ci, database: D, schema: S }',
      target: 'ci',
      audience: 'own',
      ref: 'refs/heads/main',
    }
    const [target] = (await configOf({ inputs })).targets.values()
    expect(target && audienceOf(target)).toBe('https://acme-ci.snowflakecomputing.com/ci')
  })
})

test.each<[string, string, string]>([
  ['without `use`', '{ also: a }', '`targets.prod.audience.use` is missing'],
  ['with a misspelt key', '{ use: a, alsp: b }', 'Unknown key `alsp`; did you mean `also`?'],
  ['with an empty list', '{ use: a, also: [] }', '`targets.prod.audience.also` must not be empty'],
  ['with a blank', '{ use: a, also: [null] }', '`audience.also` is empty'],
  ['that goes and is in use', '{ use: a, also: [b, a] }', '`audience.also` names `a`, which is in use'],
  ['that only decides', 'dbt-oidc', '`dbt-oidc` is the audience of the tokens that only decide'],
  ['that only decides, and goes', '{ use: a, also: dbt-oidc }', '`dbt-oidc` is the audience of the tokens'],
  ['that is a list', '[a]', '`targets.prod.audience`'],
])('an audience %s is refused', async (_, audience, start) => {
  const problems = await problemsOf({ policy: policyOf('snowflake', audience) })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(start)
})
