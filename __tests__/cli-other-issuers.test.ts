import { describe, expect, test } from '@jest/globals'
import { trustDocuments } from '../src/trust/request.ts'
import { cli, type Ended } from './support/cli.ts'
import { golden } from './support/golden.ts'
import { configOf } from './support/config-of.ts'
import { PLATFORMS } from './support/equivalence/platforms.ts'
import { GITLAB } from './support/other-payloads.ts'

// What the command line says of grants for other issuers than GitHub, beside a policy with both.

const MAIN = '{ project_path: acme/shop, ref: main, ref_type: branch }'
const SNOWFLAKE = '{ type: snowflake, account: acme, role: R, database: D, schema: S }'

const policy = (
  grants: readonly string[],
  target = `connection: ${SNOWFLAKE}`,
): string => `repository: acme/dbt
issuers:
  lab: { url: https://gitlab.com, like: gitlab }
  ci: { url: https://agent.buildkite.com, like: buildkite }
  own: { url: https://id.example.com, claims: [job/name], owners: [team] }
targets:
  prod: { ${target} }
grants:
${grants.map((grant) => `  - { target: prod, ${grant} }`).join('\n')}
`

const lab = (when = MAIN): string => `name: theirs, issuer: lab, when: ${when}`

function run(
  words: readonly string[],
  text: string,
  files: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return cli(words, { '.github/dbt-oidc.yml': text, ...files })
}

