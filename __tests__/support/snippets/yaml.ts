import { expect } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { INPUTS } from '../../../src/config/inputs.ts'
import { configOf } from '../config-of.ts'
import { snippetsOf, usesIn, type Snippet } from '../pages.ts'
import { isRecord, scalarText } from '../shape.ts'
import { callsIn, refusalOf } from './shell.ts'

// docs.github.com, "Workflow syntax for GitHub Actions".
const WORKFLOW = words('name run-name on permissions env defaults concurrency jobs')
const JOB = words(
  'name permissions needs if runs-on environment concurrency outputs env defaults steps timeout-minutes strategy uses with secrets services container continue-on-error',
)
const STEP = words('id if name uses run working-directory shell with env continue-on-error timeout-minutes')
const POLICY = words('repository repository-id repository-owner-id issuer issuers review targets grants')
const GITLAB = words('script id_tokens image stage rules variables before_script artifacts needs tags')
const DBT = words('name version profile query-comment models seeds snapshots on-run-start on-run-end vars')

type Checked = Readonly<Record<string, unknown>>

interface Kind {
  readonly name: string
  readonly is: (node: unknown) => boolean
  readonly check: (node: unknown, snippet: Snippet) => void | Promise<void>
}

/** What a block of YAML can be, and how that is checked: the first that fits. */
const KINDS: readonly Kind[] = [
  { name: 'a workflow of GitHub', is: (node) => has(node, 'jobs'), check: workflow },
  { name: 'a policy, or a part of one', is: (node) => onlyOf(node, POLICY), check: policy },
  { name: 'inputs of the step', is: (node) => onlyOf(node, INPUTS), check: inputs },
  {
    name: 'steps of Buildkite',
    is: (node) => stepsOf(node).some((step) => has(step, 'key') && has(step, 'command')),
    check: (node) => takes(stepsOf(node).flatMap((step) => (has(step, 'command') ? [step['command']] : []))),
  },
  {
    name: 'steps of a workflow, or a part of a job',
    is: (node) => Array.isArray(node) || onlyOf(node, [...JOB, 'on']),
    check: workflow,
  },
  {
    name: '.gitlab-ci.yml',
    is: (node) => isRecord(node) && Object.values(node).every((job) => has(job, 'script')),
    check: gitlab,
  },
  {
    name: 'a pod of Kubernetes',
    is: (node) => has(node, 'apiVersion') && has(node, 'kind') && node.kind === 'Pod',
    check: (node) => takes(containersOf(node).map((one) => [one['command'], one['args']].flat().join(' '))),
  },
  {
    name: 'tags of Dagster on Kubernetes',
    is: (node) => onlyOf(node, ['dagster-k8s/config']),
    check: () => undefined,
  },
  { name: 'volumes of a pod', is: (node) => onlyOf(node, ['volumes']), check: () => undefined },
  { name: 'dbt_project.yml', is: (node) => onlyOf(node, DBT), check: () => undefined },
]

/** Checks a block of YAML for what it is. */
export async function checkYaml(snippet: Snippet): Promise<void> {
  const node: unknown = parse(snippet.text)
  const kind = KINDS.find(({ is }) => is(node))
  if (!kind)
    throw new Error(
      `${snippet.page}:${snippet.line} is YAML of a kind that no test knows. Known are ${KINDS.map(({ name }) => name).join('; ')}. Write it as one of these, or say in __tests__/support/snippets/yaml.ts what it is and how it is checked.`,
    )
  await kind.check(node, snippet)
}

async function workflow(node: unknown, { page }: Snippet): Promise<void> {
  if (has(node, 'jobs')) known(node, WORKFLOW)
  const jobs = has(node, 'jobs') && isRecord(node['jobs']) ? Object.values(node['jobs']) : [node]
  for (const job of jobs) {
    if (isRecord(job)) known(job, [...JOB, 'on'])
    const steps: unknown = Array.isArray(job) ? job : isRecord(job) ? job['steps'] : []
    for (const step of Array.isArray(steps) ? steps : []) {
      known(step, STEP)
      const run = isRecord(step) ? scalarText(step['run']) : ''
      for (const call of callsIn(run)) expect(await refusalOf(call)).toBeUndefined()
    }
  }
  for (const use of usesIn(node)) {
    // `with:` knows texts, numbers and booleans; a YAML map there makes the whole workflow invalid.
    for (const value of Object.values(use.with))
      expect(['string', 'number', 'boolean']).toContain(typeof value)
    if (use.uses.startsWith('OWNER/dbt-oidc@')) await inputs(use.with, { page })
    if (use.uses.startsWith('OWNER/dbt-oidc/')) called(use.uses, use.with)
  }
}

