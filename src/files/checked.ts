import type { Stats } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { DbtOidcError, fail } from '../errors.ts'
import { causeOf } from '../file-causes.ts'

/**
 * The number of this user; undefined on Windows, which has neither owner nor mode of this kind. The system's list of
 * users is not asked: in a container the number may stand in none.
 */
export function ownUid(): number | undefined {
  return process.geteuid?.()
}

/** Throws `file` unless it is a directory of this user alone. */
export function check(stats: Stats, path: string): void {
  const uid = ownUid()
  if (!stats.isDirectory()) refuse(`${path} is not a directory`)
  if (uid === undefined) return
  if (stats.uid !== uid) refuse(`${path} belongs to another user`)
  if ((stats.mode & 0o077) !== 0) refuse(`${path} is open to other users`)
}

/** Throws `file` unless the name stays where it is put. */
export function checkFileName(name: string): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(name))
    refuse(`${JSON.stringify(name)} is no plain file name`)
}

/** Of a file that is not there, or could not be closed or removed again: what went wrong before is what is told. */
export const absent = (): undefined => undefined

/** The directory itself, whatever links lead there. Throws `file`. */
export async function realDirectory(temp: string): Promise<string> {
  return attempt(`The temporary directory ${temp} cannot be used`, () => realpath(temp))
}

/** The messages of node:fs are replaced: what is left names paths and causes only. */
export async function attempt<T>(problem: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof DbtOidcError) throw error
    return fail({ code: 'file', problem: `${problem}: ${causeOf(error)}.`, remedy: REMEDY, cause: error })
  }
}

const REMEDY =
  'Check the free space and the permissions of RUNNER_TEMP, and that no earlier step writes there.'

/** Throws `file`. */
export function refuse(problem: string): never {
  fail({ code: 'file', problem: `${problem}.`, remedy: 'Look for the step that put it there or changed it.' })
}