describe('trust', () => {
  test('names issuer and subject of that issuer, and a user that is no run of GitHub’s', async () => {
    const { code, stdout } = await run(['trust', '--target', 'prod'], policy([lab()]))
    expect(stdout).toContain("ISSUER = 'https://gitlab.com'")
    expect(stdout).toContain("SUBJECT = 'project_path:acme/shop:ref_type:branch:ref:main'")
    expect(stdout).toMatch(/CREATE USER IF NOT EXISTS OIDC_LAB_PROD_[0-9A-F]{12} /)
    expect(stdout).not.toMatch(/GitHub|token\.actions|repository|event_name/)
    expect(code).toBe(0)
  })

  test('for a key by which Okta is opened is that of whoever keeps the key, as somebody has read it', async () => {
    const identity = `{ via: okta, url: "https://acme.okta.com/oauth2/aus1", client-id: 0oa1a2b3c4, signer: { key: "arn:aws:kms:eu-west-1:123456789012:key/1234abcd", aws: { role: "arn:aws:iam::123456789012:role/okta-prod" } } }`
    const connection = '{ type: snowflake, account: acme, user: DBT, role: R, database: D, schema: S }'
    const { code, stdout } = await run(
      ['trust', '--target', 'prod'],
      policy([lab()], `connection: ${connection}, identity: ${identity}`),
    )
    expect(stdout).toBe(golden('other-issuers/gitlab-okta.txt', stdout))
    expect(stdout).not.toMatch(/GitHub|token\.actions|repository|event_name/)
    expect(code).toBe(0)
  })

  test('is nothing where nobody compares a token, and asks for no subject', async () => {
    const { code, stdout, stderr } = await run(
      ['trust', '--target', 'prod'],
      policy(
        ['name: o, issuer: own, when: { team: data, job/name: nightly }'],
        'connection: { type: duckdb, path: local.duckdb }',
      ),
    )
    expect(stdout).toContain('nobody but this action has to trust the token')
    expect([code, stderr]).toEqual([0, ''])
  })

  test.each<readonly [string, readonly string[], string, string]>([
    [
      'GitHub and another issuer',
      [lab(), 'when: { ref: refs/heads/main }'],
      `connection: ${SNOWFLAKE}`,
      'Write one target for each issuer (prod-github, prod-lab) with the same connection',
    ],
    [
      'IAM Identity Center, and names the way that needs none',
      [lab()],
      'connection: { type: redshift, method: oauth_token_identity_center, host: w.123456789012.eu-west-1.redshift-serverless.amazonaws.com, dbname: d, schema: s }, identity: { via: aws-identity-center, instance: "arn:aws:sso:::instance/ssoins-1234567890abcdef", region: eu-west-1, group: dbt }',
      'Take `via: aws` with a role for this target',
    ],
    [
      'an authorization server, which is told by hand',
      [lab()],
      `connection: { type: snowflake, account: acme, user: DBT, role: R, database: D, schema: S }, identity: { via: oauth, token-url: "https://as.example/token", client-id: dbt, grant: token-exchange }`,
      'Make the issuer known to the authorization server by hand',
    ],
    [
      'a server that takes tokens of one issuer',
      [lab()],
      'connection: { type: trino, host: t.example, database: lake, schema: s }',
      'Take `via: entra`; or set `http-server.authentication.jwt.key-file`, `required-issuer`',
    ],
    [
      'two other issuers',
      [lab(), 'name: b, issuer: ci, when: { organization_slug: acme, build_branch: main }'],
      `connection: ${SNOWFLAKE}`,
      'lead to prod (lab, ci)',
    ],
    [
      'a subject that is left open, at a side that takes whole ones',
      [lab('{ project_path: acme/shop, ref: "feature/*", ref_type: branch }')],
      `connection: ${SNOWFLAKE}`,
      'Name each claim of which the subject of lab is made, without a star, or write it out: `sub: …`.',
    ],
    [
      'claims that do not stand in the subject',
      [lab('{ project_id: 20, ref_path: refs/heads/main }')],
      `connection: ${SNOWFLAKE}`,
      'The grant theirs of prod names no claims of which the subject of a token is made, and the other side compares the subject.',
    ],
    [
      'Buildkite, whose subject holds the commit, at a side that takes whole ones',
      ['name: b, issuer: ci, when: { organization_slug: acme, pipeline_slug: shop, build_branch: main }'],
      `connection: ${SNOWFLAKE}`,
      'organization:acme:pipeline:shop:ref:refs/heads/main:commit:**:step:**',
    ],
    [
      'a side that is told of GitHub alone',
      [lab()],
      'connection: { type: trino, host: t.example, database: lake, schema: s }',
      "The trust of prod for tokens of https://gitlab.com is not written: via direct Trino/Starburst is told of GitHub's issuer alone.",
    ],
    [
      'an owner who is left open, where stars stand for anything',
      [lab('{ project_path: "*/shop", project_id: 20, ref: main, ref_type: branch }')],
      'connection: { type: postgres, host: db.c1.eu-west-1.rds.amazonaws.com, user: u, dbname: d, schema: s, port: 5432 }, identity: { via: aws, role: "arn:aws:iam::123456789012:role/dbt" }',
      'The subjects of prod leave open whose tokens they are (`project_path:*/shop:ref_type:branch:ref:main`), and AWS compares nothing else.',
    ],
    [
      'a claim of which nobody knows where it is',
      ['name: o, issuer: own, when: { team: data, job/name: nightly }'],
      'connection: { type: postgres, host: db.example, user: u, dbname: d, schema: s, port: 5432 }, identity: { via: vault, url: "https://v.example", role: dbt, database: { role: dbt } }',
      'of own nobody has said whether that is one name or a way',
    ],
  ])('refuses %s', async (_, grants, target, said) => {
    const { code, stdout, stderr } = await run(['trust'], policy(grants, target))
    expect(stderr).toContain(said)
    expect([code, stdout]).toEqual([3, ''])
  })

  test('--strict fails where the action alone checks a claim, in words of the issuer', async () => {
    const { code, stderr } = await run(
      ['trust', '--strict'],
      policy([lab('{ project_path: acme/shop, ref: main, ref_type: branch, ref_protected: true }')]),
    )
    expect(stderr).toContain('prod: ref_protected')
    expect(stderr).toContain('name each claim of which the subject of lab is made, or write it out.')
    expect(stderr).not.toContain('gh api')
    expect(code).toBe(1)
  })
})

describe.each(PLATFORMS.filter(({ name }) => /^(?:Snowflake|Google|Microsoft|Databricks|Vault)/.test(name)))(
  'what $name prints',
  (platform) => {
    const file = JSON.stringify({
      issuers: { lab: { url: 'https://gitlab.com', like: 'gitlab' } },
      targets: { prod: platform.target('prod') },
      grants: [
        {
          issuer: 'lab',
          target: 'prod',
          when: { project_path: 'acme/shop', ref: 'main', ref_type: 'branch' },
        },
      ],
    })

    async function printed(): Promise<string> {
      const config = await configOf({ policy: file })
      const target = config.targets.get('prod')
      const documents = target ? await trustDocuments(config, target) : []
      const [prints] = documents.flatMap((one) => (one.prints === undefined ? [] : [one.prints]))
      return JSON.stringify(prints)
    }

    test('has not drifted where it stands as it was written, and has where another branch does', async () => {
      const text = await printed()
      const same = await run(['drift', 'shown.json'], file, { 'shown.json': text })
      expect([same.code, same.stderr]).toEqual([0, ''])
      const other = text.replaceAll('main', 'develop')
      const { code, stdout } = await run(['drift', 'shown.json'], file, { 'shown.json': other })
      expect(stdout).toContain('develop')
      expect(code).toBe(1)
    })

    test('is nothing that `lint` takes for GitHub’s', async () => {
      const { code, stdout } = await run(['lint', 'shown.json'], file, { 'shown.json': await printed() })
      expect(stdout).not.toMatch(/issuer-foreign|repository|by-name/)
      expect(code).toBe(0)
    })
  },
)

