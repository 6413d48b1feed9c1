import type { TrustDocument } from '../trust.ts'

/** One thing that a document makes on the other side, and how it is changed and taken away by itself. */
export interface Part {
  /** In words, and the same for whoever means the same: `the role arn:…`. */
  readonly what: string
  /** Equal where nothing of it has to change. */
  readonly state: string
  readonly create: string
  /** Absent where what stands cannot be changed: it stays, and another is made beside it under another `what`. */
  readonly update?: string
  /** Absent for what stays, since others lean on it and it lets nobody in by itself. */
  readonly remove?: string
}

/** What has to be pasted so that one state of the other side becomes another. */
export interface Change {
  /** Each with those statements of its own that are needed, and nothing else. */
  readonly documents: readonly TrustDocument[]
  /** What goes, document by document. */
  readonly removals: readonly TrustDocument[]
  /** Titles of documents whose things have no statement that takes them away. */
  readonly byHand: readonly string[]
}

/**
 * What leads from the documents of one configuration to those of another. A document that is not made of parts is pasted
 * as a whole where its text is another.
 */
export function changesBetween(before: readonly TrustDocument[], after: readonly TrustDocument[]): Change {
  const old = partsOf(before)
  const kept = partsOf(after)
  const texts = new Set(before.map(({ text }) => text))
  const titles = new Set(after.map(({ title }) => title))
  return {
    documents: after.flatMap((document) => {
      if (!document.parts) return texts.has(document.text) ? [] : [document]
      const statements = document.parts.flatMap((part) => statementFor(part, old.get(part.what)))
      return statements.length === 0 ? [] : [{ ...document, text: statements.join('\n') }]
    }),
    removals: before.flatMap((document) => {
      const gone = (document.parts ?? []).flatMap(({ what, remove }) =>
        kept.has(what) || remove === undefined ? [] : [remove],
      )
      // What was made last leans on what was made first.
      return gone.length === 0 ? [] : [{ ...document, text: gone.toReversed().join('\n') }]
    }),
    byHand: before.flatMap(({ parts, title }) => (parts || titles.has(title) ? [] : [title])),
  }
}

function partsOf(documents: readonly TrustDocument[]): ReadonlyMap<string, Part> {
  return new Map(documents.flatMap(({ parts = [] }) => parts.map((part) => [part.what, part] as const)))
}

function statementFor(part: Part, old: Part | undefined): readonly string[] {
  if (!old) return [part.create]
  if (old.state === part.state) return []
  if (part.update === undefined) throw new Error(`${part.what} cannot be changed, and was asked to be.`)
  return [part.update]
}
