import { isAbsolute, relative, sep } from 'node:path'

/** Whether a path lies below a directory by its name alone; links are for the caller to resolve. */
export function isInside(path: string, directory: string): boolean {
  const way = relative(directory, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}
