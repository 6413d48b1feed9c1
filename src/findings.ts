import type { FindingCode } from './finding-codes.ts'

/** Something that a linter has to say. */
export interface Finding {
  /** A stable name: `audience-missing`. */
  readonly code: FindingCode
  readonly severity: 'error' | 'warning' | 'note'
  /** `FILE:LINE:COLUMN`, `FILE`, or a target. */
  readonly where: string
  /** What it is about: a grant, a target, a role and the statement in it. */
  readonly about: string
  /** A sentence, as is the remedy. */
  readonly problem: string
  readonly remedy: string
  /** Text to be pasted, where there is one. */
  readonly paste?: string
}

/** In the order in which they matter: errors first, and as they were found within. */
export function sorted(findings: readonly Finding[]): readonly Finding[] {
  const rank = { error: 0, warning: 1, note: 2 }
  return findings.toSorted((a, b) => rank[a.severity] - rank[b.severity])
}
