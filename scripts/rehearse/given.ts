import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Issuer } from '../../__tests__/support/issuer.ts'
import { DbtOidcError, fail } from '../../src/errors.ts'

/** A file that `trust --out` has written. */
export interface Document {
  readonly path: string
  readonly text: string
}

/** The text of a file that was named on the command line. */
export function fileAt(path: string, what: string): string {
  if (!existsSync(path) || statSync(path).isDirectory())
    refuse(
      `There is no ${what} ${path}.`,
      'Name a file that is there; a page of docs/warehouses holds a workflow to begin with.',
    )
  return readFileSync(path, 'utf8')
}

/** A directory that was named on the command line. */
export function directoryAt(path: string, what: string, remedy: string): string {
  if (!existsSync(path) || !statSync(path).isDirectory()) refuse(`${what} ${path} is no directory.`, remedy)
  return path
}

/** The documents of a trust directory by the ends of their names, in order; at least one. */
export function documentsIn(directory: string, endings: readonly string[]): readonly Document[] {
  const found = readdirSync(directory)
    .filter((name) => endings.some((ending) => name.endsWith(ending)))
    .toSorted()
    .map((name) => ({ path: join(directory, name), text: readFileSync(join(directory, name), 'utf8') }))
  if (found.length === 0)
    refuse(
      `${directory} holds no trust document (${endings.join(', ')}), so this warehouse would let nobody in.`,
      WRITE,
    )
  return found
}

/** As AWS names a provider. */
function bare(url: string): string {
  return url.replace(/^https?:\/\//, '')
}

/** GitHub is this machine in a rehearsal, so its issuer is the local one. */
export function localised(documents: readonly Document[], issuer: Issuer): readonly Document[] {
  return documents.map(({ path, text }) => ({
    path,
    text: text.replaceAll(GITHUB, issuer.issuer).replaceAll(bare(GITHUB), bare(issuer.issuer)),
  }))
}

/** What a stand-in makes of a document; where it cannot read one, the error names the file. */
export function readBy<T>(standIn: string, { path, text }: Document, read: (text: string) => T): T {
  try {
    return read(text)
  } catch (error) {
    if (error instanceof DbtOidcError) throw error
    return refuse(
      `The stand-in of ${standIn} cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`,
      `Mend the file, or delete it where it is of another warehouse or target. ${WRITE}`,
    )
  }
}

/** Ends the rehearsal before it has begun. */
export function refuse(problem: string, remedy: string): never {
  return fail({ code: 'configuration', problem, remedy })
}

const WRITE = 'Write it anew with `node dist/cli.js trust --workflow … --repository … --out …`.'
/** Whose trust the documents write. */
export const GITHUB = 'https://token.actions.githubusercontent.com'
