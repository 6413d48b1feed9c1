import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { requireAdapter } from '../src/dbt/adapter.ts'
import { resolveDbt, type Dbt } from '../src/dbt/resolve.ts'
import { isBelow } from '../src/dbt/version.ts'
import { readVersion } from '../src/dbt/version-output.ts'

let root = ''
let workspace = ''

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'resolve-')))
  workspace = join(root, 'work')
  mkdirSync(workspace)
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(path: string, text: string, mode = 0o644): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

const PACKAGES = ['dbt_core-1.12.6', 'dbt_duckdb-1.11.1', 'dbt_adapters-1.24.5', 'pip-25.0', 'click-8.5.1']

/** A virtual environment as far as anybody can tell from its files. */
function environment(at: string, packages = PACKAGES, shebang?: string): string {
  write(join(at, 'pyvenv.cfg'), 'home = /usr/bin\n')
  for (const each of packages)
    mkdirSync(join(at, 'lib', 'python3.11', 'site-packages', `${each}.dist-info`), { recursive: true })
  write(join(at, 'bin', 'python'), '', 0o755)
  write(join(at, 'bin', 'dbt'), shebang ?? `#!${join(at, 'bin', 'python')}\nimport sys\n`, 0o755)
  return join(at, 'bin')
}

const VERSION_1 = `Core:
  - installed: 1.12.6
  - latest:    1.12.6 - \u001b[32mUp to date!\u001b[0m

Plugins:
  - snowflake: 1.12.3 - Could not determine latest version
  - duckdb:    1.11.1 - Could not determine latest version
`

interface Found {
  readonly dbt: Promise<Dbt>
  readonly started: string[][]
}

function find(path: readonly string[], answers: Readonly<Record<string, string>> = {}): Found {
  const started: string[][] = []
  const dbt = resolveDbt({
    path: path.join(delimiter),
    workspace,
    adapter: 'dbt-snowflake',
    exec(command, argv) {
      started.push([command, ...argv])
      const stdout = answers[argv.join(' ')]
      return Promise.resolve({ exitCode: stdout === undefined ? 2 : 0, stdout: stdout ?? '', stderr: '' })
    },
  })
  return { dbt, started }
}

describe('dbt is found', () => {
  test('on PATH, with version and adapters, without starting anything', async () => {
    const bin = environment(join(root, 'venv'))
    const { dbt, started } = find([join(root, 'nothing'), bin])
    expect(await dbt).toEqual({
      path: join(bin, 'dbt'),
      version: '1.12.6',
      adapters: new Map([['dbt-duckdb', '1.11.1']]),
      python: join(bin, 'python'),
      install: `${join(bin, 'python')} -m pip install`,
      engine: '1.x',
    })
    expect(started).toEqual([])
  })

  test('through the link of pipx or uv', async () => {
    const bin = environment(join(root, 'tools', 'dbt-core'), ['dbt_core-1.11.0', 'dbt_snowflake-1.12.3'])
    const links = join(root, 'local', 'bin')
    mkdirSync(links, { recursive: true })
    symlinkSync(join(bin, 'dbt'), join(links, 'dbt'))
    expect(await find([links]).dbt).toMatchObject({
      path: join(links, 'dbt'),
      version: '1.11.0',
      adapters: new Map([['dbt-snowflake', '1.12.3']]),
      install: `uv pip install --python ${join(bin, 'python')}`,
    })
  })

  test.each([
    ['a path with spaces', `#!/bin/sh\n'''exec' "ENV/bin/python" "$0" "$@"\n' '''\n`],
    ['a path without quotes', `#!/bin/sh\n'''exec' ENV/bin/python "$0" "$@"\n' '''\n`],
    [
      'a path beside',
      `#!/bin/sh\n'''exec' "$(dirname -- "$(realpath -- "$0")")"/'python' "$0" "$@"\n' '''\n`,
    ],
    ['a name with a version', '#!ENV/bin/python3.11\n'],
  ])('where the script names its interpreter by %s', async (_, shebang) => {
    const at = join(root, 'venv')
    const { dbt, started } = find([environment(at, PACKAGES, shebang.replace('ENV', at))])
    expect((await dbt).version).toBe('1.12.6')
    expect(started).toEqual([])
  })

  test('with the packages of the Python that runs it, where several share a prefix', async () => {
    const at = join(root, 'usr')
    const bin = environment(at, [], `#!${join(at, 'bin', 'python3.12')}\n`)
    for (const each of [
      'python3.11/site-packages/dbt_core-1.9.0',
      'python3.12/site-packages/dbt_core-1.12.6',
    ])
      mkdirSync(join(at, 'lib', `${each}.dist-info`), { recursive: true })
    expect((await find([bin]).dbt).version).toBe('1.12.6')
  })

  test('by asking it where it is no Python script', async () => {
    const dbt1 = write(join(root, 'shims', 'dbt'), '#!/usr/bin/env bash\n', 0o755)
    const asked = find([dirname(dbt1)], { '--version --no-version-check': VERSION_1 })
    expect(await asked.dbt).toMatchObject({
      version: '1.12.6',
      engine: '1.x',
      adapters: new Map([
        ['dbt-snowflake', '1.12.3'],
        ['dbt-duckdb', '1.11.1'],
      ]),
    })
    expect(asked.started).toEqual([[dbt1, '--version', '--no-version-check']])
  })

  test('of the second generation, which knows fewer flags', async () => {
    const dbt2 = write(join(root, 'two', 'dbt'), '\u007fELF', 0o755)
    const asked = find([dirname(dbt2)], { '--version': 'dbt 2.0.9\n' })
    expect(await asked.dbt).toMatchObject({ version: '2.0.9', engine: '2.x', adapters: new Map() })
    expect(asked.started).toHaveLength(2)
    expect(readVersion('dbt-fusion 2.0.0-preview.45\n')).toMatchObject({ version: '2.0.0-preview.45' })
  })
})

