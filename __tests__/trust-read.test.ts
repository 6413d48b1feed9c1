import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { DbtOidcError } from '../src/errors.ts'
import { exchanges } from '../src/exchanges/index.ts'
import { recognise } from '../src/trust/recognise.ts'
import type { Statement } from '../src/trust/statement.ts'
import { fits } from '../src/trust/wildcard.ts'
import { warehouses } from '../src/warehouses/index.ts'
import { runs } from './support/runs.ts'

const registries = { warehouses, exchanges }
const ISSUER = 'https://token.actions.githubusercontent.com'

async function read(text: string | object): Promise<readonly Statement[]> {
  const found = await recognise(typeof text === 'string' ? text : JSON.stringify(text), 'shown', registries)
  return found.map(({ statement }) => statement)
}

async function refusalOf(text: string): Promise<DbtOidcError> {
  const outcome: unknown = await recognise(text, 'shown', registries).catch((error: unknown) => error)
  if (outcome instanceof DbtOidcError) return outcome
  throw new Error('it was read', { cause: outcome })
}

const TRUST = {
  Version: '2012-10-17',
  Statement: {
    Sid: 'GitHub',
    Effect: 'Allow',
    Principal: { Federated: 'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com' },
    Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'],
    Condition: {
      StringEquals: { 'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com' },
      StringLike: {
        'Token.Actions.GitHubUserContent.com:sub': ['repo:o/r:ref:refs/heads/*', 'repo:o/r:pull_request'],
      },
      Bool: { 'aws:SecureTransport': true },
    },
  },
}
const WAY = {
  name: 'GitHub',
  issuer: ISSUER,
  audiences: ['sts.amazonaws.com'],
  conditions: [
    { claim: 'sub', values: ['repo:o/r:ref:refs/heads/*', 'repo:o/r:pull_request'], by: 'pattern' },
    { claim: 'aws:SecureTransport', values: ['Bool true'], by: 'expression' },
  ],
}

describe('a role of AWS', () => {
  const Role = {
    Path: '/',
    RoleName: 'dbt',
    RoleId: 'AROA1234567890EXAMPLE',
    Arn: 'arn:aws:iam::123456789012:role/dbt',
    CreateDate: '2026-11-01T08:15:00+00:00',
    RoleLastUsed: { LastUsedDate: '2026-11-20T10:00:00+00:00', Region: 'eu-west-1' },
  }
  const dates = { madeAt: new Date('2026-11-01T08:15:00Z'), usedAt: new Date('2026-11-20T10:00:00Z') }
  const known = { platform: 'AWS', what: 'role', name: Role.Arn, ...dates }

  test('as aws iam get-role prints it, with when it was made and last used', async () => {
    const path = ['Role', 'AssumeRolePolicyDocument', 'Statement']
    expect(await read({ Role: { ...Role, AssumeRolePolicyDocument: TRUST } })).toEqual([
      { ...known, ways: [{ ...WAY, path }] },
    ])
  })

  test('as the service itself gives it, URL-encoded', async () => {
    const AssumeRolePolicyDocument = encodeURIComponent(JSON.stringify(TRUST))
    expect(await read({ Role: { ...Role, AssumeRolePolicyDocument } })).toEqual([{ ...known, ways: [WAY] }])
  })

  test('as a bare policy, which does not say whose it is', async () => {
    expect(await read(TRUST)).toEqual([
      { platform: 'AWS', what: 'role', ways: [{ ...WAY, path: ['Statement'] }] },
    ])
  })
})

describe('the identities of a Snowflake user', () => {
  const info =
    '{"issuer":"https://token.actions.githubusercontent.com","subject":"repo:o/r:environment:p","audienceList":["a","b"]}'
  const ways = [
    {
      name: 'DEFAULT',
      issuer: ISSUER,
      audiences: ['a', 'b'],
      conditions: [{ claim: 'sub', values: ['repo:o/r:environment:p'], by: 'equals' }],
      path: [0],
      madeAt: new Date('2026-11-01T15:15:00.123Z'),
      usedAt: new Date('2026-11-20T16:15:00Z'),
    },
  ]
  const whole = {
    platform: 'Snowflake',
    what: 'service user',
    ways,
    madeAt: ways[0]?.madeAt,
    usedAt: ways[0]?.usedAt,
  }
  const row = {
    name: 'DEFAULT',
    type: 'OIDC',
    comment: '',
    last_used: '2026-11-20 08:15:00.000 -0800',
    created_on: '2026-11-01 08:15:00.123 -0700',
    additional_info: info,
  }

  test('as snow sql --format json prints them, alone and after another statement', async () => {
    expect(await read([row])).toEqual([whole])
    expect(await read([[row]])).toEqual([whole])
  })

  test('as snowsql prints them as CSV', async () => {
    const csv = `"name","type","comment","last_used","created_on","additional_info"\r\n"DEFAULT","OIDC","","${row.last_used}","${row.created_on}","${info.replaceAll('"', '""')}"\r\n`
    expect(await read(csv)).toEqual([whole])
    expect(await read(csv.replaceAll('\r', ''))).toEqual([whole])
  })

  test('as the driver gives them, with values for dates and objects', async () => {
    const [reader] = [...warehouses.values()].flatMap((one) => (one.type === 'snowflake' ? [one.reader] : []))
    const rows = [
      {
        ...row,
        created_on: ways[0]?.madeAt,
        last_used: ways[0]?.usedAt,
        additional_info: JSON.parse(info) as unknown,
      },
    ]
    expect(await (await reader?.())?.read(rows)).toEqual([whole])
  })
})

