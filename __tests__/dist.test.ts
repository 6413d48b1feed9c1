import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadedBytes } from '../scripts/bench/measure.ts'
import { openWorld, type Exchange } from '../scripts/bench/world.ts'
import { installDbtStub } from './support/dbt-stub.ts'
import { startIssuer } from './support/issuer.ts'
import { runStep } from './support/step.ts'

/** Loaded into the step before anything of ours: writes down which modules were read. */
const PROBE = `
import { registerHooks } from 'node:module'
import { writeFileSync } from 'node:fs'
const read = new Set()
registerHooks({ load(url, context, next) { if (url.startsWith('file:')) read.add(url); return next(url, context) } })
process.on('exit', () => writeFileSync(new URL('read.json', import.meta.url), JSON.stringify([...read])))
`

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'dbt-oidc-dist-'))
  writeFileSync(join(directory, 'probe.mjs'), PROBE)
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('the built action', () => {
  test('a granted DuckDB run opens at most 570 kB of JavaScript of dist', async () => {
    const stub = await installDbtStub(join(directory, 'dbt'))
    await using issuer = await startIssuer()
    await using step = await runStep({
      issuer,
      inputs: { run: 'build', connection: '{ type: duckdb, path: prod.duckdb }', ref: 'refs/heads/main' },
      files: { 'dbt_project.yml': 'name: shop\nprofile: shop\n' },
      path: [stub.bin],
      env: { NODE_OPTIONS: `--import ${join(directory, 'probe.mjs')}` },
    })
    expect({ exitCode: step.exitCode, log: step.exitCode === 0 ? '' : step.log.text }).toEqual({
      exitCode: 0,
      log: '',
    })
    const read = JSON.parse(readFileSync(join(directory, 'read.json'), 'utf8')) as string[]
    const opened = read.map((url) => new URL(url).pathname).filter((path) => path.includes('/dist/'))
    expect(opened.length).toBeGreaterThan(3)
    expect(opened.reduce((sum, path) => sum + statSync(path).size, 0)).toBeLessThanOrEqual(570_000)
  })

  test.each<[Exchange, number]>([
    ['none', 515_000],
    ['google', 555_000],
    ['google-direct', 555_000],
    ['aws', 590_000],
    ['vault', 550_000],
  ])('a run for %s that ends with the exchange opens at most %d bytes', async (exchange, most) => {
    await using world = await openWorld()
    const root = join(import.meta.dirname, '..')
    const step = {
      name: exchange,
      version: '',
      args: [join(root, 'dist', 'main.js')],
      actionFile: join(root, 'action.yml'),
      inputs: world.inputs[exchange],
      env: {},
    }
    const read = await loadedBytes(step, world)
    expect(read).toBeGreaterThan(100_000)
    expect(read).toBeLessThanOrEqual(most)
  })

  test('reads what writes the summary only when there is one to write', () => {
    const dist = join(import.meta.dirname, '..', 'dist')
    const holding = readdirSync(dist)
      .filter((name) => name.endsWith('.js'))
      .filter((name) => readFileSync(join(dist, name), 'utf8').includes('dbt left no results behind'))
    expect(holding).toHaveLength(1)
    // The words of publish.ts, which the step has from its start.
    expect(readFileSync(join(dist, holding[0] ?? ''), 'utf8')).not.toContain('The job summary could not be')
  })

  test('writes nothing of what it reads to the log, whatever the workflow sets for the YAML parser', async () => {
    await using issuer = await startIssuer()
    await using step = await runStep({
      issuer,
      inputs: {
        connection: '{ type: duckdb, path: prod.duckdb, note: only-in-the-yaml }',
        ref: 'refs/heads/main',
        until: 'grant',
      },
      env: { LOG_STREAM: '1', LOG_TOKENS: '1' },
    })
    expect(step.log.text).toContain('grant')
    expect(step.log.text).not.toContain('only-in-the-yaml')
    expect(step.log.text).not.toContain('[stream-end]')
  })

  test('both roots set the exit code to 1 before they import anything', () => {
    for (const name of ['main.js', 'post.js']) {
      const text = readFileSync(join(import.meta.dirname, '..', 'dist', name), 'utf8')
      expect(text.indexOf('process.exitCode = 1')).toBe(0)
    }
  })
})

describe('what stands around the checkout of the action', () => {
  const dist = join(import.meta.dirname, '..', 'dist')
  const asked = new Set(
    readdirSync(dist)
      .filter((name) => name.endsWith('.js'))
      .flatMap((name) => [
        ...readFileSync(join(dist, name), 'utf8').matchAll(/\b(?:require|import)\((["'])([^"'.][^"']*)\1\)/g),
      ])
      .flatMap(([, , name = '']) => (isBuiltin(name) ? [] : [name])),
  )

  test('is asked for nothing: what is named stands in a sentence of an SDK', () => {
    expect([...asked].toSorted()).toEqual(['@aws-sdk/signature-v4-crt', '@aws-sdk/signature-v4a'])
  })

  test('neither says what kind of script the action is nor gives it anything to run', async () => {
    const around = join(directory, 'around')
    const action = join(around, 'acme', 'dbt-oidc')
    cpSync(dist, join(action, 'dist'), { recursive: true })
    const planted = "require('node:fs').writeFileSync(require('node:path').join(__dirname, 'ran'), '')\n"
    const names = [
      ...asked,
      'yaml',
      'zod',
      'jose',
      '@actions/core',
      'fs',
      'crypto',
      'undici',
      'supports-color',
    ]
    const modules = names.map((name) => join(around, 'node_modules', name))
    for (const module of modules) {
      mkdirSync(module, { recursive: true })
      writeFileSync(join(module, 'package.json'), '{ "type": "commonjs", "main": "index.js" }')
      writeFileSync(join(module, 'index.js'), planted)
    }
    const kind = '{ "type": "module", "imports": { "#x": "./x.js" }, "exports": {} }'
    for (const above of [around, action]) writeFileSync(join(above, 'package.json'), kind)
    const env = { ...process.env, NODE_PATH: join(around, 'node_modules') }
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(action, 'dist', 'cli.js'), 'lint', '--workflow', 'none.yml'],
      { env, cwd: around, encoding: 'utf8' },
    )
    expect([status, stdout, stderr]).toEqual([3, '', expect.stringContaining('none.yml')])
    expect(modules.filter((module) => existsSync(join(module, 'ran')))).toEqual([])
  })
})
