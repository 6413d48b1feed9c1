/** Edits between two words, where a swap of two neighbours is one edit (optimal string alignment). */
function distance(one: readonly string[], other: readonly string[]): number {
  let before: number[] = []
  let above = Array.from({ length: other.length + 1 }, (_, j) => j)
  for (const [i, a] of one.entries()) {
    const row = [i + 1]
    for (const [j, b] of other.entries()) {
      const replaced = at(above, j) + (a === b ? 0 : 1)
      const swapped =
        a === other[j - 1] && one[i - 1] === b ? at(before, j - 1) + 1 : Number.POSITIVE_INFINITY
      row.push(Math.min(at(above, j + 1) + 1, at(row, j) + 1, replaced, swapped))
    }
    before = above
    above = row
  }
  return at(above, other.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY
}

/** `Repository-ID` and `repository_id` are one word to somebody who looks for a misspelling. */
function folded(word: string): readonly string[] {
  return Array.from(word.replaceAll(/[-\s]/g, '_').toLowerCase())
}

/** The candidate that somebody most likely meant: at most a third of the letters differ; the first one on a tie. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  // A name of thousands of letters is nobody's misspelling, and comparing it would cost time.
  if (name.length > 200) return undefined
  const word = folded(name)
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const other = folded(candidate)
    const edits = distance(word, other)
    if (edits < least && edits <= Math.max(1, Math.floor(Math.min(word.length, other.length) / 3))) {
      best = candidate
      least = edits
    }
  }
  return best
}
