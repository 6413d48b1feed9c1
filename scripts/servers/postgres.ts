import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const DIRECTORY = join(dirname(dirname(import.meta.dirname)), '.cache', 'postgres')

/** The programs of a PostgreSQL server: the machine's own, or those of Debian's packages, unpacked into `.cache`. */
export function ensurePostgres({ system = true }: { readonly system?: boolean } = {}): string {
  const found = (system ? binOf('/') : undefined) ?? binOf(DIRECTORY)
  if (found !== undefined) return found
  process.stderr.write('Unpacking PostgreSQL from the packages of Debian (once) ...\n')
  const packages = join(DIRECTORY, 'packages')
  mkdirSync(packages, { recursive: true })
  const version = versionOffered()
  // `apt-get download` checks the signature of the index and needs no rights; nothing is installed.
  run('apt-get', ['download', `postgresql-${version}`, `postgresql-client-${version}`, 'libpq5'], packages)
  for (const file of globSync(join(packages, '*.deb'))) run('dpkg-deb', ['-x', file, DIRECTORY], packages)
  rmSync(packages, { recursive: true })
  const bin = binOf(DIRECTORY)
  if (bin !== undefined) return bin
  throw new Error(`The packages of PostgreSQL ${version} hold no initdb.`)
}

/** What the programs need in their environment. */
export function postgresEnv(bin: string): Record<string, string> {
  // Where the packages were only unpacked, their library is not where the linker looks.
  const libraries = globSync(join(bin, '..', '..', '..', '*-linux-gnu*'))
  return {
    PATH: process.env['PATH'] ?? '',
    LC_ALL: 'C',
    LD_LIBRARY_PATH: bin.startsWith(DIRECTORY) ? libraries.join(':') : '',
  }
}

function binOf(root: string): string | undefined {
  const bins = globSync(join(root, 'usr', 'lib', 'postgresql', '*', 'bin'))
  return bins
    .filter((bin) => ['initdb', 'postgres', 'pg_ctl', 'psql'].every((name) => existsSync(join(bin, name))))
    .toSorted((a, b) => majorOf(b) - majorOf(a))[0]
}

function majorOf(bin: string): number {
  return Number(/postgresql\/(\d+)/.exec(bin)?.[1] ?? 0)
}

function versionOffered(): string {
  const { stdout } = spawnSync('apt-cache', ['depends', 'postgresql'], { encoding: 'utf8' })
  const version = /postgresql-(\d+)/.exec(stdout ?? '')?.[1]
  if (version !== undefined) return version
  throw new Error(
    'There is no PostgreSQL in /usr/lib/postgresql, and apt knows no package of it: install PostgreSQL, or run apt-get update.',
  )
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args[0]} failed: ${error?.message ?? stderr}`)
}
