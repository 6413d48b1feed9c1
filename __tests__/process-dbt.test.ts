import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installDbtStub, type Behaviour, type DbtStub, type StubOptions } from './support/dbt-stub.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { AUDIENCE, logOf, PROJECT, remainsOf, shopStep, snowflakeAt } from './support/process.ts'
import { variableOf } from './support/secret-names.ts'
import type { StepOptions, StepResult } from './support/step.ts'

const withSnowflake = { 'dbt-duckdb': null, 'dbt-snowflake': '1.12.3' }

let scratch: string
let issuer: Issuer
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'process-dbt-'))
  issuer = await startIssuer()
})
afterAll(async () => {
  await issuer.close()
  rmSync(scratch, { recursive: true, force: true })
})

const stubbed = (options: StubOptions = {}): Promise<DbtStub> =>
  installDbtStub(mkdtempSync(join(scratch, 'stub-')), options)
const step = (dbt: DbtStub | undefined, options: StepOptions = {}): Promise<StepResult> =>
  shopStep(issuer, dbt?.bin, options)

/** How many tokens for Snowflake were asked for. */
const bought = ({ requests }: StepResult): number =>
  requests.filter(({ audience }) => audience === AUDIENCE).length

/** Artifacts of a run in which one node ended like this. */
function ended(id: string, file: string, result: Readonly<Record<string, unknown>>): Behaviour {
  const name = id.split('.')[2]
  const results = [{ unique_id: id, execution_time: 0.2, thread_id: 'Thread-1', timing: [], ...result }]
  return {
    run_results: { results, elapsed_time: 1 },
    manifest: { nodes: { [id]: { name, original_file_path: file } } },
    exit: result.status === 'success' ? 0 : 1,
  }
}

describe('a run of dbt', () => {
  test('that succeeds is a step that succeeds, with its outputs and nothing left behind', async () => {
    const good = ended('model.shop.orders', 'models/orders.sql', { status: 'success' })
    await using done = await step(await stubbed({ behaviours: { build: good } }))
    expect([done.exitCode, done.conclusion, remainsOf(done)]).toEqual([0, 'success', []])
    expect(Object.fromEntries(done.outputs)).toMatchObject({
      result: 'success',
      granted: 'true',
      target: 'prod',
    })
    expect(done.outputs.get('run-results')).toBe(join(done.paths.workspace, 'target', 'run_results.json'))
  })

  test.each([
    ['model.shop.orders', 'models/orders.sql', { status: 'error', message: 'relation raw does not exist' }],
    ['test.shop.unique_id', 'models/shop.yml', { status: 'fail', message: 'Got 3 results', failures: 3 }],
  ])('that fails at %s is told beside the file, by its path in the repository', async (id, file, result) => {
    const dbt = await stubbed({ behaviours: { build: ended(id, file, result) } })
    const files = { 'dbt/shop/dbt_project.yml': PROJECT['dbt_project.yml'] }
    await using done = await step(dbt, { files, inputs: { 'project-dir': 'dbt/shop' } })
    expect([done.exitCode, done.outputs.get('result'), remainsOf(done)]).toEqual([1, 'failure', []])
    const error = done.log.commands.find(({ name, properties }) => name === 'error' && properties.file)
    expect(error?.properties.file).toBe(`dbt/shop/${file}`)
    expect(error?.data).toContain(result.message)
    expect(done.summary).toContain(id.split('.')[2])
    expect(done.summary).toContain(result.message)
  })

  test('is told apart by its exit code: 1 for what was built, 2 for how it was asked', async () => {
    const told: string[] = []
    for (const exit of [1, 2]) {
      const dbt = await stubbed({ behaviours: { build: { exit } } })
      await using done = await step(dbt)
      expect([done.exitCode, done.outputs.get('result'), remainsOf(done)]).toEqual([1, 'failure', []])
      told.push(/^✗ .*(exit code \d)[^]*?^→ .*$/m.exec(logOf(done))?.[0] ?? '')
    }
    expect(told[0]).toMatch(/exit code 1 .*Its last words:[^]*→ Mend what dbt names and run the job again\.$/)
    expect(told[1]).toMatch(/exit code 2 .*Its last words:[^]*→ Mend what dbt names: a configuration, /)
  })

  test('stops at the first line that fails', async () => {
    const dbt = await stubbed({ behaviours: { run: { exit: 2 } } })
    await using done = await step(dbt, { inputs: { run: 'seed\nrun\ntest' } })
    expect(dbt.runs().map(({ command }) => command)).toEqual(['seed', 'run'])
    expect([done.exitCode, done.outputs.get('result')]).toEqual([1, 'failure'])
  })

  test.each<NodeJS.Signals>(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGKILL', 'SIGTERM'])(
    'that dies by %s is told with its name, and what an earlier run left is not taken for its result',
    async (signal) => {
      const good = ended('model.shop.orders', 'models/orders.sql', { status: 'success' })
      const dbt = await stubbed({ behaviours: { build: good } })
      await using before = await step(dbt)
      expect(before.summary).toContain('orders')
      dbt.behave({ build: { signal } })
      await using done = await step(dbt, { after: before })
      expect([done.exitCode, done.outputs.get('result'), remainsOf(done)]).toEqual([1, 'failure', []])
      expect(logOf(done)).toContain(`dbt build was ended by ${signal}.`)
      // What the kernel does where memory is short.
      expect(logOf(done).includes('mostly the want of memory')).toBe(signal === 'SIGKILL')
      expect([done.summary.includes(signal), done.summary.includes('orders')]).toEqual([true, false])
    },
  )

  test('does not wait for a process that holds its output open, and ends it', async () => {
    const dbt = await stubbed({ behaviours: { build: { grandchild: 50 } } })
    await using done = await step(dbt, { deadline: 30_000 })
    expect([done.exitCode, done.heldOpen]).toEqual([0, false])
    expect(logOf(done)).toContain('A process that dbt had started outlived it and was ended.')
  })
})

