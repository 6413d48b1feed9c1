import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** What is large and the same for every clone, outside of all of them. */
export function cacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'dbt-oidc')
}

/**
 * The directory `name` of the cache; where it is not there yet, `make` fills an empty one that gets the name only when
 * it is whole. `make` must not write down the path that it was given: it does not stay.
 */
export async function cached(name: string, make: (directory: string) => Promise<void>): Promise<string> {
  const directory = join(cacheDirectory(), name)
  if (existsSync(directory)) return directory
  mkdirSync(dirname(directory), { recursive: true })
  const unfinished = mkdtempSync(`${directory}.unfinished-`)
  try {
    await make(unfinished)
    rename(unfinished, directory)
    return directory
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

/** Whoever was first keeps the name; what came second is the same. */
function rename(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if (!existsSync(to)) throw error
  }
}
