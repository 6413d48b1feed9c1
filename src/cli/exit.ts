import { DbtOidcError } from '../errors.ts'

/** How every command ends; `--help` and the README print the same list. */
export const EXIT = { fine: 0, no: 1, usage: 2, unanswered: 3, fault: 4 } as const

/** What each exit code means. */
export const EXIT_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.fine, 'fine: granted, printed, nothing found'],
  [EXIT.no, 'the answer is no: refused, something was found, something differs'],
  [EXIT.usage, 'the command line is wrong: an unknown command, option or value'],
  [EXIT.unanswered, 'no answer: policy, workflow or file cannot be read, GitHub or a platform does not tell'],
  [EXIT.fault, 'a fault of dbt-oidc'],
]

/** The exit code for something thrown. A command whose answer is no sets {@link EXIT.no} and throws nothing. */
export function exitOf(error: unknown): number {
  if (!(error instanceof DbtOidcError) || error.code === 'internal') return EXIT.fault
  if (error.code === 'usage') return EXIT.usage
  return error.code === 'no-grant' ? EXIT.no : EXIT.unanswered
}
