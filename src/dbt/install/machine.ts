import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { distrust } from '../distrust.ts'
import { directoriesOf } from '../../platform.ts'
import { absoluteOnly } from '../environment.ts'

const WINDOWS = process.platform === 'win32'
const OLDEST: readonly [number, number] = [3, 10]
const OFTEN = 10_000

/** What an installer may see: where packages come from and how to get there, and nothing of the job's secrets. */
const SEEN =
  /^(?:PATH|HOME|USER|LANG|LC_.*|TMPDIR|TEMP|TMP|SYSTEMROOT|PATHEXT|COMSPEC|USERPROFILE|LOCALAPPDATA|APPDATA|(?:HTTPS?|NO|ALL)_PROXY|SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|PIP_.*|UV_.*|XDG_CACHE_HOME)$/i

/** What an installation needs of the runner. */
export type Machine = Pick<Host, 'env' | 'workspace' | 'temp' | 'now' | 'read' | 'exec' | 'writer'>

/** Where a Python environment has its programs. */
export const BIN = WINDOWS ? 'Scripts' : 'bin'

/** An interpreter from which environments are made. */
export interface Python {
  readonly path: string
  /** What an environment of it depends on: version, implementation, platform, and where it stands. */
  readonly mark: string
}

const MARK =
  'import os, sys, sysconfig; print(*sys.version_info[:2]); print(sys.version.split()[0], sys.implementation.name, sysconfig.get_platform(), os.path.realpath(sys.executable))'

/** The first Python of PATH that is new enough. Throws `install`. */
export async function findPython(host: Machine): Promise<Python> {
  for (const name of ['python3', 'python']) {
    const path = await onPath(name, host)
    if (!path) continue
    const { exitCode, stdout } = await host.exec(path, ['-I', '-c', MARK], { env: seen(host) })
    const [version = '', mark = ''] = stdout.split('\n')
    const [major = 0, minor = 0] = version.trim().split(' ').map(Number)
    if (exitCode === 0 && (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])))
      return { path, mark: mark.trim() }
  }
  return fail({
    code: 'install',
    problem: `There is no Python ${OLDEST.join('.')} or later on PATH.`,
    remedy: 'Add a step with `actions/setup-python` before this one.',
  })
}

/** Runs an installer and shows what it says, with a sign of life where it is silent. Throws `install`. */
export async function command(path: string, args: readonly string[], host: Machine): Promise<void> {
  const last: string[] = []
  const started = performance.now()
  const ticker = setInterval(
    () => host.writer.line(`still at it, ${((performance.now() - started) / 1000).toFixed(0)} s`, 'quiet'),
    OFTEN,
  )
  const { exitCode } = await host
    .exec(path, args, {
      env: seen(host),
      onLine: (line) => {
        host.writer.line(line, 'quiet')
        last.push(host.writer.scrub(line))
        if (last.length > 15) last.shift()
      },
    })
    .finally(() => clearInterval(ticker))
  if (exitCode === 0) return
  fail({
    code: 'install',
    problem: `The requirements of \`install\` could not be installed (exit code ${exitCode}).`,
    remedy: 'Check the names and versions, and whether the runner reaches its package index.',
    details: last,
  })
}

/** Whether a command ends well; what it says is of no interest. */
export async function succeeds(path: string, args: readonly string[], host: Machine): Promise<boolean> {
  return (await host.exec(path, args, { env: seen(host) })).exitCode === 0
}

/** The first program of that name on PATH that did not come with the checkout. */
export async function onPath(name: string, host: Machine): Promise<string | undefined> {
  for (const directory of directoriesOf(host.env['PATH'] ?? '')) {
    const path = join(directory, program(name))
    // What the checkout brings along is not to be trusted with an installation.
    if ((await isExecutable(path)) && (await distrust(path, host.workspace)) === undefined) return path
  }
  return undefined
}

/** Whether there is a program that may be started. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** The file name of a program. */
export function program(name: string): string {
  return WINDOWS ? `${name}.exe` : name
}

/** The environment of an installer. */
export function seen(host: Pick<Machine, 'env'>): Readonly<Record<string, string>> {
  const entries = Object.entries(host.env).flatMap(([name, value]): [string, string][] => {
    if (value === undefined || !SEEN.test(name)) return []
    return [[name, name.toUpperCase() === 'PATH' ? absoluteOnly(value) : value]]
  })
  return { ...Object.fromEntries(entries), PYTHONUTF8: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1' }
}
