import type { TrustDocument } from '../trust.ts'

/** One thing that a document makes on the other side, and how it is changed and taken away by itself. */
export interface Part {
  /** In words, and the same for whoever means the same: `the role arn:…`. */
  readonly what: string
  /** Equal where nothing of it has to change. */
  readonly state: string
  readonly create: string
  /** `what` of the part whose creation makes this one, too, and whose end takes it along. */
  readonly within?: string
  /** Absent where what stands cannot be changed: it stays, and another is made beside it under another `what`. */
  readonly update?: string
  /** Absent for what stays, since others lean on it and it lets nobody in by itself. */
  readonly remove?: string
  /** Somebody has to take it away who knows what depends on it. */
  readonly byHand?: true
}

/** A document with nothing in it but what is needed. */
export interface Changed extends TrustDocument {
  /** Each statement by itself, in order. */
  readonly steps: readonly string[]
}

/** What has to be pasted so that one state of the other side becomes another. */
export interface Change {
  /** Each with those statements of its own that are needed, and nothing else. */
  readonly documents: readonly Changed[]
  /** What goes, document by document. */
  readonly removals: readonly Changed[]
  /** What has no statement that takes it away: things, and titles of documents that are pasted whole. */
  readonly byHand: readonly string[]
}

/** The statements that make everything, in order. */
export function creations(parts: readonly Part[]): readonly string[] {
  const made = new Set(parts.map(({ what }) => what))
  return parts.flatMap(({ within, create }) => (within !== undefined && made.has(within) ? [] : [create]))
}

/**
 * What leads from the documents of one configuration to those of another, where those of its `others` stay as they are. A
 * document that is not made of parts is pasted as a whole where its text is another.
 */
export function changesBetween(
  before: readonly TrustDocument[],
  after: readonly TrustDocument[],
  others: readonly TrustDocument[] = [],
): Change {
  const old = partsOf(before)
  const kept = partsOf([...after, ...others])
  const texts = new Set(before.map(({ text }) => text))
  const titles = new Set(after.map(({ title }) => title))
  const gone = before.map((document) => ({
    document,
    parts: (document.parts ?? []).filter(({ what }) => !kept.has(what) && old.get(what)?.from === document),
  }))
  return {
    documents: after.flatMap((document) => {
      if (!document.parts) return texts.has(document.text) ? [] : [{ ...document, steps: [document.text] }]
      return changed(
        document,
        document.parts.flatMap((part) => statementFor(part, old)),
      )
    }),
    // What was made last leans on what was made first.
    removals: gone.toReversed().flatMap(({ document, parts }) =>
      changed(
        document,
        parts.toReversed().flatMap(({ remove, within }) => {
          const along = within !== undefined && old.has(within) && !kept.has(within)
          return remove === undefined || along ? [] : [remove]
        }),
      ),
    ),
    byHand: gone.flatMap(({ document, parts }) => [
      ...(document.parts || titles.has(document.title) ? [] : [document.title]),
      ...parts.flatMap(({ byHand, what }) => (byHand ? [what] : [])),
    ]),
  }
}

interface Known {
  readonly part: Part
  /** What stands in two documents is taken away by the later one. */
  readonly from: TrustDocument
}

function partsOf(documents: readonly TrustDocument[]): ReadonlyMap<string, Known> {
  return new Map(
    documents.flatMap((from) => (from.parts ?? []).map((part) => [part.what, { part, from }] as const)),
  )
}

function changed(document: TrustDocument, steps: readonly string[]): readonly Changed[] {
  if (steps.length === 0) return []
  return [{ ...document, steps, text: [...(document.before ?? []), ...steps].join('\n') }]
}

function statementFor(part: Part, old: ReadonlyMap<string, Known>): readonly string[] {
  const known = old.get(part.what)?.part
  if (!known) return part.within === undefined || old.has(part.within) ? [part.create] : []
  if (known.state === part.state) return []
  if (part.update === undefined) throw new Error(`${part.what} cannot be changed, and was asked to be.`)
  return [part.update]
}
