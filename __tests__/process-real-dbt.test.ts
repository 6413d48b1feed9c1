import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { hostileTexts } from './hostile/profile.ts'
import { runChild, type Ended } from './support/child.ts'
import { startIssuer, type Issuer } from './support/issuer.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { AUDIENCE, logOf, PROJECT, QUIET, remainsOf, shopStep, snowflakeAt } from './support/process.ts'
import { dbtPython } from './support/python.ts'
import { startSnowflake, type Snowflake } from './support/snowflake/front.ts'
import { blocksOf, usesIn } from './support/pages.ts'
import { runStep, type StepOptions, type StepResult } from './support/step.ts'

const bin = dirname(dbtPython())
const files = { ...PROJECT, 'models/orders.sql': 'select 1 as id' }
const MAIN = 'repo:o/r:ref:refs/heads/main'

let issuer: Issuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer.close())

const step = (options: StepOptions): Promise<StepResult> =>
  shopStep(issuer, bin, { files, env: QUIET, ...options })

/** An account with one user, whose trust names this subject. */
function trusting(subject: string): Promise<Snowflake> {
  const trust = { issuer: issuer.issuer, subject, audiences: [AUDIENCE] }
  return startSnowflake({
    users: [{ user: 'GH', ...trust, defaultRole: 'TRANSFORMER' }],
    python: dbtPython(),
  })
}

/** A later `run: dbt build` of the same job. */
function laterBuild(after: StepResult): Promise<Ended> {
  return runChild([join(bin, 'dbt'), 'build'], { cwd: after.paths.workspace, env: after.laterEnv() })
}

describe('dbt in a run', () => {
  test.each([
    [MAIN, 0, 'Completed successfully'],
    ['repo:o/r:environment:production', 1, '390303'],
  ])('logs in at a Snowflake that trusts %s: exit %i', async (subject, exitCode, said) => {
    await using account = await trusting(subject)
    await using done = await step({ inputs: { connection: snowflakeAt(account.port) } })
    expect(logOf(done)).toContain(said)
    expect([done.exitCode, remainsOf(done)]).toEqual([exitCode, []])
    expect(account.logins.length > 0).toBe(exitCode === 0)
    expect(new Set(account.refusals.map(({ reason }) => reason))).toEqual(
      new Set(exitCode ? ['subject'] : []),
    )
    expect(scanForLeaks({ token: issuer.minted.at(-1) ?? '' }, placesOf([done]))).toEqual([])
  })

  test('succeeds with the workflow for DuckDB of its page as it is written', async () => {
    const workflow =
      blocksOf('docs/warehouses/duckdb.md', 'yaml').find((block) => block.includes('duckdb.yml')) ?? ''
    const own = usesIn(parse(workflow)).find(({ uses }) => uses.startsWith('OWNER/'))
    const { install, ...inputs } = (own?.with ?? {}) as Record<string, string>
    expect(install).toContain('dbt-duckdb')
    await using done = await runStep({ issuer, files, env: QUIET, path: [bin], inputs })
    expect([done.exitCode, done.outputs.get('result'), remainsOf(done)]).toEqual([0, 'success', []])
  })

  test('that finds nothing to do for a line is warned of, and only of that line', async () => {
    await using done = await step({ inputs: { run: 'build --select nothing_here\nbuild' } })
    expect(done.exitCode).toBe(0)
    const warnings = done.log.commands.filter(({ name }) => name === 'warning')
    expect(warnings.map(({ data }) => data)).toEqual([
      expect.stringMatching(/^`dbt build --select nothing_here` succeeded with nothing to do: /),
    ])
  })

  test('is given more than 20 hostile strings by the built action as they were written', async () => {
    // `{a}` is a misspelt placeholder, which is an error by design.
    const texts = hostileTexts.flatMap((one) => one.texts).filter((text) => text !== '{a}')
    expect(texts.length).toBeGreaterThan(20)
    const plugin = `import json
from dbt.adapters.duckdb.plugins import BasePlugin
class Plugin(BasePlugin):
    def initialize(self, config): open('heard.json', 'w').write(json.dumps(config['texts']))
`
    const plugins = [{ module: 'echo_texts', config: { texts } }]
    const connection = JSON.stringify({ type: 'duckdb', schema: texts[0], module_paths: ['.'], plugins })
    const given = { ...PROJECT, 'echo_texts.py': plugin }
    await using done = await step({ files: given, inputs: { run: 'debug', connection } })
    expect({ exitCode: done.exitCode, log: done.exitCode === 0 ? '' : logOf(done) }).toEqual({
      exitCode: 0,
      log: '',
    })
    expect(logOf(done)).toContain(`schema: ${texts[0] ?? ''}`)
    expect(JSON.parse(readFileSync(join(done.paths.workspace, 'heard.json'), 'utf8'))).toEqual(texts)
  })
})

describe('dbt in later steps', () => {
  test('builds with the exported profile, which a second use of the action minds as little as the first, and post removes', async () => {
    await using first = await step({ inputs: { run: '' } })
    expect([first.exitCode, first.outputs.get('result')]).toEqual([0, 'prepared'])
    const [directory = ''] = remainsOf(first)
    expect(first.exportedEnv.get('DBT_PROFILES_DIR')).toBe(directory)
    const built = await laterBuild(first)
    expect({ exitCode: built.exitCode, said: built.stdout }).toEqual({
      exitCode: 0,
      said: expect.stringContaining('Completed successfully'),
    })
    const second = await step({ after: first, inputs: { run: 'build' } })
    expect([second.exitCode, second.outputs.get('result')]).toEqual([0, 'success'])
    expect(remainsOf(first)).toEqual([directory])
    expect((await second.post()).exitCode).toBe(0)
    expect(remainsOf(first)).toEqual([directory])
    expect((await first.post()).exitCode).toBe(0)
    expect(remainsOf(first)).toEqual([])
    expect((await laterBuild(first)).exitCode).not.toBe(0)
  })

  test('logs in at Snowflake by the token in the profile, which nobody else can read', async () => {
    await using account = await trusting(MAIN)
    await using done = await step({ inputs: { run: '', connection: snowflakeAt(account.port) } })
    const token = issuer.minted.at(-1) ?? ''
    const [directory = ''] = remainsOf(done)
    const profile = join(directory, 'profiles.yml')
    expect([statSync(directory).mode & 0o777, statSync(profile).mode & 0o777]).toEqual([0o700, 0o600])
    expect(scanForLeaks({ token }, { texts: { profile: readFileSync(profile, 'utf8') } })).not.toEqual([])
    const built = await laterBuild(done)
    expect({ exitCode: built.exitCode, said: built.stdout }).toEqual({
      exitCode: 0,
      said: expect.stringContaining('Completed successfully'),
    })
    expect([account.logins.length > 0, account.refusals]).toEqual([true, []])
    const posted = await done.post()
    expect([posted.exitCode, remainsOf(done)]).toEqual([0, []])
    expect(scanForLeaks({ token }, placesOf([done, posted]))).toEqual([])
  })

  test('gets nothing exported where `export-env` is false, only the output that names the profile', async () => {
    await using done = await step({ inputs: { run: '', 'export-env': 'false' } })
    expect([done.exitCode, [...done.exportedEnv], done.addedPath]).toEqual([0, [], []])
    expect(remainsOf(done)).toEqual([done.outputs.get('profiles-dir')])
    await done.post()
    expect(remainsOf(done)).toEqual([])
  })
})
