import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { fail } from '../errors.ts'
import type { DbtCommand } from './command.ts'
import { parseYaml, readText, type Project } from './project.ts'

const packagesFile = z.object({ packages: z.optional(z.nullable(z.array(z.unknown()))) })

/** Throws `project` where packages are listed but not installed, and no `deps` comes before what needs them. */
export async function requirePackages(project: Project, commands: readonly DbtCommand[]): Promise<void> {
  const [first] = commands.filter((command) => command.subcommand !== 'clean')
  if (!first || first.subcommand === 'deps') return
  const listed = await Promise.all(['packages.yml', 'dependencies.yml'].map((file) => count(project, file)))
  const file = listed.find((entry) => entry.count > 0)?.file
  const wanted = listed.reduce((sum, entry) => sum + entry.count, 0)
  if (file === undefined) return
  const installed = await directories(project.packagesPath)
  if (installed.length >= wanted) return
  fail({
    code: 'project',
    problem: `${file} lists ${plural(wanted)}, but ${installed.length === 0 ? 'none is' : `only ${installed.length} of them are`} installed in ${project.packagesPath}, and dbt refuses to run like that.`,
    remedy: 'Let `dbt deps` be the first line of the input "run".',
  })
}

function plural(count: number): string {
  return count === 1 ? '1 package' : `${count} packages`
}

async function count(project: Project, file: string): Promise<{ file: string; count: number }> {
  const path = join(project.directory, file)
  const source = await readText(path)
  const parsed = packagesFile.safeParse(source === undefined ? {} : (parseYaml(source, path) ?? {}))
  return { file, count: parsed.success ? (parsed.data.packages?.length ?? 0) : 0 }
}

async function directories(path: string): Promise<readonly string[]> {
  try {
    const names = (await readdir(path)).filter((name) => !name.startsWith('__'))
    const kinds = await Promise.all(names.map(async (name) => (await stat(join(path, name))).isDirectory()))
    return names.filter((_, index) => kinds[index])
  } catch {
    return []
  }
}
