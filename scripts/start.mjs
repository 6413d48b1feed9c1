// Runs a task of this project from a fresh clone: needs nothing but Node 20 or later, brings the rest itself.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const OLDEST = 20
const RUNTIME = 24
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const TASKS = join(ROOT, 'scripts', 'tasks')
const TOOLCHAIN = join(ROOT, 'toolchain', 'node24')

process.exitCode = await start(process.argv.slice(2))

/** @param {string[]} argv */
async function start([name, ...args]) {
  if (major() < OLDEST) return refuse(`Node ${OLDEST} or later is needed; this is ${process.version}.`)
  const tasks = readTasks()
  if (name === undefined || name === '--help' || name === '-h') return help(tasks)
  if (!tasks.has(name)) {
    help(tasks)
    return refuse(`There is no task "${name}".`)
  }
  // Some have options of their own and tell more; the others must not begin to work because somebody asks what they do.
  if (args.some(asksForHelp) && !tellsMore(name)) return helpOf(name)
  if (!(await install(ROOT))) return 1
  const node = await runtime()
  if (node === undefined) return 1
  const script = join(TASKS, `${name}.ts`)
  return run(node, ['--disable-warning=ExperimentalWarning', script, ...args], { env: environment(node) })
}

function major() {
  return Number(process.versions.node.split('.')[0])
}

/** @param {string} problem */
function refuse(problem) {
  console.error(`\n${problem}\n`)
  return 1
}

/** The tasks by name, each with the line that heads its file. */
function readTasks() {
  const files = readdirSync(TASKS).filter((file) => file.endsWith('.ts'))
  const summary = (file) => /^\/\/ (.+)/.exec(readFileSync(join(TASKS, file), 'utf8'))?.[1] ?? ''
  return new Map(files.toSorted().map((file) => [file.slice(0, -'.ts'.length), summary(file)]))
}

/** @param {Map<string, string>} tasks */
function help(tasks) {
  console.log('node scripts/start.mjs TASK [arguments]\n')
  for (const [name, summary] of tasks) console.log(`  ${name.padEnd(13)}${summary}`)
  return 0
}

/** @param {string} argument */
function asksForHelp(argument) {
  return argument === '--help' || argument === '-h'
}

/** @param {string} name */
function sourceOf(name) {
  return readFileSync(join(TASKS, `${name}.ts`), 'utf8')
}

/** @param {string} name */
function tellsMore(name) {
  return /\bHELP\b|from 'commander'/.test(sourceOf(name))
}

/** What stands at the head of its file. */
function helpOf(name) {
  const lines = sourceOf(name).split('\n')
  const end = lines.findIndex((line) => !line.startsWith('//'))
  for (const line of lines.slice(0, end)) console.log(line.replace(/^\/\/ ?/, ''))
  return 0
}

/** @param {string} file */
function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {}
  } catch {
    return {}
  }
}

// npm writes down what it has installed; a developer's own `npm ci` counts as much as ours, and no stamp can go stale.
function isInstalled(directory) {
  const wanted = packagesIn(join(directory, 'package-lock.json'))
  const present = packagesIn(join(directory, 'node_modules', '.package-lock.json'))
  return Object.entries(wanted).every(
    ([path, entry]) =>
      !path.startsWith('node_modules/') ||
      entry.optional === true ||
      (present[path] !== undefined && present[path].version === entry.version),
  )
}

async function install(directory, what = 'the packages of package-lock.json', isComplete = isInstalled) {
  if (isComplete(directory)) return true
  const started = Date.now()
  console.error(`Installing ${what} (once) ...`)
  const ticker = setInterval(() => {
    console.error(`  still at it, ${Math.round((Date.now() - started) / 1000)} s`)
  }, 10_000)
  // Some packages ask for a Node of which the task itself brings its own: no concern of who starts it.
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const code = await npm(['ci', ...quiet], directory)
  clearInterval(ticker)
  if (code === 0) console.error(`  done in ${((Date.now() - started) / 1000).toFixed(1)} s`)
  else refuse(`npm ci failed in ${directory}; what npm says stands above.`)
  return code === 0
}

function npm(args, cwd) {
  const cli = process.env.npm_execpath
  if (cli !== undefined && /npm-cli\.c?js$/.test(cli)) return run(process.execPath, [cli, ...args], { cwd })
  // On Windows npm is a batch file, which only a shell can start; the arguments are our own words.
  const windows = process.platform === 'win32'
  return run(windows ? 'npm.cmd' : 'npm', args, { cwd, shell: windows })
}

/** The Node to go on with: this one where it is new enough, else the one that our own lockfile names. */
async function runtime() {
  if (major() >= RUNTIME) return process.execPath
  const file = process.platform === 'win32' ? 'node.exe' : 'node'
  const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  // npm has this one under another name.
  const name = platform === 'darwin-arm64' ? `bin-${platform}` : platform
  const node = join(TOOLCHAIN, 'node_modules', `node-${name}`, 'bin', file)
  const complete = () => existsSync(node)
  const what = `Node ${RUNTIME}, on which the action runs (this is ${process.version})`
  if (!(await install(TOOLCHAIN, what, complete))) return undefined
  const works = spawnSync(node, ['--version'], { encoding: 'utf8' })
  if (works.status === 0) return node
  refuse(`No Node ${RUNTIME} for ${process.platform}-${process.arch} can be had from npm: please install it.`)
  return undefined
}

function environment(node) {
  const bin = join(ROOT, 'node_modules', '.bin')
  const PATH = [dirname(node), bin, process.env.PATH ?? ''].join(delimiter)
  return { ...process.env, PATH }
}

/** Runs a child on this terminal; ends with its exit code, or with the signal that ended it. */
function run(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options })
    // A terminal sends Ctrl-C to the child as well; from anywhere else only we have got it.
    const onInterrupt = () => process.stdin.isTTY || child.kill('SIGINT')
    const onTerminate = () => child.kill('SIGTERM')
    process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate)
    const settle = (code) => {
      process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate)
      resolve(code)
    }
    child.on('error', (error) => settle(refuse(`${command} cannot be started: ${error.message}`)))
    child.on('exit', (code, signal) => settle(code ?? 128 + (constants.signals[signal] ?? 0)))
  })
}
