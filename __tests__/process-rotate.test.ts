import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import * as z from 'zod/mini'
import { apply } from './support/aws/account.ts'
import { ACCOUNT, openSite, ROLE, type Site } from './support/aws/site.ts'
import { CLI } from './support/cli.ts'
import { logOf } from './support/process.ts'

const PATH = '.github/dbt-oidc.yml'
const NEXT = 'sts.amazonaws.com/next'
const POLICY = `repository: o/r
repository-id: 456
repository-owner-id: 123
targets:
  prod:
    connection:
      type: redshift
      method: iam_role
      host: analytics.123456789012.eu-west-1.redshift-serverless.amazonaws.com
      port: 5439
      dbname: dev
      schema: analytics
    identity: { via: aws, role: "${ROLE}", region: eu-west-1 }
grants:
  - { target: prod, when: { environment: production } }
`

const document = z.object({ text: z.string(), steps: z.array(z.string()) })
const told = z.object({
  phase: z.number(),
  policy: z.object({ after: z.string() }),
  documents: z.array(document),
  removals: z.array(document),
  stillUsed: z.optional(z.array(z.string())),
})

let directory: string
let site: Site
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rotate-'))
  mkdirSync(join(directory, '.github'))
  site = await openSite(directory)
  site.issuer.claims({ environment: 'production' })
})
afterEach(async () => {
  await site[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

function commandLine(...words: readonly string[]): string {
  const env = { PATH: process.env['PATH'], NO_COLOR: '1', GITHUB_SERVER_URL: site.issuer.serverUrl }
  try {
    return execFileSync(process.execPath, [CLI, ...words], { cwd: directory, env, stdio: 'pipe' }).toString()
  } catch (error) {
    return String((error as { stdout?: Buffer }).stdout)
  }
}

const rotate = (...words: readonly string[]) =>
  told.parse(JSON.parse(commandLine('rotate', '--target', 'prod', '--json', ...words)))

/** One run of the built action by this policy, up to its keys; what it used is kept on record. */
async function run(policy: string): Promise<number | null> {
  await using step = await site.step(
    { until: 'exchange' },
    {
      prepare({ workspace }) {
        const path = join(workspace, PATH)
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, policy)
      },
    },
  )
  if (step.exitCode !== 0) throw new Error(logOf(step))
  appendFileSync(join(directory, 'audit.jsonl'), readFileSync(step.outputs.get('audit-log') ?? '', 'utf8'))
  return step.exitCode
}

test('a run in the midst of a rotation never fails, and what the runs left on record lets the old one go', async () => {
  writeFileSync(join(directory, PATH), POLICY)
  for (const { text } of z
    .array(z.object({ text: z.string() }))
    .parse(JSON.parse(commandLine('trust', '--json'))))
    if (text.includes('aws iam create-')) apply(site.cloud, text, ACCOUNT)
  await run(POLICY)

  const one = rotate('--audience', NEXT)
  const steps = one.documents.flatMap((each) => each.steps)
  expect([one.phase, steps.length]).toEqual([1, 2])
  for (const step of steps) {
    apply(site.cloud, step, ACCOUNT)
    expect(await run(POLICY)).toBe(0)
  }
  const both = one.policy.after
  writeFileSync(join(directory, PATH), both)
  expect(await run(both)).toBe(0)
  // A branch that has not moved yet.
  expect(await run(POLICY)).toBe(0)

  expect(rotate('--audit', 'audit.jsonl', '--quiet', '0').stillUsed).toEqual([
    expect.stringContaining('used the old one at'),
  ])
  // That branch has the new policy, too.
  await run(both)
  const two = rotate('--audit', 'audit.jsonl', '--quiet', '0')
  expect([two.phase, two.stillUsed]).toEqual([2, []])
  for (const step of [...two.documents, ...two.removals].flatMap((each) => each.steps)) {
    apply(site.cloud, step, ACCOUNT)
    expect(await run(two.policy.after)).toBe(0)
  }
  await expect(run(POLICY)).rejects.toThrow('AccessDenied')
}, 120_000)
