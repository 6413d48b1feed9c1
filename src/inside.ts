import paths from 'node:path'

/**
 * Whether a path lies below a directory by its name alone; links are for the caller to resolve. By the rules of
 * Windows (`path.win32`) neither case nor the kind of slash matters, and another drive is outside.
 */
export function isInside(
  path: string,
  directory: string,
  rules: Pick<typeof paths, 'isAbsolute' | 'relative' | 'sep'> = paths,
): boolean {
  const way = rules.relative(directory, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${rules.sep}`) && !rules.isAbsolute(way)
}

/** A path as files and inputs of a repository name it, whatever the system: from a directory on, with slashes. */
export function namedFrom(directory: string, path: string): string {
  return paths.relative(directory, path).split(paths.sep).join('/')
}
