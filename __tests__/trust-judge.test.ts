import { describe, expect, test } from '@jest/globals'
import { exchanges } from '../src/exchanges/index.ts'
import type { Finding } from '../src/findings.ts'
import { judge } from '../src/trust/judge.ts'
import { recognise } from '../src/trust/recognise.ts'
import { warehouses } from '../src/warehouses/index.ts'

const registries = { warehouses, exchanges }
const ISSUER = 'https://token.actions.githubusercontent.com'
const JUDGING = {
  issuers: [ISSUER],
  review: { warn: 90, fail: undefined },
  today: new Date('2026-11-24T12:00:00Z'),
}

async function judged(...documents: readonly (string | object)[]): Promise<readonly Finding[]> {
  const all = await Promise.all(
    documents.map((one, at) =>
      recognise(typeof one === 'string' ? one : JSON.stringify(one, null, 1), `shown-${at}.json`, registries),
    ),
  )
  return judge(all.flat(), JUDGING)
}

const codes = async (...documents: readonly (string | object)[]): Promise<readonly string[]> =>
  (await judged(...documents)).map(({ code }) => code)

/** A role that trusts GitHub on these conditions; keys without a colon are claims. */
function role(condition: Record<string, Record<string, unknown>> | undefined, more: object = {}): object {
  const named = Object.entries(condition ?? {}).map(([operator, keys]) => [
    operator,
    Object.fromEntries(
      Object.entries(keys).map(([key, value]) => [
        key.includes(':') ? key : `token.actions.githubusercontent.com:${key}`,
        value,
      ]),
    ),
  ])
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: {
          Federated: 'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com',
        },
        Action: 'sts:AssumeRoleWithWebIdentity',
        ...(condition ? { Condition: Object.fromEntries(named) } : {}),
        ...more,
      },
    ],
  }
}

const AUD = { aud: 'sts.amazonaws.com' }
const like = (sub: string | readonly string[], more: object = {}): object =>
  role({ StringEquals: { ...AUD, ...more }, StringLike: { sub } })

const provider = (attributeCondition?: string, more: object = {}): object => ({
  name: 'projects/123456789012/locations/global/workloadIdentityPools/github/providers/dbt',
  state: 'ACTIVE',
  oidc: { issuerUri: ISSUER },
  attributeMapping: { 'google.subject': 'assertion.sub', 'attribute.repository': 'assertion.repository' },
  ...(attributeCondition === undefined ? {} : { attributeCondition }),
  ...more,
})

const entra = (change: object): object => [
  {
    id: 'd8f2',
    name: 'main',
    issuer: ISSUER,
    subject: 'repo:octo@1/hello@2:environment:Production',
    audiences: ['api://AzureADTokenExchange'],
    description: null,
    ...change,
  },
]

const snowflake = (info: object | string, more: object = {}): object => [
  {
    name: 'DEFAULT',
    type: 'OIDC',
    comment: '',
    last_used: '2026-11-20 08:15:00.000 -0700',
    created_on: '2026-11-01 08:15:00.000 -0700',
    additional_info:
      typeof info === 'string' ? info : JSON.stringify({ issuer: ISSUER, audienceList: ['a'], ...info }),
    status: 'ENABLED',
    ...more,
  },
]

const databricks = (change: object, more: object = {}): object => ({
  name: 'accounts/0a1b/servicePrincipals/12345/federationPolicies/github-actions-policy',
  policy_id: 'github-actions-policy',
  create_time: '2026-11-01T08:15:00Z',
  oidc_policy: {
    issuer: ISSUER,
    audiences: ['https://adb-1.azuredatabricks.net/oidc/v1/token'],
    subject: 'repo:octo@1/hello@2:environment:prod',
    ...change,
  },
  ...more,
})

const PINNED = 'repo:octo-org@1/octo-repo@2:environment:prod'

