import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative } from 'node:path'
import { isInside } from '../inside.ts'
import { mayBeTracked } from './tracked.ts'

/**
 * Why a program may not be started; undefined where it may. A pull request can put a file of any name into the
 * checkout, so inside the workspace only what did not come with it counts, and only in a virtual environment.
 */
export async function distrust(file: string, workspace: string): Promise<string | undefined> {
  if (!isAbsolute(file)) return 'its entry in PATH is not absolute'
  const root = await realpath(workspace)
  const real = await realpath(file)
  const named = join(await realpath(dirname(file)), basename(file))
  const marker = join(dirname(dirname(real)), 'pyvenv.cfg')
  if (![file, named, real].some((path) => isInside(path, root) || isInside(path, workspace))) return undefined
  if (isInside(real, root) && !(await isFile(marker)))
    return 'it lies in the workspace and in no virtual environment'
  const ways = [relative(workspace, file), ...[named, real, marker].map((path) => relative(root, path))]
  const tracked = await Promise.all(ways.map((way) => mayBeTracked(join(root, way), root)))
  return tracked.includes(true) ? 'it lies in the workspace and came with the checkout' : undefined
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
