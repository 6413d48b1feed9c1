import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as z from 'zod/mini'
import { build } from './build.ts'
import { sourcesHash } from './sources.ts'

const ROOT = join(import.meta.dirname, '..')

/** Where the last verdict stands, and of which sources it is. */
const KEPT = join(ROOT, '.cache', 'results', 'reproduced.json')
const Kept = z.object({ sources: z.string(), asCommitted: z.boolean(), anywhere: z.boolean() })

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

/** What decides what is built; the packages are those of the lockfile. */
const DECIDING = [...NEEDED.filter((name) => name !== 'node_modules'), 'dist', 'package-lock.json']

/** What was found when dist/ was built again. */
export interface Verdict {
  /** dist/ is what the sources build. */
  readonly asCommitted: boolean
  /** In a directory of another depth it builds to the same bytes. */
  readonly anywhere: boolean
}

/** The same, and what else the build has said. */
export interface Reproduced extends Verdict {
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
    const verdict = { asCommitted: same(committed, here), anywhere: same(here, there) }
    mkdirSync(dirname(KEPT), { recursive: true })
    writeFileSync(KEPT, JSON.stringify({ sources: sourcesHash(DECIDING), ...verdict }))
    return {
      ...verdict,
      stats: JSON.parse(readFileSync(stats, 'utf8')) as unknown,
      licences: readFileSync(join(here, 'licenses.txt'), 'utf8'),
    }
  } finally {
    rmSync(elsewhere, { recursive: true, force: true })
  }
}

/** What `npm run check` has just found; where a source has changed since, dist/ is built again. */
export async function lastReproduced(): Promise<Verdict> {
  if (!existsSync(KEPT)) return reproduce()
  const { sources, ...verdict } = Kept.parse(JSON.parse(readFileSync(KEPT, 'utf8')))
  return sources === sourcesHash(DECIDING) ? verdict : reproduce()
}

function same(one: string, other: string): boolean {
  const [names, others] = [readdirSync(one).toSorted(), readdirSync(other).toSorted()]
  return (
    names.join('\n') === others.join('\n') &&
    names.every((name) => readFileSync(join(one, name)).equals(readFileSync(join(other, name))))
  )
}