describe('the published examples of the vendors', () => {
  test.each<[string, object, readonly string[]]>([
    // docs.github.com, "Configuring OpenID Connect in Amazon Web Services"
    [
      'GitHub: one branch, by name',
      role({ StringEquals: { ...AUD, sub: 'repo:octo-org/octo-repo:ref:refs/heads/octo-branch' } }),
      ['by-name'],
    ],
    [
      'GitHub: any branch, pull request and environment',
      like('repo:octo-org/octo-repo:*'),
      ['by-name', 'any-run'],
    ],
    [
      'GitHub: one environment',
      role({ StringEquals: { ...AUD, sub: 'repo:octo-org/octo-repo:environment:prod' } }),
      ['by-name'],
    ],
    // github.com/aws-actions/configure-aws-credentials, README
    ['AWS: a whole organisation', like('repo:octo-org/*'), ['repository-open']],
    // docs.aws.amazon.com, IAM User Guide, "Create a role for OpenID Connect federation"
    [
      'AWS: a branch of a repository',
      like('repo:GitHubOrg/GitHubRepo:ref:refs/heads/GitHubBranch'),
      ['by-name'],
    ],
    // cloud.google.com/iam, "Configure Workload Identity Federation with deployment pipelines"
    [
      'Google: an owner by its name',
      provider("assertion.repository_owner=='ORGANIZATION'"),
      ['repository-open'],
    ],
    [
      'Google: an owner and a branch',
      provider("assertion.repository_owner=='ORG' && assertion.ref=='refs/heads/main'"),
      ['repository-open'],
    ],
    [
      'Google: ids',
      provider(
        "assertion.repository_owner_id=='1342004' && assertion.repository_id=='260064828' && assertion.ref=='refs/heads/main'",
      ),
      [],
    ],
    // learn.microsoft.com, Microsoft Graph, "List federatedIdentityCredentials"
    [
      'Microsoft: an exact credential',
      entra({
        subject: 'repo:octo-org/octo-repo:environment:Production',
        audiences: ['api://AzureADTokenExchange'],
      }),
      ['by-name'],
    ],
    // learn.microsoft.com, "Flexible federated identity credentials"
    [
      'Microsoft: a flexible credential',
      entra({
        subject: null,
        claimsMatchingExpression: {
          value: "claims['sub'] matches 'repo:contoso/contoso-repo:ref:refs/heads/*'",
          languageVersion: 1,
        },
      }),
      ['by-name', 'any-ref'],
    ],
    [
      'Microsoft: a flexible credential for a workflow',
      entra({
        subject: null,
        claimsMatchingExpression: {
          value:
            "claims['sub'] matches 'repo:contoso/contoso-prod:*' and claims['job_workflow_ref'] matches 'foo-org/bar-repo/.github/workflows/*@refs/heads/main'",
          languageVersion: 1,
        },
      }),
      ['by-name'],
    ],
    // learn.microsoft.com, "account service-principal-federation-policy command group"
    [
      'Databricks: GitHub Actions',
      databricks({
        audiences: ['https://github.com/my-github-org'],
        subject: 'repo:my-github-org/my-repo:environment:prod',
      }),
      ['audience-default', 'by-name'],
    ],
    // docs.snowflake.com, "Workload identity federation", GitHub Actions
    [
      'Snowflake: no list of audiences',
      snowflake({ audienceList: [], subject: 'repo:octo-org/octo-repo:environment:prod' }),
      ['by-name'],
    ],
  ])('%s', async (_name, document, expected) => {
    expect(await codes(document)).toEqual(expected)
  })
})

