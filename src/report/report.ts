import type { Claims } from '../claims.ts'
import type { PolicyFacts } from '../config/policy-place.ts'
import type { DbtResult } from '../dbt/result.ts'
import type { Sentence } from '../doctor/sentence.ts'
import type { Decision } from '../policy.ts'

/** How a credential was come by, without the credential. */
export interface AccessFacts {
  readonly target: string
  /** dbt's adapter type. */
  readonly warehouse: string
  /** Exchange name; `none` where no exchange was needed. */
  readonly via: string
  /** Who the other side says we are; for `none` the subject of the token. */
  readonly identity: string
  /** What is written, in words. */
  readonly writes: string
  readonly expiresAt: Date | null
  /** The vendor's own page of one query, by what the adapter reported of it, or of all of them. */
  readonly history?: (query: Readonly<Record<string, unknown>> | undefined) => string | undefined
}

/** Everything that a run has to tell, whether or not it succeeded. */
export interface Report {
  readonly claims: Claims
  /** Undefined where `until: claims` stopped before it. */
  readonly decision: Decision | undefined
  readonly access: AccessFacts | undefined
  /** Undefined in prepared mode and where `until` stopped before dbt. */
  readonly result: DbtResult | undefined
  /** Where `until: exchange` stopped: all words until there, to be explained. */
  readonly sentence?: Sentence | undefined
  readonly warnings: readonly string[]
  readonly policy?: PolicyFacts | undefined
}

/** Facts of the run that GitHub tells the step by environment, for links and attribution. */
export interface RunFacts {
  readonly serverUrl: string
  readonly repository: string
  readonly ref: string
  readonly sha: string
  readonly workflow: string
  readonly runId: string
  readonly runAttempt: string
  readonly job: string
  readonly actor: string
  /** Path of the dbt project relative to the repository root, with `/`; empty for the root itself. */
  readonly projectPath: string
}
