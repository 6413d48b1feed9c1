import { DbtOidcError, fail } from '../errors.ts'

/** What becomes of a request to GitHub that was not answered: `configuration`, with what is not known and what to do. */
export function untold(what: string, remedy: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof DbtOidcError) throw error
    const status =
      typeof error === 'object' && error && 'status' in error ? String(error.status) : 'no answer'
    return fail({
      code: 'configuration',
      problem: `GitHub does not tell ${what} (${status}).`,
      remedy,
      cause: error,
    })
  }
}
