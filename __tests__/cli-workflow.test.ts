import { describe, expect, test } from '@jest/globals'
import { commandLine, type Ended } from './support/command-line.ts'

const WORKFLOW = `on: { push: { branches: [main] } }
jobs:
  dbt:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      id-token: write
    environment: production
    steps:
      - uses: OWNER/dbt-oidc@v1
        with:
          run: build
          connection: |
            type: snowflake
            account: acme-prod
            role: TRANSFORMER
            warehouse: TRANSFORMING
            database: ANALYTICS
            schema: DBT
          ref: refs/heads/main
          environment: production
          claims: '{ repository_id: 7654321 }'
`

/** A command that reads this workflow, and nothing else. */
function told(command: string, workflow: string, ...more: readonly string[]): Promise<Ended> {
  const args = [command, '--workflow', 'dbt.yml', '--repository', 'acme/dbt', ...more]
  return commandLine(args, { files: { 'dbt.yml': workflow }, env: { PATH: '/nowhere' } })
}

const NO_TOKEN = WORKFLOW.replace('      id-token: write\n', '')

describe('a workflow whose job says all that it needs', () => {
  test('has no finding, and nothing keeps it from going through', async () => {
    expect(await told('lint', WORKFLOW, '--strict')).toMatchObject({ code: 0, stderr: '' })
    const { code, stdout } = await told('doctor', WORKFLOW)
    expect([code, stdout]).toEqual([0, expect.stringContaining('Nothing seen from here keeps this')])
  })
})

describe('a job without `id-token: write`', () => {
  test('is an error of lint, with its line and the YAML to paste', async () => {
    const { code, stdout } = await told('lint', NO_TOKEN, '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toEqual([
      {
        code: 'id-token-permission',
        severity: 'error',
        where: 'dbt.yml:5:5',
        about: 'job dbt',
        problem: 'The job `dbt` gets no ID token: its `permissions` do not say `id-token: write`.',
        remedy: expect.stringContaining('`id-token: write`'),
        paste: 'permissions:\n  contents: read\n  id-token: write',
      },
    ])
  })

  test('is told beside what else the step would refuse', async () => {
    const { code, stdout } = await told('lint', NO_TOKEN.replace('type: snowflake', 'type: snowflke'))
    expect(code).toBe(1)
    expect(stdout).toContain('id-token-permission  dbt.yml:5:5')
    expect(stdout).toContain('did you mean `snowflake`?')
  })

  test('keeps a run from going through, as doctor says', async () => {
    const { code, stdout } = await told('doctor', NO_TOKEN)
    expect(code).toBe(1)
    expect(stdout).toMatch(/^✗ token +dbt\.yml:5:5: The job `dbt` gets no ID token/m)
    expect(stdout).toContain('              id-token: write\n')
    expect(stdout).toContain('1 thing keeps this from going through (✗).')
  })
})

describe('what is odd about a step', () => {
  const odd = WORKFLOW.replace('schema: DBT', 'schema: DBT\n            warehose: W')
    .replace('          environment: production\n', '')
    .replace("          claims: '{ repository_id: 7654321 }'\n", '')

  test('stands at its line for every command, and is told in the words of the step', async () => {
    const misspelt = 'dbt.yml:20:13 (input "connection"): `warehose` is no key'
    const { stdout } = await told('doctor', odd)
    expect(stdout).toContain(`! policy    ${misspelt}`)
    expect(stdout).toContain('! grant     dbt.yml:11:9: the job runs in the environment "production", which')
    expect(stdout).toContain('for the rest as the inputs of the step describe it')
    expect(stdout).toContain('give it as the input `environment` so that')
    expect(stdout).toMatch(/^ +dbt gets GitHub's ID token: dbt's driver trades it itself$/m)
    expect(stdout).toMatch(/^ +while dbt 1\.x runs: a private file is renewed; our dbt plugin reads it/m)
    const trust = await told('trust', odd)
    expect(trust.stderr).toContain(misspelt)
    expect(trust.stdout).toContain('-- Grants: the inputs of the step.')
  })

  test('is a finding of lint at its line', async () => {
    const { stdout } = await told('lint', odd, '--json')
    expect(JSON.parse(stdout)).toMatchObject([
      { code: 'configuration', where: 'dbt.yml:20:13 (input "connection")', remedy: 'Write `warehouse`.' },
      { code: 'by-name', where: 'dbt.yml:11:9' },
    ])
  })
})

