import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** A Python of this machine. */
export interface Python {
  readonly executable: string
  /** `3.12` */
  readonly version: string
}

// As pip writes a console script, apart from the rewriting of argv[0] for Windows.
const script = (python: string): string => `#!${python}
import sys
from dbt.cli.main import cli
if __name__ == '__main__':
    sys.exit(cli())
`

let found: Promise<Python> | undefined

/** The python3 on PATH, behind version managers and environments; throws where there is none. */
export function findPython(): Promise<Python> {
  found ??= askPython()
  return found
}

async function askPython(): Promise<Python> {
  const code = `import os, sys
print(os.path.realpath(getattr(sys, '_base_executable', None) or sys.executable))
print('%d.%d' % sys.version_info[:2])`
  const { stdout } = await promisify(execFile)('python3', ['-c', code])
  const [executable = '', version = ''] = stdout.split('\n')
  return { executable, version }
}

/** Lays out what `python -m venv` and an installer make: interpreter, `dbt`, one `*.dist-info` for each package. */
export function makeEnvironment(
  directory: string,
  python: Python,
  packages: ReadonlyMap<string, string>,
): string {
  const bin = join(directory, 'bin')
  const sitePackages = join(directory, 'lib', `python${python.version}`, 'site-packages')
  mkdirSync(bin, { recursive: true })
  mkdirSync(sitePackages, { recursive: true })
  // Python knows an environment by this file beside the folder of its own link.
  writeFileSync(
    join(directory, 'pyvenv.cfg'),
    `home = ${dirname(python.executable)}\nversion = ${python.version}\n`,
  )
  symlinkSync(python.executable, join(bin, 'python'))
  symlinkSync('python', join(bin, 'python3'))
  const dbt = join(bin, 'dbt')
  writeFileSync(dbt, script(join(bin, 'python')))
  chmodSync(dbt, 0o755)
  for (const [name, version] of packages) writeMetadata(sitePackages, name, version)
  return sitePackages
}

function writeMetadata(sitePackages: string, name: string, version: string): void {
  const folder = join(sitePackages, `${name.replaceAll('-', '_')}-${version}.dist-info`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'METADATA'), `Metadata-Version: 2.4\nName: ${name}\nVersion: ${version}\n`)
  writeFileSync(join(folder, 'INSTALLER'), 'pip\n')
  if (name === 'dbt-core')
    writeFileSync(join(folder, 'entry_points.txt'), '[console_scripts]\ndbt = dbt.cli.main:cli\n')
}
