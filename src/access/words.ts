import { DbtOidcError } from '../errors.ts'

/** What the log says where a static credential is about to end. */
export function endsSoon(expiresAt: Date | null): string {
  return `The credential ends at ${expiresAt?.toISOString() ?? 'an unknown time'}; a connection that dbt opens after that will be refused.`
}

/** What the log says where a login of dbt got nothing. */
export function noToken(error: unknown): string {
  return `There was no fresh token for a login of dbt. ${error instanceof DbtOidcError ? error.problem : 'An unexpected fault.'}`
}

/** What the log says where something could not be had anew, with the reason as far as it is ours to tell. */
export function notRenewed(what: string, error: unknown, expiresAt: Date | null = null): string {
  const why = error instanceof DbtOidcError ? error.problem : 'An unexpected fault.'
  const until = expiresAt ? ` until ${expiresAt.toISOString()}` : ''
  return `${what}; dbt goes on with the present one${until}. ${why}`
}

/** Says what each failure comes to, and nothing where it comes to the same as the one before. */
export function onceEach(
  words: (error: unknown) => string,
  say: (text: string) => void,
): (error: unknown) => void {
  let said = ''
  return (error) => {
    const text = words(error)
    if (text !== said) say(text)
    said = text
  }
}
