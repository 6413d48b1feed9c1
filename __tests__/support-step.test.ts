import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { writeAction } from './support/fixture-action.ts'
import { startIssuer } from './support/issuer.ts'
import { until } from './support/lines.ts'
import { snapshot } from './support/snapshot.ts'
import { runStep } from './support/step.ts'

const scratch = mkdtempSync(join(tmpdir(), 'support-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
let folders = 0
const folder = (): string => join(scratch, String((folders += 1)))

describe('a step', () => {
  const inputs = `  project-dir:
    default: .
  two words:
    default: \${{ github.token }}
  without-token:
    description: no default
`

  test("gets inputs with defaults, a runner's variables that agree with the claims, and nothing of this process", async () => {
    await using issuer = await startIssuer({
      claims: { repository: 'acme/dbt', ref: 'refs/heads/a/b', event_name: 'push' },
    })
    process.env.LEAKY_PARENT = 'yes'
    const dist = writeAction(folder(), 'console.log(JSON.stringify(env))', '', inputs)
    await using step = await runStep({
      dist,
      issuer,
      inputs: { 'without-token': 'skip', Odd: '1' },
      githubToken: 'ght',
      env: { EXTRA: 'x', CI: undefined },
    })
    delete process.env.LEAKY_PARENT
    const env: unknown = JSON.parse(step.stdout)
    expect(env).toMatchObject({
      'INPUT_PROJECT-DIR': '.',
      INPUT_TWO_WORDS: 'ght',
      'INPUT_WITHOUT-TOKEN': 'skip',
      INPUT_NONE: '',
      INPUT_ODD: '1',
      EXTRA: 'x',
      GITHUB_SERVER_URL: issuer.serverUrl,
      GITHUB_REPOSITORY: 'acme/dbt',
      GITHUB_REPOSITORY_OWNER: 'acme',
      GITHUB_REF_NAME: 'a/b',
      GITHUB_WORKFLOW_REF: 'acme/dbt/.github/workflows/dbt.yml@refs/heads/a/b',
      GITHUB_WORKSPACE: step.paths.workspace,
      RUNNER_TEMP: step.paths.temp,
      ACTIONS_ID_TOKEN_REQUEST_URL: issuer.requestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: issuer.requestToken,
      PATH: '/usr/local/bin:/usr/bin:/bin',
    })
    for (const name of ['LEAKY_PARENT', 'CI', 'NODE_OPTIONS']) expect(env).not.toHaveProperty(name)
  })

  test('may have no token, and no issuer either', async () => {
    await using issuer = await startIssuer()
    const dist = writeAction(
      folder(),
      'console.log(Object.keys(env).filter((name) => /^ACTIONS_/.test(name)).length)',
    )
    await using denied = await runStep({ dist, issuer, token: false })
    await using alone = await runStep({ dist })
    expect([denied.stdout, alone.stdout]).toEqual(['0\n', '0\n'])
  })

  test.each([
    [undefined, '"pull_request":{"number":7,"base":{"ref":"main"'],
    [{ a: 1 }, '{"a":1}'],
    ['half {', 'half {'],
    [null, 'ENOENT'],
  ])('finds the event %j in its file', async (event, content) => {
    const claims = {
      event_name: 'pull_request',
      ref: 'refs/pull/7/merge',
      base_ref: 'main',
      head_ref: 'topic',
    }
    await using issuer = await startIssuer({ claims })
    const dist = writeAction(
      folder(),
      'try { console.log(fs.readFileSync(env.GITHUB_EVENT_PATH, "utf8")) } catch (e) { console.log(e.code) }',
    )
    await using step = await runStep({ dist, issuer, event })
    expect(step.stdout).toContain(content)
  })

  test('hands over outputs, state, exports and summary, also to the post step and later ones', async () => {
    const main = `put('OUTPUT', 'a<<E\\none\\ntwo\\nE\\n'); put('STATE', 'isPost=true\\n'); put('ENV', 'EXPORTED=1\\n')
put('PATH', '/opt/x\\n'); put('STEP_SUMMARY', '# hello\\n'); console.log('::set-output name=b::old')`
    const post = `console.log(env.STATE_isPost, env.EXPORTED, env.PATH, env['INPUT_PROJECT-DIR'])`
    const dist = writeAction(folder(), main, post, inputs)
    await using step = await runStep({ dist, inputs: { 'project-dir': 'p' } })
    expect(Object.fromEntries(step.outputs)).toEqual({ a: 'one\ntwo', b: 'old' })
    expect([step.summary, step.conclusion, step.addedPath]).toEqual(['# hello\n', 'success', ['/opt/x']])
    expect((await step.post()).stdout).toBe('true 1 /opt/x:/usr/local/bin:/usr/bin:/bin p\n')
    const second = await runStep({
      dist: writeAction(folder(), 'console.log(env.EXPORTED, env.PATH, env.GITHUB_WORKSPACE)'),
      after: step,
    })
    expect(second.stdout).toBe(`1 /opt/x:/usr/local/bin:/usr/bin:/bin ${step.paths.workspace}\n`)
    expect(step.laterEnv()).toMatchObject({ EXPORTED: '1', GITHUB_WORKSPACE: step.paths.workspace })
    expect(Object.keys(second.laterEnv()).filter((name) => name.startsWith('INPUT_'))).toEqual([])
  })

  test.each([
    ['exit code', 'process.exitCode = 3', { exitCode: 3, conclusion: 'failure' }],
    [
      'signal',
      'process.kill(process.pid, "SIGKILL")',
      { exitCode: null, signal: 'SIGKILL', conclusion: 'failure' },
    ],
    [
      'broken output file',
      `put('OUTPUT', 'nonsense\\n')`,
      { exitCode: 0, conclusion: 'failure', fileProblems: ["output: Invalid format 'nonsense'"] },
    ],
    [
      'disabled command on stderr',
      `console.error('::set-env name=a::b')`,
      { exitCode: 0, conclusion: 'failure' },
    ],
  ])('fails by its %s', async (_how, main, outcome) => {
    await using step = await runStep({ dist: writeAction(folder(), main) })
    expect(step).toMatchObject(outcome)
  })

  test('shows what it left behind, new and changed, with modes', async () => {
    const main = `fs.mkdirSync(env.RUNNER_TEMP + '/d', { mode: 0o777 }); fs.writeFileSync(env.RUNNER_TEMP + '/d/f', 'x', { mode: 0o666 })
fs.symlinkSync('/nowhere', env.HOME + '/l'); fs.appendFileSync('old', 'more'); put('OUTPUT', 'a=b\\n')`
    const files = { old: 'x', 'sub/same': { content: 'y', mode: 0o600 } }
    await using step = await runStep({ dist: writeAction(folder(), main), files, umask: 0 })
    expect(step.leftBehind().map(({ path, mode, change }) => `${change} ${path} ${mode}`)).toEqual([
      'changed workspace/old 644',
      'new temp/d 777',
      'new temp/d/f 666',
      'new home/l 777',
    ])
  })

  test('can be signalled when a line has come', async () => {
    const main = `process.on('SIGINT', () => { console.log('got it'); process.exit(7) }); setInterval(() => {}, 1000); console.log('noise\\nwaiting')`
    await using step = await runStep({
      dist: writeAction(folder(), main),
      async during(child, lines) {
        await until(lines, /^waiting$/)
        child.kill('SIGINT')
        await until(lines, /got it/)
      },
    })
    expect([step.exitCode, step.stdout]).toEqual([7, 'noise\nwaiting\ngot it\n'])
  })

  test('that is stuck, or that a test gives up on, is killed and is an error', async () => {
    const dist = writeAction(folder(), `setInterval(() => {}, 1000); console.log('here')`)
    await expect(runStep({ dist, deadline: 500 })).rejects.toThrow(
      /pid \d+ was stuck after 500 ms and was killed/,
    )
    await expect(
      runStep({
        dist,
        during: (_child, lines) => until(lines, /here/).then(() => Promise.reject(new Error('enough'))),
      }),
    ).rejects.toThrow('enough')
    await expect(
      runStep({
        dist: writeAction(folder(), ''),
        during: async (_child, lines) => void (await until(lines, /never/)),
      }),
    ).rejects.toThrow('without a line like /never/')
  })

  test('that was never built is an error, not a failed step', async () => {
    await expect(runStep({ dist: join(folder(), 'dist') })).rejects.toThrow('is missing: build first')
  })

  test('has a snapshot that is the same each time', async () => {
    await using issuer = await startIssuer()
    const main = `console.log('::add-mask::hunter2hunter2'); console.log(process.cwd(), fs.mkdtempSync(env.RUNNER_TEMP + '/dbt-oidc-'))
console.log('hunter2hunter2', require('node:crypto').randomUUID(), new Date().toISOString(), env.GITHUB_SHA, process.hrtime()[1] + ' ms')
fetch(env.ACTIONS_ID_TOKEN_REQUEST_URL + '&audience=a', { headers: { authorization: 'Bearer ' + env.ACTIONS_ID_TOKEN_REQUEST_TOKEN } })
  .then((r) => r.json()).then(({ value }) => { console.log(value); put('STATE', 'dir=x\\n'); put('OUTPUT', 'expires-at=' + new Date().toISOString() + '\\n') })`
    const dist = writeAction(folder(), main)
    await using step = await runStep({ dist, issuer })
    expect(snapshot(step)).toBe(`exit 0, success
--- log ---
<workspace> <temp>/dbt-oidc-<random>
*** <uuid> <time> <sha> <n> ms
<jwt>
--- outputs ---
expires-at=<time>
--- state ---
dir
--- requests ---
GET /idtoken audience=a right
`)
  })
})
