import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from './build.ts'

const ROOT = join(import.meta.dirname, '..')

/** What a build needs. */
const NEEDED = [
  'src',
  'scripts',
  'stubs',
  'node_modules',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
]

/** What was found when dist/ was built again. */
export interface Reproduced {
  /** dist/ is what the sources build. */
  readonly asCommitted: boolean
  /** In a directory of another depth it builds to the same bytes. */
  readonly anywhere: boolean
  /** The builder's own account of what was taken in. */
  readonly stats: unknown
  /** The texts of the licences that it wrote beside. */
  readonly licences: string
}

/** Builds dist/ twice, in this directory and in a copy elsewhere, and compares. */
export async function reproduce(): Promise<Reproduced> {
  const elsewhere = mkdtempSync(join(tmpdir(), 'dbt-oidc-build-'))
  try {
    const copy = join(elsewhere, 'a', 'copy')
    for (const name of NEEDED) {
      // Links stay links, and the copy builds with its own tools: module ids come from real paths below the root.
      await cp(join(ROOT, name), join(copy, name), { recursive: true, verbatimSymlinks: true })
    }
    const its: typeof import('./build.ts') = await import(
      pathToFileURL(join(copy, 'scripts', 'build.ts')).href
    )
    const stats = join(elsewhere, 'stats.json')
    await Promise.all([build(ROOT, join(elsewhere, 'here'), stats), its.build(copy)])
    const [committed, here, there] = [join(ROOT, 'dist'), join(elsewhere, 'here'), join(copy, 'dist')]
    return {
      asCommitted: same(committed, here),
      anywhere: same(here, there),
      stats: JSON.parse(readFileSync(stats, 'utf8')) as unknown,
      licences: readFileSync(join(here, 'licenses.txt'), 'utf8'),
    }
  } finally {
    rmSync(elsewhere, { recursive: true, force: true })
  }
}

function same(one: string, other: string): boolean {
  const [names, others] = [readdirSync(one).toSorted(), readdirSync(other).toSorted()]
  return (
    names.join('\n') === others.join('\n') &&
    names.every((name) => readFileSync(join(one, name)).equals(readFileSync(join(other, name))))
  )
}