async function conditionsOf(attributeCondition: string): Promise<unknown> {
  const [statement] = await read({
    name: 'projects/1/locations/global/workloadIdentityPools/p/providers/q',
    oidc: { issuerUri: ISSUER },
    attributeMapping: { 'google.subject': 'assertion.sub', 'attribute.env': 'assertion.environment' },
    attributeCondition,
  })
  return statement?.ways.map(({ conditions }) =>
    conditions.map(({ claim, by, values }) => `${claim} ${by} ${values.join('|')}`),
  )
}

describe('conditions of Google', () => {
  test.each<[string, readonly (readonly string[])[]]>([
    ["'a' == assertion.ref", [['ref equals a']]],
    ["assertion['x-tier'] == 'a'", [['x-tier equals a']]],
    ["google.subject == 'a' && attribute.env in ['b', 'c']", [['sub equals a', 'environment equals b|c']]],
    ["attribute.unmapped == 'a'", [['attribute.unmapped equals a']]],
    [
      "(assertion.ref == 'a' || assertion.ref == 'b') && assertion.actor != 'c'",
      [
        ['ref equals a', 'actor except c'],
        ['ref equals b', 'actor except c'],
      ],
    ],
    ["has(assertion.environment) && assertion.environment == 'p'", [['environment equals p']]],
    ['has(assertion.environment)', [['environment pattern *']]],
    ["'environment' in assertion", [['environment pattern *']]],
    [`assertion.ref == "a" + '"' + "b"`, [['ref equals a"b']]],
    ["!(assertion.event_name in ['x', 'y'])", [['event_name except x|y']]],
    ["assertion.ref == 'a' && false", []],
    [
      "assertion.ref == 'a' ? true : false",
      [["attributeCondition expression assertion.ref == 'a' ? true : false"]],
    ],
    ['int(assertion.run_number) > 5', [['attributeCondition expression int(assertion.run_number) > 5']]],
    ['true', [[]]],
  ])('%s', async (condition, expected) => {
    expect(await conditionsOf(condition)).toEqual(expected)
  })

  test('of more alternatives than anybody writes is told as a whole', async () => {
    const either = "(assertion.ref == 'a' || assertion.ref == 'b')"
    const many = Array.from({ length: 6 }, () => either).join(' && ')
    expect(await conditionsOf(many)).toEqual([[`attributeCondition expression ${many}`]])
  })
})

function deep(levels: number): string {
  return `${'['.repeat(levels)}${']'.repeat(levels)}`
}

function withCondition(condition: unknown): string {
  return JSON.stringify({ Statement: [{ ...TRUST.Statement, Condition: condition }] })
}

