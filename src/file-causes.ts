import { codeOf } from './retry.ts'

const CAUSES: Readonly<Record<string, string>> = {
  EEXIST: 'something of that name is there already',
  ELOOP: 'a link of that name is there',
  EISDIR: 'a directory of that name is there',
  ENOENT: 'it or its directory does not exist',
  ENOTDIR: 'its directory is not a directory',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than allowed',
  EROFS: 'the file system is read-only',
  EACCES: 'permission was denied',
  EPERM: 'permission was denied',
}

/** Why a file could not be written or read, in words that name no path: what node:fs says may hold more. */
export function causeOf(error: unknown): string {
  const code = codeOf(error) || 'unknown error'
  return (Object.hasOwn(CAUSES, code) ? CAUSES[code] : undefined) ?? code
}
