import { describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { auditOf, GRANTED, openJob, PROJECT, type Job } from './support/job.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import type { StepResult } from './support/step.ts'

const AUDIT = 'temp/dbt-oidc-audit.jsonl'
const POLICY = '.github/dbt-oidc.yml'
const RULES = `repository: o/r
repository-id: 456
targets:
  prod: { connection: { type: duckdb, path: prod.duckdb } }
  staging: { connection: { type: duckdb, path: staging.duckdb } }
  ci: { connection: { type: duckdb, path: 'pr_{pull_request}.duckdb', schema: 'by_{actor}' } }
grants:
  - { name: production, target: prod, when: { ref: refs/heads/main, environment: production } }
  - { name: rehearsal, target: staging, when: { ref: 'refs/heads/release/*' } }
  - { name: pull, target: ci, when: { event_name: pull_request } }
`
const RULED = { files: { ...PROJECT, [POLICY]: RULES }, inputs: { run: 'build' } }
const PULL = { event_name: 'pull_request', ref: 'refs/pull/7/merge', base_ref: 'main', head_ref: 'feature' }
const RESULTS = {
  results: [{ unique_id: 'model.shop.orders', status: 'success', execution_time: 0.2, timing: [] }],
}
const MANIFEST = {
  nodes: { 'model.shop.orders': { name: 'orders', original_file_path: 'models/orders.sql' } },
}

const left = (step: StepResult): string[] => step.leftBehind().map(({ path }) => path)
const records = (step: StepResult): Record<string, unknown>[] =>
  auditOf(readFileSync(step.outputs.get('audit-log') ?? '', 'utf8'))
const profileOf = (job: Job): string => job.dbt.runs().at(-1)?.profiles ?? ''

describe('a run that its inputs grant', () => {
  test('tells where everything lies, leaves what dbt wrote and the audit log, and the post step finds nothing to do', async () => {
    await using job = await openJob({}, { run_results: RESULTS, manifest: MANIFEST })
    await using step = await job.step()
    expect([step.exitCode, step.conclusion, step.fileProblems, step.stderr]).toEqual([0, 'success', [], ''])
    expect([...step.outputs]).toEqual([
      ['target', 'prod'],
      ['grant', 'inputs'],
      ['granted', 'true'],
      ['identity', 'repo:o/r:ref:refs/heads/main'],
      ['result', 'success'],
      ['run-results', `${step.paths.workspace}/target/run_results.json`],
      ['artifacts-dir', `${step.paths.workspace}/target`],
      ['audit-log', `${step.paths.root}/${AUDIT}`],
    ])
    const written = ['', '/manifest.json', '/run_results.json'].map((path) => `workspace/target${path}`)
    expect(left(step)).toEqual([...written, AUDIT])
    expect([step.exportedEnv.size, step.addedPath]).toEqual([0, []])
    await using after = await step.post()
    expect([after.exitCode, after.requests, left(after)]).toEqual([0, [], [...written, AUDIT]])
  })

  test('is on record with one line for its token and one for itself, and the token stands nowhere in clear', async () => {
    await using job = await openJob()
    await using step = await job.step()
    const [token = ''] = job.issuer.minted
    expect(job.issuer.minted).toHaveLength(1)
    const grant = { decision: 'granted', grant: 'inputs', target: 'prod' }
    expect(records(step)).toMatchObject([
      {
        ...grant,
        record: 'token',
        use: 'decision',
        outcome: 'granted',
        token_sha256: createHash('sha256').update(token).digest('hex'),
        claims: { repository: 'o/r', ref: 'refs/heads/main', check_run_id: '5001', environment: null },
      },
      { ...grant, record: 'run', result: 'success', error: null, warehouse: 'duckdb', via: 'none' },
    ])
    expect(step.leftBehind()).toEqual([{ path: AUDIT, type: 'file', mode: '600', change: 'new' }])
    expect(step.log.masks).toContain(token)
    const secrets = { token, request: job.issuer.requestToken }
    const audit = { texts: { audit: JSON.stringify(records(step)) } }
    expect(scanForLeaks(secrets, placesOf([step], job.dbt.runs()))).toEqual([])
    expect(scanForLeaks(secrets, audit)).toEqual([])
  })

  test('writes a summary of result, grant and database, and none with `summary: false`', async () => {
    await using job = await openJob()
    await using step = await job.step()
    expect(step.summary).toMatch(/^## ✅ dbt succeeded on <code>prod<\/code> in /)
    expect(step.summary).toContain('| Grant | <code>inputs</code> |')
    expect(step.summary.replaceAll('<wbr>', '')).toContain('| Writes | the database file prod.duckdb |')
    await using silent = await job.step({ inputs: { ...GRANTED, summary: 'false' } })
    expect([silent.exitCode, silent.summary]).toEqual([0, ''])
    await using denied = await job.step({ inputs: { ...GRANTED, ref: 'refs/heads/dev', summary: 'false' } })
    expect([denied.exitCode, denied.summary]).toEqual([1, ''])
  })

  test('appends to the audit log that the input names, of a denial as well', async () => {
    await using job = await openJob()
    const inputs = { ...GRANTED, 'audit-log': 'audit.jsonl' }
    await using first = await job.step({ inputs })
    expect(left(first)).toEqual(['workspace/audit.jsonl'])
    await using second = await job.step({ inputs: { ...inputs, ref: 'refs/heads/dev' }, after: first })
    for (const step of [first, second])
      expect(step.outputs.get('audit-log')).toBe(`${step.paths.workspace}/audit.jsonl`)
    expect(records(second).map(({ record, decision }) => [record, decision])).toEqual([
      ['token', 'granted'],
      ['run', 'granted'],
      ['token', 'denied'],
      ['run', 'denied'],
    ])
  })

  test('whose audit log cannot be written does not happen', async () => {
    await using job = await openJob()
    await using step = await job.step({ inputs: { ...GRANTED, 'audit-log': 'missing/audit.jsonl' } })
    expect([step.exitCode, step.outputs.get('result')]).toEqual([1, 'failure'])
    expect([job.dbt.runs(), left(step)]).toEqual([[], []])
  })

  test('whose audit log would leave the checkout by a link of it does not happen either', async () => {
    await using job = await openJob()
    await using step = await job.step({
      inputs: { ...GRANTED, 'audit-log': 'logs/audit.jsonl' },
      prepare: ({ home, workspace }) => symlinkSync(home, join(workspace, 'logs')),
    })
    expect([step.exitCode, job.dbt.runs(), left(step)]).toEqual([1, [], []])
    expect(step.log.text).toContain('cannot be written: a link leads out of the workspace.')
  })

  test('whose profile never ends is refused and does not hang', async () => {
    await using job = await openJob()
    const { connection: _, ...inputs } = GRANTED
    await using step = await job.step({
      inputs,
      prepare: ({ workspace }) => symlinkSync('/dev/zero', join(workspace, 'profiles.yml')),
    })
    expect([step.exitCode, job.issuer.requests, left(step)]).toEqual([1, [], []])
    expect(step.log.text).toContain('`profiles.yml` cannot be read: it is no regular file.')
  })
})

describe('a run that the policy file grants', () => {
  test.each([
    ['production', 'prod', { environment: 'production' }, 'path: "prod.duckdb"'],
    ['rehearsal', 'staging', { ref: 'refs/heads/release/9' }, 'path: "staging.duckdb"'],
    ['pull', 'ci', PULL, 'path: "pr_7.duckdb"'],
  ])('by its grant %s gets the target %s and no other file', async (grant, target, claims, path) => {
    await using job = await openJob({ claims })
    await using step = await job.step(RULED)
    expect([step.exitCode, left(step)]).toEqual([0, [AUDIT]])
    expect(step.outputs.get('grant')).toBe(grant)
    expect(step.outputs.get('target')).toBe(target)
    expect(profileOf(job)).toContain(path)
    expect(profileOf(job).match(/\.duckdb/g)).toHaveLength(1)
    expect(job.dbt.runs().at(-1)?.argv.slice(-2)).toEqual(['--target', target])
  })

  test('fills its placeholders from the signed claims and not from the environment', async () => {
    await using job = await openJob({ claims: { ...PULL, actor: 'Octo-Cat' } })
    const env = { GITHUB_REF: 'refs/pull/1/merge', GITHUB_ACTOR: 'admin' }
    await using step = await job.step({ ...RULED, env })
    expect(step.exitCode).toBe(0)
    expect(profileOf(job)).toContain('path: "pr_7.duckdb"')
    expect(profileOf(job)).toContain('schema: "by_octo_cat"')
  })

  test('has no database for a pull request without a number, so dbt is not started', async () => {
    await using job = await openJob({ claims: { ...PULL, ref: 'refs/heads/feature' } })
    await using step = await job.step(RULED)
    expect(step.exitCode).toBe(1)
    expect(step.log.text).toContain('{pull_request} needs a run for a pull request')
    expect([job.dbt.runs(), left(step)]).toEqual([[], [AUDIT]])
  })

  test.each([
    ['a release branch', { ref: 'refs/heads/release/9' }],
    ['main without the environment', {}],
    ['a pull request', PULL],
  ])('is never production for %s, even where `target: prod` asks for it', async (_, claims) => {
    await using job = await openJob({ claims })
    await using step = await job.step({ ...RULED, inputs: { run: 'build', target: 'prod' } })
    expect(step.exitCode).toBe(1)
    expect(step.log.text).toContain('No grant for target "prod" holds for this run.')
    expect([...step.outputs.keys()]).toEqual(['granted', 'result', 'audit-log'])
    expect([job.dbt.runs(), left(step)]).toEqual([[], [AUDIT]])
  })

  test('is not given what an input narrows away, and an input widens nothing', async () => {
    await using job = await openJob({ claims: { environment: 'production' } })
    await using granted = await job.step({ ...RULED, inputs: { run: 'build', ref: 'refs/heads/main' } })
    expect(granted.outputs.get('target')).toBe('prod')
    await using narrowed = await job.step({ ...RULED, inputs: { run: 'build', claims: '{ actor: ada }' } })
    expect([narrowed.exitCode, narrowed.outputs.get('granted')]).toEqual([1, 'false'])
    expect(narrowed.log.text).toMatch(/✗.* actor \(input\) +ada +/)
    job.issuer.claims({ ref: 'refs/heads/feature', environment: undefined })
    await using wide = await job.step({ ...RULED, inputs: { run: 'build', ref: 'refs/heads/feature' } })
    expect([wide.exitCode, wide.outputs.get('granted')]).toEqual([1, 'false'])
    expect(job.dbt.runs()).toHaveLength(1)
  })
})
