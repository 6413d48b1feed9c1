import type { State } from './state.ts'

/** A node whose time has changed so much that it is worth a line. */
export interface Timing {
  readonly id: string
  readonly before: number
  readonly now: number
}

/** What differs between two runs; ids are dbt's own. */
export interface Changes {
  readonly broke: readonly string[]
  readonly mended: readonly string[]
  readonly added: readonly string[]
  readonly gone: readonly string[]
  /** Slower and faster ones, the largest difference first. */
  readonly timings: readonly Timing[]
}

const NOTICED_MS = 1000
const NOTICED_SHARE = 0.2

/** Compares a run with an earlier one. */
export function changesOf(before: State, now: State): Changes {
  const both = [...now.nodes].flatMap(([id, node]) => {
    const earlier = before.nodes.get(id)
    return earlier ? [{ id, earlier, node }] : []
  })
  const timings = both
    .filter(({ earlier, node }) => earlier.standing === 'passed' && node.standing === 'passed')
    .map(({ id, earlier, node }) => ({ id, before: earlier.ms, now: node.ms }))
    .filter(noticed)
    .toSorted((a, b) => Math.abs(b.now - b.before) - Math.abs(a.now - a.before))
  return {
    broke: both
      .filter(({ earlier, node }) => node.standing === 'failed' && earlier.standing !== 'failed')
      .map(({ id }) => id),
    mended: both
      .filter(({ earlier, node }) => node.standing === 'passed' && earlier.standing === 'failed')
      .map(({ id }) => id),
    // Of a run that is not known whole, what is missing may only have been left out.
    added: before.whole ? [...now.nodes.keys()].filter((id) => !before.nodes.has(id)) : [],
    gone: now.whole ? [...before.nodes.keys()].filter((id) => !now.nodes.has(id)) : [],
    timings,
  }
}

function noticed({ before, now }: Timing): boolean {
  const difference = Math.abs(now - before)
  return difference >= NOTICED_MS && difference >= NOTICED_SHARE * Math.max(before, now)
}
