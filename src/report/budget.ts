import { count } from './plain.ts'

/** A part of a page that can be cut between its pieces, and only there. */
export interface Section {
  /** How the note calls its pieces, in the singular: `failure`. */
  readonly noun: string
  /** The lower, the longer it survives; 0 is never cut. */
  readonly rank: number
  readonly head: string
  /** Made one after the other and only while there is room. */
  readonly pieces: Iterable<string>
  readonly total: number
  readonly tail: string
}

/** GitHub drops a whole summary above 1 MiB; this leaves room for what a later version may add. */
export const LIMIT = 1_000_000

// Enough for a note that names every section.
const NOTE_ROOM = 600

/** Bytes of the text in UTF-8. */
export function bytes(text: string): number {
  return Buffer.byteLength(text, 'utf8')
}

interface Fitted {
  readonly text: string
  readonly left: number
}

function fill(section: Section, room: number): Fitted {
  let free = room - bytes(section.head) - bytes(section.tail)
  if (free < 0 && section.rank > 0) return { text: '', left: section.total }
  const taken: string[] = []
  for (const piece of section.pieces) {
    const size = bytes(piece)
    if (size > free && section.rank > 0) break
    free -= size
    taken.push(piece)
  }
  if (taken.length === 0 && section.total > 0) return { text: '', left: section.total }
  return { text: section.head + taken.join('') + section.tail, left: section.total - taken.length }
}

/**
 * The sections in the order given, within `limit` bytes; what had to go is said right below the first one. Every
 * section is whole before one of a higher rank gets anything.
 */
export function fit(sections: readonly Section[], limit: number): string {
  let room = limit - NOTE_ROOM
  const fitted = new Map<Section, Fitted>()
  for (const section of sections.toSorted((a, b) => a.rank - b.rank)) {
    const result = fill(section, room)
    // What is cut takes the rest: otherwise a small section would outlive a larger one that matters more.
    room = result.left > 0 ? 0 : room - bytes(result.text)
    fitted.set(section, result)
  }
  const texts = sections.map((section) => fitted.get(section)?.text ?? '')
  const cuts = sections
    .map((section) => ({ section, left: fitted.get(section)?.left ?? 0 }))
    .filter(({ left }) => left > 0)
    .map(({ section, left }) => `${left.toLocaleString('en-US')} of ${count(section.total, section.noun)}`)
  if (cuts.length > 0) texts.splice(1, 0, cutNote(cuts.join(', ')))
  return texts.join('')
}

/** The note that something is missing. */
export function cutNote(what: string): string {
  return `> ✂️ Left out to stay below GitHub's limit for a summary: ${what}.\n\n`
}
