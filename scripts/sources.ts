import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')

/** What decides how a test ends: the program, its tests and what both are built with. */
const OF_TESTS = ['src', 'dist', '__tests__', 'scripts', 'action.yml', 'package-lock.json']

/** One text for what these files hold: the same for as long as none of them has changed. */
export function sourcesHash(paths: readonly string[] = OF_TESTS, root: string = ROOT): string {
  const hash = createHash('sha256')
  for (const path of paths.flatMap((one) => filesOf(root, one)).toSorted())
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0')
  return hash.digest('hex')
}

function filesOf(root: string, path: string): readonly string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path]
  return readdirSync(join(root, path), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.pyc'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
}
