import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { absent } from './checked.ts'

const { O_NOFOLLOW, O_RDONLY } = constants

/** The file that says whose a private directory is. */
export const MARKER = '.dbt-oidc'

/** What it says; undefined where it is not there, or cannot be read. */
export async function readMarker(directory: string): Promise<string | undefined> {
  const file = await open(join(directory, MARKER), O_RDONLY | O_NOFOLLOW).catch(absent)
  try {
    return await file?.readFile('utf8')
  } finally {
    await file?.close()
  }
}
