import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { parse } from 'yaml'
import { auditOf, GRANTED, openJob } from './support/job.ts'
import type { IssuerOptions } from './support/issuer.ts'
import type { StepOptions, StepResult } from './support/step.ts'

const AUDIT = 'temp/dbt-oidc-audit.jsonl'
const PULL = { event_name: 'pull_request', ref: 'refs/pull/7/merge', base_ref: 'main', head_ref: 'feature' }
const pullFrom = (head: string | null, base = 'o/r') => ({
  pull_request: {
    head: { repo: head === null ? null : { full_name: head } },
    base: { repo: { full_name: base } },
  },
})
const NAMED = { ...GRANTED, ref: 'refs/pull/**', claims: '{ event_name: pull_request }' }

/** The lines from the verdict to the block to paste, as a person reads them. */
function tableOf({ log }: StepResult): string[] {
  const lines = stripVTControlCharacters(log.text).split('\n')
  const start = lines.findIndex((line) => line.startsWith('✗ no-grant'))
  return lines.slice(
    start,
    lines.findIndex((line, at) => at > start && line.startsWith('→ ')),
  )
}

interface Case {
  readonly claims?: NonNullable<IssuerOptions['claims']>
  readonly subForm?: NonNullable<IssuerOptions['subForm']>
  readonly inputs?: NonNullable<StepOptions['inputs']>
  readonly event?: unknown
  /** Lines of the table: the claim that failed, what points at it, and the hint. */
  readonly shown: readonly string[]
}

const CASES: Readonly<Record<string, Case>> = {
  'the repository': {
    claims: { repository: 'o/r-evil' },
    inputs: { ...GRANTED, repository: 'o/r' },
    shown: [
      '    ✗ repository  o/r              o/r-evil',
      '                                      ^',
      '        → first differing character at position 4: "-"',
    ],
  },
  'the ref, from its first differing character on': {
    claims: { ref: 'refs/heads/mainline' },
    shown: [
      '    ✗ ref         refs/heads/main  refs/heads/mainline',
      '                                                  ^',
      '        → first differing character at position 16: "l"',
    ],
  },
  'the ref, where it ends too soon': {
    claims: { ref: 'refs/heads/ma' },
    shown: ['        → the value ends where the pattern goes on, after character 13'],
  },
  'the ref, where only the case differs': {
    claims: { ref: 'refs/heads/Main' },
    shown: [
      '    ✗ ref         refs/heads/main  refs/heads/Main',
      '                                              ^',
      '        → only the case differs',
    ],
  },
  'the ref, which is a tag': {
    claims: { ref: 'refs/tags/main' },
    shown: ['        → this is a tag of that name, not the branch'],
  },
  'the ref, whose letter is of another alphabet': {
    claims: { ref: 'refs/heads/m\u0430in' },
    shown: ['        → first differing character at position 13: "\u0430" (U+0430)'],
  },
  'the environment, where the job has none': {
    inputs: { ...GRANTED, environment: 'production' },
    shown: [
      '    ✗ environment  production       (absent)',
      '        → the job names no environment; `environment:` of the job puts it into the token',
    ],
  },
  'the environment, which is another one': {
    claims: { environment: 'staging' },
    inputs: { ...GRANTED, environment: 'production' },
    shown: ['    ✗ environment  production       staging'],
  },
  'another claim': {
    inputs: { ...GRANTED, claims: '{ actor: [ada, grace], runner_environment: self-hosted }' },
    shown: [
      '    ✗ actor               ada or grace     octocat',
      '    ✗ runner_environment  self-hosted      github-hosted',
    ],
  },
  'the subject, granted with ids and signed with names': {
    inputs: { ...GRANTED, claims: "{ sub: 'repo:o@123/r@456:ref:refs/heads/main' }" },
    shown: [
      '        → the grant writes `sub` with ids, the token has the form with names only; write sub: "repo:o/r:ref:refs/heads/main" here and in the trust',
    ],
  },
  'the subject, granted with names and signed with ids': {
    subForm: 'id',
    inputs: { ...GRANTED, claims: "{ sub: 'repo:o/r:ref:refs/heads/main' }" },
    shown: [
      '        → the grant writes `sub` with names only, the token has the form with ids; write sub: "repo:o@123/r@456:ref:refs/heads/main" here and in the trust',
    ],
  },
  'a pull request from a fork, whatever the grant says': {
    claims: PULL,
    inputs: NAMED,
    event: pullFrom('x/r'),
    shown: [
      '    ✗ head repository  o/r           x/r',
      '        → the event file says that the pull request comes from "x/r"',
    ],
  },
  'a pull request from a fork that is gone': {
    claims: PULL,
    inputs: NAMED,
    event: pullFrom(null),
    shown: ['    ✗ head repository  o/r           a deleted fork'],
  },
}

