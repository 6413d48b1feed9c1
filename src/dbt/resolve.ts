import { realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '../errors.ts'
import { directoriesOf, programNames, type Platform } from '../platform.ts'
import { distrust } from './distrust.ts'
import { installedBeside } from './python.ts'
import { askVersion, type Exec } from './version-output.ts'

/** The dbt that will run. */
export interface Dbt {
  /** Absolute. */
  readonly path: string
  readonly version: string
  /** Package name (`dbt-duckdb`) to version; empty where dbt brings its adapters along. */
  readonly adapters: ReadonlyMap<string, string>
  readonly python: string | undefined
  /** The command that adds packages to its environment: `pip install`. */
  readonly install: string
  readonly engine: '1.x' | '2.x'
}

// Packages of dbt itself, which are named like adapters.
const PARTS: ReadonlySet<string> = new Set([
  'dbt-core',
  'dbt-adapters',
  'dbt-common',
  'dbt-extractor',
  'dbt-protos',
  'dbt-semantic-interfaces',
  'dbt-core-experimental-parser',
])

/** Where dbt is looked for. */
export interface Search {
  /** The text of PATH, or the one directory that the input `install` has made. */
  readonly path: string
  readonly workspace: string
  /** Python package of the adapter that the target needs, to be named where there is no dbt. */
  readonly adapter: string
  readonly exec: Exec
  /** Windows alone: the endings by which it knows a program. */
  readonly pathext?: string | undefined
  readonly platform?: Platform
}

/** Finds dbt and what is installed with it; what a pull request could have put there is skipped. Throws `dbt-missing`. */
export async function resolveDbt(search: Search): Promise<Dbt> {
  const { path, pathext, workspace, platform = process.platform } = search
  const skipped: string[] = []
  const names = programNames('dbt', pathext, platform)
  const files = directoriesOf(path, platform).flatMap((directory) =>
    names.map((name) => join(directory, name)),
  )
  for (const file of files) {
    if (!(await isExecutable(file, platform))) continue
    const why = await distrust(file, workspace)
    if (why === undefined) return describe(file, search.exec)
    skipped.push(`${file}: ${why}`)
  }
  return fail({
    code: 'dbt-missing',
    problem: skipped.length > 0 ? 'There is no dbt on PATH that may be used.' : 'There is no dbt on PATH.',
    remedy: `Run \`pip install dbt-core ${search.adapter}\` in a step before this one, or add the input \`install: dbt-core ${search.adapter}\`.`,
    details: skipped,
  })
}

async function isExecutable(file: string, platform: Platform): Promise<boolean> {
  try {
    const found = await stat(file)
    return found.isFile() && (platform === 'win32' || (found.mode & 0o111) !== 0)
  } catch {
    return false
  }
}

async function describe(file: string, exec: Exec): Promise<Dbt> {
  // pipx and uv link from a directory of PATH into the environment of the tool.
  const real = await realpath(file)
  const installed = await installedBeside(real)
  const core = installed?.packages.get('dbt-core') ?? installed?.packages.get('dbt')
  if (!installed || core === undefined) return askVersion(file, exec)
  const adapters = [...installed.packages].filter(([name]) => name.startsWith('dbt-') && !PARTS.has(name))
  const { python } = installed
  return {
    path: file,
    version: core,
    adapters: new Map(adapters),
    python,
    // Environments of uv have no pip of their own.
    install: installed.packages.has('pip') ? `${python} -m pip install` : `uv pip install --python ${python}`,
    engine: core.startsWith('1.') || core.startsWith('0.') ? '1.x' : '2.x',
  }
}
