import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { auditOf, GRANTED, openJob, PROJECT, remains } from './support/job.ts'

const POLICY = `targets:
  prod: { connection: { type: duckdb, path: prod.duckdb } }
  staging: { connection: { type: duckdb, path: staging.duckdb } }
  ci: { connection: { type: duckdb, path: 'pr_{pull_request}.duckdb' } }
grants:
  - { name: production, target: prod, when: { ref: refs/heads/main, environment: production } }
  - { name: rehearsal, target: staging, when: { ref: refs/heads/develop } }
  - { name: pull, target: ci, when: { event_name: pull_request } }
`
const FILES = { ...PROJECT, '.github/dbt-oidc.yml': POLICY }
const PULL = {
  event_name: 'pull_request',
  ref: 'refs/pull/7/merge',
  ref_type: 'branch',
  head_ref: 'x',
  base_ref: 'main',
}
const event = (head: string) => ({
  pull_request: { head: { repo: { full_name: head } }, base: { repo: { full_name: 'o/r' } } },
})

describe('a granted run', () => {
  test('tells its target, grant, identity and result, and leaves nothing but the audit log', async () => {
    await using job = await openJob()
    await using step = await job.step()
    expect(step.exitCode).toBe(0)
    const { 'artifacts-dir': _, ...outputs } = Object.fromEntries(step.outputs)
    expect(outputs).toEqual({
      target: 'prod',
      grant: 'inputs',
      granted: 'true',
      identity: 'repo:o/r:ref:refs/heads/main',
      result: 'success',
      'audit-log': `${step.paths.temp}/dbt-oidc-audit.jsonl`,
    })
    expect(step.log.text).toMatch(/^rehearsal: .*\n/)
    expect(remains(step)).toEqual([])
    const audit = auditOf(readFileSync(`${step.paths.temp}/dbt-oidc-audit.jsonl`, 'utf8'))
    expect(audit.map(({ record, outcome, result }) => [record, outcome ?? result])).toContainEqual([
      'token',
      'granted',
    ])
    expect(audit.at(-1)).toMatchObject({ record: 'run', result: 'success', target: 'prod' })
    await using after = await step.post()
    expect(after.exitCode).toBe(0)
    expect(remains(after)).toEqual([])
  })

  test('a pull request gets its own database, named from the signed ref', async () => {
    await using job = await openJob({ claims: PULL })
    await using step = await job.step({ inputs: { run: 'build' }, files: FILES, event: event('o/r') })
    expect(step.exitCode).toBe(0)
    expect(step.outputs.get('target')).toBe('ci')
    expect(job.dbt.runs().at(-1)?.profiles).toContain('pr_7.duckdb')
  })

  test('a staging run cannot be given the production file, even when it asks for it', async () => {
    await using job = await openJob({ claims: { ref: 'refs/heads/develop' } })
    await using own = await job.step({ inputs: { run: 'build' }, files: FILES })
    expect(job.dbt.runs().at(-1)?.profiles).toContain('staging.duckdb')
    expect(own.outputs.get('target')).toBe('staging')
    await using step = await job.step({ inputs: { run: 'build', target: 'prod' }, files: FILES })
    expect(step.exitCode).toBe(1)
    expect(step.outputs.get('granted')).toBe('false')
    expect(job.dbt.runs()).toHaveLength(1)
  })
})

describe('a denied run', () => {
  const main = { ref: 'refs/heads/main' }
  test.each([
    [
      'another repository',
      { repository: 'o/r-evil' },
      { ...GRANTED, repository: 'o/r' },
      undefined,
      'o/r-evil',
    ],
    ['another ref', { ref: 'refs/heads/main-evil' }, GRANTED, undefined, 'first differing character'],
    ['a ref in another case', { ref: 'refs/heads/Main' }, GRANTED, undefined, 'case'],
    ['no environment', {}, { ...GRANTED, environment: 'production' }, undefined, '(absent)'],
    ['another claim', {}, { ...GRANTED, claims: '{ actor: admin }' }, undefined, 'actor'],
    ['pull_request_target', { event_name: 'pull_request_target' }, GRANTED, undefined, 'event_name'],
    ['workflow_run', { event_name: 'workflow_run' }, GRANTED, undefined, 'event_name'],
    [
      'a pull request against a grant silent on events',
      { ...PULL, ...main },
      GRANTED,
      event('o/r'),
      'event_name',
    ],
    [
      'a fork that the event file names',
      PULL,
      { ...GRANTED, ref: 'refs/pull/**', claims: '{ event_name: pull_request }' },
      event('x/r'),
      'x/r',
    ],
    ['a changed GITHUB_REF', { ref: 'refs/heads/feature' }, GRANTED, undefined, 'refs/heads/feature'],
  ])('%s: exit 1, a table, no dbt, nothing left', async (_, claims, inputs, file, shown) => {
    await using job = await openJob({ claims })
    await using step = await job.step({ inputs, event: file, env: { GITHUB_REF: 'refs/heads/main' } })
    expect(step.exitCode).toBe(1)
    expect(step.log.text).toContain('✗ no-grant')
    expect(step.log.text).toContain(shown)
    expect(step.outputs.get('granted')).toBe('false')
    expect(step.outputs.get('result')).toBe('failure')
    expect(job.dbt.runs()).toEqual([])
    expect(remains(step)).toEqual([])
  })
})