describe('a run is denied because of', () => {
  test.each(Object.entries(CASES))('%s', async (_, { claims = {}, subForm = 'name', shown, ...options }) => {
    await using job = await openJob({ claims, subForm })
    await using step = await job.step(options)
    const table = tableOf(step)
    expect(table[0]).toBe('✗ no-grant: No grant of the policy holds for this run.')
    expect(table[2]).toMatch(/^ {6}claim +expected +actual$/)
    for (const line of shown) expect(table).toContain(line)
    expect([step.exitCode, step.stderr, job.dbt.runs()]).toEqual([1, '', []])
    expect([...step.outputs]).toEqual([
      ['granted', 'false'],
      ['result', 'failure'],
      ['audit-log', `${step.paths.root}/${AUDIT}`],
    ])
    // No directory for credentials was even begun.
    expect([step.leftBehind().map(({ path }) => path), step.state.size]).toEqual([[AUDIT], 0])
  })

  test('its signed ref, whatever an earlier step made of GITHUB_REF (event-10)', async () => {
    await using job = await openJob({ claims: { ref: 'refs/heads/feature' } })
    const env = { GITHUB_REF: 'refs/heads/main', GITHUB_REF_NAME: 'main', GITHUB_EVENT_NAME: 'push' }
    await using step = await job.step({ env })
    expect([step.exitCode, job.dbt.runs()]).toEqual([1, []])
    expect(tableOf(step)).toContain('    ✗ ref         refs/heads/main  refs/heads/feature')
    job.issuer.claims({ ref: 'refs/heads/main' })
    await using own = await job.step({ env: { ...env, GITHUB_REF: 'refs/heads/feature' } })
    expect(own.exitCode).toBe(0)
  })
})

describe('a denial', () => {
  test('is one error with the block to paste, which then grants the run', async () => {
    await using job = await openJob({ claims: { environment: 'production' } })
    await using step = await job.step({ inputs: { ...GRANTED, ref: 'refs/heads/dev' } })
    const errors = step.log.commands.filter(({ name }) => name === 'error')
    expect(errors).toHaveLength(1)
    const [, block = ''] = errors[0]?.data.split('these inputs would do it:\n') ?? []
    expect(block).toMatch(/^ref: refs\/heads\/main$/m)
    expect(step.summary).toContain(`\`\`\`yaml\n${block}\n\`\`\``)
    expect(step.summary).toMatch(/^## ⛔ No grant for this run\n/)
    const inputs = {
      run: 'build',
      connection: GRANTED.connection,
      ...(parse(block) as Record<string, string>),
    }
    await using pasted = await job.step({ inputs })
    expect([pasted.exitCode, pasted.outputs.get('granted')]).toEqual([0, 'true'])
  })

  test('is on record with its token and its reason', async () => {
    await using job = await openJob({ claims: { ref: 'refs/heads/evil' } })
    await using step = await job.step()
    const denied = { decision: 'denied', grant: null, target: null }
    expect(auditOf(readFileSync(step.outputs.get('audit-log') ?? '', 'utf8'))).toMatchObject([
      { ...denied, record: 'token', outcome: 'denied', claims: { ref: 'refs/heads/evil' } },
      { ...denied, record: 'run', result: 'failure', error: 'no-grant', invocations: [] },
    ])
    await using after = await step.post()
    expect([after.exitCode, after.requests, after.leftBehind().map(({ path }) => path)]).toEqual([
      0,
      [],
      [AUDIT],
    ])
  })
})
