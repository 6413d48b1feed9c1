// An authorization server that was told in words what to trust. What it has to compare of an assertion:
// https://www.rfc-editor.org/rfc/rfc7523#section-3 (issuer, subject, audience), and the same for the subject token of
// https://www.rfc-editor.org/rfc/rfc8693#section-2.1. The document asks for the subject to be compared as a whole.
import { textsOf, type Model } from './presented.ts'
import { fitting, type Whole } from './whole.ts'

/** What an authorization server was told to trust. */
export interface Trusted {
  readonly issuer: string
  readonly keys: string
  readonly audience: string
  readonly subjects: readonly string[]
}

/** Reads the document for a person as a person would: by its labels. */
export function trustedIn(document: string): Trusted {
  const lines = document.split('\n').map((line) => line.replace(/^# ?/, ''))
  const all = (label: string): string[] =>
    lines.filter((line) => line.startsWith(`${label}:`)).map((line) => line.slice(label.length + 1).trim())
  const one = (label: string): string => {
    const [value, ...more] = all(label)
    if (value === undefined || more.length > 0) throw new Error(`the document must say once: ${label}`)
    return value
  }
  return {
    issuer: one('Trusted issuer'),
    keys: one('Its keys').replace(' (RS256 only)', ''),
    audience: one('Audience'),
    subjects: all('Trusted subject'),
  }
}

/** An entry for each subject that is trusted. */
export function entriesOf({ issuer, audience, subjects }: Trusted): readonly Whole[] {
  return subjects.map((subject) => ({ issuer, subject, audiences: [audience] }))
}

/** Lets in whoever the words name. */
export const oauth: Model = (documents) => {
  const told = textsOf(documents, 'sh').filter((text) => text.includes('Trusted issuer:'))
  const entries = told.flatMap((text) => [...entriesOf(trustedIn(text))])
  return (claims) => 'entry' in fitting(entries, claims)
}
