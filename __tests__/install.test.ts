import { afterEach, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  utimesSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import { install as installWith, type Machine } from '../src/dbt/install.ts'
import { wantedOf } from '../src/dbt/install/requirements.ts'
import { UV } from '../src/dbt/install/uv.ts'
import { createWriter } from '../src/report/writer.ts'
import { startIssuer } from './support/issuer.ts'
import { writeFiles } from './support/scratch.ts'
import { runStep, type StepResult } from './support/step.ts'

// An installer has to reach the package index the way this machine does.
const INDEX = /^(?:PIP|UV|SSL|REQUESTS|CURL|PYENV)_|^(?:https?|no)_proxy$/i
const index = Object.fromEntries(Object.entries(process.env).filter(([name]) => INDEX.test(name)))
const path = (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute)

/** What a checkout may hold for Python to import and for uv to obey, which would run before dbt and see the step. */
const PLANTED = {
  ...Object.fromEntries(
    ['sysconfig', 'platform', 'pip', 'venv', 'ensurepip', 'encodings'].map((name) => [
      `${name}.py`,
      "open('planted-ran', 'a').write(__name__)\n",
    ]),
  ),
  'uv.toml': 'index-url = "http://127.0.0.1:9/simple"\n',
  'pyproject.toml': '[tool.uv]\nindex-url = "http://127.0.0.1:9/simple"\n',
  'pip.conf': '[global]\nindex-url = http://127.0.0.1:9/simple\n',
}

async function install(
  requirements: string,
  env: Readonly<Record<string, string>> = {},
): Promise<StepResult> {
  await using issuer = await startIssuer()
  return await runStep({
    issuer,
    inputs: {
      install: requirements,
      run: 'parse',
      connection: '{ type: duckdb, path: prod.duckdb }',
      ref: 'refs/heads/main',
    },
    files: { 'dbt_project.yml': 'name: shop\nprofile: shop\n', ...PLANTED },
    env: { ...index, ...env },
    path,
    deadline: 280_000,
  })
}

describe('install', () => {
  test('an environment is made from PyPI, with uv where there is none, and a later job takes it from the tool cache', async () => {
    const cache = mkdtempSync(join(tmpdir(), 'install-tools-'))
    try {
      await using step = await install(PINS, { RUNNER_TOOL_CACHE: cache })
      expectParsed(step)
      expect(step.leftBehind().map((left) => left.path)).not.toContain('workspace/planted-ran')
      expect(step.log.text).toContain('dbt-duckdb 1.10.1\n')
      expect(step.log.text).toContain('Installed with uv and put into the tool cache')
      await using later = await install(PINS, { RUNNER_TOOL_CACHE: cache })
      expectParsed(later)
      expect(later.log.text).toContain('Taken from the tool cache')
      expect(later.log.text).not.toContain('Installed with')
      const [made] = readdirSync(join(cache, 'dbt-oidc-python')).filter((name) => name.includes('-'))
      expect(later.log.text).toContain(`${made}`)
    } finally {
      rmSync(cache, { recursive: true, force: true })
    }
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

const PINS = 'dbt-core==1.11.16 dbt-duckdb==1.10.1'

function expectParsed(step: StepResult): void {
  expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : step.log.text }).toEqual({
    exitCode: 0,
    log: '',
  })
  expect(step.log.text).toContain('Running with dbt=1.11.16')
  expect(step.outputs.get('result')).toBe('success')
}

interface Started {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

interface Fake extends Machine {
  readonly started: readonly Started[]
  readonly said: () => string
}

const ADAPTERS = { own: 'dbt-duckdb', others: new Set(['dbt-duckdb', 'dbt-snowflake', 'dbt-bigquery']) }

/** A machine with two directories of programs, of the checkout and of the system: it starts none of them, and an environment is two empty programs. */
function machine(root: string, env: Readonly<Record<string, string>> = {}): Fake {
  const planted = { content: '#!/bin/sh\n', mode: 0o755 }
  const names = ['uv', 'python3']
  for (const place of ['work/tools', 'bin'])
    writeFiles(join(root, place), Object.fromEntries(names.map((name) => [name, planted])))
  writeFiles(join(root, 'temp'), { keep: '' })
  const started: Started[] = []
  const said: string[] = []
  return {
    env: {
      PATH: [join(root, 'work', 'tools'), 'tools', join(root, 'bin')].join(delimiter),
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 's3cret',
      ...env,
    },
    workspace: join(root, 'work'),
    temp: join(root, 'temp'),
    now: () => new Date(),
    read: async () => ({ kind: 'missing' }),
    async exec(command, args, options) {
      started.push({ command, args, env: options.env })
      if (args.includes('venv')) writeFiles(args.at(-1) ?? '', { 'bin/python': planted, 'bin/dbt': planted })
      return { exitCode: 0, stdout: '3 12\n3.12.1 cpython linux-x86_64 /usr/bin/python3.12\n', stderr: '' }
    },
    writer: createWriter({ write: (text) => void said.push(text), colour: false, random: () => '' }),
    started,
    said: () => said.join(''),
  }
}

function installs({ started }: Fake): readonly Started[] {
  return started.filter(({ args }) => args.includes('pip'))
}

describe('the programs of an installation', () => {
  const roots: string[] = []
  const scratch = (): string => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'install-')))
    roots.push(root)
    return root
  }
  afterEach(() => {
    for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true })
  })

  test('are none of the checkout, and see nothing of the job', async () => {
    const root = scratch()
    const host = machine(root)
    await installWith('dbt-core', ADAPTERS, host)
    expect(new Set(host.started.map(({ command }) => command))).toEqual(
      new Set([join(root, 'bin', 'uv'), join(root, 'bin', 'python3')]),
    )
    expect(JSON.stringify(host.started)).not.toContain('s3cret')
    const paths = new Set(host.started.map(({ env }) => env['PATH']))
    expect(paths).toEqual(new Set([[join(root, 'work', 'tools'), join(root, 'bin')].join(delimiter)]))
  })

  test('are put into a directory that nobody could have prepared', async () => {
    const root = scratch()
    const host = machine(root)
    const digest = createHash('sha256').update('dbt-core\n').digest('hex')
    const planted = join(root, 'temp', `dbt-oidc-python-${digest.slice(0, 16)}`)
    writeFiles(planted, { '.dbt-oidc': digest })
    const read: Machine['read'] = async () => ({ kind: 'text', text: digest })
    const bins = [
      await installWith('dbt-core', ADAPTERS, { ...host, read }),
      await installWith('dbt-core', ADAPTERS, host),
    ]
    const directories = bins.map((bin) => dirname(bin))
    expect(new Set([planted, ...directories]).size).toBe(3)
    expect(directories.map((directory) => lstatSync(directory).mode & 0o777)).toEqual([0o700, 0o700])
    expect(readdirSync(join(root, 'temp')).filter((name) => name.includes('requirements'))).toEqual([])
  })

  test('are there once for all jobs of the same pins, Python and index', async () => {
    const root = scratch()
    const tools = { RUNNER_TOOL_CACHE: join(root, 'tools') }
    const first = machine(root, tools)
    const bin = await installWith(PINS, ADAPTERS, first)
    expect(dirname(dirname(bin))).toBe(join(root, 'tools', 'dbt-oidc-python'))
    const other = machine(root)
    const second = machine(root, tools)
    expect(await installWith(PINS, ADAPTERS, second)).toBe(bin)
    expect(installs(second)).toEqual([])
    const others: [string, Fake][] = [
      ['dbt-core==1.11.15 dbt-duckdb==1.10.1', machine(root, tools)],
      [PINS, machine(root, { ...tools, UV_INDEX_URL: 'https://pypi.acme.example/simple' })],
      [
        PINS,
        {
          ...machine(root, tools),
          exec: async (...call) => ({ ...(await other.exec(...call)), stdout: '3 13\nanother\n' }),
        },
      ],
    ]
    for (const [pins, host] of others) expect(await installWith(pins, ADAPTERS, host)).not.toBe(bin)
  })

  test('are kept whoever asks the index, and by whatever password', async () => {
    const root = scratch()
    const at = (who: string): Fake =>
      machine(root, {
        RUNNER_TOOL_CACHE: join(root, 'tools'),
        PIP_INDEX_URL: `https://${who}@pypi.acme.example/simple`,
        UV_INDEX_ACME_PASSWORD: who,
      })
    expect(await installWith(PINS, ADAPTERS, at('ada:1'))).toBe(
      await installWith(PINS, ADAPTERS, at('bob:2')),
    )
  })

  test.each([
    ['a requirement without a version', 'dbt-core dbt-duckdb==1.10.1', {}],
    ['a range', 'dbt-core==1.11.* dbt-duckdb==1.10.1', {}],
    ['a file of constraints beside them', PINS, { PIP_CONSTRAINT: 'limits.txt' }],
  ])('are not kept with %s', async (_what, requirements, env) => {
    const root = scratch()
    const host = machine(root, { RUNNER_TOOL_CACHE: join(root, 'tools'), ...env })
    expect(dirname(dirname(await installWith(requirements, ADAPTERS, host)))).toBe(join(root, 'temp'))
  })

  test('are not looked for where others may write', async () => {
    const root = scratch()
    const tools = { RUNNER_TOOL_CACHE: join(root, 'tools') }
    const bin = await installWith(PINS, ADAPTERS, machine(root, tools))
    chmodSync(dirname(bin), 0o777)
    const second = machine(root, tools)
    const remade = await installWith(PINS, ADAPTERS, second)
    expect(remade).not.toBe(bin)
    expect(installs(second)).toHaveLength(1)
    chmodSync(dirname(dirname(remade)), 0o777)
    expect(dirname(dirname(await installWith(PINS, ADAPTERS, machine(root, tools))))).toBe(join(root, 'temp'))
  })

  test('are made anew where their Python has gone', async () => {
    const root = scratch()
    const tools = { RUNNER_TOOL_CACHE: join(root, 'tools') }
    const bin = await installWith(PINS, ADAPTERS, machine(root, tools))
    rmSync(join(bin, 'python'))
    const remade = await installWith(PINS, ADAPTERS, machine(root, tools))
    expect(remade).not.toBe(bin)
    expect(await installWith(PINS, ADAPTERS, machine(root, tools))).toBe(remade)
  })

  test('are those of the faster one where two jobs make them at once', async () => {
    const root = scratch()
    const tools = { RUNNER_TOOL_CACHE: join(root, 'tools') }
    const bins = await Promise.all([1, 2].map(() => installWith(PINS, ADAPTERS, machine(root, tools))))
    expect(new Set(bins).size).toBe(1)
    expect(readdirSync(join(root, 'tools', 'dbt-oidc-python'))).toHaveLength(2)
  })

  test('are swept away when a month has passed without use, or a day without an end', async () => {
    const root = scratch()
    const tools = { RUNNER_TOOL_CACHE: join(root, 'tools') }
    const shelf = join(root, 'tools', 'dbt-oidc-python')
    const old = dirname(await installWith('dbt-core==1.10.0', ADAPTERS, machine(root, tools)))
    const unfinished = mkdtempSync(`${old.slice(0, -7)}-`)
    const before = new Date(Date.now() - 31 * 86_400_000)
    for (const path of [old, old.slice(0, -7), unfinished]) utimesSync(path, before, before)
    const bin = await installWith(PINS, ADAPTERS, machine(root, tools))
    expect(readdirSync(shelf).toSorted()).toEqual([
      dirname(bin).slice(shelf.length + 1, -7),
      dirname(bin).slice(shelf.length + 1),
    ])
  })

  test('are for one target: adapters of the others stay away, and bind only what brings them along', async () => {
    const root = scratch()
    const host = machine(root)
    const bin = await installWith(
      'dbt-core==1.11.16 dbt-duckdb==1.10.1 dbt_snowflake[extra]==1.10.0 dbt-bigquery dbt-osmosis==1.0',
      ADAPTERS,
      host,
    )
    const text = (name: string): string => readFileSync(join(dirname(bin), name), 'utf8')
    expect(text('requirements.txt')).toBe('dbt-core==1.11.16\ndbt-duckdb==1.10.1\ndbt-osmosis==1.0\n')
    expect(text('constraints.txt')).toBe('dbt_snowflake==1.10.0\n')
    expect(installs(host)[0]?.args).toContain(join(dirname(bin), 'constraints.txt'))
    expect(host.said()).toContain('only other targets need it: dbt_snowflake[extra]==1.10.0, dbt-bigquery')
  })

  test('are made with the uv of which the tests know', () => {
    const pinned = readFileSync(join(import.meta.dirname, '..', 'toolchain', 'python', 'uv.txt'), 'utf8')
    expect(UV).toBe(pinned.trim())
  })
})

