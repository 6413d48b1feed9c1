import { afterEach, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { lstatSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import { install as installWith, type Machine } from '../src/dbt/install.ts'
import { createWriter } from '../src/report/writer.ts'
import { startIssuer } from './support/issuer.ts'
import { writeFiles } from './support/scratch.ts'
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

interface Started {
  readonly command: string
  readonly env: Readonly<Record<string, string>>
}

/** A machine with two directories of programs, of the checkout and of the system, that starts none of them. */
function machine(root: string): Machine & { readonly started: readonly Started[] } {
  const planted = { content: '#!/bin/sh\n', mode: 0o755 }
  const names = ['uv', 'python3']
  for (const place of ['work/tools', 'bin'])
    writeFiles(join(root, place), Object.fromEntries(names.map((name) => [name, planted])))
  writeFiles(join(root, 'temp'), { keep: '' })
  const started: Started[] = []
  return {
    env: {
      PATH: [join(root, 'work', 'tools'), 'tools', join(root, 'bin')].join(delimiter),
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 's3cret',
    },
    workspace: join(root, 'work'),
    temp: join(root, 'temp'),
    read: async () => ({ kind: 'missing' }),
    async exec(command, _args, { env }) {
      started.push({ command, env })
      return { exitCode: 0, stdout: '3 12\n', stderr: '' }
    },
    writer: createWriter({ write: () => undefined, colour: false, random: () => '' }),
    started,
  }
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
    await installWith('dbt-core', host)
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
    const bins = [await installWith('dbt-core', { ...host, read }), await installWith('dbt-core', host)]
    const directories = bins.map((bin) => dirname(bin))
    expect(new Set([planted, ...directories]).size).toBe(3)
    expect(directories.map((directory) => lstatSync(directory).mode & 0o777)).toEqual([0o700, 0o700])
    expect(readdirSync(join(root, 'temp')).filter((name) => name.includes('requirements'))).toEqual([])
  })
})
