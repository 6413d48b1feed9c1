import { access, constants, mkdtemp, writeFile } from 'node:fs/promises'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { fail } from '../errors.ts'
import type { Host } from '../host.ts'
import { distrust } from './distrust.ts'
import { absoluteOnly } from './environment.ts'

const WINDOWS = process.platform === 'win32'
const BIN = WINDOWS ? 'Scripts' : 'bin'
const OLDEST: readonly [number, number] = [3, 10]

/** What an installer may see: where packages come from and how to get there, and nothing of the job's secrets. */
const SEEN =
  /^(?:PATH|HOME|USER|LANG|LC_.*|TMPDIR|TEMP|TMP|SYSTEMROOT|PATHEXT|COMSPEC|USERPROFILE|LOCALAPPDATA|APPDATA|(?:HTTPS?|NO|ALL)_PROXY|SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|PIP_.*|UV_.*|XDG_CACHE_HOME)$/i

/** What an installation needs of the runner. */
export type Machine = Pick<Host, 'env' | 'workspace' | 'temp' | 'read' | 'exec' | 'writer'>

/**
 * Makes a private Python environment with the requirements and returns its directory of programs. Each use makes its
 * own, under a name that cannot be foreseen: one that lay there already could be anybody's, and the caches of the
 * installers make a second one quick. Throws `install`.
 */
export async function install(requirements: string, host: Machine): Promise<string> {
  const text = await requirementsOf(requirements, host)
  host.writer.group('Installing dbt')
  const started = performance.now()
  const directory = await mkdtemp(join(host.temp, 'dbt-oidc-python-'))
  const list = join(directory, 'requirements.txt')
  await writeFile(list, text, { flag: 'wx' })
  await make(directory, list, host)
  host.writer.line(`Installed in ${((performance.now() - started) / 1000).toFixed(1)} s`)
  host.writer.endGroup()
  return join(directory, BIN)
}

/** uv where there is one, else uv from PyPI in the new environment, else pip: from the fastest to the last resort. */
async function make(directory: string, list: string, host: Machine): Promise<void> {
  const bin = join(directory, BIN)
  const python = join(bin, program('python'))
  const uv = await onPath('uv', host)
  if (uv) {
    await command(uv, ['venv', '--allow-existing', '--python', await findPython(host), directory], host)
    return command(uv, ['pip', 'install', '--python', python, '-r', list], host)
  }
  await command(await findPython(host), ['-m', 'venv', directory], host)
  const bootstrap = await host.exec(python, ['-m', 'pip', 'install', '--quiet', 'uv'], { env: seen(host) })
  if (bootstrap.exitCode === 0)
    return command(join(bin, program('uv')), ['pip', 'install', '--python', python, '-r', list], host)
  host.writer.line('uv cannot be had; going on with pip, which takes longer.')
  return command(python, ['-m', 'pip', 'install', '-r', list], host)
}

async function requirementsOf(given: string, host: Machine): Promise<string> {
  if (!/^\S+\.txt$/.test(given)) return `${given.split('\n').flatMap(splitLine).join('\n')}\n`
  const path = isAbsolute(given) ? given : resolve(host.workspace, given)
  const found = await host.read(path)
  if (found.kind === 'text') return found.text
  return fail({
    code: 'install',
    problem: `The requirements file \`${given}\` ${found.kind === 'missing' ? 'does not exist' : 'cannot be read'}.`,
    remedy: 'Name a file of the workspace in `install`, or list the requirements themselves.',
  })
}

/** Several plain requirements on one line are several lines; whatever has markers, URLs or options stays as it is. */
function splitLine(line: string): readonly string[] {
  const words = line.trim().split(/\s+/)
  const plain = words.every((word) =>
    /^[A-Za-z0-9][\w.-]*(?:\[[\w.,-]+\])?(?:(?:[=<>!~]=?|===)[\w.*+!,<>=~-]+)?$/.test(word),
  )
  return plain ? words.filter((word) => word !== '') : [line]
}

async function findPython(host: Machine): Promise<string> {
  for (const name of ['python3', 'python']) {
    const python = await onPath(name, host)
    if (!python) continue
    const { exitCode, stdout } = await host.exec(python, ['-c', 'import sys; print(*sys.version_info[:2])'], {
      env: seen(host),
    })
    const [major = 0, minor = 0] = stdout.trim().split(' ').map(Number)
    if (exitCode === 0 && (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]))) return python
  }
  return fail({
    code: 'install',
    problem: `There is no Python ${OLDEST.join('.')} or later on PATH.`,
    remedy: 'Add a step with `actions/setup-python` before this one.',
  })
}

async function command(path: string, args: readonly string[], host: Machine): Promise<void> {
  const last: string[] = []
  const { exitCode } = await host.exec(path, args, {
    env: seen(host),
    onLine: (line) => {
      host.writer.line(line, 'quiet')
      last.push(host.writer.scrub(line))
      if (last.length > 15) last.shift()
    },
  })
  if (exitCode === 0) return
  fail({
    code: 'install',
    problem: `The requirements of \`install\` could not be installed (exit code ${exitCode}).`,
    remedy: 'Check the names and versions, and whether the runner reaches its package index.',
    details: last,
  })
}

async function onPath(name: string, host: Machine): Promise<string | undefined> {
  for (const directory of (host.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, program(name))
    // What the checkout brings along is not to be trusted with an installation.
    if ((await isExecutable(path)) && (await distrust(path, host.workspace)) === undefined) return path
  }
  return undefined
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

function program(name: string): string {
  return WINDOWS ? `${name}.exe` : name
}

function seen(host: Machine): Readonly<Record<string, string>> {
  const entries = Object.entries(host.env).flatMap(([name, value]): [string, string][] => {
    if (value === undefined || !SEEN.test(name)) return []
    return [[name, name.toUpperCase() === 'PATH' ? absoluteOnly(value) : value]]
  })
  return { ...Object.fromEntries(entries), PYTHONUTF8: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1' }
}