const isPinned = async (text: string): Promise<boolean> => {
  const host = { workspace: '/', read: async () => ({ kind: 'text', text }) as const }
  const { pinned } = await wantedOf('all.txt', { own: 'dbt-duckdb', others: new Set() }, host)
  return pinned
}

describe('a requirements file', () => {
  test.each([
    ['dbt-duckdb==1.10.0', true],
    ['dbt-duckdb == 1.10.0 --hash=sha256:ab --hash=sha256:cd', true],
    [
      'dbt-duckdb[glue, md]==1.10.0 ; python_version > "3.9" \\\n    --hash=sha256:ab \\\n    --hash=sha256:cd',
      true,
    ],
    ['dbt-duckdb>=1.10.0', false],
    ['dbt-duckdb==1.10.0 --hash=sha256:ab dbt-core', false],
    ['dbt-duckdb @ https://acme.example/a.whl --hash=sha256:ab', false],
    ['--hash=sha256:ab dbt-core', false],
    ['-r more.txt', false],
  ])('%j names one version of each: %s', async (text, pinned) => {
    expect(await isPinned(text)).toBe(pinned)
  })

  test('holds nobody up by a long row of hashes that fits nowhere', async () => {
    const begun = performance.now()
    expect(await isPinned(`${'--hash='.repeat(50_000)} x`)).toBe(false)
    expect(performance.now() - begun).toBeLessThan(5000)
  })
})