describe('a run without a token', () => {
  test.each([
    ['no permission', { token: false }, 'id-token-permission'],
    ['one variable missing', { env: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: undefined } }, 'id-token-permission'],
    ['a fork', { token: false, event: event('x/r') }, 'id-token-fork'],
    ['Dependabot', { token: false, env: { GITHUB_ACTOR: 'dependabot[bot]' } }, 'id-token-dependabot'],
  ])('%s: exit 1 with the cause', async (_, options, code) => {
    await using job = await openJob()
    await using step = await job.step(options)
    expect(step.exitCode).toBe(1)
    expect(step.log.text).toContain(`✗ ${code}`)
    expect(job.issuer.requests).toEqual([])
    expect(remains(step)).toEqual([])
  })

  test('a fork may be skipped or only parsed, without credentials; a missing permission may not', async () => {
    await using job = await openJob()
    const fork = { token: false, event: event('x/r') }
    await using skipped = await job.step({ ...fork, inputs: { ...GRANTED, 'without-token': 'skip' } })
    expect([skipped.exitCode, skipped.outputs.get('result')]).toEqual([0, 'skipped'])
    await using parsed = await job.step({ ...fork, inputs: { ...GRANTED, 'without-token': 'parse' } })
    expect([parsed.exitCode, parsed.outputs.get('result')]).toEqual([0, 'parsed'])
    expect(job.dbt.runs().map(({ command }) => command)).toEqual(['parse'])
    await using missing = await job.step({ token: false, inputs: { ...GRANTED, 'without-token': 'skip' } })
    expect(missing.exitCode).toBe(1)
    expect(remains(parsed)).toEqual([])
  })
})

describe('bad input', () => {
  const cases: [string, Record<string, string>, Record<string, string>, string][] = [
    ['no restriction', { run: 'build', connection: '{ type: duckdb }' }, {}, 'Nothing restricts'],
    ['an undeclared input', { ...GRANTED, enviroment: 'x' }, {}, 'did you mean `environment`'],
    ['a missing policy file', { run: 'build', config: 'no.yml' }, {}, 'There is no file `no.yml`'],
    ['a directory in place of the policy file', { run: 'build', config: '.github' }, FILES, 'is a directory'],
    ['an empty policy file', { run: 'build' }, { '.github/dbt-oidc.yml': '' }, 'is empty'],
    ['no YAML', { run: 'build' }, { '.github/dbt-oidc.yml': 'a: [' }, '.github/dbt-oidc.yml:'],
    [
      'an empty list of grants',
      { run: 'build' },
      { '.github/dbt-oidc.yml': 'targets: { a: { connection: { type: duckdb } } }\ngrants: []\n' },
      'must not be empty',
    ],
    ['an unknown target', { run: 'build', target: 'produ' }, FILES, 'did you mean `prod`'],
    ['an unknown warehouse', { ...GRANTED, connection: '{ type: duckbd }' }, {}, 'did you mean `duckdb`'],
    ['a misspelt claim', { ...GRANTED, claims: '{ enviroment: x }' }, {}, 'environment'],
    ['a reserved flag', { ...GRANTED, run: 'build --target dev' }, {}, '--target'],
  ]
  test.each(cases)('%s is refused before any request', async (_, inputs, files, sentence) => {
    await using job = await openJob()
    await using step = await job.step({ inputs, files: { ...PROJECT, ...files } })
    expect(step.exitCode).toBe(1)
    expect(step.log.text).toContain('✗ configuration')
    expect(step.log.text).toContain(sentence)
    expect(job.issuer.requests).toEqual([])
    expect(job.dbt.runs()).toEqual([])
    expect(remains(step)).toEqual([])
  })

  test('all problems are told at once', async () => {
    await using job = await openJob()
    await using step = await job.step({
      inputs: { run: 'build; x', connection: '{ type: duckbd }', until: 'never', summary: 'perhaps' },
    })
    for (const sentence of [
      'input "run"',
      'duckbd',
      'input "until"',
      'input "summary"',
      'Nothing restricts',
    ]) {
      expect(step.log.text).toContain(sentence)
    }
  })
})
