import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BIN, command, findPython, program, type Machine, type Python } from './install/machine.ts'
import { wantedOf, type Adapters, type Wanted } from './install/requirements.ts'
import { openShelf } from './install/shelf.ts'
import { findUv } from './install/uv.ts'
import { installedBeside } from './python.ts'

export type { Machine } from './install/machine.ts'

/**
 * Makes a Python environment with the requirements, or takes the one of the same pins from the runner's tool cache, and
 * returns its directory of programs. What cannot be kept goes into the job's temporary directory, under a name that
 * cannot be foreseen: one that lay there already could be anybody's. Throws `install`.
 */
export async function install(given: string, adapters: Adapters, host: Machine): Promise<string> {
  const wanted = await wantedOf(given, adapters, host)
  host.writer.group('Installing dbt')
  const started = performance.now()
  const python = await findPython(host)
  if (wanted.leftOut.length > 0)
    host.writer.line(`Left out, since only other targets need it: ${wanted.leftOut.join(', ')}`)
  const { directory, from } = await provide(wanted, python, host)
  const bin = join(directory, BIN)
  await tellVersions(bin, host)
  host.writer.line(`${from} in ${((performance.now() - started) / 1000).toFixed(1)} s`)
  host.writer.endGroup()
  return bin
}

interface Provided {
  readonly directory: string
  readonly from: string
}

async function provide(wanted: Wanted, python: Python, host: Machine): Promise<Provided> {
  const shelf = await openShelf(wanted, python, host)
  const kept = await shelf?.find().catch(() => undefined)
  if (kept !== undefined) return { directory: kept, from: `Taken from the tool cache (${kept})` }
  const uv = await findUv(python, host)
  if (uv === undefined) {
    host.writer.line('uv cannot be had; going on with pip, which takes longer.')
    const directory = await mkdtemp(join(host.temp, 'dbt-oidc-python-'))
    await command(python.path, ['-I', '-m', 'venv', directory], host)
    const lists = await writeLists(directory, wanted)
    await command(join(directory, BIN, program('python')), ['-I', '-m', 'pip', 'install', ...lists], host)
    return { directory, from: 'Installed with pip' }
  }
  const planned = await shelf?.start().catch(() => undefined)
  const directory = planned ?? (await mkdtemp(join(host.temp, 'dbt-oidc-python-')))
  const lists = await writeLists(directory, wanted)
  await command(
    uv,
    ['--project', directory, 'venv', '--quiet', '--allow-existing', '--python', python.path, directory],
    host,
  )
  const into = ['--python', join(directory, BIN, program('python'))]
  await command(uv, ['--project', directory, 'pip', 'install', ...into, ...lists], host)
  if (!shelf || planned === undefined) return { directory, from: 'Installed with uv' }
  return { directory: await shelf.put(directory), from: 'Installed with uv and put into the tool cache' }
}

/** What pip and uv take alike. */
async function writeLists(directory: string, wanted: Wanted): Promise<readonly string[]> {
  const list = join(directory, 'requirements.txt')
  await writeFile(list, wanted.requirements, { flag: 'wx' })
  if (wanted.constraints === '') return ['-r', list]
  const constraints = join(directory, 'constraints.txt')
  await writeFile(constraints, wanted.constraints, { flag: 'wx' })
  return ['-r', list, '-c', constraints]
}

async function tellVersions(bin: string, host: Machine): Promise<void> {
  const installed = await installedBeside(join(bin, program('dbt'))).catch(() => undefined)
  if (!installed) return
  const shown = [...installed.packages].filter(([name]) => /^dbt(?:-|$)/.test(name))
  for (const [name, version] of shown.toSorted(([a], [b]) => (a < b ? -1 : 1)))
    host.writer.line(`${name} ${version}`)
}
