/** What stands in a field of the output for the credential, and for the user that came with it. */
export const CREDENTIAL = '{credential}'
export const USER = '{credential_user}'

/** Whether a value is such a mark, whole: in the midst of a text it is a placeholder like any other. */
export function isMark(text: string): boolean {
  return text === CREDENTIAL || text === USER
}

/** The fields of an output that are to take the credential, and the user that came with it. */
export function marked(output: Readonly<Record<string, unknown>>): {
  readonly credential: readonly string[]
  readonly user: readonly string[]
} {
  const having = (mark: string): readonly string[] =>
    Object.entries(output).flatMap(([field, value]) => (value === mark ? [field] : []))
  return { credential: having(CREDENTIAL), user: having(USER) }
}
