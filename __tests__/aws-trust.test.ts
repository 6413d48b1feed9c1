import { describe, expect, test } from '@jest/globals'
import { array, check, constantFrom, option, asyncProperty, record, tuple } from 'fast-check'
import awsExchange from '../src/exchanges/aws.ts'
import { matches } from '../src/pattern.ts'
import type { TrustDocument } from '../src/trust.ts'
import { trustRules } from '../src/trust/rules.ts'
import { apply, newCloud } from './support/aws/account.ts'
import { ACCOUNT, AUDIENCE, GITHUB, PINNED, ROLE } from './support/aws/bench.ts'
import { allows, parsePolicy, type Policy } from './support/aws/policy.ts'
import { grantOf, type Written } from './support/claims-of.ts'
import { githubClaims, type SubForm } from './support/github-claims.ts'
import { scalarText } from './support/shape.ts'
import { runs } from './support/runs.ts'

async function documentFor(grants: readonly Written[], issuer = GITHUB): Promise<TrustDocument> {
  const rules = trustRules(
    grants.map((written) => grantOf(written)),
    'prod',
  )
  const request = {
    target: 'prod',
    via: 'aws',
    issuer,
    audience: AUDIENCE,
    audiences: [AUDIENCE],
    rules,
    identity: ROLE,
  }
  const [, document] = await awsExchange.bind({ role: ROLE, region: 'eu-west-1' }).trust({}, request)
  if (!document) throw new Error('there is no document')
  return document
}

function policyOf(document: TrustDocument): Policy {
  const cloud = newCloud()
  apply(cloud, document.text, ACCOUNT)
  const role = cloud.roles.get(ROLE)
  if (!role) throw new Error('the document makes no role')
  return role.trust
}

const ENTERPRISE = 'https://github.acme.example/_services/token'

const KEYS = 'sub actor ref environment job_workflow_ref repository repository_id workflow'.split(' ')

