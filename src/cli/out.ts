import { randomBytes } from 'node:crypto'
import { lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '../errors.ts'
import type { Made } from '../trust/together.ts'

const ENDINGS = { sql: 'sql', sh: 'sh', json: 'json', hcl: 'tf', properties: 'properties' } as const

/** Writes each document into a file of its own, and prints their names. */
export async function writeAll(made: readonly Made[], directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const [at, { targets, language, text }] of made.entries()) {
    const path = join(directory, `${targets.join('-')}-${at + 1}.${ENDINGS[language]}`)
    await put(path, `${text}\n`)
    process.stdout.write(`${path}\n`)
  }
}

/** In the place of an earlier document, never through a link: a checkout could hold one that leads out of it. */
async function put(path: string, text: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined)
  if (there !== undefined && !there.isFile())
    fail({
      code: 'file',
      problem: `${path} is there already and is no regular file.`,
      remedy: 'Remove it, or name another directory by `--out`.',
    })
  const fresh = `${path}.${randomBytes(6).toString('hex')}.new`
  await writeFile(fresh, text, { flag: 'wx' })
  // rename replaces a link that was put there meanwhile; it does not follow it.
  await rename(fresh, path).catch(async (error: unknown) => {
    await rm(fresh, { force: true })
    throw error
  })
}
