import { describe, expect, test } from '@jest/globals'
import { configOf, problemsOf } from './support/config-of.ts'

const DUCK = { ref: 'refs/heads/main', connection: '{ type: duckdb, path: prod.duckdb }' }

describe('a run that compares with an earlier one', () => {
  test.each([
    ['build --select state:modified+', 'state:modified+'],
    ['build -s +tag:a,state:new', '+tag:a,state:new'],
    ['build\ntest --exclude orders 1+result:error+', '1+result:error+'],
    ['build --select=source_status:fresher+', '--select=source_status:fresher+'],
    ['build --defer', '--defer'],
  ])('has to name it: %s', async (run, word) => {
    const [problem, ...more] = await problemsOf({ inputs: { ...DUCK, run } })
    expect(problem).toMatch(/^input "run": line \d: /)
    expect(problem).toContain(`\`${word}\` needs the artifacts of an earlier run`)
    expect(more).toEqual([])
  })

  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['by the input', { run: 'build -s state:modified+ --defer', state: 'earlier' }, {}],
    ['by dbt’s own flag', { run: 'build --state earlier -s state:modified+ --defer' }, {}],
    ['by dbt’s own variable', { run: 'build -s state:modified+' }, { DBT_STATE: 'earlier' }],
    ['for deferring alone', { run: 'build --defer --defer-state earlier' }, {}],
    ['in words that choose nothing', { run: `build --vars '{a: 1, b: "x state:y"}' -s orders` }, {}],
  ])('may name it %s', async (_how, inputs, env) => {
    const config = await configOf({ inputs: { ...DUCK, ...inputs }, env })
    expect(config.state).toBe(inputs['state'] === undefined ? undefined : '/w/earlier')
  })

  test.each<[string, Record<string, string>, Record<string, string>, string]>([
    [
      'twice in the step',
      { run: 'build', state: 'a' },
      { DBT_STATE: 'b' },
      'input "state": The step has the variable DBT_STATE as well',
    ],
    [
      'twice in the line',
      { run: 'build --state b', state: 'a' },
      {},
      'input "run": line 1: `--state` is set by the input "state"',
    ],
    ['for later steps', { state: 'a' }, {}, 'input "state": Without `run` no dbt is started here'],
    [
      'out of the workspace',
      { run: 'build', state: '../a' },
      {},
      'input "state": `../a` leads out of the workspace',
    ],
    ['and copies for later steps', { 'artifacts-dir': 'a' }, {}, 'input "artifacts-dir": Without `run`'],
  ])('may not name it %s', async (_how, inputs, env, problem) => {
    expect(await problemsOf({ inputs: { ...DUCK, ...inputs }, env })).toEqual([
      expect.stringContaining(problem),
    ])
  })
})
