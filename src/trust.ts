import type { Grant } from './policy.ts'

/** For whom the other side's statement is written. */
export interface TrustRequest {
  readonly target: string
  readonly grants: readonly Grant[]
  readonly issuer: string
  readonly audience: string
}

/** One document to paste on the other side; `checkedHere` are the claims that only this action checks. */
export interface TrustDocument {
  readonly title: string
  readonly language: 'sql' | 'sh' | 'json' | 'hcl'
  readonly text: string
  readonly checkedHere: readonly string[]
}