describe('before a token is asked for', () => {
  const unready = { ...PROJECT, 'packages.yml': 'packages: [{ package: a/b, version: 1.0.0 }]' }
  const policy = `targets: { local: { connection: { type: duckdb } }, prod: { connection: ${snowflakeAt(9)} } }
grants: [{ target: prod, when: { ref: refs/heads/main } }, { target: local, when: { ref: refs/heads/x } }]
`
  const asked = {
    files: { ...PROJECT, '.github/dbt-oidc.yml': policy },
    inputs: { connection: '', target: 'prod' },
  }

  test.each<[string, StubOptions | undefined, StepOptions, string]>([
    ['no dbt', undefined, {}, 'Run `pip install dbt-core dbt-snowflake` in a step before this one'],
    ['no adapter', {}, {}, 'has no dbt-snowflake, which this target needs'],
    ['no adapter for the target that is asked for', {}, asked, 'has no dbt-snowflake'],
    ['no project', {}, { files: { 'a/dbt_project.yml': 'name: a' } }, 'project: There is no dbt_project.yml'],
    ['packages that are not installed', {}, { files: unready }, 'project: packages.yml lists 1 package'],
  ])('%s is told', async (_what, options, given, message) => {
    const dbt = options && (await stubbed(options))
    const inputs = { connection: snowflakeAt(9), ...given.inputs }
    await using done = await step(dbt, { ...given, inputs })
    expect([done.exitCode, done.requests, dbt?.runs() ?? []]).toEqual([1, [], []])
    expect(logOf(done)).toContain(message)
  })

  test('nothing is missed by a run that only asks for the decision', async () => {
    await using done = await step(undefined, { files: {}, inputs: { until: 'grant' } })
    expect([done.exitCode, done.outputs.get('granted')]).toEqual([0, 'true'])
  })
})