/** What doctor supposes of the job of this workflow, and of the target. */
async function supposed(
  workflow: string,
  policy?: string,
): Promise<{ readonly code: number | null; readonly lines: readonly string[]; readonly stdout: string }> {
  const files = {
    'dbt.yml': workflow,
    ...(policy === undefined ? {} : { '.github/dbt-oidc.yml': policy }),
  }
  const { code, stdout } = await commandLine(
    ['doctor', '--workflow', 'dbt.yml', ...(policy === undefined ? ['--repository', 'acme/dbt'] : [])],
    { files, env: { PATH: '/nowhere' } },
  )
  return { code, stdout, lines: stdout.split('\n').filter((line) => /^. (claims|grant) /.test(line)) }
}

describe('doctor supposes a run of the job of the workflow', () => {
  test.each<[string, string, number, RegExp]>([
    [
      'which without an environment gets nothing of a grant that wants one',
      WORKFLOW.replace('    environment: production\n', ''),
      1,
      /^✗ grant[^]*✗ environment +production +\(absent\)/m,
    ],
    [
      'which with another environment gets nothing',
      WORKFLOW.replace('    environment: production\n', '    environment: { name: staging }\n'),
      1,
      /^✗ grant[^]*✗ environment +production +staging/m,
    ],
    [
      'whose environment by an expression is not known, and supposed as the grant wants it',
      WORKFLOW.replace('    environment: production\n', '    environment: ${{ inputs.where }}\n'),
      0,
      /dbt\.yml:8:5: its environment is an expression[^]*^✓ grant/m,
    ],
    [
      'which only pull requests start, and no branch',
      WORKFLOW.replace('push: { branches: [main] }', 'pull_request'),
      1,
      /^✗ grant[^]*✗ ref +refs\/heads\/main +refs\/pull\/1\/merge/m,
    ],
    [
      'which one of its events grants',
      WORKFLOW.replace('{ push: { branches: [main] } }', '[pull_request, schedule]'),
      0,
      /event_name +schedule[^]*^✓ grant/m,
    ],
    [
      'which its callers start, as the grant wants it',
      WORKFLOW.replace('{ push: { branches: [main] } }', 'workflow_call'),
      0,
      /which events start it is not said in this workflow[^]*^✓ grant/m,
    ],
  ])('%s', async (_name, workflow, code, text) => {
    const seen = await supposed(workflow)
    expect(seen.stdout).toMatch(text)
    expect(seen.code).toBe(code)
  })

  test('unless another environment is told', async () => {
    const none = WORKFLOW.replace('    environment: production\n', '')
    expect((await told('doctor', none, '--ref', 'main')).code).toBe(1)
    expect((await told('doctor', none, '--ref', 'main', '--environment', 'production')).code).toBe(0)
  })

  test('and no subject that the grant wants for another environment', async () => {
    const sub = WORKFLOW.replace('repository_id: 7654321', '"sub": "repo:acme/dbt:environment:production"')
    expect((await supposed(sub)).code).toBe(0)
    const none = await supposed(sub.replace('    environment: production\n', ''))
    expect([none.code, none.lines[0]]).toEqual([1, '✓ claims    sub "repo:acme/dbt:ref:refs/heads/main"'])
  })

  test('and takes the targets from the policy file where the step has no connection', async () => {
    const policy = `repository: acme/dbt
repository-id: 7654321
repository-owner-id: 1234567
targets:
  prod:
    connection: { type: duckdb }
  ci:
    connection: { type: duckdb }
grants:
  - { target: prod, when: { environment: production, ref: refs/heads/main } }
  - { target: ci, when: { event_name: pull_request } }
`
    const [above = ''] = WORKFLOW.split('          connection:')
    const asking = await supposed(`${above}          target: prod\n`, policy)
    expect([asking.code, asking.lines]).toEqual([
      0,
      [
        '✓ claims    sub "repo:acme/dbt:environment:production"',
        '✓ grant     Target "prod" is granted by "grants[0]".',
      ],
    ])
    const none = await supposed(above, policy)
    expect([none.code, none.lines.at(-1)]).toEqual([
      0,
      '✓ grant     Target "prod" is granted by "grants[0]".',
    ])
    const wrong = await supposed(`${above}          target: ci\n`, policy)
    expect([wrong.code, wrong.lines.at(-1)]).toEqual([
      1,
      '✗ grant     No grant for target "ci" holds for this run.',
    ])
  })
})

