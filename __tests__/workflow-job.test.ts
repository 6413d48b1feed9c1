import { describe, expect, test } from '@jest/globals'
import { inputsOfWorkflow } from '../src/cli/workflow.ts'
import { jobOfWorkflow } from '../src/cli/workflow/job.ts'

/** A workflow with these lines above its jobs and within its one job. */
const written = (above: string, within: string): string => `${above}
jobs:
  dbt:
    runs-on: ubuntu-latest
${within}
    steps:
      - uses: OWNER/dbt-oidc@v1
`

const jobOf = (above: string, within = '    timeout-minutes: 5'): ReturnType<typeof jobOfWorkflow> =>
  jobOfWorkflow(written(above, within), 'dbt.yml')

const PUSH = 'on: push'
const IN_JOB = '    permissions: { contents: read, id-token: write }'

describe('a job of a workflow gets an ID token', () => {
  test.each([
    ['by its own permission', PUSH, IN_JOB],
    ['by that of the workflow', `${PUSH}\npermissions: { id-token: write }`, undefined],
    ['by write-all', `${PUSH}\npermissions: write-all`, undefined],
    ['by its own, whatever the workflow says', `${PUSH}\npermissions: {}`, IN_JOB],
    ['by its caller, where it says nothing', 'on: workflow_call', undefined],
    ['by its caller, where `on` is a map', 'on: { workflow_call: { inputs: {} } }', undefined],
  ])('%s', (_name, above, within) => {
    expect(jobOf(above, within).withoutToken).toBeUndefined()
  })
})

describe('a job of a workflow gets no ID token', () => {
  test.each<[string, string, string | undefined, string, string]>([
    ['where nobody says permissions', PUSH, undefined, 'dbt.yml:3:3', 'contents: read'],
    [
      'where its own do not say it, whatever the workflow says',
      `${PUSH}\npermissions: { id-token: write }`,
      '    permissions: { contents: read, packages: read }',
      'dbt.yml:6:5',
      'contents: read\n  packages: read',
    ],
    [
      'where those of the workflow do not',
      `${PUSH}\npermissions: {}`,
      undefined,
      'dbt.yml:2:1',
      'contents: read',
    ],
    ['where it may read all', `${PUSH}\npermissions: read-all`, undefined, 'dbt.yml:2:1', 'contents: read'],
    [
      'where it may read and not write',
      PUSH,
      '    permissions: { contents: write, id-token: read }',
      'dbt.yml:5:5',
      'contents: write',
    ],
    [
      'where a caller is not the only one to start it',
      'on: [push, workflow_call]',
      undefined,
      'dbt.yml:3:3',
      'contents: read',
    ],
    [
      'where it keeps it from itself, whatever its caller says',
      'on: workflow_call\npermissions: { contents: read }',
      undefined,
      'dbt.yml:2:1',
      'contents: read',
    ],
  ])('%s', (_name, above, within, place, kept) => {
    const { withoutToken } = jobOf(above, within)
    expect(withoutToken).toMatchObject({ place, paste: `permissions:\n  ${kept}\n  id-token: write` })
  })
})

describe('the environment and the events of a job', () => {
  test.each([
    ['none', '    timeout-minutes: 5', { kind: 'none' }],
    ['none where nothing is said', '    environment:', { kind: 'none' }],
    ['by name', '    environment: production', { kind: 'named', name: 'production' }],
    [
      'by name, beside a URL',
      '    environment: { name: production, url: "https://acme.example" }',
      { kind: 'named', name: 'production' },
    ],
    ['of an expression', '    environment: ${{ inputs.where }}', { kind: 'unknown' }],
    ['named by an expression', '    environment: { name: "${{ inputs.where }}" }', { kind: 'unknown' }],
  ])('environment %s', (_name, within, environment) => {
    expect(jobOf(PUSH, within).environment).toMatchObject(environment)
  })

  test.each([
    ['on: push', ['push']],
    ['on: [push, schedule]', ['push', 'schedule']],
    ['on: { pull_request: { branches: [main] } }', ['pull_request']],
    ['on: [push, workflow_call]', undefined],
    ['name: nothing starts it', undefined],
  ])('%s', (above, events) => {
    expect(jobOf(above).events).toEqual(events)
  })
})

test.each([
  ['begin and never end', '${{'.repeat(100_000), 'The input `connection` is an expression'],
  ['end and begin anew', '${{ a }} '.repeat(10_000), '`schema` is an expression'],
])('a line of expressions that %s is read soon', (_name, expressions, told) => {
  const connection = JSON.stringify(`{ type: duckdb, schema: '${expressions}' }`)
  const workflow = `${written(PUSH, IN_JOB)}        with: { connection: ${connection} }\n`
  const begun = performance.now()
  expect(() => inputsOfWorkflow(workflow, 'dbt.yml')).toThrow(
    expect.objectContaining({ details: [expect.stringContaining(told)] }),
  )
  expect(performance.now() - begun).toBeLessThan(5000)
})
