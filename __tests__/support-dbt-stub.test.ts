import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { installDbtStub, type Behaviour } from './support/dbt-stub.ts'
import { writeAction } from './support/fixture-action.ts'
import { until } from './support/lines.ts'
import { parseRecord } from './support/shape.ts'
import { runStep } from './support/step.ts'

const scratch = mkdtempSync(join(tmpdir(), 'support-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
let folders = 0
const folder = (): string => join(scratch, String((folders += 1)))

describe('the dbt stub', () => {
  const runDbt = `const dbt = cp.spawn('dbt', env.INPUT_ARGV.split(' '), { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => dbt.kill(signal))
dbt.on('exit', (code, signal) => { console.log('dbt', code ?? signal); process.exitCode = code ?? 1 })`

  test('is a Python environment and notes how it was started', async () => {
    const stub = await installDbtStub(folder(), {
      packages: { 'dbt-snowflake': '1.12.4', 'dbt-duckdb': null },
    })
    const files = { 'p/profiles.yml': { content: 'a: 1', mode: 0o600 } }
    const dist = writeAction(folder(), runDbt)
    await using step = await runStep({
      dist,
      files,
      path: [stub.bin],
      inputs: { argv: 'build --profiles-dir p' },
      umask: 0o077,
    })
    expect([step.stdout, step.exitCode]).toEqual(['dbt 0\n', 0])
    expect(stub.runs()).toMatchObject([
      {
        command: 'build',
        argv: ['build', '--profiles-dir', 'p'],
        cwd: step.paths.workspace,
        env: { GITHUB_WORKSPACE: step.paths.workspace },
        profiles: 'a: 1',
        files: [{ path: 'profiles.yml', type: 'file', mode: '600' }],
        umask: '77',
      },
    ])
    await using version = await runStep({
      dist,
      path: [stub.bin],
      inputs: { argv: '--version --no-version-check' },
    })
    expect(version.stdout).toContain('Core:\n  - installed: 1.12.6\n\nPlugins:\n  - snowflake: 1.12.4\n')
  })

  test.each([
    [
      'text and exit code',
      { stdout: 'out\n', stderr: 'err\n', exit: 2 },
      { exitCode: 2, stdout: 'out\ndbt 2\n', stderr: 'err\n' },
    ],
    ['long output', { repeat: [{ text: 'ab', times: 3 }] }, { stdout: 'abababdbt 0\n' }],
    [
      'a line of 20 MB',
      {
        repeat: [
          { text: 'x', times: 2e7 },
          { text: '\n', times: 1 },
        ],
      },
      { lines: ['x'.repeat(2e7), 'dbt 0'] },
    ],
    ['death by a signal', { signal: 'SIGSEGV' }, { stdout: 'dbt SIGSEGV\n' }],
    ['files', { write: { 'a/b': 'c' } }, { exitCode: 0 }],
  ] satisfies [string, Behaviour, object][])('gives %s', async (_what, behaviour, outcome) => {
    const stub = await installDbtStub(folder(), { behaviours: { build: behaviour, '*': { exit: 9 } } })
    const dist = writeAction(folder(), runDbt)
    await using step = await runStep({ dist, path: [stub.bin], inputs: { argv: '--no-use-colors build' } })
    expect(step).toMatchObject(outcome)
    await using other = await runStep({ dist, path: [stub.bin], inputs: { argv: 'deps' } })
    expect(other.exitCode).toBe(9)
  })

  test('writes artifacts into the project, each run with an invocation id of its own unless it is stale', async () => {
    const build: Behaviour = {
      run_results: { results: [1], metadata: { invocation_id: 'old', a: 1 } },
      manifest: { nodes: {} },
    }
    const stub = await installDbtStub(folder(), { behaviours: { build } })
    const dist = writeAction(folder(), runDbt)
    await using step = await runStep({ dist, path: [stub.bin], inputs: { argv: 'build --project-dir p' } })
    const read = (name: string): Record<string, unknown> =>
      parseRecord(readFileSync(join(step.paths.workspace, 'p/target', name), 'utf8'))
    const results = read('run_results.json')
    expect(results).toMatchObject({
      results: [1],
      metadata: { a: 1, invocation_id: expect.stringMatching(/^[\da-f-]{36}$/) },
    })
    expect(read('manifest.json')).toMatchObject({
      nodes: {},
      metadata: { invocation_id: Object(results.metadata).invocation_id },
    })
    stub.behave({ build: { ...build, stale: true } })
    await runStep({ dist, after: step, path: [stub.bin], inputs: { argv: 'build --project-dir p' } })
    expect(read('run_results.json')).toMatchObject({ metadata: { invocation_id: 'old' } })
  })

  test('hangs until it is signalled, and minds a signal only if it is to', async () => {
    const stub = await installDbtStub(folder(), { behaviours: { build: { hang: true, ignore: ['SIGINT'] } } })
    await using step = await runStep({
      dist: writeAction(folder(), runDbt),
      path: [stub.bin],
      inputs: { argv: 'build' },
      async during(child, lines) {
        await until(lines, /^READY$/)
        child.kill('SIGINT')
        // The next signal must not overtake the first.
        while (stub.signals().length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
        child.kill('SIGTERM')
      },
    })
    expect(stub.signals()).toEqual(['SIGINT', 'SIGTERM'])
    expect(step.stdout).toBe('READY\ndbt SIGTERM\n')
  })

  test('leaves a process behind that holds its output', async () => {
    const stub = await installDbtStub(folder(), { behaviours: { build: { stdout: 'x\n', grandchild: 60 } } })
    const dist = writeAction(
      folder(),
      `cp.spawn('dbt', ['build'], { stdio: 'inherit' }).on('exit', () => process.exit(0))`,
    )
    await using step = await runStep({ dist, path: [stub.bin], streamGrace: 200 })
    const pid = stub.runs()[0]?.grandchild ?? 0
    expect([step.heldOpen, step.exitCode, step.stdout]).toEqual([true, 0, 'x\n'])
    expect(process.kill(pid, 'SIGKILL')).toBe(true)
  })

  test('shows its secrets where it is told to', async () => {
    const stub = await installDbtStub(folder(), {
      behaviours: { '*': { leak: ['stdout', 'stderr', 'target', 'logs', 'workspace'] } },
    })
    const env = { DBT_ENV_SECRET_X: 'hush' }
    await using step = await runStep({
      dist: writeAction(folder(), runDbt),
      path: [stub.bin],
      inputs: { argv: 'debug' },
      env,
    })
    expect([step.stdout, step.stderr]).toEqual(['DBT_ENV_SECRET_X=hush\ndbt 0\n', 'DBT_ENV_SECRET_X=hush\n'])
    expect(step.leftBehind().flatMap(({ path, type }) => (type === 'file' ? [path] : []))).toEqual([
      'workspace/leak.txt',
      'workspace/logs/leak.txt',
      'workspace/target/leak.txt',
    ])
    expect(existsSync(stub.dbt)).toBe(true)
  })
})
