import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const FILE = 'dbt_project.yml'
const DEPTH = 4
const LIMIT = 500

// Projects that were installed as packages are not what is looked for.
const SKIPPED: ReadonlySet<string> = new Set([
  'node_modules',
  'dbt_packages',
  'dbt_modules',
  'target',
  'venv',
  'site-packages',
])

/** The nearest directory with a dbt project: above as far as the workspace, else below, within bounds. */
export async function nearestProject(directory: string, workspace: string): Promise<string | undefined> {
  return (await above(directory, workspace)) ?? (await below(workspace))
}

async function has(directory: string): Promise<boolean> {
  try {
    return (await stat(join(directory, FILE))).isFile()
  } catch {
    return false
  }
}

async function above(directory: string, workspace: string): Promise<string | undefined> {
  for (let at = directory; at !== workspace && at !== dirname(at); at = dirname(at)) {
    if (await has(dirname(at))) return dirname(at)
  }
  return undefined
}

/** Level by level, so that the first one found is the nearest. */
async function below(directory: string): Promise<string | undefined> {
  let level = [directory]
  let seen = 0
  for (let depth = 0; depth < DEPTH && seen < LIMIT; depth++) {
    const children = (await Promise.all(level.map(childrenOf))).flat().slice(0, LIMIT - seen)
    for (const child of children) if (await has(child)) return child
    seen += children.length
    level = children
  }
  return undefined
}

async function childrenOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !SKIPPED.has(entry.name))
    .map((entry) => join(directory, entry.name))
    .toSorted()
}
