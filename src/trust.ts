import type { TrustRule } from './trust/rules.ts'

/** For whom the other side's statement is written: one target and the grants that lead to it. */
export interface TrustRequest {
  readonly target: string
  /** The exchange of the target. */
  readonly via: string
  /** `iss` of the tokens, exactly. */
  readonly issuer: string
  readonly audience: string
  /** One for each grant of the target, never empty. */
  readonly rules: readonly TrustRule[]
  /** The exchange's own name for us: a role ARN, a service account, a client id; what a warehouse grants rights to. */
  readonly identity: string
}

/** One document to paste on the other side. */
export interface TrustDocument {
  readonly title: string
  readonly language: 'sql' | 'sh' | 'json' | 'hcl' | 'properties'
  readonly text: string
  /** Claims that the other side compares itself once this stands. */
  readonly heldThere: readonly string[]
  /** Claims of the grants that the other side does not see: only this action checks them. */
  readonly checkedHere: readonly string[]
}
