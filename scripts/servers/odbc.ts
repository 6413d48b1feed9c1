import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const DIRECTORY = join(dirname(dirname(import.meta.dirname)), '.cache', 'odbc')

/** The directory of the libraries that Microsoft's ODBC driver needs beside itself: Debian's packages, unpacked into `.cache`. */
export function ensureOdbc(): string {
  const found = librariesIn(DIRECTORY)
  if (found !== undefined) return found
  process.stderr.write('Unpacking unixODBC from the packages of Debian (once) ...\n')
  const packages = join(DIRECTORY, 'packages')
  mkdirSync(packages, { recursive: true })
  // `apt-get download` checks the signature of the index and needs no rights; nothing is installed.
  run('apt-get', ['download', 'libodbc2', 'libltdl7'], packages)
  for (const file of globSync(join(packages, '*.deb'))) run('dpkg-deb', ['-x', file, DIRECTORY], packages)
  rmSync(packages, { recursive: true })
  const made = librariesIn(DIRECTORY)
  if (made !== undefined) return made
  throw new Error('The packages libodbc2 and libltdl7 hold no libodbc.so.2.')
}

function librariesIn(root: string): string | undefined {
  const [library] = globSync(join(root, 'usr', 'lib', '*', 'libodbc.so.2'))
  return library && dirname(library)
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args[0]} failed: ${error?.message ?? stderr}`)
}
