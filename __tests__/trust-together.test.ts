import { describe, expect, test } from '@jest/globals'
import { trustDocuments } from '../src/trust/request.ts'
import { refuseShared, together, type Made } from '../src/trust/together.ts'
import { apply, newCloud } from './support/aws/account.ts'
import { APPLICATION, INSTANCE } from './support/aws/center-bench.ts'
import { newDirectory, obey } from './support/aws/directory.ts'
import { runInShell } from './support/aws/real-shell.ts'
import { configOf } from './support/config-of.ts'

const IDS = 'repository: o/r\nrepository-id: 456\nrepository-owner-id: 123\n'
const GRANTS = `grants:
  - { target: prod, when: { environment: production } }
  - { target: ci, when: { event_name: pull_request } }
`

async function madeFor(prod: string, ci: string, grants = GRANTS): Promise<readonly Made[]> {
  const config = await configOf({ policy: `${IDS}targets:\n  prod: ${prod}\n  ci: ${ci}\n${grants}` })
  const each = [...config.targets.values()].map(async (target) =>
    (await trustDocuments(config, target)).map((document) => ({ targets: [target.name], ...document })),
  )
  return (await Promise.all(each)).flat()
}

const google = (provider: string, account: string): string =>
  `{ connection: { type: bigquery, project: acme, dataset: d_${account} }, identity: { provider: projects/123/locations/global/workloadIdentityPools/github/providers/${provider}, service-account: ${account}@acme.iam.gserviceaccount.com } }`
const aws = (role: string): string =>
  `{ connection: { type: postgres, host: db.c1.eu-west-1.rds.amazonaws.com, user: u_${role}, dbname: d, schema: s, port: 5432 }, identity: { via: aws, role: "arn:aws:iam::123456789012:role/${role}" } }`
const center = (group: string): string =>
  `{ connection: { type: redshift, method: oauth_token_identity_center, host: w.123456789012.eu-west-1.redshift-serverless.amazonaws.com, dbname: d, schema: ${group} }, identity: { via: aws-identity-center, instance: "${INSTANCE}", region: eu-west-1, group: ${group} } }`
const snowflake = (more = ''): string =>
  `{ connection: { type: snowflake, account: acme-prod, role: T, database: PROD, schema: DBT${more} } }`
const trino = (schema: string, more = ''): string =>
  `{ connection: { type: trino, host: trino.acme.example, database: lake, schema: ${schema}${more} } }`

