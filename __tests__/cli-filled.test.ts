import { describe, expect, test } from '@jest/globals'
import { commandLine } from './support/command-line.ts'

const policy = (account: string): Record<string, string> => ({
  '.github/dbt-oidc.yml': `repository: acme/dbt
repository-id: 7654321
repository-owner-id: 1234567
issuers:
  lab: { url: https://gitlab.com, like: gitlab }
targets:
  prod:
    connection: { type: snowflake, account: ${account}, role: T, database: PROD, schema: DBT }
  lab:
    connection: { type: snowflake, account: ${account}, user: LAB, role: T, database: PROD, schema: DBT }
grants:
  - { target: prod, when: { environment: production, ref: "**" } }
  - { name: jobs, issuer: lab, target: lab, when: { project_path: acme/shop, ref: main, ref_type: branch } }
`,
})

describe('a value that migrate has left to be filled in', () => {
  test.each(['trust', 'doctor'])(
    'is named by %s before anything else, and nothing is made of it',
    async (command) => {
      const files = policy('replace-me-account')
      const { code, stdout, stderr } = await commandLine([command], { files, env: { PATH: '/nowhere' } })
      expect(`${stdout}${stderr}`).toContain(
        '.github/dbt-oidc.yml:8:45: `targets.prod.connection.account` is `replace-me-account`',
      )
      expect(stdout).not.toContain('CREATE USER')
      expect(code).toBe(command === 'trust' ? 3 : 1)
    },
  )
})

describe('a policy with a job of another issuer', () => {
  const files = policy('acme-prod')

  test('has its warnings from trust, beside the documents', async () => {
    const { code, stdout, stderr } = await commandLine(['trust', '--target', 'prod'], { files })
    expect([code, stdout.includes('CREATE USER')]).toEqual([0, true])
    expect(stderr).toMatch(/^! \.github\/dbt-oidc\.yml:12:54: `ref: "\*\*"` admits every branch and tag/)
  })

  test('is told by check --all whose jobs reach what, too', async () => {
    const { stdout } = await commandLine(['check', '--all'], { files })
    expect(stdout).toContain('! Jobs of lab reach "lab" as well, by "jobs" (.github/dbt-oidc.yml:')
    const { stdout: json } = await commandLine(['check', '--all', '--json'], { files })
    expect(JSON.parse(json)).toMatchObject({ elsewhere: [{ grant: 'jobs', target: 'lab', issuer: 'lab' }] })
  })

  test('is looked at by doctor without a token, whose subject it then leaves open', async () => {
    const told = ['project_path=acme/shop', 'ref=main', 'ref_type=branch'].flatMap((one) => ['--claim', one])
    const { stdout } = await commandLine(['doctor', '--issuer', 'lab', ...told], {
      files,
      env: { PATH: '/nowhere' },
    })
    expect(stdout).not.toMatch(/✗ sub/)
    expect(stdout).toMatch(/· sub .* only a token of a job says what it is/)
    expect(stdout).toContain('--claim sub=')
  })
})

const workflow = (install: string): Record<string, string> => ({
  'dbt.yml': `jobs:
  dbt:
    steps:
      - uses: OWNER/dbt-oidc@v1
        with:
          install: ${install}
          connection: '{ type: duckdb, path: local.duckdb }'
          ref: refs/heads/main
`,
})

const said = async (install: string): Promise<string> => {
  const files = workflow(install)
  const args = ['doctor', '--workflow', 'dbt.yml', '--repository', 'acme/dbt']
  return (await commandLine(args, { files, env: { PATH: '/nowhere' } })).stdout
}

test('doctor sees what a step of a workflow installs, and passes over an expression', async () => {
  expect(await said('dbt-duckdb==1.10.0')).toContain('the step installs it itself: dbt-duckdb==1.10.0')
  expect(await said('dbt-duckdb==${{ inputs.dbt }}')).not.toContain('installs it itself')
})
