import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { cutOff, withheld } from './withheld.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** Everything that decides about the environment of dbt. */
export interface Surroundings {
  /** The environment of the step. */
  readonly env: Variables
  /** The input `env`: `NAME` or `PREFIX_*`. */
  readonly names: readonly string[]
  /** What dbt is told to use, so that a variable that says the same is no conflict. */
  readonly steering: { readonly target: string; readonly profile?: string; readonly projectDir: string }
  /** Paths of variables are relative to it. */
  readonly workspace: string
  /** Absolute path of a directory that is private, exists and is empty. */
  readonly nowhere: string
  /** What the credential needs: over everything else. */
  readonly carried: Readonly<Record<string, string>>
  readonly windows?: boolean
}

/** The environment of dbt, unless something in the step's contradicts it. */
export interface DbtEnvironment {
  readonly env: Readonly<Record<string, string>>
  readonly problems: readonly string[]
}

const GITHUB = ['REPOSITORY', 'REF', 'REF_NAME', 'SHA', 'RUN_ID', 'RUN_ATTEMPT', 'ACTOR', 'SERVER_URL']

const PASSED: ReadonlySet<string> = new Set([
  ...'PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TERM NO_COLOR TMPDIR TMP TEMP'.split(' '),
  ...'HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy'.split(' '),
  ...'SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE AWS_CA_BUNDLE'.split(' '),
  ...GITHUB.map((name) => `GITHUB_${name}`),
  // Pythons of setup-python find their own library by these.
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  // By this the runner finds and ends processes that outlive the job.
  'RUNNER_TRACKING_ID',
])

const PASSED_ON_WINDOWS: ReadonlySet<string> = new Set([
  ...'SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT OS COMPUTERNAME NUMBER_OF_PROCESSORS'.split(' '),
  ...'PROCESSOR_ARCHITECTURE USERPROFILE USERNAME USERDOMAIN HOMEDRIVE HOMEPATH APPDATA'.split(' '),
  ...'LOCALAPPDATA PROGRAMDATA PROGRAMFILES PROGRAMFILES(X86) PROGRAMW6432 COMMONPROGRAMFILES'.split(' '),
  ...'PUBLIC ALLUSERSPROFILE'.split(' '),
])

/** Lists of directories in which programs and libraries are looked for, with what separates the entries. */
const SEARCHED: ReadonlyMap<string, string | RegExp> = new Map<string, string | RegExp>([
  ['PATH', delimiter],
  ['LD_LIBRARY_PATH', /[:;]/],
  ['DYLD_LIBRARY_PATH', delimiter],
])

const STEERS = /^DBT_(?:ENGINE_)?(PROFILES_DIR|TARGET|PROFILE|PROJECT_DIR|LOG_PATH|TARGET_PATH)$/

/** The environment that dbt gets: an allowlist, what the input `env` adds, and nothing that belongs to the job. */
export function dbtEnvironment(surroundings: Surroundings): DbtEnvironment {
  const { env, names, windows = process.platform === 'win32' } = surroundings
  const wanted = names.map((name) => name.trim()).filter((name) => name !== '')
  const passes = (name: string): boolean => {
    const key = windows ? name.toUpperCase() : name
    if (PASSED.has(key) || /^(?:LC_|DBT_)/.test(key) || (windows && PASSED_ON_WINDOWS.has(key))) return true
    return wanted.some((pattern) => matches(key, windows ? pattern.toUpperCase() : pattern))
  }
  const kept = Object.entries(env).flatMap(([name, value]): [string, string][] => {
    if (value === undefined || !passes(name) || withheld(name) !== undefined) return []
    if (STEERS.test(windows ? name.toUpperCase() : name)) return []
    const separator = SEARCHED.get(name.toUpperCase())
    const kept = separator === undefined ? value : absoluteOnly(value, separator)
    // Empty as a whole it would mean the directory that a program starts in.
    return separator !== undefined && kept === '' ? [] : [[name, kept]]
  })
  return {
    env: {
      ...Object.fromEntries(kept),
      ...forPython(env),
      ...cutOff(surroundings.nowhere, join),
      ...surroundings.carried,
    },
    problems: [...wanted.flatMap(problemOf), ...conflicts(surroundings, windows)],
  }
}

function matches(name: string, pattern: string): boolean {
  return pattern.endsWith('_*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

/** dbt starts other programs (git) and loads libraries, and what they are must not depend on the directory that it starts them in. */
export function absoluteOnly(path: string, separator: string | RegExp = delimiter): string {
  return path
    .split(separator)
    .filter((entry) => isAbsolute(entry))
    .join(delimiter)
}

function forPython(env: Variables): Readonly<Record<string, string>> {
  const plain = (env['NO_COLOR'] ?? '') !== ''
  return {
    PYTHONUNBUFFERED: '1',
    PYTHONIOENCODING: 'utf-8',
    // dbt 1.12 reads `.env` of the project into its environment, with whatever a pull request has put there.
    PYTHON_DOTENV_DISABLED: '1',
    // dbt 1.x colours by default and dbt 2.x only when asked; stdout is no terminal here.
    ...(plain
      ? { DBT_USE_COLORS: env['DBT_USE_COLORS'] ?? 'false' }
      : { FORCE_COLOR: '1', CLICOLOR_FORCE: '1' }),
  }
}

function problemOf(name: string): string[] {
  if (!/^[A-Za-z_][A-Za-z0-9_]*(?:_\*)?$/.test(name))
    return [`Input "env": ${JSON.stringify(name)} is neither the name of a variable nor a PREFIX_*.`]
  const because = withheld(name.endsWith('_*') ? `${name.slice(0, -1)}X` : name)
  return because === undefined ? [] : [`Input "env": ${name} never reaches dbt: ${because}. Remove it.`]
}

function conflicts({ env, steering, workspace }: Surroundings, windows: boolean): string[] {
  const agreed = new Map([
    ['TARGET', steering.target],
    ['PROFILE', steering.profile],
    ['PROJECT_DIR', steering.projectDir],
  ])
  return Object.entries(env).flatMap(([name, value = '']) => {
    const what = STEERS.exec(windows ? name.toUpperCase() : name)?.[1]
    if (what === undefined || value === '') return []
    if (agreed.get(what) === (what === 'PROJECT_DIR' ? resolve(workspace, value) : value)) return []
    return [`The step has the variable ${name}, but ${INSTEAD[what] ?? ''} Remove it from \`env:\`.`]
  })
}

const INSTEAD: Readonly<Record<string, string>> = {
  PROFILES_DIR:
    'the profile is written by this action; an existing one is named by the input "profiles-dir".',
  TARGET: 'the target comes from the grant; one is asked for by the input "target".',
  PROFILE: 'the profile comes from dbt_project.yml or the input "profile".',
  PROJECT_DIR: 'the project is named by the input "project-dir".',
  LOG_PATH: 'this action has to know where dbt writes; set log-path in dbt_project.yml.',
  TARGET_PATH: 'this action has to know where dbt writes; set target-path in dbt_project.yml.',
}
