import type { Claims } from './claims.ts'

/** Where a rule was written, for error texts: `.github/dbt-oidc.yml:14:5` or `input "ref"`. */
export type Place = string

/** Claim name to the patterns of which one must match; see pattern.ts. Never empty. */
export type When = ReadonlyMap<string, readonly string[]>

/** A rule of the policy: when these claims hold, this target. */
export interface Grant {
  /** How it is named in log and audit: its `name`, else `grants[2]`, else `inputs`. */
  readonly name: string
  readonly target: string
  readonly when: When
  /** ISO date of the last review. */
  readonly reviewed?: string
  readonly place: Place
}

/** One claim of one grant, as compared. */
export interface Check {
  readonly claim: string
  readonly expected: readonly string[]
  /** Undefined: the token has no such claim. */
  readonly actual: string | undefined
  readonly ok: boolean
  /** What a reader should notice: only the case differs, the two forms of `sub`, a renamed repository. */
  readonly hint?: string
}

/** All checks of one grant. */
export interface Verdict {
  readonly grant: Grant
  readonly checks: readonly Check[]
  readonly ok: boolean
}

/** Every check of every grant: denial text, summary, audit line, `check` and doctor all print this one value. */
export interface Decision {
  readonly granted: boolean
  /** The first grant that matches (of the target asked for, if one was). */
  readonly grant: Grant | undefined
  readonly asked: string | undefined
  readonly verdicts: readonly Verdict[]
  readonly warnings: readonly string[]
  readonly claims: Claims
}
