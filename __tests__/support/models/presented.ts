import type { TrustDocument } from '../../../src/trust.ts'

/** What a platform sees of a token whose signature and times are right: its claims, `iss` and `aud` among them. */
export type Presented = Readonly<Record<string, unknown>>

/** A document as it is pasted: nothing is known of it but its text and where it goes. */
export type Pasted = Pick<TrustDocument, 'language' | 'text' | 'file'>

/** Whether a platform lets a token in, once it holds the documents that the model was given. */
export type Accepts = (claims: Presented) => boolean

/**
 * How one platform matches, written from its documentation and from nothing of ours: it reads the documents back from
 * their text. The servers that stand in for the platform decide by the same functions, so that there is one reading.
 */
export type Model = (documents: readonly Pasted[]) => Accepts

/** The texts of one language, in order. */
export function textsOf(documents: readonly Pasted[], language: Pasted['language']): readonly string[] {
  return documents.filter((one) => one.language === language).map(({ text }) => text)
}