/** Whether IAM lets these claims in, as its documentation has it. */
function letsIn(policy: Policy, claims: Readonly<Record<string, unknown>>, issuer = GITHUB): boolean {
  const prefix = issuer.replace(/^https?:\/\//, '')
  const context = new Map([
    ['sts:rolesessionname', `dbt-${scalarText(claims.repository_id)}-1-1`],
    [`${prefix}:aud`, AUDIENCE],
  ])
  const keys = issuer === GITHUB ? KEYS : ['sub']
  for (const key of keys)
    if (claims[key] !== undefined) context.set(`${prefix}:${key}`, scalarText(claims[key]))
  const principal = ['Federated', `arn:aws:iam::${ACCOUNT}:oidc-provider/${prefix}`] as const
  return allows([policy], { action: 'sts:AssumeRoleWithWebIdentity', principal, context })
}

const environments = (count: number): Written[] =>
  Array.from({ length: count }, (_, index) => ({ ...PINNED, environment: `production-${index}` }))

describe('the trust of a role', () => {
  test('is a document to paste that says what is held where', async () => {
    const document = await documentFor([
      { ...PINNED, ref: 'refs/heads/main', environment: 'prod-*', event_name: 'push' },
    ])
    expect(document.heldThere).toEqual(['repository', 'repository_id', 'ref'])
    expect(document.checkedHere).toEqual(['repository_owner_id', 'environment', 'event_name'])
    expect(document.text).toMatchInlineSnapshot(`
     "# AWS account 123456789012: who may assume arn:aws:iam::123456789012:role/dbt-prod for the target prod.
     # Held there: aud, repository, repository_id, ref.
     # Checked by this action only: repository_owner_id, environment, event_name.
     # Refused there, though the policy may grant it: a repository that was renamed, until this is written anew; a \`sub\` by a template of the repository’s own.
     # Held there in part, of the grant for prod: environment prod-*. IAM's * also stands for / and :, so this action checks the rest.
     # A role that exists takes the same document by aws iam update-assume-role-policy --role-name ... --policy-document ...
     aws iam create-role --role-name dbt-prod --max-session-duration 3600 --assume-role-policy-document '{
       "Version": "2012-10-17",
       "Statement": [
         {
           "Effect": "Allow",
           "Principal": {
             "Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
           },
           "Action": "sts:AssumeRoleWithWebIdentity",
           "Condition": {
             "StringEquals": {
               "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
               "token.actions.githubusercontent.com:repository": "o/r",
               "token.actions.githubusercontent.com:repository_id": "456",
               "token.actions.githubusercontent.com:ref": "refs/heads/main"
             },
             "StringLike": {
               "token.actions.githubusercontent.com:sub": [
                 "repo:o/r:environment:prod-*",
                 "repo:o@123/r@456:environment:prod-*"
               ],
               "token.actions.githubusercontent.com:environment": "prod-*",
               "sts:RoleSessionName": "dbt-456-*"
             }
           }
         }
       ]
     }'"
    `)
  })

  test('lets a job in an environment in by its ref, which AWS compares itself', async () => {
    const document = await documentFor([{ ...PINNED, ref: 'refs/heads/main' }])
    const policy = policyOf(document)
    expect(document.heldThere).toContain('ref')
    expect(letsIn(policy, githubClaims({ environment: 'production' }))).toBe(true)
    expect(letsIn(policy, githubClaims({ environment: 'production' }, 'id'))).toBe(true)
    expect(letsIn(policy, githubClaims({ environment: 'production', ref: 'refs/heads/dev' }))).toBe(false)
    expect(letsIn(policy, githubClaims({ environment: 'production', repository: 'o/x' }))).toBe(false)
    // An enterprise server has the subject alone, and the document says whom that shuts out.
    const bare = await documentFor([{ ...PINNED, ref: 'refs/heads/main' }], ENTERPRISE)
    expect(letsIn(policyOf(bare), githubClaims({ environment: 'production' }), ENTERPRISE)).toBe(false)
    expect(bare.text).toContain('Refused there, though the policy may grant it: a job with an environment')
  })

  test('holds with an enterprise server what `sub` says, and that alone', async () => {
    const document = await documentFor([{ ...PINNED, ref: 'refs/heads/main' }], ENTERPRISE)
    expect(document.heldThere).toEqual(['repository', 'ref'])
    expect(document.text).not.toContain(':ref"')
    expect(letsIn(policyOf(document), githubClaims({}), ENTERPRISE)).toBe(true)
    expect(letsIn(policyOf(document), githubClaims({ ref: 'refs/heads/dev' }), ENTERPRISE)).toBe(false)
  })

  test('takes what IAM would read as a variable or a wildcard for itself', async () => {
    const policy = policyOf(await documentFor([{ ...PINNED, environment: 'a?${aws:username}' }]))
    expect(letsIn(policy, githubClaims({ environment: 'a?${aws:username}' }))).toBe(true)
    expect(letsIn(policy, githubClaims({ environment: 'ab${aws:username}' }))).toBe(false)
    // Where `sub` alone is compared, nothing else would notice.
    const bare = policyOf(await documentFor([{ ...PINNED, environment: 'a?b' }], ENTERPRISE))
    expect(letsIn(bare, githubClaims({ environment: 'a?b' }), ENTERPRISE)).toBe(true)
    expect(letsIn(bare, githubClaims({ environment: 'axb' }), ENTERPRISE)).toBe(false)
  })

  test('never lets in a session of another name', async () => {
    const policy = policyOf(await documentFor([{ ...PINNED, ref: 'refs/heads/main' }]))
    expect(JSON.stringify(policy)).toContain('"sts:RoleSessionName":"dbt-456-*"')
    expect(JSON.stringify(policy)).not.toMatch(/ForAllValues|IfExists/)
  })

  test('tells when IAM needs a raised quota, and fails when none is enough', async () => {
    expect((await documentFor(environments(5))).text).toContain(
      'have the quota "Role trust policy length" raised from 2048',
    )
    await expect(documentFor(environments(20))).rejects.toThrow('IAM takes at most 4096')
  })

  test('lets in whatever the grants let in; and nothing else, where it says that it holds all', async () => {
    const piece = constantFrom('main', 'release/1', 'release/1/x', 'prod', 'a?b', '$x', 'x*y', 'eu:1')
    const pattern = constantFrom(
      'main',
      '**',
      '*',
      'release/*',
      'release/**',
      '**/x',
      'prod',
      'a?b',
      '$x',
      'eu:1',
      'p*d',
    )
    const written = record({
      ref: option(
        pattern.map((text) => `refs/heads/${text}`),
        { nil: undefined },
      ),
      environment: option(pattern, { nil: undefined }),
      repository: constantFrom('o/r', 'o/*', 'o/**'),
    })
    const claims = record({
      ref: piece.filter((text) => !text.includes(':')).map((text) => `refs/heads/${text}`),
      environment: option(piece, { nil: undefined }),
      repository: constantFrom('o/r', 'o/r2', 'p/r'),
    })
    const outcome = await check(
      asyncProperty(
        array(written, { minLength: 1, maxLength: 3 }),
        claims,
        tuple(constantFrom<SubForm[]>('name', 'id'), constantFrom(GITHUB, ENTERPRISE)),
        async (grants, given, [form, issuer]) => {
          const whens = grants.map((grant) =>
            Object.fromEntries(
              Object.entries({ ...PINNED, ...grant }).filter(([, value]) => value !== undefined),
            ),
          ) as Written[]
          const document = await documentFor(whens, issuer)
          const token = githubClaims(given, form)
          const fits = (when: Written, but: readonly string[]): boolean =>
            Object.entries(when).every(
              ([claim, one]) =>
                but.includes(claim) ||
                (token[claim] !== undefined && matches(String(one), scalarText(token[claim]))),
            )
          const allowed = letsIn(policyOf(document), token, issuer)
          // A job with an environment has a subject without its ref: the generated one is for jobs as the grant names them.
          const named = (when: Written): boolean =>
            (when.environment === undefined) === (token.environment === undefined)
          const must = whens.some((when) => named(when) && fits(when, []))
          const may = whens.some((when) => fits(when, document.checkedHere))
          return (allowed || !must) && (may || !allowed)
        },
      ),
      { numRuns: runs(1000) },
    )
    expect(outcome.counterexample).toBeNull()
  })
})

/** As GitHub's own page on AWS has it, with another condition each ("Configuring OpenID Connect in Amazon Web Services"). */
function published(condition: object): Policy {
  return parsePolicy(
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: {
            Federated: `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`,
          },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: condition,
        },
      ],
    }),
  )
}