describe('a document that cannot be read', () => {
  test('of no known kind says what is understood', async () => {
    const { problem, remedy, details } = await refusalOf('{"Metadata": {}}')
    expect(problem).toBe('shown is of no format that is understood here.')
    expect(remedy).toContain('these commands')
    expect(details).toEqual(
      expect.arrayContaining([
        '  AWS: aws iam get-role',
        '  Google Cloud: gcloud iam workload-identity-pools providers describe … --format json',
        '  Microsoft Entra ID: az ad app federated-credential list',
        '  Databricks: databricks account service-principal-federation-policy list',
      ]),
    )
  })

  test.each<[string, string, string]>([
    ['nothing', '  \n', 'shown is empty.'],
    ['an empty list', '[]', 'shown is an empty list, which every platform prints where it trusts nobody.'],
    [
      'a sentence',
      'An error occurred (NoSuchEntity)',
      'shown is neither JSON nor CSV with a line of column names on top.',
    ],
    ...(
      [
        ['AWS', '{"Roles": [], "NextToken": "eyJ"}', 'NextToken'],
        ['AWS without its own paging', '{"Roles": [], "IsTruncated": true, "Marker": "a"}', 'IsTruncated'],
        ['Google Cloud', '{"workloadIdentityPoolProviders": [], "nextPageToken": "a"}', 'nextPageToken'],
        ['Microsoft Graph', '{"value": [], "@odata.nextLink": "https://graph/"}', '@odata.nextLink'],
        ['Databricks', '{"policies": [], "next_page_token": "a"}', 'next_page_token'],
      ] as const
    ).map(
      ([platform, text, key]) =>
        [
          `a page of ${platform}`,
          text,
          `shown is one page of a longer list (\`${key}\`): who else is trusted stands on the pages that follow.`,
        ] as [string, string, string],
    ),
    ['half of it', '{"Role": {', 'shown is no whole JSON ('],
    ['two documents', '{} {}', 'shown is no whole JSON ('],
    ['a key twice', '{"Statement": [], "Statement": []}', 'shown names the same key twice.'],
    [
      'a key twice, written in two ways',
      '{"Statement": [], "\\u0053tatement": []}',
      'shown names the same key twice.',
    ],
    [
      'the key of a prototype',
      '{"Statement": [{"__proto__": {"Effect": "Allow"}}]}',
      'shown has a key `__proto__`.',
    ],
    ['great depth', deep(100_000), 'shown is nested more than 64 levels deep.'],
    ['depth behind a text', `["]]]]", ${deep(64)}]`, 'shown is nested more than 64 levels deep.'],
    [
      'a statement that is a number',
      '{"Statement": [1]}',
      "This looks like the output of `a role's trust policy`, but `Statement`",
    ],
    [
      'another effect',
      '{"Statement": {"Effect": "Perhaps"}}',
      "This looks like the output of `a role's trust policy`, but `Statement",
    ],
    [
      'a list of conditions',
      withCondition([]),
      "This looks like the output of `a role's trust policy`, but `Statement`",
    ],
    [
      'a policy of permissions',
      '{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}',
      'The statement Statement[0] names no Principal',
    ],
    [
      'a policy that is a text and no JSON',
      '{"Role": {"AssumeRolePolicyDocument": "%7B%"}}',
      'This looks like the output of `aws iam get-role`',
    ],
    [
      'a provider without an issuer',
      '{"name": "p", "oidc": {"issuerUri": 1}}',
      'This looks like the output of `gcloud iam workload-identity-pools providers describe`, but `oidc.issuerUri` is no string.',
    ],
    [
      'a row whose info is no object',
      '[{"name": "n", "type": "OIDC", "additional_info": "nothing"}]',
      'This looks like the output of `SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS`, but it is no object.',
    ],
    [
      'a policy without its inside',
      '{"oidc_policy": []}',
      'This looks like the output of `databricks account service-principal-federation-policy list`, but `oidc_policy` is no object.',
    ],
    [
      'an audience that is a number',
      '[{"issuer": "i", "audiences": [1]}]',
      'This looks like the output of `az ad app federated-credential list`, but `audiences` is not what stands there.',
    ],
    [
      'a CSV whose rows do not fit',
      'name,type\na\n',
      'shown is neither JSON nor CSV with a line of column names on top.',
    ],
    [
      'a CSV with an open quote',
      'name,type\n"a,b\n',
      'shown is neither JSON nor CSV with a line of column names on top.',
    ],
  ])('%s', async (_name, text, expected) => {
    const { code, problem } = await refusalOf(text)
    expect([code, problem.startsWith(expected) ? expected : problem]).toEqual(['configuration', expected])
  })

  test('never shows what a terminal would obey', async () => {
    const hostile = '{"Statement": [{"Effect": "\u0007", "Condition": {"\u001b[2J": 1}}]}'
    for (const text of [hostile, hostile.replace('{', '{,')]) {
      const { problem, details } = await refusalOf(text)
      expect([problem, ...details].join('')).not.toMatch(/[\p{Cc}]/u)
    }
  })

  test('is refused in our words, whatever it is', async () => {
    const keys = [
      'Role',
      'Roles',
      'Statement',
      'AssumeRolePolicyDocument',
      'oidc',
      'name',
      'type',
      'additional_info',
      'issuer',
      'audiences',
      'oidc_policy',
      'policies',
      'value',
      'Principal',
      'Condition',
      'Effect',
      'constructor',
      'issuerUri',
    ]
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom('Allow', '*', '', 'OIDC'),
        fc.integer(),
        fc.constant(null),
        fc.boolean(),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...keys), tie('any'), { maxKeys: 5 }),
      ),
    })).any
    await fc.assert(
      fc.asyncProperty(value, async (one) => {
        const outcome: unknown = await recognise(JSON.stringify(one), 'shown', registries).catch(
          (error: unknown) => error,
        )
        expect(Array.isArray(outcome) || outcome instanceof DbtOidcError).toBe(true)
      }),
      { numRuns: runs(1000) },
    )
  })
})

describe('a wildcard of the platforms', () => {
  test.each<[string, string, boolean]>([
    ['a*c', 'abbc', true],
    ['a*c', 'ac', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a?c', 'a*c', false],
    ['a*', 'a*b', true],
    ['*', '', true],
    ['a', 'ab', false],
    ['*b', 'abab', true],
    ['*a*b', 'aab', true],
    ['a.c', 'abc', false],
  ])('%s and %s', (pattern, text, expected) => {
    expect(fits(pattern, text)).toBe(expected)
  })

  test('fits what a regular expression of the same meaning fits', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 8 })
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 })
    fc.assert(
      fc.property(pattern, text, (one, other) => {
        const regex = new RegExp(`^${one.replaceAll('*', '[^]*').replaceAll('?', '[^]')}$`)
        expect(fits(one, other)).toBe(regex.test(other))
      }),
      { numRuns: runs(2000) },
    )
  })
})
