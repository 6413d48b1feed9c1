import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as z from 'zod/mini'

const named = z.object({ name: z.literal('dbt-oidc'), version: z.string() })

/** The version of this package, from the package.json above what node was started with (dist/ has one of its own, without a name). */
export function version(): string {
  // npx starts a link.
  let directory = dirname(realpathSync(process.argv[1] ?? '.'))
  for (;;) {
    const found = named.safeParse(jsonAt(join(directory, 'package.json')))
    if (found.success) return found.data.version
    const above = dirname(directory)
    if (above === directory) return 'unknown'
    directory = above
  }
}

function jsonAt(path: string): unknown {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}
