import { lstat, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { codeOf } from '../retry.ts'
import { attempt, check, realDirectory, refuse } from './checked.ts'
import { MARKER, readMarker } from './marker.ts'

const NAME = /^dbt-oidc-[0-9a-f]{24}$/
/** The end of the name of a directory that is being removed. */
const GONE = '.gone'
const TRIES = 10

/**
 * Removes a private directory of an earlier process. The path comes from state that the job could have changed, so only
 * a directory directly below `temp`, ours by name, owner and marker, is touched. A link in its place is removed, never
 * followed. Nothing there is fine.
 */
export async function removePrivateDirectory(path: string, marker: string, temp: string): Promise<void> {
  const root = await realDirectory(temp)
  const place = join(root, basename(path))
  if (path !== place || !NAME.test(basename(path))) refuse(`${path} is no private directory of this action`)
  await attempt(`The private directory ${place} could not be removed`, async () => {
    const gone = `${place}${GONE}`
    // Under its own name a renewal could put a file into what is being removed. What is there already is dealt with below.
    if (await isOurs(place, marker)) await rename(place, gone).catch(() => removeTree(place))
    // Also where an earlier process was ended in the midst of it.
    if (await isOurs(gone, marker)) await removeTree(gone)
  })
}

/** Whether a directory of this run is here; a link in its place, and a directory that nothing was put into, are removed at once. */
async function isOurs(place: string, marker: string): Promise<boolean> {
  const stats = await lstat(place).catch(ifMissing)
  if (stats === undefined) return false
  if (stats.isSymbolicLink()) {
    await unlink(place)
    return false
  }
  check(stats, place)
  // The main step may have died before it wrote the marker; rmdir takes nothing but an empty directory.
  if ((await readdir(place)).length === 0) {
    await rmdir(place)
    return false
  }
  if (marker === '' || (await readMarker(place)) !== marker)
    refuse(`${place} does not hold the marker of this run`)
  return true
}

/** The marker goes last: until then, whoever comes later knows that the rest is ours. Links inside are removed as links. */
async function removeTree(place: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    // A link that has taken its place is not gone through.
    check(await lstat(place), place)
    const names = await readdir(place)
    for (const name of names.filter((other) => other !== MARKER))
      await rm(join(place, name), { recursive: true, force: true, maxRetries: 2 })
    await rm(join(place, MARKER), { force: true })
    try {
      return await rmdir(place)
    } catch (error) {
      // Somebody has put a file into it meanwhile.
      if (!/^(?:ENOTEMPTY|EEXIST|EBUSY)$/.test(codeOf(error)) || tries >= TRIES) throw error
    }
  }
}

function ifMissing(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined
  throw error
}