describe('what is wrong is found', () => {
  const equals = (more: object): object => role({ StringEquals: { ...AUD, sub: PINNED, ...more } })
  test.each<[string, object, readonly string[]]>([
    ['nothing, where ids hold the repository', equals({}), []],
    ['no condition at all', role(undefined), ['audience-missing', 'subject-missing']],
    ['no audience', role({ StringEquals: { sub: PINNED } }), ['audience-missing']],
    ['any audience', role({ StringEquals: { sub: PINNED }, StringLike: { aud: '*' } }), ['audience-missing']],
    [
      'audiences like something',
      role({ StringEquals: { sub: PINNED }, StringLike: { aud: 'sts.*' } }),
      ['audience-pattern'],
    ],
    ['the audience of tokens that only decide', equals({ aud: 'dbt-oidc' }), ['audience-own']],
    ['any owner', like('repo:*'), ['owner-open']],
    ['everybody', like('*'), ['owner-open']],
    ['owners that begin alike', like('repo:acme*'), ['owner-open']],
    ['owners that begin alike, with a name', like('repo:acme*/dbt:ref:refs/heads/main'), ['owner-open']],
    ['an owner whose id goes on', like('repo:acme@1*'), ['owner-open']],
    ['one of several subjects open', like([PINNED, 'repo:*:environment:prod']), ['owner-open']],
    ['all repositories of an owner', like('repo:acme/*'), ['repository-open']],
    ['repositories that begin alike', like('repo:acme/dbt*'), ['repository-open']],
    ['the same with what follows', like('repo:acme/dbt*:environment:prod'), ['repository-open']],
    ['an open subject beside an id', like('repo:acme/*', { repository_id: '7' }), ['any-run']],
    ['one character left open', like('repo:acme@1/dbt@2:environment:pro?'), []],
    ['a branch that anybody makes up', like('repo:acme@1/dbt@2:ref:refs/heads/*'), ['any-ref']],
    ['any run', like('repo:acme@1/dbt@2:*'), ['any-run']],
    ['any run of one environment', like('repo:acme@1/dbt@2:*', { environment: 'prod' }), []],
    [
      'any run of any environment',
      role({ StringEquals: AUD, StringLike: { sub: 'repo:acme@1/dbt@2:*', environment: '*' } }),
      ['any-run'],
    ],
    [
      'what every repository has',
      role({ StringEquals: { ...AUD, ref: 'refs/heads/main' } }),
      ['any-repository'],
    ],
    [
      'a workflow that any may call',
      role({
        StringEquals: { ...AUD, job_workflow_ref: 'acme/ci/.github/workflows/dbt.yml@refs/heads/main' },
      }),
      ['any-repository'],
    ],
    [
      'ForAllValues',
      role({ StringEquals: AUD, 'ForAllValues:StringEquals': { sub: PINNED } }),
      ['any-repository', 'for-all-values'],
    ],
    [
      'ForAllValues on the audience',
      role({ StringEquals: { sub: PINNED }, 'ForAllValues:StringEquals': AUD }),
      ['audience-missing', 'for-all-values'],
    ],
    [
      'IfExists',
      role({ StringEquals: AUD, StringEqualsIfExists: { sub: PINNED } }),
      ['any-repository', 'if-exists'],
    ],
    [
      'NotEquals',
      role({ StringEquals: AUD, StringNotEquals: { sub: 'repo:o/r:pull_request' } }),
      ['any-repository', 'not-equals'],
    ],
    [
      'NotLike beside a subject',
      role({ StringEquals: { ...AUD, sub: PINNED }, StringNotLike: { ref: 'refs/tags/*' } }),
      ['not-equals'],
    ],
    ['a star that is a star', equals({ sub: 'repo:acme@1/dbt@2:*' }), ['star-as-it-is']],
    ['a star that stands for itself', like('repo:acme@1/dbt@2:ref:refs/heads/${*}'), ['star-as-it-is']],
    ['keys of another issuer', equals({ 'gitlab.com:sub': 'x' }), ['key-of-another-issuer']],
    ['a claim that no token has', equals({ branch: 'main' }), ['unknown-claim']],
    ['a key of the platform', equals({ 'sts:RoleSessionName': 'dbt' }), []],
    [
      'an issuer that looks like it',
      role(
        { StringEquals: {} },
        {
          Principal: {
            Federated: 'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com.example',
          },
        },
      ),
      ['issuer-alike', 'audience-missing', 'subject-missing'],
    ],
    [
      'a foreign issuer',
      role(
        { StringEquals: {} },
        { Principal: { Federated: 'arn:aws:iam::123456789012:oidc-provider/gitlab.com' } },
      ),
      ['issuer-foreign'],
    ],
    [
      'an enterprise of its own',
      role(
        { StringEquals: {} },
        {
          Principal: {
            Federated: 'arn:aws:iam::123456789012:oidc-provider/ghe.acme.example/_services/token',
          },
        },
      ),
      ['audience-missing', 'subject-missing'],
    ],
    ['any issuer', role({ StringEquals: { ...AUD, sub: PINNED } }, { Principal: '*' }), ['issuer-missing']],
    [
      'everybody without a token',
      role(undefined, { Principal: '*', Action: 'sts:AssumeRole' }),
      ['principal-any'],
    ],
    [
      'another role',
      role(undefined, { Principal: { AWS: 'arn:aws:iam::123456789012:role/x' }, Action: 'sts:AssumeRole' }),
      [],
    ],
    ['all actions', role(undefined, { Action: 'sts:*' }), ['audience-missing', 'subject-missing']],
    [
      'all actions but one',
      role(undefined, { Action: undefined, NotAction: 'sts:TagSession' }),
      ['audience-missing', 'subject-missing'],
    ],
    ['a denial alone', role({ StringEquals: AUD }, { Effect: 'Deny' }), ['nobody']],

    ['Google: no condition', provider(), ['subject-missing']],
    ['Google: a condition that says nothing', provider('true'), ['subject-missing']],
    [
      'Google: an alternative too many',
      provider(
        'assertion.repository_id == "1" && assertion.ref == "refs/heads/main" || assertion.ref == "refs/heads/main"',
      ),
      ['any-repository'],
    ],
    [
      'Google: a mapped attribute',
      provider('attribute.repository == "acme/dbt" && assertion.ref == "refs/heads/main"'),
      ['by-name'],
    ],
    [
      'Google: the start of a name',
      provider('assertion.repository.startsWith("acme/dbt")'),
      ['repository-open'],
    ],
    [
      'Google: a regular expression that is found anywhere',
      provider('assertion.repository.matches("acme/dbt")'),
      ['any-repository'],
    ],
    [
      'Google: an anchored one',
      provider('assertion.repository.matches("^acme/[^/]+$")'),
      ['repository-open'],
    ],
    [
      'Google: one with an alternative',
      provider('assertion.sub.matches("^repo:acme/dbt:.*|x$")'),
      ['owner-open'],
    ],
    [
      'Google: what is not understood',
      provider('assertion.repository.lowerAscii() == "acme/dbt"'),
      ['not-understood'],
    ],
    ['Google: what cannot be read', provider('assertion.repository =='), ['not-understood']],
    ['Google: everything but', provider('assertion.repository_owner != "evil"'), ['any-repository']],
    [
      'Google: keys of its own',
      provider('assertion.repository_id == "1" && assertion.environment == "p"', {
        oidc: { issuerUri: ISSUER, jwksJson: '{}' },
      }),
      ['keys-of-its-own'],
    ],
    ['Google: disabled', provider(undefined, { disabled: true }), ['nobody']],

    ['Entra: a slash behind the issuer', entra({ issuer: `${ISSUER}/` }), ['issuer-alike']],
    ['Entra: a star', entra({ subject: 'repo:octo@1/hello@2:*' }), ['star-as-it-is']],
    [
      'Entra: an expression that is not understood',
      entra({ subject: null, claimsMatchingExpression: { value: "claims['sub'] like 'x'" } }),
      ['not-understood'],
    ],
    [
      'Entra: neither subject nor expression',
      entra({ subject: null, audiences: [] }),
      ['audience-missing', 'subject-missing'],
    ],

    ['Snowflake: another provider', snowflake({ awsAccount: '1' }, { type: 'AWS' }), []],
    ['Snowflake: disabled', snowflake({ subject: PINNED }, { status: 'DISABLED' }), ['nobody']],
    [
      'Snowflake: old',
      snowflake({ subject: PINNED }, { created_on: '2026-01-01 00:00:00.000 +0000' }),
      ['age'],
    ],
    [
      'Snowflake: unused',
      snowflake({ subject: PINNED }, { last_used: '2026-07-01 00:00:00.000 +0000' }),
      ['unused'],
    ],

    [
      'Databricks: an account that lets in whom the claim names',
      databricks({ subject: undefined }, { name: 'accounts/0a1b/federationPolicies/p' }),
      ['subject-missing'],
    ],
    [
      'Databricks: a claim of its own',
      databricks({ subject: '7654321', subject_claim: 'repository_id' }),
      ['any-run'],
    ],
  ])('%s', async (_name, document, expected) => {
    expect(await codes(document)).toEqual(expected)
  })
})

