import type { Finding } from '../findings.ts'

/**
 * What stands on a platform, in a form in which every platform's can be laid beside what the policy would write: for
 * `lint`, `drift` and `rotate`.
 */
export interface Statement {
  /** As people write it: "Snowflake", "AWS". */
  readonly platform: string
  /** What kind of thing it is: `role`, `provider`, `service user`. */
  readonly what: string
  /** Which one, where the platform says so: an ARN, a resource name, a user; absent where its output leaves it out. */
  readonly name?: string
  /** Alternatives: a token that fits one of them comes in. Empty: nobody does. */
  readonly ways: readonly Way[]
  /** What else must be as it is, by name: a mapping of attributes, keys of one's own. */
  readonly settings?: ReadonlyMap<string, string>
  /** Whatever its name: who comes in by it comes to where this target is. Without: it may be of other people. */
  readonly concerns?: 'all'
  /** What its reader finds wrong with it that no other platform has. */
  readonly odd?: readonly Odd[]
  /** In sentences, what keeps people out and is no way in: a statement that denies, an identity that is disabled. */
  readonly remarks?: readonly string[]
  /** In words, what nobody can tell from it, and so is not compared. */
  readonly unseen?: readonly string[]
  /** When it was made or last reviewed there, and last used, where the platform tells. */
  readonly madeAt?: Date
  readonly usedAt?: Date
}

/** A finding before it is known where it stands. */
export type Odd = Omit<Finding, 'where' | 'about'>

/** One way in: issuer, one of the audiences, and every condition hold. */
export interface Way {
  /** As the platform names it: a named workload identity, a `Sid`, a federated credential. */
  readonly name: string
  /** Undefined: any issuer, or one that stands elsewhere. */
  readonly issuer: string | undefined
  /** Empty: the platform asks for none. */
  readonly audiences: readonly string[]
  readonly conditions: readonly Condition[]
  /** Who comes in without a token of GitHub: another role, a service, everybody. */
  readonly principal?: string
  /** Where it stands in what was read, for places. */
  readonly path?: readonly PropertyKey[]
  readonly madeAt?: Date
  readonly usedAt?: Date
}

/** One claim and what it must be. */
export interface Condition {
  /** GitHub's name of the claim, whatever the platform calls it. */
  readonly claim: string
  /** Any of them, in the platform's own pattern language. */
  readonly values: readonly string[]
  /** `equals`: whole values; `pattern`: `*` for any characters and `?` for one; `except`: any value but these; `expression`: the platform's own language. */
  readonly by: 'equals' | 'pattern' | 'except' | 'expression'
  /** Of an expression, patterns that let in at least as much; absent where nobody knows. */
  readonly atMost?: readonly string[]
  /** An operator that holds also where the claim is absent: `ForAllValues`, `…IfExists`. */
  readonly alsoAbsent?: string
}
