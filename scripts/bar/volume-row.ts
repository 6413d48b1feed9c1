import type { TestResult } from '../results.ts'
import { rowOf, type Corpus } from './cases.ts'
import { VOLUME } from './classes.ts'
import type { Part, Row } from './row.ts'

/** Volume is measured rather than tested; the cases of the corpus are held by measurements and by tests. */
export function volumeRow(figures: readonly Part[], corpus: Corpus, results: readonly TestResult[]): Row {
  const measured = figures.map(({ what, met }) => ({
    file: '../scripts/bar/volume.ts',
    titles: [what],
    passed: met,
  }))
  const { parts, ...row } = rowOf(VOLUME, corpus, [...results, ...measured])
  return { ...row, parts: [...parts, ...figures] }
}