describe('dbt is missing', () => {
  test('where PATH has none, or one that cannot be executed', async () => {
    write(join(root, 'bin', 'dbt'), '#!/bin/sh\n', 0o644)
    mkdirSync(join(root, 'dir', 'dbt'), { recursive: true })
    await expect(find([join(root, 'bin'), join(root, 'dir')]).dbt).rejects.toMatchObject({
      code: 'dbt-missing',
      problem: 'There is no dbt on PATH.',
      remedy:
        'Run `pip install dbt-core dbt-snowflake` in a step before this one, or add the input `install: dbt-core dbt-snowflake`.',
    })
  })

  test.each([
    ['dbt Cloud CLI - 0.40.7 (abc)', 'dbt-core'],
    ['something else', 'dbt --version'],
  ])('where it answers %j', async (answer, remedy) => {
    const file = write(join(root, 'x', 'dbt'), '', 0o755)
    await expect(find([dirname(file)], { '--version': answer }).dbt).rejects.toMatchObject({
      code: 'dbt-missing',
      remedy: expect.stringContaining(remedy),
    })
  })
})

function git(...args: readonly string[]): void {
  execFileSync('git', ['-C', workspace, ...args], { stdio: 'pipe' })
}

function commit(...files: readonly string[]): void {
  git('init', '--quiet')
  git('add', '--force', ...files)
}

