import type { Statement } from './statement.ts'

/** Reads what a platform prints of its trust. Whoever writes a trust exports one beside it, as `reader`. */
export interface Reader {
  readonly platform: string
  /** Whether it compares the subject alone, or any claim of the token. */
  readonly sees: 'subject' | 'claims'
  /** Its own audience, which all that trust it there have in common by design. */
  readonly commonAudience?: RegExp
  /** In words, where the issuer stands, if that is another document than the conditions. */
  readonly issuerStands?: string
  /** The same of the audience. */
  readonly audienceStands?: string
  /** Commands whose output it understands, for people. */
  readonly understands: readonly string[]
  /**
   * The statements of a document: JSON, or the rows of a CSV. Undefined: it is none of this platform's. Throws
   * `configuration` where it is one and cannot be read.
   */
  read(document: unknown): Promise<readonly Statement[] | undefined>
  /** A condition as it is written there, to be pasted; of the claims `iss` and `aud` as well. */
  write(claim: string, values: readonly string[]): string
}
