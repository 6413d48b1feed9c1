import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { commandLine, type Ended } from './support/command-line.ts'
import { sendJson } from './support/issuer-server.ts'
import { startIssuer } from './support/issuer.ts'

const POLICY = `repository: acme/dbt
repository-id: 7654321
repository-owner-id: 1234567
targets:
  prod:
    connection: { type: snowflake, account: acme-prod, role: T, database: PROD, schema: DBT }
    audience: own
grants:
  - { target: prod, when: { environment: production, ref: refs/heads/main }, reviewed: 2026-11-01 }
`
const policy = (text: string): Record<string, string> => ({ '.github/dbt-oidc.yml': text })
/** The day on which a test runs is nobody's choice, so that no review of these is ever too old. */
const YOUNG = POLICY.replace('grants:', 'review: { warn: 9999d }\ngrants:')

const ISSUER = 'https://token.actions.githubusercontent.com'
const identity = (info: object, name = 'DEFAULT'): object => ({
  name,
  type: 'OIDC',
  additional_info: JSON.stringify({ issuer: ISSUER, audienceList: ['https://acme.example'], ...info }),
})
const SHOWN = JSON.stringify(
  [
    identity({ subject: 'repo:acme@1/dbt@2:environment:production' }),
    identity({ subject: 'repo:*' }, 'ANYBODY'),
  ],
  null,
  2,
)

function role(name: string): string {
  return JSON.stringify({
    Role: {
      Arn: `arn:aws:iam::123456789012:role/${name}`,
      AssumeRolePolicyDocument: {
        Statement: {
          Effect: 'Allow',
          Principal: {
            Federated: 'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com',
          },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: {
            StringEquals: {
              'token.actions.githubusercontent.com:aud': 'https://acme.example',
              'token.actions.githubusercontent.com:sub': `repo:acme@1/dbt@2:environment:${name}`,
            },
          },
        },
      },
    },
  })
}

const ENVIRONMENT = '/repos/acme/dbt/environments/production'
const named = { protected_branches: false, custom_branch_policies: true }
function rules(...names: readonly string[]): object {
  return { branch_policies: names.map((name) => ({ id: 1, name, type: 'branch' })) }
}

/** What `lint` says where GitHub answers so; whatever is not named is not there. */
async function said(answers: Readonly<Record<string, unknown>>): Promise<Ended> {
  await using issuer = await startIssuer()
  issuer.at('api.github.com', (req, res, path) => {
    const [name = ''] = path.split('?')
    if (req.headers.authorization !== 'token ghs_secret') return sendJson(res, { message: 'no' }, 401)
    return Object.hasOwn(answers, name)
      ? sendJson(res, answers[name])
      : sendJson(res, { message: 'Not Found' }, 404)
  })
  const env = { GITHUB_SERVER_URL: issuer.serverUrl, GITHUB_TOKEN: 'ghs_secret' }
  return await commandLine(['lint', '--github', '--json'], { files: policy(YOUNG), env })
}

const WORKFLOW = `permissions: { contents: read, id-token: write }
jobs:
  dbt:
    steps:
      - uses: acme/dbt-oidc@v1
        with:
          environment: production
          audience: own
          connection: |
            type: snowflake
            account: acme-prod
            database: PROD
            schema: DBT
`

interface Told {
  readonly code: string
  readonly severity: string
  readonly where: string
  readonly problem: string
  readonly remedy: string
  readonly paste?: string
}

/** What `lint` finds in a workflow. */
async function inWorkflow(text: string): Promise<readonly Told[]> {
  const ended = await commandLine(['lint', '--workflow', 'dbt.yml', '--repository', 'acme/dbt', '--json'], {
    files: { 'dbt.yml': text },
  })
  const found: readonly Told[] = JSON.parse(ended.stdout)
  return found
}

const below = (paste: string): string => paste.replaceAll(/^(?=.)/gm, '          ')

