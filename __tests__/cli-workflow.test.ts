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
