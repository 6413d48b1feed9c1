import { describe, expect, test } from '@jest/globals'
import { delimiter, isAbsolute } from 'node:path'
import { startIssuer } from './support/issuer.ts'
import { runStep, type StepResult } from './support/step.ts'

// An installer has to reach the package index the way this machine does.
const INDEX = /^(?:PIP|UV|SSL|REQUESTS|CURL|PYENV)_|^(?:https?|no)_proxy$/i
const index = Object.fromEntries(Object.entries(process.env).filter(([name]) => INDEX.test(name)))
const path = (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute)

async function install(requirements: string): Promise<StepResult> {
  await using issuer = await startIssuer()
  return await runStep({
    issuer,
    inputs: {
      install: requirements,
      run: 'parse',
      connection: '{ type: duckdb, path: prod.duckdb }',
      ref: 'refs/heads/main',
    },
    files: { 'dbt_project.yml': 'name: shop\nprofile: shop\n' },
    env: index,
    path,
    deadline: 280_000,
  })
}

describe('install', () => {
  test('a private environment is made from PyPI, with uv where there is none, and dbt is run from it', async () => {
    await using step = await install('dbt-core==1.11.16 dbt-duckdb==1.10.1')
    expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : step.log.text }).toEqual({
      exitCode: 0,
      log: '',
    })
    expect(step.log.text).toContain('Running with dbt=1.11.16')
    expect(step.outputs.get('result')).toBe('success')
  }, 300_000)

  test('requirements that cannot be had end the run before anything is exchanged', async () => {
    await using step = await install('dbt-core==0.0.1.dev999999')
    expect(step.exitCode).toBe(1)
    expect(step.log.text).toContain('✗ install')
    expect(step.outputs.get('result')).toBe('failure')
  }, 300_000)

  test('a requirements file that is not there is named', async () => {
    await using step = await install('no-such/requirements.txt')
    expect(step.exitCode).toBe(1)
    expect(step.log.text).toContain('`no-such/requirements.txt` does not exist')
  })
})
