import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { install, type Machine } from '../../src/dbt/install.ts'
import type { ExecResult } from '../../src/host.ts'
import { createWriter } from '../../src/report/writer.ts'
import { readRegular } from '../../src/regular.ts'

const PINS = ['dbt-core==1.11.16', 'dbt-duckdb==1.10.1']
const ADAPTERS = { own: 'dbt-duckdb', others: new Set<string>() }

/** One way to come to an environment of {@link PINS}, in a directory of its own with nothing in any cache. */
type Way = (place: string) => Promise<void>

/** A PATH, for as long as all rounds last: an environment points to the Python that it was made from. */
type Path = string

/** Prints what an installation takes by each way, all caches cold but the one that the last way is about. */
export async function benchInstall(rounds: number): Promise<void> {
  const shared = mkdtempSync(join(tmpdir(), 'dbt-oidc-bench-tools-'))
  const python = programs(join(shared, 'python'), ['python3'])
  const both = programs(join(shared, 'both'), ['python3', 'uv'])
  const ways: readonly [string, Way][] = [
    ['python -m venv, pip install', (place) => byPip(place, python)],
    ['install, uv on PATH', (place) => ours(place, join(place, 'tools'), both)],
    ['install, no uv yet', (place) => ours(place, join(place, 'tools'), python)],
    ['install, from the tool cache', (place) => ours(place, shared, python)],
  ]
  const seconds = new Map<string, number[]>(ways.map(([name]) => [name, []]))
  try {
    await inNewPlace((place) => ours(place, shared, both))
    // Interleaved, so that a slow minute of the machine or of the index is everybody's.
    for (let round = 0; round < rounds; round += 1)
      for (const [name, way] of ways) seconds.get(name)?.push(await inNewPlace(way))
  } finally {
    rmSync(shared, { recursive: true, force: true })
  }
  const [pip] = [...seconds.values()].map(median)
  console.log(`\n| ${PINS.join(' ')} (n = ${rounds}) | s min/med | of pip's time |\n|---|---|---|`)
  for (const [name, all] of seconds)
    console.log(
      `| ${name} | ${Math.min(...all).toFixed(1)} / ${median(all).toFixed(1)} | ${((100 * median(all)) / (pip ?? 1)).toFixed(0)} % |`,
    )
}

async function inNewPlace(way: Way): Promise<number> {
  const place = mkdtempSync(join(tmpdir(), 'dbt-oidc-bench-'))
  try {
    for (const name of ['home', 'temp', 'work']) mkdirSync(join(place, name))
    const started = performance.now()
    await way(place)
    return (performance.now() - started) / 1000
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

async function byPip(place: string, path: Path): Promise<void> {
  const env = coldEnvironment(place, path)
  const venv = join(place, 'venv')
  await needed('python3', ['-m', 'venv', venv], env)
  await needed(join(venv, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', ...PINS], env)
}

async function ours(place: string, tools: string, path: Path): Promise<void> {
  const env = { ...coldEnvironment(place, path), RUNNER_TOOL_CACHE: tools }
  const said: string[] = []
  const host: Machine = {
    env,
    workspace: join(place, 'work'),
    temp: join(place, 'temp'),
    now: () => new Date(),
    read: (file) => readRegular(file),
    exec: (command, args, options) => executed(command, args, options.env, options.onLine),
    writer: createWriter({ write: (text) => void said.push(text), colour: false, random: () => 'bench' }),
  }
  await install(PINS.join(' '), ADAPTERS, host).catch((error: unknown) => {
    console.error(said.join(''))
    throw error
  })
}

function coldEnvironment(place: string, path: Path): Record<string, string> {
  const index = Object.entries(process.env).filter(([name]) =>
    /^(?:PIP|UV|SSL|REQUESTS|CURL)_|^(?:https?|no)_proxy$/i.test(name),
  )
  return {
    ...Object.fromEntries(index.map(([name, value = '']) => [name, value])),
    PATH: path,
    HOME: join(place, 'home'),
    TMPDIR: join(place, 'temp'),
    PIP_CACHE_DIR: join(place, 'pip'),
    UV_CACHE_DIR: join(place, 'uv'),
  }
}

/** A PATH of nothing but these programs. */
function programs(bin: string, names: readonly string[]): Path {
  mkdirSync(bin)
  for (const name of names) symlinkSync(found(name), join(bin, name))
  return bin
}

function found(name: string): string {
  const places = (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, name))
  const path = places.find((file) => existsSync(file))
  if (path === undefined) throw new Error(`There is no ${name} on PATH.`)
  return realpathSync(path)
}

async function needed(command: string, args: readonly string[], env: Record<string, string>): Promise<void> {
  const { exitCode, stderr } = await executed(command, args, env)
  if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${exitCode}:\n${stderr}`)
}

async function executed(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  onLine: (line: string) => void = () => undefined,
): Promise<ExecResult> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = await Promise.all([child.stdout, child.stderr].map((stream) => stream.toArray()))
  const [stdout = '', stderr = ''] = texts.map((chunks) => Buffer.concat(chunks).toString())
  if (child.exitCode === null) await once(child, 'exit')
  for (const line of `${stdout}${stderr}`.trimEnd().split('\n')) onLine(line)
  return { exitCode: child.exitCode ?? 1, stdout, stderr }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