/** The findings of lint, with their places. */
async function findings(workflow: string): Promise<readonly (readonly [string, string])[]> {
  const { code, stdout } = await told('lint', workflow, '--json')
  const found: readonly { readonly where: string; readonly problem: string }[] = JSON.parse(stdout)
  expect(code).toBe(1)
  return found.map(({ where, problem }) => [where, problem])
}

const CREDENTIAL = '`password` is a credential: leave it out, the action puts a short-lived one there.'
const OF_SCHEMA = '`schema` is an expression, and its value is known to a running job only.'

describe('an expression in a workflow', () => {
  const secret = WORKFLOW.replace(
    'role: TRANSFORMER',
    'password: ${{ secrets.SNOWFLAKE_PASSWORD }}\n            role: TRANSFORMER',
  )

  test('for a credential is refused as its value would be, and nobody is told to write it out', async () => {
    expect(await findings(secret)).toEqual([['dbt.yml:16:13 (input "connection")', CREDENTIAL]])
    const plain = secret.replace('${{ secrets.SNOWFLAKE_PASSWORD }}', 'x')
    expect(await findings(plain)).toEqual([['dbt.yml:16:13 (input "connection")', CREDENTIAL]])
    for (const command of ['lint', 'doctor', 'trust']) {
      const { stdout, stderr } = await told(command, secret)
      expect(stdout + stderr).toContain(CREDENTIAL)
      expect(stdout + stderr).not.toMatch(/write .*out/i)
    }
  })

  test('has the place of its field, be it one of many, and each is told at once', async () => {
    const many = secret
      .replace('schema: DBT', 'schema: dbt_${{ vars.X }}')
      .replace('          environment: production', '          environment: ${{ vars.E }}')
    expect(await findings(many)).toEqual([
      ['dbt.yml:16:13 (input "connection")', CREDENTIAL],
      ['dbt.yml:20:13 (input "connection")', OF_SCHEMA],
      [
        'dbt.yml:22:24',
        'The input `environment` is an expression, and its value is known to a running job only.',
      ],
    ])
  })

  test('is found in a connection on one line, too', async () => {
    const [above = '', below = ''] = WORKFLOW.split(/connection: \|\n[^]*schema: DBT\n/)
    const line =
      "connection: '{ type: snowflake, account: a, schema: ${{ vars.X }}, password: ${{ secrets.P }} }'\n"
    const problems = (await findings(`${above}${line}${below}`)).map(([, problem]) => problem)
    expect(problems).toEqual([OF_SCHEMA, CREDENTIAL])
  })
})

test('a misspelt input is a finding of lint with its line, beside any other', async () => {
  const misspelt = WORKFLOW.replace('ref: refs', 'reff: refs').replace('claims:', 'claim:')
  expect(await findings(misspelt)).toEqual([
    ['dbt.yml:20:11', 'The action has no input `reff`; did you mean `ref`?'],
    ['dbt.yml:22:11', 'The action has no input `claim`; did you mean `claims`?'],
  ])
})
