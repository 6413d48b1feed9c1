import { fail } from './errors.ts'

/** A system by Node's name for it; every function here is told, so that each can be tried on any. */
export type Platform = NodeJS.Platform

type Variables = Readonly<Record<string, string | undefined>>

/**
 * The environment by names that can be looked up: Windows does not tell them apart by case, and hands out `Path` for
 * PATH. Upper case is how Python has them there as well; of two that differ in case alone the first one holds.
 */
export function variablesOf(env: Variables, platform: Platform = process.platform): Variables {
  if (platform !== 'win32') return env
  const found = new Map<string, string | undefined>()
  for (const [name, value] of Object.entries(env))
    if (!found.has(name.toUpperCase())) found.set(name.toUpperCase(), value)
  return Object.fromEntries(found)
}

/** The directories of a PATH. On Windows one with a semicolon in its name stands in quotes. */
export function directoriesOf(path: string, platform: Platform = process.platform): readonly string[] {
  if (platform !== 'win32') return path.split(':')
  return (path.match(/(?:"[^"]*"|[^;"])+/g) ?? []).map((entry) => entry.replaceAll('"', ''))
}

/** What Windows starts without being told by which program. */
const STARTED = ['.COM', '.EXE', '.BAT', '.CMD']

/** The files that a program of this name may be, in the order in which a directory is searched for them. */
export function programNames(
  name: string,
  pathext: string | undefined,
  platform: Platform = process.platform,
): readonly string[] {
  if (platform !== 'win32') return [name]
  const given = (pathext ?? '').split(';').map((one) => one.trim().toUpperCase())
  const known = given.filter((one) => STARTED.includes(one))
  return (known.length > 0 ? known : STARTED).map((ending) => `${name}${ending.toLowerCase()}`)
}

/** How a program is started: without a shell, but for a batch file of Windows, which is nothing else. */
export interface Launch {
  readonly path: string
  readonly argv: readonly string[]
  /** Windows only: the argument is the command line as it stands. */
  readonly verbatim: boolean
}

/** What starts a file with these arguments. Throws `command` for what a batch file cannot be given unchanged. */
export function launchOf(
  file: string,
  argv: readonly string[],
  env: Variables,
  platform: Platform = process.platform,
): Launch {
  if (platform !== 'win32' || !/\.(?:bat|cmd)$/i.test(file)) return { path: file, argv, verbatim: false }
  const { SYSTEMROOT: root = 'C:\\Windows' } = variablesOf(env, platform)
  // Not COMSPEC: a step before this one may have set it. AutoRun (/d) and delayed expansion (/v:off) are off.
  return {
    path: `${root}\\System32\\cmd.exe`,
    argv: ['/d', '/v:off', '/s', '/c', `"${[file, ...argv].map(batchWord).join(' ')}"`],
    verbatim: true,
  }
}

/**
 * One argument for a batch file. In quotes cmd.exe takes nearly everything for itself, but a percent sign still names a
 * variable, a quote ends them, and the caret is read once more by a batch file that calls another: no escape holds in all
 * of them ("BatBadBut", CVE-2024-27980), so they are refused.
 */
function batchWord(text: string): string {
  if (!/["%!^\0\r\n]/.test(text)) return `"${text.replace(/\\+$/, '$&$&')}"`
  return fail({
    code: 'command',
    problem: 'The dbt of this job is a batch file, which cannot be given quotes, %, ! and ^ as they are.',
    remedy: 'Install dbt with pip or uv, whose dbt.exe takes them, or leave them out of `run`.',
  })
}

/** What ends a process of Windows with all that it has started: there are no groups that a signal could go to. */
export function treeKiller(pid: number, env: Variables): Launch {
  const { SYSTEMROOT: root = 'C:\\Windows' } = variablesOf(env, 'win32')
  return {
    path: `${root}\\System32\\taskkill.exe`,
    argv: ['/pid', String(pid), '/t', '/f'],
    verbatim: false,
  }
}
