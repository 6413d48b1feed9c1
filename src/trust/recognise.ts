import type { WholeRegistries, Target } from '../config/target.ts'
import { fail } from '../errors.ts'
import { visible } from '../policy/visible.ts'
import { readExport } from './export/document.ts'
import { furtherPage } from './export/pages.ts'
import type { Granting } from './party.ts'
import type { Reader } from './reader.ts'
import { trustDocuments } from './request.ts'
import type { SubjectForm } from './rules.ts'
import type { Statement, Way } from './statement.ts'

/** A statement that was read, with whoever can write one like it, and where it stands. */
export interface Read {
  readonly statement: Statement
  readonly reader: Reader
  /** The file, and for a way the line in it. */
  place(way?: Way): string
}

/** Reads a document of whatever platform knows it. Throws `configuration` where none does, with what is understood. */
export async function recognise(
  text: string,
  name: string,
  registries: WholeRegistries,
): Promise<readonly Read[]> {
  const exported = readExport(text, name)
  const further = furtherPage(exported.value)
  if (further !== undefined)
    fail({
      code: 'configuration',
      problem: `${visible(name)} is one page of a longer list (\`${further}\`): who else is trusted stands on the pages that follow.`,
      remedy: 'Give all of the list: let the command of the platform print every page, or put them together.',
    })
  const readers = await readersOf(registries)
  for (const reader of readers) {
    const statements = await reader.read(exported.value)
    if (statements)
      return statements.map((statement) => ({
        statement,
        reader,
        place: (way) => (way?.path ? exported.place(way.path) : name),
      }))
  }
  const empty = Array.isArray(exported.value) && exported.value.length === 0
  return fail({
    code: 'configuration',
    problem: empty
      ? `${visible(name)} is an empty list, which every platform prints where it trusts nobody.`
      : `${visible(name)} is of no format that is understood here.`,
    remedy: empty
      ? 'Name the right user, app or principal to the command of the platform.'
      : 'Give the output of one of these commands as it was printed:',
    details: empty
      ? []
      : readers.flatMap(({ platform, understands }) => understands.map((one) => `  ${platform}: ${one}`)),
  })
}

/** Everybody who can read the output of a platform. */
export async function readersOf({ exchanges, warehouses }: WholeRegistries): Promise<readonly Reader[]> {
  const all = [...exchanges.values(), ...warehouses.values()].flatMap(({ reader }) => reader?.() ?? [])
  return [...new Set(await Promise.all(all))]
}

/** What the platforms would print if the documents for a target stood, and nothing else: made from those very documents. */
export async function wanted(
  config: Granting,
  target: Target,
  registries: WholeRegistries,
  form?: SubjectForm,
): Promise<readonly Read[]> {
  const documents = await trustDocuments(config, target, form)
  const printed = documents.flatMap(({ prints }) => (prints === undefined ? [] : [prints]))
  // Whoever keeps the key of one exchange is another's platform.
  const readers = await readersOf(registries)
  const found: Read[] = []
  for (const one of printed) {
    for (const reader of readers) {
      const statements = await reader.read(one)
      if (!statements) continue
      found.push(...statements.map((statement) => ({ statement, reader, place: () => target.place })))
      break
    }
  }
  return found
}
