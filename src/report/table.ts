import type { Section } from './budget.ts'

/** A table that is left out where it has fewer than `atLeast` rows; each row is Markdown already. */
export function table(
  noun: string,
  rank: number,
  title: string,
  header: string,
  rows: readonly string[],
  atLeast: number,
): Section {
  if (rows.length < atLeast) return nothing(noun, rank)
  return {
    noun,
    rank,
    head: `${title}\n\n${header}\n`,
    pieces: rows.map((line) => `${line}\n`),
    total: rows.length,
    tail: '\n',
  }
}

/** A section of one piece. */
export function whole(noun: string, rank: number, markdown: string): Section {
  return { noun, rank, head: '', pieces: [`${markdown}\n\n`], total: 1, tail: '' }
}

/** A section that is not there. */
export function nothing(noun: string, rank: number): Section {
  return { noun, rank, head: '', pieces: [], total: 0, tail: '' }
}
