/**
 * What stands on a platform, in a form in which every platform's can be laid beside what the policy would write: for
 * `lint`, `drift` and `rotate`.
 */
export interface Statement {
  /** As people write it: "Snowflake", "AWS". */
  readonly platform: string
  /** The same for what is wanted and for what is found: `user GH_ACME_DBT_PROD`, `role arn:aws:iam::1:role/dbt`. */
  readonly what: string
  /** Alternatives: a token that fits one of them comes in. Empty: nobody does. */
  readonly ways: readonly Way[]
  /** When it was made or last reviewed there, and last used, where the platform tells. */
  readonly madeAt?: Date
  readonly usedAt?: Date
}

/** One way in: issuer, one of the audiences, and every condition hold. */
export interface Way {
  /** As the platform names it: a named workload identity, a `Sid`, a federated credential. */
  readonly name: string
  /** Undefined: any issuer, or one that stands elsewhere. */
  readonly issuer: string | undefined
  /** Empty: the platform asks for none. */
  readonly audiences: readonly string[]
  readonly conditions: readonly Condition[]
}

/** One claim and what it must be. */
export interface Condition {
  /** GitHub's name of the claim, whatever the platform calls it. */
  readonly claim: string
  /** Any of them, in the platform's own pattern language. */
  readonly values: readonly string[]
  /** `equals`: whole values; `pattern`: the platform's wildcards; `expression`: its own language, one text. */
  readonly by: 'equals' | 'pattern' | 'expression'
  /** An operator that holds also where the claim is absent: `ForAllValues`, `…IfExists`. */
  readonly alsoAbsent?: string
}
