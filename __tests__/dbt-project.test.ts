import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { parseRun } from '../src/dbt/command.ts'
import { requirePackages } from '../src/dbt/packages.ts'
import { readProjectFile } from '../src/dbt/project.ts'

let workspace = ''
beforeEach(() => {
  workspace = realpathSync(mkdtempSync(join(tmpdir(), 'project-')))
})
afterEach(() => rmSync(workspace, { recursive: true, force: true }))

function write(path: string, text: string): void {
  mkdirSync(dirname(join(workspace, path)), { recursive: true })
  writeFileSync(join(workspace, path), text)
}

const MINIMAL = 'name: demo\nversion: 1.0\nprofile: shop\n'

describe('dbt_project.yml', () => {
  test('says what the project is called, and where dbt writes', async () => {
    write(
      'dbt_project.yml',
      `${MINIMAL}target-path: out\nlog-path: /var/log/dbt\npackages-install-path: pkgs\nmodels: { demo: { +x: "{{ 1 }}" } }\n`,
    )
    expect(await readProjectFile(workspace)).toEqual({
      directory: workspace,
      name: 'demo',
      profile: 'shop',
      targetPath: join(workspace, 'out'),
      logPath: '/var/log/dbt',
      packagesPath: join(workspace, 'pkgs'),
    })
  })

  test('leaves the usual places where it says nothing', async () => {
    write('dbt_project.yml', 'name: 007\ntarget-path:\n')
    expect(await readProjectFile(workspace)).toMatchObject({
      name: '007',
      profile: undefined,
      targetPath: join(workspace, 'target'),
      logPath: join(workspace, 'logs'),
      packagesPath: join(workspace, 'dbt_packages'),
    })
  })

  test('may take a path from a variable, as dbt will see it', async () => {
    write(
      'dbt_project.yml',
      `${MINIMAL.replace('shop', `"{{ env_var('P') }}"`)}target-path: "{{ env_var('DBT_OUT', 'other') }}"\nlog-path: "{{ env_var('DBT_LOG') }}"\n`,
    )
    expect(await readProjectFile(workspace, { env: { DBT_LOG: 'x' } })).toMatchObject({
      profile: undefined,
      targetPath: join(workspace, 'other'),
      logPath: join(workspace, 'x'),
    })
  })

  test.each([
    ['target-path: "{{ env_var(\'X\') }}"', 'target-path'],
    ['log-path: "logs/{{ target.name }}"', 'log-path'],
  ])('with %s cannot be followed', async (line, key) => {
    write('dbt_project.yml', `${MINIMAL}${line}\n`)
    await expect(readProjectFile(workspace)).rejects.toMatchObject({
      code: 'project',
      problem: expect.stringContaining(key),
    })
  })

  test.each([
    ['', 'the whole file'],
    ['- a', 'the whole file'],
    ['name: [a]', 'name'],
    ['profile: a', 'name'],
    ['name: a\nprofile: {b: c}', 'profile'],
    ['name: a: b', 'is no YAML'],
    ['name: "a', 'is no YAML'],
  ])('that says %j is refused', async (text, problem) => {
    write('dbt_project.yml', text)
    await expect(readProjectFile(workspace)).rejects.toMatchObject({
      code: 'project',
      problem: expect.stringContaining(problem),
    })
  })

  test('that is a directory is refused', async () => {
    mkdirSync(join(workspace, 'dbt_project.yml'))
    await expect(readProjectFile(workspace)).rejects.toMatchObject({
      code: 'project',
      problem: expect.stringContaining('directory'),
    })
  })
})

describe('a project in another directory', () => {
  test.each([
    ['below', 'warehouse/dbt', '.', 'warehouse/dbt'],
    ['above', 'warehouse', 'warehouse/models/staging', 'warehouse'],
    ['at the top', '.', 'models', '.'],
    ['beside', 'b', 'a', 'b'],
  ])('%s is named', async (_, project, asked, named) => {
    write(join(project, 'dbt_project.yml'), MINIMAL)
    write(join('node_modules', 'x', 'dbt_project.yml'), MINIMAL)
    write(join('.hidden', 'dbt_project.yml'), MINIMAL)
    mkdirSync(join(workspace, asked), { recursive: true })
    await expect(readProjectFile(join(workspace, asked), { workspace })).rejects.toMatchObject({
      code: 'project',
      remedy: expect.stringContaining(`set the input \`project-dir\` to \`${named}\`.`),
    })
  })

  test('that is nowhere leaves the question of the checkout', async () => {
    await expect(readProjectFile(join(workspace, 'nothing'), { workspace })).rejects.toMatchObject({
      remedy: expect.stringContaining('Check out the repository'),
    })
  })
})

async function check(run: string): Promise<string> {
  await requirePackages(await readProjectFile(workspace), parseRun(run).commands)
  return 'in order'
}

describe('packages that are not installed', () => {
  beforeEach(() => write('dbt_project.yml', MINIMAL))

  test.each(['packages.yml', 'dependencies.yml'])('are an error where %s lists them', async (file) => {
    write(
      file,
      'packages:\n  - package: dbt-labs/dbt_utils\n    version: [">=1.0", "<2.0"]\n  - git: "{{ env_var(\'X\') }}"\n',
    )
    await expect(check('build')).rejects.toMatchObject({
      code: 'project',
      problem: expect.stringContaining(`${file} lists 2 packages, but none is`),
    })
    write('dbt_packages/dbt_utils/x', '')
    write('dbt_packages/__pycache__/x', '')
    await expect(check('build\ndeps')).rejects.toMatchObject({
      problem: expect.stringContaining('only 1 of them'),
    })
    write('dbt_packages/other/x', '')
    expect(await check('build')).toBe('in order')
  })

  test('are none where deps comes first', async () => {
    write('packages.yml', 'packages: [{ local: ../x }]\n')
    expect(await check('clean\ndeps\nbuild')).toBe('in order')
    expect(await check('deps')).toBe('in order')
    expect(await check('clean')).toBe('in order')
    expect(await check('')).toBe('in order')
    await expect(check('clean\nbuild')).rejects.toMatchObject({ code: 'project' })
  })

  test.each(['', 'packages:\n', 'packages: []\n', 'projects: [{ name: x }]\n'])(
    'are none where the list is %j',
    async (text) => {
      write('packages.yml', text)
      expect(await check('build')).toBe('in order')
    },
  )
})
