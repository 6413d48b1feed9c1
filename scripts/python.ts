import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { onceAtATime } from './once.ts'

/** An isolated Python environment of this project, by absolute paths. */
export interface PythonEnvironment {
  readonly python: string
  readonly dbt: string
  /** The directory of both, to be put into a PATH. */
  readonly bin: string
}

interface Interpreter {
  readonly command: string
  /** `[3, 12]` */
  readonly version: readonly [number, number]
}

const ROOT = dirname(import.meta.dirname)
const REQUIREMENTS = join(ROOT, 'toolchain', 'python')
const CACHE = join(ROOT, '.cache', 'python')
const WINDOWS = process.platform === 'win32'
const BIN = WINDOWS ? 'Scripts' : 'bin'
const OLDEST = 10
const NEWEST_TRIED = 13

/** Makes `.cache/python/NAME` from `toolchain/python/NAME.lock.txt`, or takes the one that an earlier run has made. */
export const ensurePython = onceAtATime(makePython)

async function makePython(
  name:
    | 'dbt'
    | 'servers'
    | 'databricks'
    | 'duckdb'
    | 'dbt2'
    | 'aws'
    | 'microsoft'
    | 'others'
    | 'synapse'
    | 'further'
    | 'dremio'
    | 'trust'
    | 'lint'
    | 'vault',
): Promise<PythonEnvironment> {
  const directory = join(CACHE, name)
  const bin = join(directory, BIN)
  const environment = { python: executable(bin, 'python'), dbt: executable(bin, 'dbt'), bin }
  const lock = join(REQUIREMENTS, `${name}.lock.txt`)
  const stamp = join(directory, '.made-from')
  const digest = createHash('sha256').update(readFileSync(lock)).digest('hex')
  if (readIfThere(stamp) === digest && works(environment.python)) return environment

  const started = Date.now()
  const interpreter = findInterpreter()
  say(`Making the Python environment ${name} in ${directory} (once) ...`)
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(CACHE, { recursive: true })
  const uv = await ensureUv(interpreter.command)
  await run(uv, ['venv', '--quiet', '--python', interpreter.command, directory])
  // The lock holds every package there is, so that nothing is resolved and no index can add to it.
  await run(uv, [
    'pip',
    'install',
    '--python',
    environment.python,
    '--no-deps',
    '--compile-bytecode',
    '-r',
    lock,
  ])
  writeFileSync(stamp, digest)
  say(`  done in ${((Date.now() - started) / 1000).toFixed(1)} s`)
  return environment
}

/** uv installs in a tenth of pip's time; where there is none, its own package brings it. */
const ensureUv = onceAtATime(makeUv)

async function makeUv(command: string): Promise<string> {
  if (works('uv')) return 'uv'
  const directory = join(CACHE, 'uv')
  const uv = executable(join(directory, BIN), 'uv')
  if (works(uv)) return uv
  say('  first uv, which installs the rest ...')
  await run(command, ['-m', 'venv', '--clear', directory], 'Debian and Ubuntu have it in python3-venv.')
  const python = executable(join(directory, BIN), 'python')
  await run(python, ['-m', 'pip', 'install', '--quiet', '-r', join(REQUIREMENTS, 'uv.txt')])
  return uv
}

function findInterpreter(): Interpreter {
  const minors = Array.from({ length: NEWEST_TRIED - OLDEST + 1 }, (_, index) => NEWEST_TRIED - index)
  const commands = ['python3', ...minors.map((minor) => `python3.${minor}`), 'python']
  const found = commands.flatMap((command) => interpreterOf(command) ?? [])
  const usable = found.filter(({ version: [major, minor] }) => major === 3 && minor >= OLDEST)
  const chosen = usable.find(({ version: [, minor] }) => minor <= NEWEST_TRIED) ?? usable[0]
  if (chosen) return chosen
  const seen = found.map(({ command, version }) => `${command} is ${version.join('.')}`).join(', ')
  throw new Error(`Python 3.${OLDEST} or later is needed on PATH for dbt (${seen || 'there is none'}).`)
}

function interpreterOf(command: string): Interpreter | undefined {
  const script = 'import sys; print(*sys.version_info[:2])'
  const { status, stdout } = spawnSync(command, ['-c', script], { encoding: 'utf8', env: environment() })
  const [major, minor] = status === 0 ? stdout.trim().split(' ').map(Number) : []
  return major !== undefined && minor !== undefined ? { command, version: [major, minor] } : undefined
}

async function run(command: string, args: readonly string[], remedy = ''): Promise<void> {
  const started = Date.now()
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: environment() })
  const ticker = setInterval(
    () => say(`  still at it, ${Math.round((Date.now() - started) / 1000)} s`),
    10_000,
  )
  const failure = once(child, 'error').then(([error]) => String(error))
  createInterface({ input: child.stderr }).on('line', (line) => {
    // The list of all that was installed is the lock once more.
    if (!line.startsWith(' + ')) say(`  ${line}`)
  })
  const exit = once(child, 'close').then(([code]) => (code === 0 ? undefined : `exit code ${code}`))
  const problem = await Promise.race([failure, exit])
  clearInterval(ticker)
  if (problem !== undefined) throw new Error(`${command} ${args[0]} failed (${problem}). ${remedy}`)
}

// A PYTHONPATH or PYTHONHOME of the shell would leak foreign packages into the environment.
function environment(): NodeJS.ProcessEnv {
  const { PYTHONPATH: _path, PYTHONHOME: _home, VIRTUAL_ENV: _virtual, ...rest } = process.env
  return { ...rest, UV_PYTHON_DOWNLOADS: 'never', PIP_DISABLE_PIP_VERSION_CHECK: '1' }
}

function works(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore', env: environment() }).status === 0
}

function executable(bin: string, name: string): string {
  return join(bin, WINDOWS ? `${name}.exe` : name)
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
