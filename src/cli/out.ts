import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Made } from '../trust/together.ts'

const ENDINGS = { sql: 'sql', sh: 'sh', json: 'json', hcl: 'tf', properties: 'properties' } as const

/** Writes each document into a file of its own, and prints their names. */
export async function writeAll(made: readonly Made[], directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const [at, { targets, language, text }] of made.entries()) {
    const path = join(directory, `${targets.join('-')}-${at + 1}.${ENDINGS[language]}`)
    await writeFile(path, `${text}\n`)
    process.stdout.write(`${path}\n`)
  }
}