const [AUD, SUB] = ['aud', 'sub'].map((key) => `token.actions.githubusercontent.com:${key}`) as [
  string,
  string,
]

describe('policies that GitHub and AWS publish', () => {
  test.each<[string, object, readonly boolean[]]>([
    [
      'one branch',
      { StringEquals: { [SUB]: 'repo:o/r:ref:refs/heads/main', [AUD]: AUDIENCE } },
      [true, false, false, false],
    ],
    [
      'any branch, tag or environment of a repository',
      { StringLike: { [SUB]: 'repo:o/r:*' }, StringEquals: { [AUD]: AUDIENCE } },
      [true, true, true, false],
    ],
    [
      'an environment',
      { StringEquals: { [AUD]: AUDIENCE, [SUB]: 'repo:o/r:environment:prod' } },
      [false, false, true, false],
    ],
    [
      'another audience',
      { StringEquals: { [AUD]: 'https://github.com/o' }, StringLike: { [SUB]: 'repo:o/r:*' } },
      [false, false, false, false],
    ],
  ])('mean here what they are published for: %s', (_name, condition, verdicts) => {
    const policy = published(condition)
    const claims = [
      githubClaims({}),
      githubClaims({ ref: 'refs/heads/dev' }),
      githubClaims({ environment: 'prod' }),
      githubClaims({ repository: 'o/other' }),
    ]
    expect(claims.map((one) => letsIn(policy, one))).toEqual(verdicts)
  })

  test('are refused where the grammar has no such element', () => {
    const [valid] = [published({ StringEquals: { [AUD]: AUDIENCE } })]
    for (const change of [
      { Version: '2012-10-18' },
      { Statements: [] },
      { Statement: [{ Effect: 'allow' }] },
    ])
      expect(() => parsePolicy(JSON.stringify({ ...valid, ...change }))).toThrow(/./)
  })
})