describe('two targets', () => {
  test.each([
    [
      'a provider of Google',
      google('dbt-one', 'prod'),
      google('dbt-one', 'ci'),
      /share the provider projects\/123.*differs/,
      /a provider of its own/,
    ],
    [
      'a role of AWS',
      aws('dbt'),
      aws('dbt'),
      /share the role arn:aws:iam::123456789012:role\/dbt/,
      /a role of its own/,
    ],
    [
      'a user of Snowflake',
      snowflake(', user: DBT'),
      snowflake(', user: DBT'),
      /share the user DBT of the account acme-prod/,
      /a user of its own/,
    ],
    [
      'a user of Trino',
      trino('a', ', user: dbt'),
      trino('b', ', user: dbt'),
      /share the user dbt of the Trino at/,
      /a user of its own/,
    ],
    [
      'a group of Identity Center',
      center('dbt'),
      center('dbt'),
      /share the group dbt of arn:aws:sso/,
      /a group of its own/,
    ],
  ])(
    'that share %s and differ in their grants are refused, both named',
    async (_, prod, ci, problem, remedy) => {
      const made = await madeFor(prod, ci)
      expect(() => refuseShared(made)).toThrow(problem)
      expect(() => refuseShared(made)).toThrow(/prod and ci/)
      expect(() => refuseShared(made)).toThrow(
        expect.objectContaining({ code: 'configuration', remedy: expect.stringMatching(remedy) }),
      )
    },
  )

  test.each([
    ['Google', google('dbt-prod', 'prod'), google('dbt-ci', 'ci')],
    ['AWS', aws('prod'), aws('ci')],
    ['Snowflake', snowflake(), snowflake()],
    ['Trino', trino('a'), trino('b')],
    ['Identity Center', center('a'), center('b')],
  ])('of %s with what is their own are not', async (_, prod, ci) => {
    const made = await madeFor(prod, ci)
    expect(made.length).toBeGreaterThan(1)
    refuseShared(made)
  })

  test('whose token Trino could not tell apart are refused', async () => {
    const alike = GRANTS.replace('event_name: pull_request', 'environment: production, ref: refs/heads/main')
    const made = await madeFor(trino('a'), trino('b'), alike)
    expect(() => refuseShared(made)).toThrow(/share the principal repo:o\/r:environment:production/)
  })

  test('whose tokens would be one user of Identity Center are refused', async () => {
    const alike = GRANTS.replace('event_name: pull_request', 'environment: production, ref: refs/heads/main')
    const made = await madeFor(center('a'), center('b'), alike)
    expect(() => refuseShared(made)).toThrow(/share the user repo:o\/r:environment:production of arn:aws:sso/)
  })

  test('of one Identity Center share its issuer and Redshift, and each has its group assigned', async () => {
    const all = together(await madeFor(center('a'), center('b')))
    const cloud = newCloud()
    const directory = newDirectory(INSTANCE, APPLICATION)
    const shell = all.filter(({ language }) => language === 'sh')
    obey(cloud, directory, await runInShell(shell.map(({ text }) => text)), '123456789012')
    expect([directory.issuers.size, directory.warehouses.length, directory.users.size]).toEqual([1, 1, 4])
    const application = directory.applications.get(directory.warehouses[0]?.application ?? '')
    const assigned = [...(application?.assigned ?? [])].map((id) => directory.groups.get(id)?.name)
    expect(assigned).toEqual(['a', 'b'])
  })

  test('of one AWS account make its identity provider once', async () => {
    const all = together(await madeFor(aws('prod'), aws('ci')))
    const text = all.map((one) => one.text).join('\n')
    expect(text.match(/^aws iam create-open-id-connect-provider/gm)).toHaveLength(1)
    const cloud = newCloud()
    for (const one of all) if (one.language === 'sh') apply(cloud, one.text, '123456789012')
    expect([cloud.providers.size, cloud.roles.size]).toEqual([1, 2])
    expect(all[0]?.targets).toEqual(['prod', 'ci'])
  })

  test('on one Trino fill each of its files together', async () => {
    const all = together(await madeFor(trino('a'), trino('b')))
    expect(all.map(({ title, targets }) => [title, targets.join()])).toEqual([
      ['Trino: etc/config.properties', 'prod,ci'],
      ['Trino: etc/dbt-oidc-users.json', 'prod,ci'],
      ['Trino: rules to put first into the file of `security.config-file`', 'prod,ci'],
    ])
    const [properties, users, rules] = all.map(({ text }) => text)
    expect(properties?.match(/^http-server.authentication.type=JWT$/gm)).toHaveLength(1)
    expect(properties?.match(/for the target (prod|ci)/g)).toHaveLength(2)
    expect(JSON.parse(users ?? '')).toEqual({
      rules: [
        { pattern: 'repo:o/r:environment:production', user: 'dbt-o-r-prod' },
        { pattern: 'repo:o@123/r@456:environment:production', user: 'dbt-o-r-prod' },
        { pattern: 'repo:o/r:pull_request', user: 'dbt-o-r-ci' },
        { pattern: 'repo:o@123/r@456:pull_request', user: 'dbt-o-r-ci' },
      ],
    })
    expect(JSON.parse(rules ?? '')).toMatchObject({
      schemas: [
        { user: 'dbt-o-r-prod', schema: 'a', owner: true },
        { user: 'dbt-o-r-prod', owner: false },
        { user: 'dbt-o-r-ci', schema: 'b', owner: true },
        { user: 'dbt-o-r-ci', owner: false },
      ],
    })
  })

  test('that want one file in two ways are refused', async () => {
    const other = trino('b').replace(/ }$/, ', audience: "https://else" }')
    const made = await madeFor(trino('a'), other)
    expect(() => together(made)).toThrow(/prod and ci want different settings in etc\/config.properties/)
  })
})