describe('argv-10 a dbt that came with the checkout', () => {
  const refused = { code: 'dbt-missing', problem: 'There is no dbt on PATH that may be used.' }

  test('is not taken, whatever PATH begins with', async () => {
    write(join(workspace, 'dbt'), '#!/bin/sh\necho evil\n', 0o755)
    write(join(workspace, 'bin', 'dbt'), '#!/bin/sh\necho evil\n', 0o755)
    const good = environment(join(root, 'venv'))
    const before = process.cwd()
    process.chdir(workspace)
    try {
      for (const entry of ['.', '', 'bin', workspace, join(workspace, 'bin'), join(workspace, '..', 'work')])
        expect((await find([entry, good]).dbt).path).toBe(join(good, 'dbt'))
      await expect(find(['.', workspace]).dbt).rejects.toMatchObject({
        ...refused,
        details: [
          expect.stringContaining('not absolute'),
          expect.stringContaining('in no virtual environment'),
        ],
      })
    } finally {
      process.chdir(before)
    }
  })

  test('is taken from a virtual environment that an earlier step has made there', async () => {
    const bin = environment(join(workspace, '.venv'))
    write(join(workspace, 'docs', 'x.venv'), '')
    commit('docs/x.venv')
    expect((await find([bin]).dbt).path).toBe(join(bin, 'dbt'))
  })

  test.each([['.venv/bin/dbt'], ['.venv/pyvenv.cfg']])(
    'is not taken from one of which %s is committed',
    async (file) => {
      const bin = environment(join(workspace, '.venv'))
      commit(file)
      await expect(find([bin]).dbt).rejects.toMatchObject({
        ...refused,
        details: [expect.stringContaining('came with the checkout')],
      })
    },
  )

  test.each([['shop/.venv/bin/dbt'], ['shop/.venv/pyvenv.cfg'], ['shop/.venv']])(
    'is not taken from a checkout below the workspace in which %s is committed',
    async (path) => {
      const bin = environment(join(workspace, 'shop', '.venv'))
      git('init', '--quiet', 'shop')
      git('-C', 'shop', 'add', '--force', path.replace('shop/', ''))
      await expect(find([bin]).dbt).rejects.toMatchObject(refused)
    },
  )

  test('is not taken through a committed link, nor one that leads into the checkout', async () => {
    environment(join(workspace, 'tools', 'env'))
    symlinkSync(join('tools', 'env'), join(workspace, '.venv'))
    commit('.venv')
    await expect(find([join(workspace, '.venv', 'bin')]).dbt).rejects.toMatchObject(refused)
    mkdirSync(join(root, 'bin'))
    write(join(workspace, 'evil', 'dbt'), '#!/bin/sh\n', 0o755)
    symlinkSync(join(workspace, 'evil', 'dbt'), join(root, 'bin', 'dbt'))
    await expect(find([join(root, 'bin')]).dbt).rejects.toMatchObject(refused)
  })

  test('is not taken where git cannot be read for sure', async () => {
    const bin = environment(join(workspace, '.venv'))
    commit('.venv/lib')
    git('update-index', '--index-version', '4', '--force-write-index')
    await expect(find([bin]).dbt).rejects.toMatchObject(refused)
    rmSync(join(workspace, '.git'), { recursive: true })
    write(join(workspace, '.git'), 'gitdir: elsewhere\n')
    await expect(find([bin]).dbt).rejects.toMatchObject(refused)
  })
})

describe('the adapter', () => {
  const dbt: Dbt = {
    path: '/v/bin/dbt',
    version: '1.12.6',
    adapters: new Map([['dbt-snowflake', '1.11.2']]),
    python: '/v/bin/python',
    install: '/v/bin/python -m pip install',
    engine: '1.x',
  }
  const bad = [{ below: '1.12.0', via: ['direct'], reason: 'it has no workload identity' }]

  test('that is missing is named with the line that installs it', () => {
    expect(() => requireAdapter(dbt, { package: 'dbt-bigquery', bad: [], via: 'google' })).toThrow(
      expect.objectContaining({
        code: 'dbt-missing',
        remedy:
          'Run `/v/bin/python -m pip install dbt-bigquery` in a step before this one, or add the input `install: dbt-core dbt-bigquery`.',
      }),
    )
  })

  test('of a version that is known not to work is refused, with that exchange only', () => {
    expect(() => requireAdapter(dbt, { package: 'dbt-snowflake', bad, via: 'direct' })).toThrow(
      expect.objectContaining({
        code: 'dbt-version',
        remedy: expect.stringContaining(`install 'dbt-snowflake>=1.12.0'`),
      }),
    )
    expect(() => requireAdapter(dbt, { package: 'dbt-snowflake', bad, via: 'okta' })).not.toThrow()
    expect(() =>
      requireAdapter(dbt, {
        package: 'dbt-snowflake',
        bad: [{ below: '1.11.2', reason: 'x' }],
        via: 'direct',
      }),
    ).not.toThrow()
  })

  test('of dbt 2.x is part of it', () => {
    expect(() =>
      requireAdapter(
        { ...dbt, engine: '2.x', adapters: new Map() },
        { package: 'dbt-x', bad, via: 'direct' },
      ),
    ).not.toThrow()
  })

  test.each([
    ['1.9', '1.10', true],
    ['1.10', '1.9', false],
    ['1.12.0', '1.12', false],
    ['1.12.0rc1', '1.12.0', true],
    ['1.12.0.dev3', '1.12.0', true],
    ['1.12.0', '1.12.0rc1', false],
    ['1.12.0.post1', '1.12.0', false],
    ['2.0.0-preview.45', '2.0.0', true],
    ['1.11.9', '1.12.0', true],
  ])('%s is below %s: %s', (version, other, below) => {
    expect(isBelow(version, other)).toBe(below)
  })
})