/** A workflow of this repository that another one calls has the inputs that it is given. */
function called(uses: string, given: Checked): void {
  const [, path = ''] = /^OWNER\/dbt-oidc\/(.*)@/.exec(uses) ?? []
  const file = join(import.meta.dirname, '..', '..', '..', path)
  expect(existsSync(file) ? file : `${path} is not in this repository`).toBe(file)
  const read: unknown = parse(readFileSync(file, 'utf8'))
  const on = has(read, 'on') && isRecord(read['on']) ? read['on']['workflow_call'] : undefined
  const declared = has(on, 'inputs') && isRecord(on['inputs']) ? Object.keys(on['inputs']) : []
  known(given, declared)
}

/** The step takes them, with nothing to warn of; what a part leaves out comes from the first policy of the page. */
async function inputs(node: unknown, { page }: Pick<Snippet, 'page'>): Promise<void> {
  known(node, INPUTS)
  const all = texts(node)
  const alone = all['connection'] !== undefined
  const text = wholePolicy(page, all['target'])
  const { warnings } = await configOf({
    // A policy of another repository is that of the page as well.
    readPolicy: async () => ({ kind: 'text', text, commit: '3f'.repeat(20) }),
    inputs: alone && !RESTRICTING.some((name) => name in all) ? { ...firstInputs(page), ...all } : all,
    ...(alone ? {} : { policy: text }),
  })
  expect(warnings).toEqual([])
}

const RESTRICTING = ['ref', 'environment', 'claims']

/** What the first step of a page is given, for a part that shows one input in its place. */
function firstInputs(page: string): Readonly<Record<string, string>> {
  const [first] = snippetsOf(page)
    .filter(({ language, text }) => language === 'yaml' && text.includes('jobs:'))
    .flatMap(({ text }) => usesIn(parse(text)))
    .filter((use) => RESTRICTING.some((name) => name in use.with))
  return texts(first?.with ?? {})
}

function texts(given: unknown): Readonly<Record<string, string>> {
  const all = Object.entries(isRecord(given) ? given : {})
  return Object.fromEntries(all.map(([name, value]) => [name, evaluated(scalarText(value))]))
}

/** With each expression as it may come out: the text that it holds, or some word. */
function evaluated(text: string): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/g, (_, inner: string) => /'([^']*)'/.exec(inner)?.[1] ?? 'value')
}

async function policy(node: unknown, { page, text }: Snippet): Promise<void> {
  const whole = has(node, 'targets') && has(node, 'grants')
  const base: unknown = whole ? {} : parse(wholePolicy(page))
  const { targets } = await configOf({
    policy: whole ? text : stringify({ ...(isRecord(base) ? base : {}), ...(isRecord(node) ? node : {}) }),
  })
  expect(targets.size).toBeGreaterThan(0)
}

/** The first policy of a page that is whole and has a target, else that of the page about policies. */
function wholePolicy(page: string, target = ''): string {
  const found = [page, 'docs/policy.md']
    .flatMap(snippetsOf)
    .filter(({ language, text }) => language === 'yaml' && /^targets:/m.test(text) && /^grants:/m.test(text))
    .find(({ text }) => text.includes(`  ${target}`))
  return found?.text ?? ''
}

async function gitlab(node: unknown): Promise<void> {
  for (const job of Object.values(isRecord(node) ? node : {})) {
    known(job, GITLAB)
    const lines: unknown = isRecord(job) ? job['script'] : []
    for (const line of Array.isArray(lines) ? lines : [])
      for (const call of callsIn(scalarText(line))) expect(await refusalOf(call)).toBeUndefined()
  }
}

function stepsOf(node: unknown): readonly unknown[] {
  return has(node, 'steps') && Array.isArray(node.steps) ? node.steps : []
}

function containersOf(node: unknown): readonly Checked[] {
  const spec = has(node, 'spec') ? node.spec : undefined
  return has(spec, 'containers') && Array.isArray(spec.containers) ? spec.containers.filter(isRecord) : []
}

/** This program takes each call of it in these texts of a shell, of which there is one at least. */
async function takes(texts: readonly unknown[]): Promise<void> {
  const calls = texts.flatMap((text) => callsIn(scalarText(text)))
  expect(calls.length).toBeGreaterThan(0)
  for (const call of calls) expect(await refusalOf(call)).toBeUndefined()
}

function known(node: unknown, keys: readonly string[]): void {
  for (const key of Object.keys(isRecord(node) ? node : {})) expect(keys).toContain(key)
}

function has<K extends string>(node: unknown, key: K): node is Record<K, unknown> {
  return isRecord(node) && key in node
}

function onlyOf(node: unknown, keys: readonly string[]): boolean {
  return (
    isRecord(node) && Object.keys(node).length > 0 && Object.keys(node).every((key) => keys.includes(key))
  )
}

function words(text: string): readonly string[] {
  return text.split(' ')
}
