import { describe, expect, test } from '@jest/globals'
import { readFileSync, statSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { parse } from 'yaml'
import { auditOf, GRANTED, openJob, PROJECT } from './support/job.ts'
import { blocksOf, usesIn } from './support/pages.ts'
import type { StepResult } from './support/step.ts'

const AUDIT = 'temp/dbt-oidc-audit.jsonl'
const until = (word: string, inputs = GRANTED) => ({ inputs: { ...inputs, until: word } })
const DENIED = { ...GRANTED, ref: 'refs/heads/dev' }

const lines = ({ log }: StepResult): string[] => stripVTControlCharacters(log.text).split('\n')
/** The words of the sentence that were said. */
const said = (step: StepResult): string[] =>
  lines(step).flatMap((line) => /^(token|claims|grant|exchange|profile|report) {2}/.exec(line)?.[1] ?? [])
const left = (step: StepResult): string[] => step.leftBehind().map(({ path }) => path)
const outputs = (step: StepResult): Record<string, string> => {
  const { 'audit-log': _, ...rest } = Object.fromEntries(step.outputs)
  return rest
}

const records = (step: StepResult) => auditOf(readFileSync(step.outputs.get('audit-log') ?? '', 'utf8'))

describe('a run until', () => {
  test('`claims` prints every claim and a block that grants this run, and decides nothing', async () => {
    await using job = await openJob({ claims: { environment: 'production' } })
    await using step = await job.step(until('claims', DENIED))
    expect([step.exitCode, said(step), left(step)]).toEqual([0, ['token', 'claims', 'report'], [AUDIT]])
    expect(outputs(step)).toEqual({ result: 'stopped' })
    expect(records(step)).toMatchObject([
      { record: 'token', use: 'decision', outcome: 'shown', decision: null, grant: null },
      { record: 'run', result: 'stopped', decision: null },
    ])
    const shown = lines(step)
    expect(shown).toContain('##[group]dbt-oidc: until claims')
    for (const [name, value] of Object.entries(job.issuer.claims()))
      expect(shown.map((line) => line.trimEnd())).toContain(`${name.padEnd(24)} ${String(value)}`.trimEnd())
    const start = shown.indexOf('These inputs would grant this run, and hardly any other:')
    const block = shown.slice(start + 1, shown.indexOf('##[endgroup]', start)).join('\n')
    expect(step.summary).toContain('| <code>ref</code> | <code>refs/heads/main</code> |')
    expect(step.summary).toContain(`hardly any other:\n\n\`\`\`yaml\n${block}\n\`\`\``)
    await using pasted = await job.step({
      inputs: { run: 'build', connection: GRANTED.connection, ...(parse(block) as Record<string, string>) },
    })
    expect([pasted.exitCode, pasted.outputs.get('granted')]).toEqual([0, 'true'])
    expect(job.dbt.runs()).toHaveLength(1)
  })

  test('`claims`, by the first workflow of docs/github-actions.md as it is written, says who the job is', async () => {
    const workflow = blocksOf('docs/github-actions.md', 'yaml').find((one) => one.includes('who.yml')) ?? ''
    const [own] = usesIn(parse(workflow)).filter(({ uses }) => uses.startsWith('OWNER/'))
    await using job = await openJob({
      claims: { environment: 'production', event_name: 'workflow_dispatch' },
    })
    await using step = await job.step({ inputs: own?.with as Record<string, string> })
    expect([step.exitCode, said(step), left(step)]).toEqual([0, ['token', 'claims', 'report'], [AUDIT]])
    expect(lines(step)).toContain('These inputs would grant this run, and hardly any other:')
  })

  test('`claims` prints a block for a grant where there is a policy file', async () => {
    await using job = await openJob()
    const policy =
      'targets: { prod: { connection: { type: duckdb } } }\ngrants: [{ target: prod, when: { ref: refs/heads/x } }]\n'
    await using step = await job.step({
      inputs: { until: 'claims' },
      files: { ...PROJECT, '.github/dbt-oidc.yml': policy },
    })
    const shown = lines(step)
    const start = shown.indexOf('A grant with this block would grant this run, and hardly any other:')
    expect(shown.slice(start + 1, start + 3)).toEqual(['when:', '  repository: o/r'])
    expect(step.summary).toContain('```yaml\nwhen:\n  repository: o/r\n')
  })

  test('`grant` prints the table, and puts nothing but the audit lines anywhere', async () => {
    await using job = await openJob()
    await using step = await job.step(until('grant'))
    const words = ['token', 'claims', 'grant', 'report']
    expect([step.exitCode, said(step), left(step)]).toEqual([0, words, [AUDIT]])
    expect(lines(step)).toContain(
      'grant     would be granted: Target "prod" is granted by the inputs of the step.',
    )
    expect(outputs(step)).toEqual({ target: 'prod', grant: 'inputs', granted: 'true', result: 'stopped' })
    expect(lines(step)).toContain('the inputs of the step for target "prod": granted')
    expect(lines(step)).toContain('  ✓ ref         refs/heads/main  refs/heads/main')
    expect(step.summary).toContain('## 🔎 Stopped after grant on <code>prod</code>, as asked')
    expect(records(step).map(({ record, result, outcome }) => [record, outcome ?? result])).toEqual([
      ['token', 'granted'],
      ['run', 'stopped'],
    ])
    expect([step.state.size, job.dbt.runs()]).toEqual([0, []])
  })

  test('`grant` prints a denial as its answer, with `granted` false', async () => {
    await using job = await openJob()
    await using step = await job.step(until('grant', DENIED))
    expect(outputs(step)).toEqual({ granted: 'false', result: 'stopped' })
    const shown = lines(step)
    expect([step.exitCode, step.conclusion]).toEqual([0, 'success'])
    expect(shown).toContain('grant     would be denied: No grant of the policy holds for this run.')
    expect(step.summary).toMatch(/^## 🔎 Stopped after grant, as asked: this run would be denied\n/)
    const offer = shown.indexOf('If this run should be granted, these inputs would do it:')
    expect(shown.slice(offer + 1, offer + 3)).toEqual(['repository: o/r', 'ref: refs/heads/main'])
    expect(lines(step)).toContain('  ✗ ref         refs/heads/dev  refs/heads/main')
    expect(lines(step)).toContain('      → first differing character at position 12: "m"')
    expect([left(step), job.dbt.runs()]).toEqual([[AUDIT], []])
  })

  test('`exchange` says as whom, and leaves no directory', async () => {
    await using job = await openJob()
    await using step = await job.step(until('exchange'))
    const words = ['token', 'claims', 'grant', 'exchange', 'report']
    expect([step.exitCode, said(step), left(step)]).toEqual([0, words, [AUDIT]])
    expect(outputs(step)).toEqual({
      target: 'prod',
      grant: 'inputs',
      granted: 'true',
      identity: 'repo:o/r:ref:refs/heads/main',
      result: 'stopped',
    })
    expect([step.exportedEnv.size, job.dbt.runs()]).toEqual([0, []])
  })

  test('`profile` leaves a profile that only its owner can read, until the post step', async () => {
    await using job = await openJob()
    await using step = await job.step(until('profile'))
    const words = ['token', 'claims', 'grant', 'exchange', 'profile', 'report']
    expect([step.exitCode, said(step), job.dbt.runs()]).toEqual([0, words, []])
    const directory = step.outputs.get('profiles-dir') ?? ''
    expect(directory.startsWith(`${step.paths.temp}/dbt-oidc-`)).toBe(true)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    expect(statSync(`${directory}/profiles.yml`).mode & 0o777).toBe(0o600)
    expect(readFileSync(`${directory}/profiles.yml`, 'utf8')).toContain('path: "prod.duckdb"')
    expect(outputs(step)).toMatchObject({ target: 'prod', granted: 'true', result: 'stopped' })
    await using after = await step.post()
    expect([after.exitCode, left(after)]).toEqual([0, [AUDIT]])
  })

  test.each(['exchange', 'profile'])('`%s` is a denial where nothing is granted', async (word) => {
    await using job = await openJob()
    await using step = await job.step(until(word, DENIED))
    expect([step.exitCode, said(step), left(step)]).toEqual([1, ['token', 'claims'], [AUDIT]])
    expect(outputs(step)).toEqual({ granted: 'false', result: 'failure' })
    expect(step.log.text).toContain('✗ no-grant')
  })

  test.each(['claims', 'grant', 'exchange', 'profile'])('`%s` never shows the token itself', async (word) => {
    await using job = await openJob()
    await using step = await job.step(until(word))
    expect(job.issuer.minted).toHaveLength(1)
    for (const part of (job.issuer.minted[0] ?? '').split('.')) {
      expect(part).not.toBe('')
      for (const text of [step.fullLog.text, step.summary, step.commandFiles.output, step.commandFiles.env])
        expect(text).not.toContain(part)
    }
  })
})
