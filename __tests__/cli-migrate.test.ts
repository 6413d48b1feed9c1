import { describe, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import * as z from 'zod/mini'
import { PAIRS, type Pair } from './migrate/pairs.ts'
import { cli, CLI } from './support/cli.ts'

const WORKFLOW = '.github/workflows/dbt.yml'
const POLICY = '.github/dbt-oidc.yml'
const valid = new Ajv2020({ strict: true }).compile(
  JSON.parse(readFileSync(join(import.meta.dirname, '..', 'schema.json'), 'utf8')) as object,
)
const plan = z.object({
  policy: z.string(),
  workflows: z.array(z.object({ path: z.string(), after: z.string() })),
  unneeded: z.array(z.string()),
  needed: z.array(z.string()),
  fillIn: z.array(z.string()),
  notes: z.array(z.string()),
  kept: z.array(z.string()),
  problems: z.array(z.string()),
})
const policy = z.object({
  grants: z.array(
    z.object({
      target: z.string(),
      when: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
    }),
  ),
})

const filesOf = ({ profiles, workflow }: Pair): Record<string, string> => ({
  'profiles.yml': profiles,
  [WORKFLOW]: workflow,
})
const MIGRATE = ['migrate', '--repository', 'acme/dbt'] as const

/** What `check` is asked about the run that a grant is meant for. */
function runOf(when: z.infer<typeof policy>['grants'][number]['when']): readonly string[] {
  const first = (name: string): string => [when[name] ?? ''].flat()[0] ?? ''
  const pull = first('event_name') === 'pull_request'
  return [
    '--ref',
    pull ? 'refs/pull/12/merge' : first('ref').replaceAll('*', 'x'),
    ...(pull ? ['--event', 'pull_request'] : []),
    ...(first('environment') === '' ? [] : ['--environment', first('environment')]),
    ...(first('base_ref') === '' ? [] : ['--claim', `base_ref=${first('base_ref')}`]),
  ]
}

describe.each(PAIRS)('$name', (pair) => {
  test('is proposed with every secret named, and whatever the files do not tell to be filled in', async () => {
    const { code, stdout, stderr } = await cli([...MIGRATE, '--json'], filesOf(pair))
    expect([code, stderr]).toEqual([pair.kept ? 1 : 0, ''])
    const told = plan.parse(JSON.parse(stdout))
    expect(told).toMatchObject({
      unneeded: pair.unneeded,
      needed: pair.needed ?? [],
      kept: pair.kept ?? [],
      problems: [],
    })
    expect(told.fillIn.map((one) => /^targets\.[\w-]+\.([\w.-]+):/.exec(one)?.[1])).toEqual(pair.fillIn)
    const after = told.workflows[0]?.after ?? ''
    for (const part of pair.policy) expect(told.policy).toContain(part)
    for (const part of pair.after) expect(after).toContain(part)
    for (const part of pair.said ?? []) expect(told.notes.join('\n')).toContain(part)
    for (const name of pair.unneeded) expect(told.policy + after).not.toContain(`secrets.${name}`)
    expect(valid(parse(told.policy))).toBe(true)
    expect(parse(after)).toMatchObject({ jobs: { build: { permissions: { 'id-token': 'write' } } } })
  })

  test('is granted what each grant is meant for by `check`, and nothing else', () => {
    const directory = repositoryOf(pair)
    try {
      const run = (...args: readonly string[]) =>
        spawnSync(process.execPath, [CLI, ...args], { cwd: directory, encoding: 'utf8' })
      const written = run(...MIGRATE, '--write')
      expect([written.status, written.stderr]).toEqual([pair.kept ? 1 : 0, ''])
      const { grants } = policy.parse(parse(readFileSync(join(directory, POLICY), 'utf8')))
      expect(grants.length).toBeGreaterThan(0)
      for (const { target, when } of grants) {
        const { status, stdout } = run('check', ...runOf(when), '--target', target)
        expect([target, status, status === 0 ? '' : stdout]).toEqual([target, 0, ''])
        expect(run('check', '--ref', 'elsewhere', '--target', target).status).toBe(1)
      }
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

/** A repository of git with the files of a pair. */
function repositoryOf(pair: Pair): string {
  const directory = mkdtempSync(join(tmpdir(), 'migrate-'))
  for (const [path, text] of Object.entries(filesOf(pair))) {
    mkdirSync(join(directory, path, '..'), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
  execFileSync('git', ['init', '--quiet'], { cwd: directory })
  return directory
}

describe('dbt-oidc migrate', () => {
  const [FIRST] = PAIRS

  test('prints a patch that git applies, and which leaves what --write leaves', () => {
    if (!FIRST) throw new Error('there is no pair')
    const [one, other] = [repositoryOf(FIRST), repositoryOf(FIRST)]
    try {
      const printed = spawnSync(process.execPath, [CLI, ...MIGRATE], { cwd: one, encoding: 'utf8' })
      expect(printed.stdout).toMatch(
        /^Secrets that no workflow reads any more.*:\n {2}gh secret delete SNOWFLAKE_PASSWORD --repo acme\/dbt\n/,
      )
      execFileSync('git', ['apply', '-'], { cwd: one, input: printed.stdout })
      spawnSync(process.execPath, [CLI, ...MIGRATE, '--write'], { cwd: other })
      for (const path of [POLICY, WORKFLOW])
        expect(readFileSync(join(one, path), 'utf8')).toBe(readFileSync(join(other, path), 'utf8'))
    } finally {
      for (const directory of [one, other]) rmSync(directory, { recursive: true, force: true })
    }
  })

  test('changes nothing but what it has to: comments, order and other steps stay', async () => {
    const workflow = `# ours\nname: dbt   # the one\non: [push]\njobs:\n  other:\n    runs-on: x\n    steps: [ { run: make } ]\n  build:\n    runs-on: x\n    permissions: { contents: read }\n    steps:\n    - run: make   # first\n    # then\n    - run: dbt build\n      if: always()\n    - run: |\n        echo done\n`
    const { stdout } = await cli([...MIGRATE, '--json'], {
      'profiles.yml': 'shop:\n  target: prod\n  outputs:\n    prod: { type: duckdb, path: a.db }\n',
      [WORKFLOW]: workflow,
    })
    expect(plan.parse(JSON.parse(stdout)).workflows[0]?.after).toBe(
      workflow
        .replace('{ contents: read }', '{ contents: read, id-token: write }')
        .replace(
          '- run: dbt build\n      if: always()',
          '- if: always()\n      uses: OWNER/dbt-oidc@v1\n      with:\n        run: build\n        target: prod',
        ),
    )
  })

  test('keeps the line ends of Windows, and takes what is written with them for the same', async () => {
    if (!FIRST) throw new Error('there is no pair')
    const windows = Object.fromEntries(
      Object.entries(filesOf(FIRST)).map(([path, text]) => [path, text.replaceAll('\n', '\r\n')]),
    )
    const [unix, dos] = await Promise.all(
      [filesOf(FIRST), windows].map(async (files) =>
        plan.parse(JSON.parse((await cli([...MIGRATE, '--json'], files)).stdout)),
      ),
    )
    expect(dos?.policy).toBe(unix?.policy)
    expect(dos?.workflows[0]?.after).toBe(unix?.workflows[0]?.after.replaceAll('\n', '\r\n'))
  })

  test('grants a target only to the runs whose conditions lead to it', async () => {
    const pair = PAIRS.find(({ name }) => name.startsWith('a schema for each pull request'))
    if (!pair) throw new Error('there is no such pair')
    const { stdout } = await cli([...MIGRATE, '--json'], filesOf(pair))
    expect(policy.parse(parse(plan.parse(JSON.parse(stdout)).policy)).grants).toEqual([
      { target: 'ci', when: { event_name: 'pull_request', base_ref: 'main' } },
      { target: 'prod', when: { ref: ['refs/heads/main', 'refs/heads/release/**'] } },
    ])
  })

  test('writes over no policy, and then changes no workflow either', async () => {
    if (!FIRST) throw new Error('there is no pair')
    const files = { ...filesOf(FIRST), [POLICY]: 'targets: {}\n' }
    const { code, stderr } = await cli([...MIGRATE, '--write'], files)
    expect([code, stderr]).toEqual([3, expect.stringContaining('is there already, and nothing was written')])
  })

  test.each<[string, Record<string, string>, string]>([
    ['no profiles.yml', { [WORKFLOW]: 'jobs: {}' }, 'There is no profiles.yml here.'],
    [
      'several of them',
      { 'a/profiles.yml': 'x: 1', 'b/profiles.yml': 'x: 1', [WORKFLOW]: 'jobs: {}' },
      'There are several: a/profiles.yml, b/profiles.yml.',
    ],
    [
      'no step with dbt',
      { 'profiles.yml': 'x: 1', [WORKFLOW]: 'jobs: {}' },
      'No step of .github/workflows/dbt.yml runs dbt.',
    ],
    ['a workflow that is none', { 'profiles.yml': 'x: 1', [WORKFLOW]: 'a: [' }, 'is no workflow'],
    [
      'a profile without outputs',
      { 'profiles.yml': 'x: 1', [WORKFLOW]: 'jobs: { a: { steps: [ { run: dbt build } ] } }' },
      'holds no profile with outputs',
    ],
  ])('says what is missing where there is %s', async (_name, files, said) => {
    const { code, stdout, stderr } = await cli(MIGRATE, files)
    expect([code, stdout]).toEqual([3, ''])
    expect(stderr).toContain(said)
  })
})
