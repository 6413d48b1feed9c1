import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Group } from './groups.ts'

const ROOT = join(import.meta.dirname, '..', '..')

export function sourcesOf({ parts }: Group): readonly string[] {
  return parts.flatMap(({ sources }) => sources)
}

export function testsOf({ parts }: Group): readonly string[] {
  return [...new Set(parts.flatMap(({ tests }) => tests))].map((test) => join('__tests__', `${test}.test.ts`))
}

/** By which a figure tells whether it is still about the sources that lie here. */
export function digestOf(group: Group): string {
  const hash = createHash('sha256')
  for (const source of sourcesOf(group)) hash.update(source).update(readFileSync(join(ROOT, source)))
  return hash.digest('hex')
}