describe('before anything is bought', () => {
  // Two targets that share no audience: the token that decides is then worth nothing to Snowflake.
  const policy = `repository: o/r
targets:
  prod: { connection: ${snowflakeAt(9)} }
  local: { connection: { type: duckdb } }
grants:
  - { name: main, target: prod, when: { ref: refs/heads/main } }
  - { name: dev, target: local, when: { ref: refs/heads/dev } }
`
  const inputs = { connection: '' }
  const project = { ...PROJECT, '.github/dbt-oidc.yml': policy }
  const unready = { ...project, 'packages.yml': 'packages: [{ package: a/b, version: 1.0.0 }]' }
  const elsewhere = { '.github/dbt-oidc.yml': policy, 'a/dbt_project.yml': 'name: a' }
  const good = { packages: withSnowflake }
  const old = { packages: { ...withSnowflake, 'dbt-snowflake': '1.11.4' } }

  test.each<[string, StubOptions | undefined, NonNullable<StepOptions['files']>, string]>([
    ['no dbt', undefined, project, 'dbt-missing: There is no dbt on PATH'],
    ['no adapter', {}, project, 'has no dbt-snowflake, which this target needs'],
    ['a useless adapter', old, project, 'dbt-version: dbt-snowflake 1.11.4 does not work here'],
    ['another directory', good, elsewhere, 'set the input `project-dir` to `a`.'],
    ['packages that are not installed', good, unready, 'project: packages.yml lists 1 package'],
  ])('%s is one clear error', async (_what, options, files, message) => {
    const dbt = options && (await stubbed(options))
    await using done = await step(dbt, { files, inputs })
    expect([done.exitCode, bought(done), dbt?.runs() ?? [], remainsOf(done)]).toEqual([1, 0, [], []])
    expect(logOf(done)).toContain(message)
    expect(done.log.commands.filter(({ name }) => name === 'error')).toHaveLength(1)
  })

  test('there is nothing to complain of where all is well', async () => {
    await using done = await step(await stubbed(good), { files: project, inputs })
    expect([done.exitCode, bought(done)]).toEqual([0, 1])
  })
})

describe('the environment of dbt', () => {
  const foreign = {
    GITHUB_TOKEN: 'ghs_0123456789abcdef',
    ACTIONS_RUNTIME_TOKEN: 'runtime-0123456789abcdef',
    AWS_ACCESS_KEY_ID: 'AKIA0123456789ABCDEF',
    AWS_SECRET_ACCESS_KEY: 'aws-0123456789abcdef',
    GOOGLE_APPLICATION_CREDENTIALS: '/home/runner/google-0123.json',
    AZURE_CLIENT_SECRET: 'azure-0123456789abcdef',
    SNOWFLAKE_PASSWORD: 'snow-0123456789abcdef',
  }

  test('has nothing of the job and of other clouds, and what `env` names (secret-leak-12, file-command-05)', async () => {
    const dbt = await stubbed({ packages: withSnowflake })
    const env = { ...foreign, API_URL: 'https://api', EXTRA_ONE: '1', EXTRA_TWO: '2', OTHER: 'no' }
    const inputs = { connection: snowflakeAt(9), env: 'API_URL EXTRA_* GITHUB_*' }
    await using done = await step(dbt, { env, inputs })
    expect(done.exitCode).toBe(0)
    const [run] = dbt.runs()
    const names = Object.keys(run?.env ?? {})
    expect(names.filter((name) => /^(ACTIONS|INPUT|STATE)_/.test(name) || name in foreign)).toEqual([])
    for (const file of ['ENV', 'OUTPUT', 'STATE', 'PATH', 'STEP_SUMMARY'])
      expect(names).not.toContain(`GITHUB_${file}`)
    expect(run?.env).toMatchObject({
      API_URL: 'https://api',
      EXTRA_ONE: '1',
      EXTRA_TWO: '2',
      GITHUB_JOB: 'dbt',
    })
    expect(names).not.toContain('OTHER')
    expect(run?.env.AWS_CONFIG_FILE?.startsWith(run.profilesDir ?? 'none')).toBe(true)
    expect(scanForLeaks({ ...foreign, request: issuer.requestToken }, placesOf([done], dbt.runs()))).toEqual(
      [],
    )
  })

  test('holds the credential for lines that need it, and it stands nowhere else (argv-08)', async () => {
    const dbt = await stubbed({ packages: withSnowflake })
    await using done = await step(dbt, { inputs: { connection: snowflakeAt(9), run: 'deps\nbuild' } })
    const [deps, build] = dbt.runs()
    expect(Object.keys(deps?.env ?? {}).filter((name) => name.startsWith('DBT_ENV_SECRET_'))).toEqual([])
    const variable = variableOf('TOKEN', build?.env)
    const token = build?.env[variable] ?? ''
    expect(issuer.minted).toContain(token)
    expect(build?.profiles).toContain(`"{{ env_var('${variable}') }}"`)
    expect(scanForLeaks({ token }, placesOf([done, await done.post()], dbt.runs()))).toEqual([])
    expect(scanForLeaks({ token }, { texts: { profile: build?.profiles ?? token } })).toEqual([])
  })
})