test('rotate moves the trust of another issuer to a new audience', async () => {
  const { code, stdout } = await run(['rotate', '--audience', 'dbt-2'], policy([lab()]))
  expect(stdout).toContain("ISSUER = 'https://gitlab.com'")
  expect(stdout).toContain('dbt-2')
  expect(stdout).not.toContain('token.actions')
  expect(code).toBe(0)
})

describe('check --issuer', () => {
  const both = policy([lab(), 'when: { ref: refs/heads/main }'])
  const claims = ['--claim', 'project_path=acme/shop', '--claim', 'ref=main', '--claim', 'ref_type=branch']

  test('grants by the claims that are told, and denies with a block in the names of the issuer', async () => {
    const granted = await run(['check', '--issuer', 'lab', ...claims], both)
    expect(granted.stdout).toContain('A supposed job of lab; nobody was asked:')
    expect(granted.code).toBe(0)
    const denied = await run(
      ['check', '--issuer', 'lab', ...claims.slice(0, 4), '--claim', 'ref_type=tag'],
      both,
    )
    expect(denied.stdout).toContain('issuer: lab\nwhen:\n  project_path: acme/shop\n')
    expect(denied.stdout).not.toMatch(/GitHub|--ref /)
    expect(denied.code).toBe(1)
  })

  test('reads a token of that issuer, whose signature nobody has checked', async () => {
    const token = JSON.stringify({ ...GITLAB, iss: 'https://gitlab.com', aud: 'x' })
    const granted = await run(['check', '--issuer', 'lab', '--token', 't.json'], both, { 't.json': token })
    expect([granted.code, granted.stdout.includes('NOT verified')]).toEqual([0, true])
    const foreign = token.replace('https://gitlab.com', 'https://gitlab.example')
    const refused = await run(['check', '--issuer', 'lab', '--token', 't.json'], both, { 't.json': foreign })
    expect(refused.stdout).toContain('Its issuer is "https://gitlab.example", not "https://gitlab.com".')
    expect(refused.code).toBe(1)
  })

  test.each<readonly [readonly string[], string]>([
    [['--ref', 'main'], '--ref is about a run of GitHub Actions.'],
    [['--claim', 'ref_typ=branch'], 'have no claim `ref_typ`; did you mean `ref_type`?'],
  ])('refuses %j', async (words, said) => {
    const { code, stderr } = await run(['check', '--issuer', 'lab', ...words], both)
    expect(stderr).toContain(said)
    expect(code).toBe(2)
  })

  test('knows the issuers of the policy alone', async () => {
    const { code, stderr } = await run(['check', '--issuer', 'nobody', ...claims], both)
    expect(stderr).toContain('The policy file has no issuer `nobody` under `issuers`. It has: lab, ci, own.')
    expect(code).toBe(3)
  })
})

test('lint takes a target for granted that another issuer leads to', async () => {
  const { code, stdout } = await run(['lint'], policy([lab()]))
  expect(stdout).not.toContain('ungranted')
  expect(code).toBe(0)
})

test('doctor says of which grants it says nothing, and looks at them when told the issuer', async () => {
  const plain = await run(['doctor'], policy([lab()]))
  expect(plain.stdout).toContain('1 grant for tokens of other issuers, of which nothing is looked at here')
  expect(plain.stdout).toContain('dbt-oidc doctor --issuer lab')
  const { stdout } = await run(['doctor', '--issuer', 'lab'], policy([lab()]))
  expect(stdout).toContain('for tokens of https://gitlab.com')
  expect(stdout).toContain('theirs')
  expect(stdout).not.toMatch(/GITHUB_TOKEN|token\.actions/)
})
