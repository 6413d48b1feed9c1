import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { open, rename, unlink } from 'node:fs/promises'
import { absent } from './checked.ts'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants

/** A reader sees the old or the new content, never a part. */
export async function replaceFile(file: string, content: string): Promise<void> {
  const fresh = `${file}.${randomBytes(6).toString('hex')}.new`
  await create(fresh, content)
  // rename replaces a link, it does not follow it.
  await rename(fresh, file).catch(async (error: unknown) => {
    await unlink(fresh).catch(absent)
    throw error
  })
}

/** Exclusive, without following links, 0600 before the first byte; a part that was written does not stay. */
export async function create(path: string, content: string): Promise<void> {
  const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    await file.chmod(0o600)
    await file.writeFile(content)
    await file.close()
  } catch (error) {
    await file.close().catch(absent)
    await unlink(path).catch(absent)
    throw error
  }
}