describe('dbt-oidc lint of a workflow', () => {
  test('proposes ids in a form that GitHub takes under `with:`, and finds them there', async () => {
    const [first, ...others] = await inWorkflow(WORKFLOW)
    expect([first?.code, others]).toEqual(['by-name', []])
    const paste = first?.paste ?? ''
    expect(Object.values(parse(paste) as object).map((one) => typeof one)).toEqual(['string'])
    const pasted = paste.replace('OWNER_ID', '1234567').replace('ID\n', '7654321\n')
    expect(await inWorkflow(`${WORKFLOW}${below(pasted)}`)).toEqual([])
  })

  test('proposes restrictions of which each is a text, also those that are only mentioned', async () => {
    const [found] = await inWorkflow(WORKFLOW.replace('environment: production', 'ref: ""'))
    const paste = (found?.paste ?? '').replaceAll('  # ', '  ')
    const { with: values } = parse(paste) as { readonly with: object }
    expect(Object.entries(values).map(([name, value]) => [name, typeof value])).toEqual([
      ['ref', 'string'],
      ['environment', 'string'],
      ['claims', 'string'],
    ])
  })

  test('names each input that is no text, since GitHub would not start the workflow', async () => {
    const mapping = WORKFLOW.replace('connection: |', 'connection:')
    const found = await inWorkflow(`${mapping}          summary: [true]\n`)
    expect(found).toMatchObject([
      {
        code: 'configuration',
        severity: 'error',
        where: 'dbt.yml:10:13',
        problem: 'The input `connection` is a mapping, and GitHub takes only text under `with:`.',
        remedy:
          'Write `|` behind the name (`connection: |`), and what it holds on the lines below, indented.',
      },
      { where: 'dbt.yml:14:20', problem: expect.stringContaining('`summary` is a list') },
    ])
  })
})

describe('dbt-oidc lint of inputs', () => {
  test('names each that the action does not have, and where it belongs', async () => {
    const found = await inWorkflow(
      WORKFLOW.replace('environment:', 'enviroment:').replace('audience: own', 'via: google'),
    )
    expect(found).toMatchObject([
      { code: 'configuration', severity: 'error', where: 'dbt.yml:7:11', remedy: 'Write `environment`.' },
      { where: 'dbt.yml:8:11', remedy: 'Move it below `identity:`.' },
    ])
  })

  test('places a fault within one by the line of the workflow', async () => {
    const [found] = await inWorkflow(WORKFLOW.replace('account: acme-prod', 'acount: acme-prod'))
    expect(found).toMatchObject({
      where: expect.stringMatching(/^dbt\.yml:11:\d+ \(input "connection"\)$/),
      problem: expect.stringMatching(/^`account` is missing/),
    })
  })
})

