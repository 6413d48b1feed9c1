import { describe, expect, test } from '@jest/globals'
import { HISTORIES, type HistoryName, type HistoryQuery, type HistoryRequest } from '../src/audit/history.ts'
import { cli } from './support/cli.ts'
import { statementsOf, type Token } from './support/trust/judges.ts'

const DIALECTS: Readonly<Record<HistoryName, string>> = {
  snowflake: 'snowflake',
  bigquery: 'bigquery',
  aws: 'athena',
}
const NAMES = Object.keys(DIALECTS) as HistoryName[]
const REQUEST: HistoryRequest = {
  since: new Date('2026-09-01T00:00:00Z'),
  until: new Date('2026-11-24T12:00:00Z'),
  identities: [],
  places: [],
}

const of = (name: HistoryName, over: Partial<HistoryRequest> = {}): readonly HistoryQuery[] =>
  HISTORIES[name]({ ...REQUEST, ...over })
/** Each query as somebody else's parser reads it: exactly one statement. */
const parsed = (name: HistoryName, queries: readonly HistoryQuery[]): readonly (readonly Token[])[] =>
  statementsOf(queries.map(({ text }) => ({ dialect: DIALECTS[name], text }))).map((statements) => {
    expect(statements).toHaveLength(1)
    return statements[0] ?? []
  })
const texts = (tokens: readonly Token[], kind: string): string[] =>
  tokens.filter(([type]) => type === kind).map(([, text]) => text)

describe.each(NAMES)('the query for the history of %s', (name) => {
  test('is read by a parser of its dialect, selects only, and keeps to the time that is asked for', () => {
    for (const tokens of parsed(name, of(name))) {
      expect(['SELECT', 'WITH']).toContain(tokens[0]?.[0])
      const strings = texts(tokens, 'STRING').map((text) => text.replace('.000', ''))
      expect(strings).toContain('2026-09-01T00:00:00Z')
      expect(strings).toContain('2026-11-24T12:00:00Z')
      expect(tokens.some(([, text]) => text.toLowerCase() === 'run')).toBe(
        tokens.some(([, text]) => /principalsubject|query_tag|requestparameters/i.test(text)),
      )
    }
  })

  test('holds whatever an identity is called as one literal', () => {
    const identities = ["x') OR 1=1 --", 'DBT_PROD']
    const before = parsed(name, of(name, { identities: ['A', 'B'] }))
    const after = parsed(name, of(name, { identities }))
    expect(after.map((tokens) => tokens.map(([kind]) => kind))).toEqual(
      before.map((tokens) => tokens.map(([kind]) => kind)),
    )
    expect(after.flatMap((tokens) => texts(tokens, 'STRING'))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^x'\) or 1=1 --$/i), 'DBT_PROD']),
    )
  })
})

test('a project of BigQuery is a name and nothing else', () => {
  for (const project of ['a`; DROP TABLE x; --', 'a\\'])
    expect(() => of('bigquery', { places: [{ project, location: 'EU' }] })).toThrow('is no project')
})

const POLICY = `
repository: acme/dbt
targets:
  prod: { connection: { type: snowflake, account: a, user: dbt_prod, database: D, schema: S } }
  lake:
    connection: { type: bigquery, project: acme-prod, dataset: d, location: EU }
    identity: { provider: projects/1/locations/global/workloadIdentityPools/github/providers/dbt-prod, service-account: dbt@acme-prod.iam.gserviceaccount.com }
  red:
    connection: { type: redshift, host: acme.123456789012.eu-west-1.redshift-serverless.amazonaws.com, dbname: d, schema: s }
    identity: { role: "arn:aws:iam::123456789012:role/dbt-prod" }
grants:
  - { target: prod, when: { environment: production } }
  - { target: lake, when: { environment: lake } }
  - { target: red, when: { environment: red } }
`

describe('dbt-oidc audit --warehouse', () => {
  test.each<[HistoryName, string[]]>([
    ['snowflake', ["logins.user_name IN ('DBT_PROD')"]],
    [
      'bigquery',
      [
        '`acme-prod.region-eu.INFORMATION_SCHEMA.JOBS`',
        "user_email IN ('dbt@acme-prod.iam.gserviceaccount.com')",
      ],
    ],
    ['aws', ["IN ('arn:aws:iam::123456789012:role/dbt-prod')"]],
  ])('%s asks about the targets of the policy', async (name, parts) => {
    const files = { '.github/dbt-oidc.yml': POLICY }
    const { code, stdout, stderr } = await cli(['audit', '--warehouse', name, '--since', '2026-09-01'], files)
    expect([code, stderr]).toEqual([0, ''])
    for (const part of [...parts, '2026-09-01T00:00:00']) expect(stdout).toContain(part)
    expect(stdout).toMatch(/^-- /)
    expect(statementsOf([{ dialect: DIALECTS[name], text: stdout }])[0]).toHaveLength(
      name === 'bigquery' ? 2 : 1,
    )
  })

  test('asks about everybody who came as a run where there is no policy', async () => {
    const { code, stdout } = await cli(['audit', '--warehouse', 'snowflake'], {})
    expect([code, stdout]).toEqual([0, expect.stringContaining('IN (SELECT user_name FROM runs)')])
  })

  test('knows no other', async () => {
    const { code, stderr } = await cli(['audit', '--warehouse', 'oracle'], {})
    expect([code, stderr]).toEqual([2, expect.stringContaining('snowflake, bigquery, aws')])
  })
})