describe('a finding', () => {
  test('has its line, what it is about, and a text to paste in the words of the platform', async () => {
    const [found] = await judged(role({ StringEquals: { sub: PINNED } }))
    expect(found).toEqual({
      code: 'audience-missing',
      severity: 'error',
      where: 'shown-0.json:4:3',
      about: 'AWS role',
      problem: expect.stringContaining('no audience'),
      remedy: expect.any(String),
      paste: '"StringEquals": { "token.actions.githubusercontent.com:aud": "AUDIENCE-OF-THE-TARGET" }',
    })
  })

  test.each<[string, object, string]>([
    [
      'Google',
      provider('assertion.repository == "acme/dbt" && assertion.ref == "refs/heads/main"'),
      'assertion.repository_id == "REPOSITORY_ID"',
    ],
    [
      'Snowflake',
      snowflake({ subject: 'repo:acme/dbt:environment:p' }),
      "SUBJECT = 'repo:acme@OWNER_ID/dbt@REPOSITORY_ID:environment:p'",
    ],
    [
      'Entra',
      entra({ subject: 'repo:acme/dbt:environment:p' }),
      '"subject": "repo:acme@OWNER_ID/dbt@REPOSITORY_ID:environment:p"',
    ],
    [
      'Databricks',
      databricks({ subject: 'repo:acme/dbt:environment:p' }),
      '"subject": "repo:acme@OWNER_ID/dbt@REPOSITORY_ID:environment:p"',
    ],
  ])('names the ids as %s writes them', async (_name, document, paste) => {
    expect((await judged(document)).map((one) => one.paste)).toEqual([paste])
  })

  test('tells of an audience that two have in common, where each could have its own', async () => {
    const one = snowflake({ subject: PINNED })
    const [found] = await judged(one, one)
    expect(found).toMatchObject({ code: 'audience-shared', severity: 'warning', where: 'shown-1.json' })
    const sts = role({ StringEquals: { ...AUD, sub: PINNED } })
    expect(await codes(sts, sts)).toEqual([])
  })

  test('shows nothing of a document that a terminal would obey', async () => {
    const [found] = await judged(like('repo:*\u001b[31m\u202e'))
    expect(JSON.stringify(found)).not.toMatch(/\\u001b|\u202e/)
    expect(found?.problem).toContain('\\u{1b}')
  })
})

const vault = (change: object): object => ({
  data: {
    role_type: 'jwt',
    user_claim: 'repository_id',
    bound_audiences: ['https://vault.acme.example:8200'],
    bound_subject: '',
    bound_claims_type: 'string',
    bound_claims: { repository: 'acme/dbt', repository_id: '7654321', environment: 'production' },
    token_policies: ['dbt'],
    ...change,
  },
})

describe('a role of Vault', () => {
  test('that names audience, repository by its number and environment is fine; its issuer stands elsewhere', async () => {
    expect(await codes(vault({}))).toEqual([])
  })

  test('without audience is an error, as is one that any repository satisfies', async () => {
    expect(await codes(vault({ bound_audiences: null }))).toContain('audience-missing')
    const open = await codes(vault({ bound_claims_type: 'glob', bound_claims: { repository: '*' } }))
    expect(open).toContain('any-repository')
  })
})
