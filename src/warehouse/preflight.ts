import type { Io } from '../exchange.ts'
import type { Source } from './carry.ts'

/** One thing that a target says of itself, beside what the warehouse says of the login. */
export interface Finding {
  /** `account`, `user`, `role`, `database` ... */
  readonly what: string
  /** Undefined: the target leaves it to the warehouse. */
  readonly expected: string | undefined
  /** Undefined: the warehouse does not tell. */
  readonly actual: string | undefined
}

/** A cheap login before dbt starts; undefined where there is nobody to ask. Throws `exchange` where it is refused. */
export type Preflight<C> = (
  source: Source<C>,
  tools: PreflightTools,
) => Promise<readonly Finding[] | undefined>

/** What a preflight may use: the way out, and the Python that dbt and its driver live in. */
export interface PreflightTools {
  readonly io: Io
  /** Who the exchange says we are. */
  readonly identity: string
  /** Runs a script of ours with `input` as JSON on its standard input; what it prints as JSON is the answer. Throws `exchange` with its words. */
  readonly python: (script: string, input: unknown) => Promise<unknown>
}
