import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod/mini'

const named = z.object({ name: z.literal('dbt-oidc'), version: z.string() })

/** The version of this package, from the package.json above this file (dist/ has one of its own, without a name). */
export function version(): string {
  let directory = dirname(fileURLToPath(import.meta.url))
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
