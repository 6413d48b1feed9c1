import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findPython, makeEnvironment } from './dbt-stub-env.ts'
import { isRecord, parseRecord } from './shape.ts'

/** What the stub does, in this order. */
export interface Behaviour {
  readonly stdout?: string
  readonly stderr?: string
  /** Long output, without long text here. */
  readonly repeat?: readonly { readonly text: string; readonly times: number }[]
  /** Files to write, relative to the project. */
  readonly write?: Readonly<Record<string, string>>
  /** Links to make, relative to the project, by where they lead. */
  readonly link?: Readonly<Record<string, string>>
  /** Shows every `DBT_ENV_SECRET_*` there; the directories get a `leak.txt`. */
  readonly leak?: readonly ('stdout' | 'stderr' | 'target' | 'logs' | 'workspace')[]
  /** Private files beside profiles.yml: each is shown, awaited to be replaced, and shown again. */
  readonly watch?: readonly string[]
  /** Private files beside profiles.yml whose content is noted, of those that are there. */
  readonly texts?: readonly string[]
  /** An address to which every `DBT_ENV_SECRET_*` is shown as a bearer token; dbt fails where one is refused. */
  readonly login?: string
  /** Artifacts; each run gives them a new invocation id. */
  readonly run_results?: Readonly<Record<string, unknown>>
  readonly manifest?: Readonly<Record<string, unknown>>
  /** Leaves the artifacts the invocation id that they have. */
  readonly stale?: boolean
  /** Prints READY and waits for a signal. */
  readonly hang?: boolean
  /** Signals that are noted and not obeyed. */
  readonly ignore?: readonly ('SIGINT' | 'SIGTERM')[]
  /** Dies by this signal. */
  readonly signal?: NodeJS.Signals
  readonly exit?: number
  /** Leaves a process behind that holds standard output for so many seconds. */
  readonly grandchild?: number
}

/** What the environment holds and what its `dbt` does. */
export interface StubOptions {
  /** By subcommand or `--version`; `*` is any other. */
  readonly behaviours?: Readonly<Record<string, Behaviour>>
  /** Python packages besides or instead of dbt-core 1.12.6 and dbt-duckdb 1.11.1; null leaves one out. */
  readonly packages?: Readonly<Record<string, string | null>>
}

/** How the stub was started. */
export interface DbtRun {
  readonly command: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly pid: number
  readonly umask: string
  /** Bytes of a core dump that the process may leave; -1 for any number. */
  readonly coreLimit: number
  readonly profilesDir: string | null
  readonly profilesDirMode: string | null
  /** Content of profiles.yml. */
  readonly profiles: string | null
  /** What stood in the directory of profiles.yml. */
  readonly files: readonly { readonly path: string; readonly type: string; readonly mode: string }[]
  /** Of the files that were asked for, by name. */
  readonly texts: Readonly<Record<string, string>>
  readonly grandchild: number | null
}

/** The installed stub, and what it has noted. */
export interface DbtStub {
  /** To put in front of PATH. */
  readonly bin: string
  readonly dbt: string
  readonly sitePackages: string
  /** Every start so far, in order. */
  runs(): DbtRun[]
  /** Signals that reached the stub, in order. */
  signals(): string[]
  /** Other behaviours from the next start on. */
  behave(behaviours: Readonly<Record<string, Behaviour>>): void
}

type Behaviours = Readonly<Record<string, Behaviour>>

const usual: Readonly<Record<string, string | null>> = { 'dbt-core': '1.12.6', 'dbt-duckdb': '1.11.1' }

/** Makes a Python environment whose `dbt` notes its start and behaves as told. */
export async function installDbtStub(directory: string, options: StubOptions = {}): Promise<DbtStub> {
  const wanted = Object.entries({ ...usual, ...options.packages })
  const packages = new Map(
    wanted.flatMap(([name, version]) => (version === null ? [] : [[name, version] as const])),
  )
  const sitePackages = makeEnvironment(directory, await findPython(), packages)
  const module = join(sitePackages, 'dbt', 'cli')
  const record = join(directory, 'record.jsonl')
  mkdirSync(module, { recursive: true })
  copyFileSync(join(import.meta.dirname, 'dbt_stub.py'), join(module, 'main.py'))
  const behave = (behaviours: Behaviours): void => {
    const all = { '--version': { stdout: versionText(packages) }, ...behaviours }
    writeFileSync(join(module, 'stub.json'), JSON.stringify({ record, behaviours: all }))
  }
  behave(options.behaviours ?? {})
  return {
    bin: join(directory, 'bin'),
    dbt: join(directory, 'bin', 'dbt'),
    sitePackages,
    behave,
    runs: () => notesIn(record).flatMap((note: unknown) => (isRun(note) ? [note] : [])),
    signals: () => notesIn(record).flatMap(({ kind, signal }) => (kind === 'signal' ? [String(signal)] : [])),
  }
}

function versionText(packages: ReadonlyMap<string, string>): string {
  const plugins = [...packages].filter(([name]) => /^dbt-(?!core|common|adapters)/.test(name))
  const lines = plugins.map(([name, version]) => `  - ${name.slice(4)}: ${version}`)
  return [
    'Core:',
    `  - installed: ${packages.get('dbt-core') ?? 'unknown'}`,
    '',
    'Plugins:',
    ...lines,
    '',
  ].join('\n')
}

function notesIn(record: string): Record<string, unknown>[] {
  if (!existsSync(record)) return []
  return readFileSync(record, 'utf8').split('\n').filter(Boolean).map(parseRecord)
}

// The stub beside this file wrote the line; its kind says which.
function isRun(note: unknown): note is DbtRun {
  return isRecord(note) && note.kind === 'run'
}