describe('dbt-oidc lint', () => {
  test('says of a policy with nothing odd that there is nothing, and ends with 0', async () => {
    const ended = await commandLine(['lint', '--strict'], { files: policy(YOUNG) })
    expect(ended).toEqual({
      code: 0,
      stdout: '.github/dbt-oidc.yml: 0 errors, 0 warnings, 0 notes.\n',
      stderr: '',
    })
  })

  test('names line, code and remedy, and ends with 1 for an error', async () => {
    const text = YOUNG.replace('environment: production', 'event_name: pull_request')
    const ended = await commandLine(['lint'], { files: policy(text) })
    expect(ended.code).toBe(1)
    expect(ended.stdout).toMatchInlineSnapshot(`
      "error unreachable  .github/dbt-oidc.yml:10:5  (grant grants[0])
        The grant grants[0] fits no run: the ref of a pull request is \`refs/pull/NUMBER/merge\`, and never \`refs/heads/main\` (the branch that it goes to is \`base_ref\`).
        → Mend the condition, or remove the grant.

      .github/dbt-oidc.yml: 1 error, 0 warnings, 0 notes.
      "
    `)
  })

  test('ends with 0 for a warning, and with 1 where --strict asks for it', async () => {
    const files = policy(YOUNG.replace('    audience: own\n', '    audience: https://github.com/acme\n'))
    expect((await commandLine(['lint'], { files })).code).toBe(0)
    expect((await commandLine(['lint', '--strict'], { files })).code).toBe(1)
  })

  test('has each problem that the step would refuse as a finding of its own, with its place', async () => {
    const text = YOUNG.replace('environment: production', 'enviroment: production').replace(
      'type: snowflake',
      'type: snowflke',
    )
    const ended = await commandLine(['lint', '--json'], { files: policy(text) })
    expect(ended.code).toBe(1)
    expect(JSON.parse(ended.stdout)).toMatchObject([
      {
        code: 'configuration',
        severity: 'error',
        where: expect.stringMatching(/^\.github\/dbt-oidc\.yml:6:/),
      },
      {
        code: 'configuration',
        severity: 'error',
        where: expect.stringMatching(/^\.github\/dbt-oidc\.yml:10:/),
        problem: expect.stringContaining('`environment`'),
      },
    ])
  })

  test.each([
    ['a name that is misspelt', 'reviewed: 2026', 'reviewd: 2026', 'Write `reviewed`.'],
    ['a key one level too high', 'audience: own', 'via: direct', 'Move it below `identity:`.'],
    ['a key one level too low', 'type: ', 'audience: own, type: ', 'Move it beside `connection:`.'],
    [
      'what no other name would mend',
      'reviewed: 2026-11-01',
      'reviewed: soon',
      'Do what the sentence says: until then the step refuses to run.',
    ],
  ])('has for %s a remedy of its own', async (_what, right, wrong, remedy) => {
    const ended = await commandLine(['lint', '--json'], { files: policy(YOUNG.replace(right, wrong)) })
    expect(JSON.parse(ended.stdout)).toMatchObject([{ code: 'configuration', severity: 'error', remedy }])
  })

  test('judges what a platform has printed, by a file or a pipe, and places it by line', async () => {
    const file = await commandLine(['lint', 'shown.json'], { files: { 'shown.json': SHOWN } })
    const pipe = await commandLine(['lint', '-'], { input: SHOWN })
    expect([file.code, pipe.code]).toEqual([1, 1])
    expect(file.stdout).toContain('error star-as-it-is'.replace('error', 'warning'))
    expect(file.stdout).toContain('shown.json:7:3  (Snowflake service user, ANYBODY)')
    expect(pipe.stdout).toContain('standard input:7:3')
    expect(file.stdout).not.toContain('shown.json:2:3')
  })

  test('needs no policy for a document, and takes the issuer of one that is there', async () => {
    const issuer = 'https://ghes.acme.example/_services/token/slug'
    const shown = JSON.stringify([
      {
        ...identity({ issuer, subject: 'repo:a@1/b@2:environment:p' }),
        created_on: '2026-01-01 00:00:00.000 Z',
      },
    ])
    const alone = await commandLine(['lint', '--json', '-'], { input: shown })
    expect(JSON.parse(alone.stdout)).toContainEqual(expect.objectContaining({ code: 'issuer-foreign' }))
    const files = policy(`issuer: ${issuer}\n${YOUNG}`)
    const env = { GITHUB_SERVER_URL: 'https://ghes.acme.example' }
    const beside = await commandLine(['lint', '--json', '-'], { input: shown, files, env })
    expect(JSON.parse(beside.stdout)).toEqual([])
  })

  test('judges several documents together: two that share an audience are told', async () => {
    const files = { 'one.json': role('one'), 'two.json': role('two') }
    const ended = await commandLine(['lint', 'one.json', 'two.json', '--json'], { files })
    expect(JSON.parse(ended.stdout)).toMatchObject([
      { code: 'audience-shared', where: 'two.json', problem: expect.stringContaining('(one.json)') },
    ])
  })

  test('colours nothing that no terminal shows', async () => {
    const ended = await commandLine(['lint', '-'], { input: SHOWN, env: { NO_COLOR: '' } })
    expect(ended.stdout).not.toContain('\u001b')
  })

  test.each<readonly [string, string, string]>([
    ['is cut off', SHOWN.slice(0, 80), 'is no whole JSON'],
    ['is no text of a platform', '{"hello": 1}', 'is of no format that is understood here'],
    ['is empty', '', 'is empty'],
    ['is of an unknown kind', 'a picture', 'is neither JSON nor CSV'],
    ['is nested without end', '['.repeat(100_000), 'is nested more than 64 levels deep'],
    ['reaches for the prototype', '{"__proto__": {"Statement": []}}', 'has a key `__proto__`'],
    ['is too large', `"${'x'.repeat(1024 * 1024)}"`, 'it is larger than 1 MiB'],
    [
      'has something else where a list belongs',
      '{"Statement": 7}',
      "looks like the output of `a role's trust policy`",
    ],
    ['hides what it is from the eye', '{"Statement": [{"Effect": "\u202eAllow"}]}', 'Statement'],
  ])('names what is wrong with a document that %s', async (_how, input, expected) => {
    const ended = await commandLine(['lint', '-'], { input })
    expect([ended.code, ended.stdout]).toEqual([3, ''])
    expect(ended.stderr).toMatch(/^✗ configuration: /)
    expect(ended.stderr).toContain(expected)
    expect(ended.stderr).not.toContain('\u202e')
  })

  test('shows nothing of a document that could steer a terminal or a log', async () => {
    const subject = 'repo:acme/dbt:ref:\u001b[2J\n::add-mask::x*'
    const ended = await commandLine(['lint', '-'], {
      input: JSON.stringify([identity({ subject }, 'A\u001b[31m\n::error::B')]),
    })
    expect(ended.stdout).toContain('by-name')
    expect(ended.stdout).not.toContain('\u001b')
    expect(ended.stdout).not.toMatch(/^::/m)
  })

  test('takes no directory, pipe or missing file for a document', async () => {
    const files = { 'd/f': '' }
    const refused = async (name: string): Promise<string> =>
      (await commandLine(['lint', name], { files })).stderr
    expect(await refused('d')).toContain('d cannot be read: it is a directory.')
    expect(await refused('nothing')).toContain('nothing cannot be read: there is none.')
    expect(await refused('/dev/null')).toContain('/dev/null cannot be read: it is no regular file.')
  })

  test('ends without an answer where there is neither a policy nor a document', async () => {
    const ended = await commandLine(['lint'])
    expect([ended.code, ended.stdout]).toEqual([3, ''])
    expect(ended.stderr).toContain('There is no .github/dbt-oidc.yml here.')
  })

  test('looks at a policy of thousands of grants', async () => {
    const lines = Array.from(
      { length: 2000 },
      (_one, at) =>
        `  - { target: prod, when: { ref: refs/heads/b${at}, environment: e${at % 50} }, reviewed: 2026-11-01 }`,
    )
    const text = `${YOUNG.slice(0, YOUNG.indexOf('  - {'))}${lines.join('\n')}\n`
    const again = `${text}  - { name: again, target: prod, when: { ref: refs/heads/b1321, environment: e21 }, reviewed: 2026-11-01 }\n`
    const ended = await commandLine(['lint', '--json'], { files: policy(again) })
    expect(JSON.parse(ended.stdout)).toMatchObject([
      { code: 'unreachable', about: 'grant again', problem: expect.stringContaining('grants[1321]') },
    ])
  })

  describe('with --github', () => {
    test('says nothing of an environment that takes what the grant names', async () => {
      const ended = await said({
        [ENVIRONMENT]: { name: 'production', deployment_branch_policy: named },
        [`${ENVIRONMENT}/deployment-branch-policies`]: rules('main'),
      })
      expect(ended).toEqual({ code: 0, stdout: '[]\n', stderr: '' })
    })

    test.each<readonly [string, Readonly<Record<string, unknown>>, object]>([
      [
        'any branch may use',
        { [ENVIRONMENT]: { name: 'production', deployment_branch_policy: null } },
        { code: 'environment-open', severity: 'warning', paste: expect.stringContaining('-f name=main') },
      ],
      [
        'is not there',
        {},
        { code: 'environment-open', severity: 'warning', paste: expect.stringMatching(/^gh api -X PUT/) },
      ],
      [
        'shuts out the branch that the grant names',
        {
          [ENVIRONMENT]: { name: 'production', deployment_branch_policy: named },
          [`${ENVIRONMENT}/deployment-branch-policies`]: rules('release/*'),
        },
        { code: 'environment-shut', severity: 'error' },
      ],
      [
        'GitHub tells in another shape',
        { [ENVIRONMENT]: 'yes' },
        { code: 'environment-untold', severity: 'note' },
      ],
    ])('names an environment that %s', async (_what, answers, expected) => {
      const ended = await said(answers)
      expect(JSON.parse(ended.stdout)).toMatchObject([
        { ...expected, about: 'environment production', where: '.github/dbt-oidc.yml:10:5' },
      ])
    })
  })
})
