import { open, readdir } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'

/** What is installed beside dbt, as far as the directories tell. */
export interface Installed {
  /** The interpreter that dbt runs with. */
  readonly python: string
  /** Package name, lower-case and with hyphens, to version. */
  readonly packages: ReadonlyMap<string, string>
}

/**
 * The packages of the Python environment that a script belongs to, read from its `*.dist-info` directories without
 * starting anything (`dbt --version` may take twelve seconds). Undefined where the file is no Python script.
 */
export async function installedBeside(script: string): Promise<Installed | undefined> {
  const python = await interpreterOf(script)
  if (python === undefined) return undefined
  const roots = [...new Set([dirname(dirname(script)), dirname(dirname(python))])]
  const places = (await Promise.all(roots.map((root) => sitePackages(root, basename(python))))).flat()
  const packages = new Map<string, string>()
  for (const place of places)
    for (const [name, version] of await distributions(place))
      if (!packages.has(name)) packages.set(name, version)
  return { python, packages }
}

/** The absolute interpreter that a script names, in any of the forms that installers write. */
async function interpreterOf(script: string): Promise<string | undefined> {
  if (script.toLowerCase().endsWith('.exe')) return launcherOf(script)
  const [first = '', second = ''] = (await head(script)).split('\n')
  const named = /^#!\s*(\S.*?)\s*$/.exec(first)?.[1] ?? ''
  // pip and uv write a shell script where the path is too long or has spaces.
  const through = /^'''exec' ["']?([^"']+?)["']? "\$0" "\$@"/.exec(second)?.[1]
  const beside = /^'''exec' "\$\(dirname .*?\)"\/["']?([\w.]+)/.exec(second)?.[1]
  const path = beside === undefined ? (through ?? named) : join(dirname(script), beside)
  return isAbsolute(path) && /^(?:python|pypy)[\d.]*(?:\.exe)?$/i.test(basename(path)) ? path : undefined
}

/** On Windows dbt.exe starts the interpreter of the environment whose Scripts it stands in. */
function launcherOf(script: string): string | undefined {
  const directory = dirname(script)
  if (basename(directory).toLowerCase() !== 'scripts') return undefined
  return join(dirname(directory), 'python.exe')
}

async function head(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1024), 0, 1024, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await file.close()
  }
}

async function sitePackages(root: string, python: string): Promise<readonly string[]> {
  const library = join(root, 'lib')
  const versions = (await list(library)).filter((name) => /^(?:python|pypy)3\.\d+$/.test(name))
  // Several Pythons may share a prefix; a name like python3.11 says which one it is.
  const own = versions.filter((name) => name === python.toLowerCase())
  const chosen = own.length > 0 ? own : versions
  return [
    ...chosen.flatMap((name) => ['site-packages', 'dist-packages'].map((kind) => join(library, name, kind))),
    join(root, 'Lib', 'site-packages'),
  ]
}

async function distributions(directory: string): Promise<readonly [string, string][]> {
  return (await list(directory)).flatMap((entry): [string, string][] => {
    const [, name, version] = /^(.+?)-(\d[^-]*)\.dist-info$/.exec(entry) ?? []
    return name === undefined || version === undefined ? [] : [[normal(name), version]]
  })
}

function normal(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-')
}

async function list(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => [])
}
